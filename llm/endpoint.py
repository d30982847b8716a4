"""One attempt at one request: what is sent over the openai client, and what every kind of failure means.

What an endpoint does not have (structured output, `seed`, `top_k`) it says once; from then on it is left out.
"""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import aiohttp
import httpx2
import openai

from llm.replies import ErrorReply, Fault, Reply, read_error, read_reply
from schemas.answer import Request
from schemas.errors import RequestRefusedError, TerminalError
from schemas.settings import EndpointSettings

_NO_CONNECTION = (httpx2.ConnectError, aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_LEAST_SECRET = 8  # shorter keys are fillers such as EMPTY or ollama, and words that answers may use
_LEAST_MASKED = 4
_NO_MONEY = re.compile(r"insufficient[_ ](quota|balance)|arrearage|billing_(not_active|hard_limit)", re.I)
_NO_SCHEMA = re.compile(r"response_format|json.?schema|structured.?output|guided", re.I)
_UNSUPPORTED = re.compile(
    r"unsupported|not support|not permitted|unrecogni[sz]ed|unknown|unexpected|extra input|deprecated"
    r"|cannot both be specified",  # Claude of temperature and top_p
    re.I,
)
_ABOUT_TOOLS = re.compile(r"\btools[\[.]|schema for function", re.I)
_OPTIONAL = {  # the least common first: where an error names several, the others may be fine without it
    "repetition_penalty": re.compile(r"\brepetition_?penalty\b", re.I),
    "top_k": re.compile(r"\btop_?k\b", re.I),
    "top_p": re.compile(r"\btop_?p\b", re.I),
    "seed": re.compile(r"\bseed\b", re.I),
    "temperature": re.compile(r"\btemperature\b", re.I),
}
_NO_MODEL = re.compile(r"model_not_found|model\b.{0,200}\bdoes not exist|model\b.{0,200}\bnot found", re.I)

log = logging.getLogger("callmill")


class Endpoint:
    """An OpenAI-compatible endpoint."""

    def __init__(
        self,
        connection: openai.AsyncOpenAI,
        *,
        address: str,
        api_key: str,
        settings: EndpointSettings,
        unwanted: frozenset[str] = frozenset(),
    ) -> None:
        """Wrap an open connection.

        Args:
            connection: where to.
            address: for messages; holds no password.
            api_key: taken out of whatever comes back.
            settings: the time limit, and the variables that messages name.
            unwanted: fields that are not to be sent even if the endpoint knows them.
        """
        self.address = address
        self.requests_sent = 0
        self._connection = connection
        self._api_key = api_key
        self._settings = settings
        self._unwanted = unwanted
        self._refused: frozenset[str] = frozenset()

    @property
    def left_out(self) -> tuple[str, ...]:
        """Fields that this endpoint does not know, in the order of the alphabet; they are not sent any more."""
        return tuple(sorted(self._refused - {"max_tokens"}))  # which goes by its newer name

    async def send(self, request: Request, seed: int) -> Reply | Fault:
        """Make one attempt, and again at once where only a feature was in the way.

        Raises:
            TerminalError: no request can succeed here (key, model, address, credit).
            RequestRefusedError: this one cannot.
        """
        while True:
            body = write_body(request, seed, self._refused | self._unwanted)
            outcome = await self._exchange(body, request.may_be_empty)
            if not isinstance(outcome, ErrorReply):
                return outcome
            blamed = find_blamed(outcome, body)
            if blamed is None:
                return read_failure(outcome, self.address, request.model, self._settings)
            self._leave_out(blamed, outcome)

    def scrub(self, text: str) -> str:
        """Take the key out of a text."""
        return text.replace(self._api_key, "***") if len(self._api_key) >= _LEAST_MASKED else text

    async def _exchange(self, body: dict[str, Any], may_be_empty: bool) -> Reply | Fault | ErrorReply:
        self.requests_sent += 1
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                # post() and not chat.completions.create(): the same request without 0.3 ms of typed conversion each way
                response = await self._connection.post("/chat/completions", body=body, cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            failure = read_error(error.status_code, error.response.headers, self.scrub(error.response.text))
            return failure._replace(message=self.scrub(failure.message))
        except (openai.APIConnectionError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return self._read_breakdown(error)
        content = response.content
        if len(self._api_key) >= _LEAST_SECRET and self._api_key.encode() in content:
            content = content.replace(self._api_key.encode(), b"***")
        reply = read_reply(content, may_be_empty)
        if isinstance(reply, Fault):
            return reply._replace(detail=self.scrub(reply.detail))
        return reply._replace(latency_ms=1000 * (time.perf_counter() - started))

    def _read_breakdown(self, error: Exception) -> Fault:
        """Tell a timeout from a broken connection by its causes; the transport calls a hang-up a timeout, too."""
        causes: list[BaseException] = [error]
        while causes[-1].__cause__ is not None:
            causes.append(causes[-1].__cause__)
        is_unreachable = any(isinstance(cause, _NO_CONNECTION) for cause in causes)
        if any(isinstance(cause, TimeoutError) for cause in causes):
            words = "no connection in time" if is_unreachable else f"no answer within {self._settings.timeout_s:g} s"
            fault = Fault("timeout", words)
        else:
            words = self.scrub(str(causes[-1]) or type(causes[-1]).__name__)
            fault = Fault("connection", f"no connection ({words})")
        return fault._replace(may_have_cost=not is_unreachable, is_unreachable=is_unreachable)

    def _leave_out(self, name: str, error: ErrorReply) -> None:
        """Do without a field for good; requests that were under way with it find it out, too, and say nothing more."""
        if name in self._refused:
            return
        self._refused |= {name}
        words = "max_completion_tokens is sent for max_tokens" if name == "max_tokens" else f"{name} is left out"
        log.warning("%s answered %d (%s); from now on %s.", self.address, error.status, error.message, words)


def write_body(request: Request, seed: int, left_out: AbstractSet[str]) -> dict[str, Any]:
    """The request as it goes over the wire."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [message.chat_form for message in request.messages],
    }
    if request.max_tokens is not None:
        body["max_completion_tokens" if "max_tokens" in left_out else "max_tokens"] = request.max_tokens
    optional = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
        "repetition_penalty": request.repetition_penalty,
        "seed": seed,
    }
    body |= {name: value for name, value in optional.items() if value is not None and name not in left_out}
    if request.tools:
        body["tools"] = list(request.tools)
    if request.answer_schema is not None and "response_format" not in left_out:
        form = {"name": request.answer_schema_name or "answer", "strict": False, "schema": request.answer_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def find_blamed(error: ErrorReply, body: Mapping[str, Any]) -> str | None:
    """The field of a refused body without which it may pass, if the error blames one."""
    if error.status not in (400, 404, 415, 422, 501):
        return None
    blamed = _without_tools(error.blamed) if "tools" in body else error.blamed
    if "response_format" in body and _NO_SCHEMA.search(blamed):
        return "response_format"
    if "max_tokens" in body and "max_completion_tokens" in blamed:
        return "max_tokens"
    if not _UNSUPPORTED.search(blamed):
        return None
    return next((name for name, words in _OPTIONAL.items() if name in body and words.search(blamed)), None)


def _without_tools(blamed: str) -> str:
    """Leave out what is said of the tools: they may have parameters of their own called seed or temperature."""
    return "\n".join(part for part in re.split(r"[;\n]", blamed) if not _ABOUT_TOOLS.search(part))


def read_failure(error: ErrorReply, address: str, model: str, settings: EndpointSettings) -> Fault:
    """What an error status means; messages name the variables of the settings.

    Raises:
        TerminalError: no request can succeed here.
        RequestRefusedError: this one cannot.
    """
    said = f"{address} answered {error.status} ({error.message})"
    has_no_money = _NO_MONEY.search(error.code if error.status >= 429 else f"{error.code} {error.message}")
    if error.status == 402 or has_no_money:
        raise TerminalError(f"{said}: the account has no credit left; top it up, then run the same command again.")
    if error.status in (401, 403):
        raise TerminalError(f"{said}: the endpoint refused the key; set {settings.variable('api_key')}.")
    if error.status == 404 or (error.status == 400 and _NO_MODEL.search(error.blamed)):
        raise TerminalError(
            f"{said}: no model '{model}' at this address; "
            f"check {settings.variable('model')} and {settings.variable('base_url')} (it usually ends in /v1)."
        )
    if error.status == 429:
        return Fault("rate_limited", said, error.pause_s)
    if error.status in (408, 409, 425) or error.status >= 500:
        return Fault("timeout" if error.status == 408 else "server_error", said, error.pause_s)
    if error.status in (400, 413, 422):
        raise RequestRefusedError(f"{said}: the endpoint refuses this request; it is left out, others go on.")
    raise TerminalError(
        f"{said}, expected a chat completion; check {settings.variable('base_url')} (it usually ends in /v1)."
    )
