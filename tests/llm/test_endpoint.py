"""What is sent, what is left out once an endpoint refuses it, and what each status means."""

import pytest

from llm.endpoint import Features, find_weaker, read_failure, write_body
from llm.replies import Fault, read_error
from schemas.errors import RequestRefusedError, TerminalError
from tests.llm.scripted import make_request

SCHEMA = {"type": "object"}


def test_the_body_holds_what_was_asked() -> None:
    request = make_request("hi", answer_schema=SCHEMA, answer_schema_name="WrittenPair")
    assert write_body(request, 42, Features()) == {
        "model": "test-model",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.9,
        "max_tokens": 100,
        "seed": 42,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "WrittenPair", "strict": False, "schema": SCHEMA},
        },
    }


def test_the_body_leaves_out_what_the_endpoint_has_not() -> None:
    features = Features(has_schema=False, has_seed=False, has_temperature=False, tokens_field="max_completion_tokens")
    assert write_body(make_request("hi", answer_schema=SCHEMA), 42, features) == {
        "model": "test-model",
        "messages": [{"role": "user", "content": "hi"}],
        "max_completion_tokens": 100,
    }


@pytest.mark.parametrize(
    ("status", "body", "field"),
    [
        (400, '{"error": {"message": "response_format is not supported", "param": null}}', "has_schema"),
        (400, '{"error": {"message": "Invalid schema", "param": "response_format"}}', "has_schema"),
        (400, '{"error": {"message": "The provided JSON schema contains unsupported features"}}', "has_schema"),
        (422, '{"detail": [{"loc": ["body", "response_format"], "msg": "bad value"}]}', "has_schema"),
        (400, '{"error": {"message": "Unsupported parameter: \'max_tokens\'. Use \'max_completion_tokens\' instead."}}',
         "tokens_field"),
        (422, '{"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}', "has_seed"),
        (400, '{"error": {"message": "Unknown field: seed"}}', "has_seed"),
        (400, '{"error": {"message": "Unsupported value: temperature; only 1 works"}}', "has_temperature"),
    ],
)  # fmt: skip
def test_a_blamed_feature_is_left_out(status: int, body: str, field: str) -> None:
    weaker = find_weaker(read_error(status, {}, body), Features(), has_schema=True)
    assert weaker is not None
    assert [name for name in Features._fields if getattr(weaker, name) != getattr(Features(), name)] == [field]
    assert find_weaker(read_error(status, {}, body), weaker, has_schema=True) is None


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "this model's maximum context length is 4096 tokens"),
        (400, "temperature must be at most 1"),
        (500, "response_format is not supported"),
        (401, "seed unsupported"),
    ],
)
def test_other_errors_leave_everything_as_it_is(status: int, message: str) -> None:
    assert find_weaker(read_error(status, {}, message), Features(), has_schema=True) is None


def test_response_format_is_not_blamed_where_it_was_not_sent() -> None:
    assert find_weaker(read_error(400, {}, "bad JSON schema"), Features(), has_schema=False) is None


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, '{"error": {"message": "bad key"}}', "refused the key; set CALLMILL_TEACHER_API_KEY"),
        (403, "forbidden", "refused the key; set CALLMILL_TEACHER_API_KEY"),
        (404, "not found", "no model 'qwen' at this address; check CALLMILL_TEACHER_MODEL"),
        (400, '{"error": {"message": "The model `qwen` does not exist"}}', "no model 'qwen'"),
        (402, "pay", "no credit left"),
        (429, '{"error": {"message": "quota", "code": "insufficient_quota"}}', "no credit left"),
        (400, '{"error": {"message": "Access denied", "code": "Arrearage"}}', "no credit left"),
        (405, "method", "expected a chat completion; check CALLMILL_TEACHER_BASE_URL"),
        (301, "moved", "expected a chat completion; check CALLMILL_TEACHER_BASE_URL"),
    ],
)
def test_what_no_request_can_heal_is_terminal(status: int, body: str, words: str) -> None:
    with pytest.raises(TerminalError, match=words) as caught:
        read_failure(read_error(status, {}, body), "https://api.example/v1", "qwen")
    assert not isinstance(caught.value, RequestRefusedError)
    assert "https://api.example/v1" in str(caught.value)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_request_says_that_others_go_on(status: int) -> None:
    with pytest.raises(RequestRefusedError, match="others go on"):
        read_failure(read_error(status, {}, "too long"), "https://api.example/v1", "qwen")


@pytest.mark.parametrize(
    ("status", "cause"),
    [(408, "timeout"), (409, "server_error"), (429, "rate_limited"), (500, "server_error"), (503, "server_error"),
     (529, "server_error")],
)  # fmt: skip
def test_what_may_heal_is_a_fault(status: int, cause: str) -> None:
    fault = read_failure(read_error(status, {"retry-after": "2"}, "busy"), "https://api.example/v1", "qwen")
    assert isinstance(fault, Fault)
    assert (fault.cause, fault.pause_s) == (cause, 2.0)
