"""Read what an endpoint sends back: a reply, an error, a request to wait.

A reply: {"model": "qwen-max", "choices": [{"message": {"content": "…"}, "finish_reason": "stop"}], "usage": {…}}
An error: {"error": {"message": "Unsupported parameter", "param": "seed", "code": "unsupported_parameter"}}
"""

import email.utils
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from llm.costs import Cause

_MOST_DETAIL = 300
_MOST_BLAMED = 4000


class Reply(NamedTuple):
    """A well-formed reply."""

    text: str
    raw: str
    finish_reason: str | None
    refusal: str | None
    """Why the endpoint refuses to answer this request, if it does."""
    served_model: str | None
    prompt_tokens: int
    completion_tokens: int
    has_usage: bool
    latency_ms: float = 0.0


class Fault(NamedTuple):
    """An attempt that gave no answer and may be made again."""

    cause: Cause
    detail: str
    pause_s: float | None = None
    """How long the endpoint asks to wait."""
    may_have_cost: bool = False
    """Whether the endpoint may have written an answer that did not arrive."""
    is_unreachable: bool = False
    """Whether no connection was made."""


class ErrorReply(NamedTuple):
    """A status of 300 and above, taken apart."""

    status: int
    message: str
    code: str
    blamed: str
    """Names of parameters and sentences about them, in one text to search in."""
    pause_s: float | None


def read_reply(body: bytes, may_be_empty: bool = False) -> Reply | Fault:
    """Read a 200; one that is not a chat completion is a broken reply.

    Args:
        body: as it came.
        may_be_empty: whether a message without content is an answer, and a refusal in words its text; what else is in
            the message, well-formed or not, is for whoever reads `raw`.
    """
    try:
        raw = body.decode()
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return _broken(f"not JSON: {shorten(body.decode(errors='replace'))}")
    if not isinstance(data, dict) or not isinstance(data.get("choices"), list) or not data["choices"]:
        return _broken(f"no choices: {shorten(raw)}")
    choice = data["choices"][0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return _broken(f"no message: {shorten(raw)}")
    finish_reason = _text_or_none(choice.get("finish_reason"))
    refusal = _text_or_none(message.get("refusal")) or ("content filter" if finish_reason == "content_filter" else None)
    text = message.get("content")
    if may_be_empty:
        text, refusal = _join_parts(text) or _text_or_none(message.get("refusal")) or "", None
    if text is None and (refusal or _has_calls(message) or finish_reason == "length"):
        text = ""  # length: a reasoning model spent all of its tokens before it began to answer
    if not isinstance(text, str):
        return _broken(f"content is {type(text).__name__}, expected text: {shorten(raw)}")
    usage = data["usage"] if isinstance(data.get("usage"), dict) else {}
    prompt_tokens, completion_tokens = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    return Reply(
        text=replace_surrogates(text),
        raw=raw,
        finish_reason=finish_reason,
        refusal=refusal,
        served_model=_text_or_none(data.get("model")),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        has_usage=prompt_tokens + completion_tokens > 0,
    )


def read_error(status: int, headers: Mapping[str, str], body: str) -> ErrorReply:
    """Read an error in the shapes of OpenAI, FastAPI, vLLM and plain text."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, list) and data and isinstance(data[0], dict) and "error" in data[0]:
        data = data[0]  # Gemini wraps its one error in a list
    error = data.get("error", data) if isinstance(data, dict) else None
    message = error if isinstance(error, str) else "; ".join(_messages(error)) or body
    known = error if isinstance(error, dict) else {}
    code = f"{known.get('code') or ''} {known.get('type') or ''}".strip()
    blamed = f"{known.get('param') or ''} {code} {message}"[:_MOST_BLAMED]
    return ErrorReply(status, shorten(message), code, blamed, read_pause(headers))


def read_pause(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` (seconds or a date) asks for."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,12}(\.\d+)?", value):
            return float(value) / scale
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - (time.time() if now is None else now))


def shorten(text: str) -> str:
    """One line of a few hundred characters."""
    line = " ".join(replace_surrogates(text).split())
    return line if len(line) <= _MOST_DETAIL else line[:_MOST_DETAIL] + "…"


def replace_surrogates(text: str) -> str:
    """Half a UTF-16 pair is legal in JSON's escapes and in no file or table."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _messages(error: Any) -> Iterator[str]:
    """`message`, or FastAPI's `detail`: a text or a list of {"loc": ["body", "seed"], "msg": "Extra inputs…"}.

    Mistral puts the latter into the former.
    """
    if not isinstance(error, dict):
        return
    for key in ("message", "msg", "detail"):
        value = error.get(key)
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _messages(value)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    place = item.get("loc")
                    name = ".".join(map(str, place)) if isinstance(place, list) else str(place or "body")
                    yield f"{name}: {item.get('msg')}"


def _has_calls(message: dict[str, Any]) -> bool:
    return isinstance(message.get("tool_calls"), list) and bool(message["tool_calls"])


def _broken(detail: str) -> Fault:
    return Fault("broken_reply", f"a broken reply, {detail}", may_have_cost=True)


def _text_or_none(value: Any) -> str | None:
    return replace_surrogates(value) if isinstance(value, str) and value else None


def _join_parts(content: Any) -> Any:
    """Content that came as a list of parts, [{"type": "text", "text": "No."}], as one text; anything else as it is."""
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        return content
    return "".join(str(part["text"]) for part in content if isinstance(part.get("text"), str))


def _count(value: Any) -> int:
    """Tokens; what no answer can have is not believed, and would not fit a column."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31 else 0
