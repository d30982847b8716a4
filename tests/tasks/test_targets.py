"""Whom an evaluation asks: addresses, folders, names, keys; found out before anything else is done."""

import asyncio
from pathlib import Path

import pytest

from schemas.errors import TerminalError, UsageError
from schemas.evaluation_options import FolderServing, Target, parse_target
from schemas.settings import EvaluateSettings, Settings
from tasks.targets import KnownTarget, choose_key, find_targets, fingerprint_folder, read_key
from tests.eval.scripted_endpoint import scripted_endpoint
from tests.http_server import HttpReply, HttpRequest, serve


@pytest.mark.parametrize(
    ("text", "address", "model"),
    [
        ("http://host:8000/v1", "http://host:8000/v1", None),
        ("http://host:8000/v1/", "http://host:8000/v1", None),
        ("https://api.example/v1=gpt-4o", "https://api.example/v1", "gpt-4o"),
        ("runs/lr=0.1", "runs/lr=0.1", None),
        ("production", "production", None),
    ],
)
def test_a_target_is_an_address_with_or_without_a_model_or_a_folder(text: str, address: str, model: str | None) -> None:
    assert parse_target(text) == Target(address=address, model=model)


def test_an_address_with_an_empty_model_is_refused() -> None:
    with pytest.raises(UsageError, match="names no model"):
        parse_target("http://host/v1=")


def test_the_only_model_that_an_address_lists_is_meant(tmp_path: Path) -> None:
    with scripted_endpoint([], tmp_path, "words") as url:
        (found,) = find_targets([Target(address=url)], Settings(home=tmp_path), EvaluateSettings())
    assert (found.label, found.model, found.url, found.fingerprint) == ("scripted", "scripted", url, None)


def test_two_targets_of_one_name_get_labels_of_their_own(tmp_path: Path) -> None:
    with scripted_endpoint([], tmp_path, "words") as one, scripted_endpoint([], tmp_path, "words") as other:
        targets = [Target(address=one, model="same"), Target(address=other, model="same")]
        found = find_targets(targets, Settings(home=tmp_path), EvaluateSettings())
    assert [each.label for each in found] == ["same", "same #2"]


def test_a_target_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    """Its stored answers would be compared with themselves."""
    with scripted_endpoint([], tmp_path, "words") as url, pytest.raises(UsageError, match="given twice"):
        find_targets([Target(address=url, model="m")] * 2, Settings(home=tmp_path), EvaluateSettings())


@pytest.mark.parametrize("address", ["http://h/v1?api-key=SECRET", "http://me:SECRET@h/v1=m", "http://[bad/v1=m"])
def test_an_address_that_holds_a_secret_or_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_target(address)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("address", ["http://localhost:abc/v1", "http://127.0.0.1:9/v1"])
def test_an_address_where_nobody_listens_is_found_out_at_once(address: str, tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="Nothing answers at http"):
        find_targets([Target(address=address, model="m")], Settings(home=tmp_path), EvaluateSettings())


def test_a_folder_is_known_by_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (found,) = find_targets([Target(address=str(folder))], Settings(home=tmp_path), EvaluateSettings())
    before = found.identity
    assert found.label == "model"
    (folder / "config.json").write_text("[]")
    (changed,) = find_targets([Target(address=str(folder))], Settings(home=tmp_path), EvaluateSettings())
    assert changed.identity != before


def test_a_large_file_is_known_by_its_size_and_samples(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    with file.open("wb") as weights:
        weights.truncate(65 << 20)
    before = fingerprint_folder(tmp_path)
    with file.open("r+b") as weights:
        weights.seek((65 << 20) - 1)
        weights.write(b"x")
    assert fingerprint_folder(tmp_path) != before


def test_a_key_goes_to_its_own_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMILL_EVALUATE_API_KEY", "first")
    monkeypatch.setenv("CALLMILL_EVALUATE_API_KEYS", '{"https://other.example": "second"}')
    settings, first = EvaluateSettings(), "https://api.example/v1"
    keys = {
        address: read_key(settings, address, choose_key(settings, address, first))
        for address in (first, "https://api.example/v1/", "https://third.example/v1", "https://other.example/v1")
    }
    assert list(keys.values()) == ["first", "first", "", "second"]


def test_a_key_does_not_follow_a_redirect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALLMILL_EVALUATE_API_KEY", "sk-secret")
    seen: list[HttpRequest] = []

    def catch(request: HttpRequest) -> HttpReply:
        seen.append(request)
        return HttpReply(200, b"{}")

    async def look() -> None:
        async with serve(catch) as elsewhere:
            away = HttpReply(302, headers={"location": f"{elsewhere}/models"})
            async with serve(lambda _: away) as address:
                target = Target(address=f"{address}/v1", model="m")
                await asyncio.to_thread(find_targets, [target], Settings(home=tmp_path), EvaluateSettings())

    asyncio.run(look())
    assert not seen


def make_model(path: Path) -> str:
    """A folder with something in it."""
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    return str(path)


def look(home: Path, *addresses: str, **serving: str) -> list[KnownTarget]:
    targets = [Target(address=address) for address in addresses]
    return find_targets(targets, Settings(home=home), EvaluateSettings(), FolderServing.model_validate(serving))


def test_a_folder_is_asked_with_and_without_token_masks_side_by_side(tmp_path: Path) -> None:
    student, base = make_model(tmp_path / "student"), make_model(tmp_path / "base")
    found = look(tmp_path, student, f"{student}@none", base, f"{base}@none", call_format="qwen-agent")
    assert [each.label for each in found] == ["student", "student@none", "base", "base@none"]
    assert [each.model for each in found] == ["student", "student", "base", "base"]
    served = [(each.serving.backend, each.serving.call_format) for each in found if each.serving]
    assert served == [("xgrammar", "qwen-agent"), ("none", "qwen-agent")] * 2
    assert found[0].identity == found[1].identity, "the same model"


def test_scores_without_token_masks_are_labelled_so_even_alone(tmp_path: Path) -> None:
    student = make_model(tmp_path / "student")
    assert [each.label for each in look(tmp_path, student, backend="none")] == ["student@none"]
    both = look(tmp_path, student, f"{student}@llguidance", backend="none")
    assert [each.label for each in both] == ["student@none", "student@llguidance"]
    with pytest.raises(UsageError, match="given twice"):
        look(tmp_path, student, f"{student}@none", backend="none")


def test_a_folder_whose_name_holds_the_sign_is_meant_itself(tmp_path: Path) -> None:
    odd, plain = make_model(tmp_path / "odd@none"), make_model(tmp_path / "run@3")
    make_model(tmp_path / "odd")
    found = look(tmp_path, odd, f"{odd}@none", plain, f"{plain}@none", str(tmp_path / "odd/@none"))
    assert [(each.place, each.serving.backend) for each in found if each.serving] == [
        (odd, "xgrammar"),
        (odd, "none"),
        (plain, "xgrammar"),
        (plain, "none"),
        (str(tmp_path / "odd"), "none"),
    ]
    assert len({each.label for each in found}) == 5


@pytest.mark.parametrize("address", ["nowhere@none", "@none", "{student}@nothing"])
def test_what_names_no_folder_or_no_back_end_is_refused(tmp_path: Path, address: str) -> None:
    student = make_model(tmp_path / "student")
    with pytest.raises(UsageError, match="no web address, no folder"):
        look(tmp_path, address.format(student=student))
