"""One attempt at one request: what is sent over the openai client, and what every kind of failure means.

What an endpoint does not have (structured output, `seed`, `max_tokens`) it says once; from then on it is left out.
"""

import asyncio
import logging
import re
import time
from typing import Any, NamedTuple

import aiohttp
import httpx2
import openai

from llm.replies import ErrorReply, Fault, Reply, read_error, read_reply
from schemas.answer import Request
from schemas.errors import RequestRefusedError, TerminalError

_LEAST_SECRET = 8  # shorter keys are fillers such as EMPTY or ollama, and words that answers may use
_LEAST_MASKED = 4
_NO_MONEY = re.compile(r"insufficient[_ ](quota|balance)|arrearage|billing_(not_active|hard_limit)", re.I)
_NO_SCHEMA = re.compile(r"response_format|json.?schema|structured.?output|guided", re.I)
_UNSUPPORTED = re.compile(r"unsupported|not support|not permitted|unrecogni[sz]ed|unknown|unexpected|extra input", re.I)
_NO_MODEL = re.compile(r"model_not_found|model\b.{0,200}\bdoes not exist|model\b.{0,200}\bnot found", re.I)

log = logging.getLogger("callmill")


class Features(NamedTuple):
    """What is sent to this endpoint."""

    has_schema: bool = True
    has_seed: bool = True
    has_temperature: bool = True
    tokens_field: str = "max_tokens"


class Endpoint:
    """An OpenAI-compatible endpoint."""

    def __init__(
        self, connection: openai.AsyncOpenAI, *, address: str, api_key: str, timeout_s: float, features: Features
    ) -> None:
        self.address = address
        """For messages; holds no password."""
        self.requests_sent = 0
        self._connection = connection
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._features = features

    async def send(self, request: Request, seed: int) -> Reply | Fault:
        """Make one attempt, and again at once where only a feature was in the way.

        Raises:
            TerminalError: no request can succeed here (key, model, address, credit).
            RequestRefusedError: this one cannot.
        """
        while True:
            sent = self._features
            outcome = await self._exchange(write_body(request, seed, sent))
            if not isinstance(outcome, ErrorReply):
                return outcome
            weaker = find_weaker(outcome, sent, has_schema=request.answer_schema is not None)
            if weaker is None:
                return read_failure(outcome, self.address, request.model)
            self._give_up(weaker, sent, outcome)

    def scrub(self, text: str) -> str:
        """Take the key out of a text."""
        return text.replace(self._api_key, "***") if len(self._api_key) >= _LEAST_MASKED else text

    async def _exchange(self, body: dict[str, Any]) -> Reply | Fault | ErrorReply:
        self.requests_sent += 1
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
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
        reply = read_reply(content)
        if isinstance(reply, Fault):
            return reply._replace(detail=self.scrub(reply.detail))
        return reply._replace(latency_ms=1000 * (time.perf_counter() - started))

    def _read_breakdown(self, error: Exception) -> Fault:
        """Tell a timeout from a broken connection by its causes; the transport calls a hang-up a timeout, too."""
        causes: list[BaseException] = [error]
        while causes[-1].__cause__ is not None:
            causes.append(causes[-1].__cause__)
        is_unreachable = any(isinstance(cause, (httpx2.ConnectError, aiohttp.ClientConnectorError)) for cause in causes)
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return Fault("timeout", f"no answer within {self._timeout_s:g} s", may_have_cost=not is_unreachable)
        words = self.scrub(str(causes[-1]) or type(causes[-1]).__name__)
        return Fault("connection", f"no connection ({words})", may_have_cost=not is_unreachable)

    def _give_up(self, weaker: Features, sent: Features, error: ErrorReply) -> None:
        """Leave out for good what was refused, keeping what other requests found out meanwhile."""
        changes = {
            name: getattr(weaker, name) for name in Features._fields if getattr(weaker, name) != getattr(sent, name)
        }
        before = self._features
        self._features = before._replace(**changes)
        if self._features != before:
            words = ", ".join(f"{name} is {value}" for name, value in changes.items())
            log.warning("%s answered %d (%s); from now on %s.", self.address, error.status, error.message, words)


def write_body(request: Request, seed: int, features: Features) -> dict[str, Any]:
    """The request as it goes over the wire."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        features.tokens_field: request.max_tokens,
    }
    if features.has_temperature:
        body["temperature"] = request.temperature
    if features.has_seed:
        body["seed"] = seed
    if features.has_schema and request.answer_schema is not None:
        form = {"name": request.answer_schema_name or "answer", "strict": False, "schema": request.answer_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def find_weaker(error: ErrorReply, sent: Features, has_schema: bool) -> Features | None:
    """What to leave out so that a refused request may pass, if the error blames a feature that was sent."""
    if error.status not in (400, 404, 415, 422, 501):
        return None
    blamed = error.blamed
    if has_schema and sent.has_schema and _NO_SCHEMA.search(blamed):
        return sent._replace(has_schema=False)
    if sent.tokens_field == "max_tokens" and "max_completion_tokens" in blamed:
        return sent._replace(tokens_field="max_completion_tokens")
    if not _UNSUPPORTED.search(blamed):
        return None
    if sent.has_seed and re.search(r"\bseed\b", blamed, re.I):
        return sent._replace(has_seed=False)
    if sent.has_temperature and re.search(r"\btemperature\b", blamed, re.I):
        return sent._replace(has_temperature=False)
    return None


def read_failure(error: ErrorReply, address: str, model: str) -> Fault:
    """What an error status means.

    Raises:
        TerminalError: no request can succeed here.
        RequestRefusedError: this one cannot.
    """
    said = f"{address} answered {error.status} ({error.message})"
    has_no_money = _NO_MONEY.search(error.code if error.status >= 429 else f"{error.code} {error.message}")
    if error.status == 402 or has_no_money:
        raise TerminalError(f"{said}: the account has no credit left; top it up, then run the same command again.")
    if error.status in (401, 403):
        raise TerminalError(f"{said}: the endpoint refused the key; set CALLMILL_TEACHER_API_KEY.")
    if error.status == 404 or (error.status == 400 and _NO_MODEL.search(error.blamed)):
        raise TerminalError(
            f"{said}: no model '{model}' at this address; "
            "check CALLMILL_TEACHER_MODEL and CALLMILL_TEACHER_BASE_URL (it usually ends in /v1)."
        )
    if error.status == 429:
        return Fault("rate_limited", said, error.pause_s)
    if error.status in (408, 409, 425) or error.status >= 500:
        return Fault("timeout" if error.status == 408 else "server_error", said, error.pause_s)
    if error.status in (400, 413, 422):
        raise RequestRefusedError(f"{said}: the endpoint refuses this request; it is left out, others go on.")
    raise TerminalError(
        f"{said}, expected a chat completion; check CALLMILL_TEACHER_BASE_URL (it usually ends in /v1)."
    )
