"""What is sent, what is left out once an endpoint refuses it, and what each status means."""

import json
from typing import Any

import pytest

from llm.endpoint import find_blamed, read_failure, write_body
from llm.replies import Fault, read_error
from schemas.answer import Message
from schemas.errors import RequestRefusedError, TerminalError
from schemas.settings import EvaluateSettings
from tests.llm.scripted import make_endpoint_settings, make_request, make_settings

SCHEMA = {"type": "object"}
TOOL = {"type": "function", "function": {"name": "set_heat", "parameters": {"type": "object", "properties": {}}}}
SAMPLING: dict[str, Any] = {"top_p": 0.8, "top_k": 20, "repetition_penalty": 1.1}


def test_the_body_holds_what_was_asked() -> None:
    request = make_request("hi", answer_schema=SCHEMA, answer_schema_name="WrittenPair")
    assert write_body(request, 42, set()) == {
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
    left_out = {"response_format", "seed", "temperature", "max_tokens", *SAMPLING}
    assert write_body(make_request("hi", answer_schema=SCHEMA, **SAMPLING), 42, left_out) == {
        "model": "test-model",
        "messages": [{"role": "user", "content": "hi"}],
        "max_completion_tokens": 100,
    }


def test_tools_calls_and_sampling_are_sent_as_they_are() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "set_heat", "arguments": "{}"}}
    messages = (
        Message(role="developer", content="Be brief."),
        Message(role="assistant", content=None, tool_calls=(call,)),
        Message(role="tool", content="done", tool_call_id="c1"),
    )
    request = make_request(tools=(TOOL,), max_tokens=None, temperature=0, **SAMPLING)
    sent = write_body(request.model_copy(update={"messages": messages}), 42, set())
    assert sent == {
        "model": "test-model",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": "done", "tool_call_id": "c1"},
        ],
        "temperature": 0,
        "seed": 42,
        "tools": [TOOL],
        **SAMPLING,
    }


def whole_body() -> dict[str, Any]:
    """Of a request that asks for everything there is."""
    return write_body(make_request(answer_schema=SCHEMA, tools=(TOOL,), **SAMPLING), 42, set())


@pytest.mark.parametrize(
    ("status", "body", "field"),
    [
        (400, '{"error": {"message": "response_format is not supported", "param": null}}', "response_format"),
        (400, '{"error": {"message": "Invalid schema", "param": "response_format"}}', "response_format"),
        (400, '{"error": {"message": "The provided JSON schema contains unsupported features"}}', "response_format"),
        (422, '{"detail": [{"loc": ["body", "response_format"], "msg": "bad value"}]}', "response_format"),
        (400, '{"error": {"message": "Unsupported parameter: \'max_tokens\'. Use \'max_completion_tokens\' instead."}}',
         "max_tokens"),
        (422, '{"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}', "seed"),
        (400, '{"error": {"message": "Unknown field: seed"}}', "seed"),
        (400, '{"error": {"message": "Unsupported value: temperature; only 1 works"}}', "temperature"),
        # OpenAI and Azure, Groq, Mistral, vLLM before 0.6, xAI, LiteLLM, Databricks, Gemini, Claude
        (400, '{"error": {"message": "Unrecognized request argument supplied: top_k", "param": null}}', "top_k"),
        (400, '{"error": {"message": "Unrecognized request arguments supplied: repetition_penalty, top_k"}}',
         "repetition_penalty"),
        (400, '{"error": {"message": "Unknown parameter: \'top_k\'.", "param": "top_k", "code": "unknown_parameter"}}',
         "top_k"),
        (400, '{"error": {"message": "Unsupported parameter: \'top_p\' is not supported with this model."}}', "top_p"),
        (400, '{"detail": "Unsupported parameter: top_p"}', "top_p"),
        (400, '{"error": {"message": "property \'repetition_penalty\' is unsupported"}}', "repetition_penalty"),
        (422, '{"object": "error", "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "top_k"], '
              '"msg": "Extra inputs are not permitted", "input": 20}]}}', "top_k"),
        (400, '{"object": "error", "message": "[{\'loc\': (\'body\', \'top_k\'), \'msg\': \'Extra inputs are not'
              ' permitted\'}]"}', "top_k"),
        (400, '{"code": "invalid argument", "error": "Argument not supported on this model: repetitionPenalty"}',
         "repetition_penalty"),
        (400, '{"error": {"message": "openai does not support parameters: [\'top_k\'], for model=gpt"}}', "top_k"),
        (400, '{"error_code": "BAD_REQUEST", "message": "json: unknown field \\"top_k\\""}', "top_k"),
        (400, '[{"error": {"code": 400, "message": "Unknown name \\"seed\\": Cannot find field."}}]', "seed"),
        (400, '{"error": {"message": "`temperature` and `top_p` cannot both be specified for this model."}}', "top_p"),
        (400, '{"error": {"message": "`temperature` is deprecated for this model."}}', "temperature"),
    ],
)  # fmt: skip
def test_a_blamed_feature_is_left_out(status: int, body: str, field: str) -> None:
    sent = whole_body()
    error = read_error(status, {}, body)
    assert find_blamed(error, sent) == field
    if "," not in error.message and "and" not in error.message:
        del sent[field]
        assert find_blamed(error, sent) is None, "what was not sent is not to blame"


def test_several_features_are_left_out_one_by_one() -> None:
    error = read_error(400, {}, "Unrecognized request arguments supplied: repetition_penalty, top_k")
    sent = whole_body()
    for name in ("repetition_penalty", "top_k"):
        assert find_blamed(error, sent) == name
        del sent[name]
    assert find_blamed(error, sent) is None


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Invalid schema for function 'set_heat': unknown type of 'temperature'", "param": None},
        {"message": "unsupported keyword in seed", "param": "tools[0].function.parameters"},
        {"message": "Unknown name \"x\" at 'tools[0].function_declarations[0].parameters.properties[2]' (top_k)"},
        {"detail": [{"loc": ["body", "tools", 0, "function", "temperature"], "msg": "Extra inputs are not permitted"}]},
    ],
)
def test_a_parameter_of_a_tool_is_not_a_feature(error: dict[str, Any]) -> None:
    assert find_blamed(read_error(400, {}, json.dumps({"error": error})), whole_body()) is None


def test_a_feature_is_found_beside_a_complaint_about_a_tool() -> None:
    message = 'Unknown name "seed" at \'tools[0].function\'.\nUnknown name "top_k": Cannot find field.'
    assert find_blamed(read_error(400, {}, json.dumps([{"error": {"message": message}}])), whole_body()) == "top_k"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "this model's maximum context length is 4096 tokens"),
        (400, "temperature must be at most 1"),
        (400, "Range of top_p should be (0.0, 1.0]"),
        (400, "model does not support tools"),
        (500, "response_format is not supported"),
        (401, "seed unsupported"),
    ],
)
def test_other_errors_leave_everything_as_it_is(status: int, message: str) -> None:
    assert find_blamed(read_error(status, {}, message), whole_body()) is None


def test_response_format_is_not_blamed_where_it_was_not_sent() -> None:
    assert find_blamed(read_error(400, {}, "bad JSON schema"), write_body(make_request(), 42, set())) is None


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
    error = read_error(status, {}, body)
    with pytest.raises(TerminalError, match=words) as caught:
        read_failure(error, "https://api.example/v1", "qwen", make_settings())
    assert not isinstance(caught.value, RequestRefusedError)
    assert "https://api.example/v1" in str(caught.value)
    with pytest.raises(TerminalError, match=words.replace("TEACHER", "EVALUATE")):
        read_failure(error, "https://api.example/v1", "qwen", make_endpoint_settings(EvaluateSettings))


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_request_says_that_others_go_on(status: int) -> None:
    with pytest.raises(RequestRefusedError, match="others go on"):
        read_failure(read_error(status, {}, "too long"), "https://api.example/v1", "qwen", make_settings())


@pytest.mark.parametrize(
    ("status", "cause"),
    [(408, "timeout"), (409, "server_error"), (429, "rate_limited"), (500, "server_error"), (503, "server_error"),
     (529, "server_error")],
)  # fmt: skip
def test_what_may_heal_is_a_fault(status: int, cause: str) -> None:
    error = read_error(status, {"retry-after": "2"}, "busy")
    fault = read_failure(error, "https://api.example/v1", "qwen", make_settings())
    assert isinstance(fault, Fault)
    assert (fault.cause, fault.pause_s) == (cause, 2.0)
