"""Settings come from the environment, and what is wrong with them is said by the variable's name."""

import pytest

from schemas.errors import UsageError
from schemas.settings import EvaluateSettings, TeacherSettings, load_settings, load_teacher


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (TeacherSettings, EvaluateSettings):
        for field in kind.model_fields:
            monkeypatch.delenv(kind.variable(field), raising=False)


def test_the_two_kinds_of_endpoint_read_variables_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMILL_TEACHER_BASE_URL", "https://teacher.example/v1")
    monkeypatch.setenv("CALLMILL_TEACHER_MODEL", "qwen-max")
    monkeypatch.setenv("CALLMILL_EVALUATE_BASE_URL", "http://localhost:8000/v1")
    monkeypatch.setenv("CALLMILL_EVALUATE_CONCURRENCY", "3")
    teacher, tested = load_teacher(), load_settings(EvaluateSettings)
    assert (teacher.base_url, teacher.model, teacher.concurrency) == ("https://teacher.example/v1", "qwen-max", 64)
    assert (tested.base_url, tested.model, tested.concurrency) == ("http://localhost:8000/v1", None, 3)


def test_a_model_under_test_is_asked_more_gently_than_a_teacher() -> None:
    teacher, tested = load_settings(TeacherSettings), load_settings(EvaluateSettings)
    assert (teacher.concurrency, teacher.max_attempts, teacher.timeout_s, teacher.max_tokens) == (64, 8, 120, 2048)
    assert (tested.concurrency, tested.max_attempts, tested.timeout_s, tested.max_tokens) == (16, 4, 600, None)
    assert teacher.is_offline
    assert not tested.is_offline


def test_keys_by_address_are_read_from_json_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMILL_EVALUATE_API_KEYS", '{"https://api.example/v1": "sk-one", "http://b/v1": "sk-two"}')
    tested = load_settings(EvaluateSettings)
    assert {address: key.get_secret_value() for address, key in tested.api_keys.items()} == {
        "https://api.example/v1": "sk-one",
        "http://b/v1": "sk-two",
    }
    assert "sk-" not in repr(tested) + tested.model_dump_json()


@pytest.mark.parametrize(
    "text", ["sk-secret", "{'a': 'sk-secret'}", '["sk-secret"]', '{"sk-secret": 7}', '"sk-secret"']
)
def test_keys_that_cannot_be_read_are_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CALLMILL_EVALUATE_API_KEYS", text)
    with pytest.raises(UsageError, match=r"^CALLMILL_EVALUATE_API_KEYS: .*set it again or unset it\.$") as caught:
        load_settings(EvaluateSettings)
    assert "sk-secret" not in str(caught.value)


def test_a_wrong_number_is_shown_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMILL_EVALUATE_MAX_ATTEMPTS", "0")
    with pytest.raises(UsageError, match=r"^CALLMILL_EVALUATE_MAX_ATTEMPTS is '0': "):
        load_settings(EvaluateSettings)
