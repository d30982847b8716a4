"""The `Engine` over a running vLLM: prompts go to its /v1/completions as tokens, the language as a grammar of ours.

A server without our scheduler is sent no grammar, and its answers are free.
"""

import json
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from serving.engine import FinishReason, Generation, Piece, Sampling
from serving.refusals import RefusedError
from serving.vllm.spec import write_spec
from serving.vllm.stops import FreeTextStops

_CONNECT_S = 10
_TOKENIZE_S = 60
_LONGEST_LINE = 4 << 20
_MOST_TOKENIZED = 128


class VllmEngine:
    """A vLLM server that runs with our scheduler, or without it and unconstrained."""

    def __init__(
        self, url: str, model_name: str, context_length: int, api_key: str | None = None, is_constrained: bool = True
    ) -> None:
        self.model_name = model_name
        self.context_length = context_length
        self.default_max_tokens: int | None = None
        self.is_constrained = is_constrained
        self._url = url
        self._tokenized: OrderedDict[str, list[int]] = OrderedDict()
        """An answer's prompt is counted by the application first and then sent: asked for once."""
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        # No limit here: the application has its own, and vLLM queues.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
            headers=headers,
            read_bufsize=_LONGEST_LINE,
        )

    async def count_tokens(self, prompt: str) -> int:
        """Tokens of a rendered prompt."""
        return len(await self._tokenize(prompt))

    async def generate(self, generation: Generation) -> AsyncIterator[Piece]:
        """Make the text; closing the iterator closes the connection, which makes vLLM drop the request."""
        prompt = await self._tokenize(generation.prompt)
        room = self.context_length - len(prompt)
        if room < 1:
            raise RefusedError(
                f"The prompt has {len(prompt)} tokens and the model's context {self.context_length}: there is no room "
                "for an answer; shorten the messages or offer fewer tools.",
                param="messages",
                code="context_length_exceeded",
            )
        most = min(room, generation.max_tokens)
        language = generation.language
        if self.is_constrained:
            body = write_request(self.model_name, prompt, generation, most)
            stops = FreeTextStops(generation.stop, language.call_format.marks.trigger, not language.may_talk)
        else:
            body = write_free_request(self.model_name, prompt, generation, most)
            stops = FreeTextStops((), language.call_format.marks.trigger, begins_with_call=False)
        try:
            async with self._session.post(f"{self._url}/v1/completions", json=body) as answer:
                if answer.status != 200:
                    raise _refusal(answer.status, await answer.text())
                async for piece in _read_pieces(answer, stops):
                    yield piece
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _gone(error) from error

    async def is_healthy(self) -> bool:
        """Whether it can answer now."""
        try:
            async with self._session.get(f"{self._url}/health", timeout=aiohttp.ClientTimeout(5)) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def close(self) -> None:
        """Close the connections; the process is its launcher's."""
        await self._session.close()

    async def _tokenize(self, prompt: str) -> list[int]:
        if prompt in self._tokenized:
            return self._tokenized[prompt]
        body = {"model": self.model_name, "prompt": prompt, "add_special_tokens": False}
        limit = aiohttp.ClientTimeout(_TOKENIZE_S)
        try:
            async with self._session.post(f"{self._url}/tokenize", json=body, timeout=limit) as answer:
                if answer.status != 200:
                    raise _refusal(answer.status, await answer.text())
                tokens: list[int] = (await answer.json())["tokens"]
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _gone(error) from error
        self._tokenized[prompt] = tokens
        if len(self._tokenized) > _MOST_TOKENIZED:
            self._tokenized.popitem(last=False)
        return tokens


async def open_vllm_engine(
    url: str, model_name: str, api_key: str | None = None, is_constrained: bool = True
) -> VllmEngine:
    """Connect to a server that answers.

    Raises:
        RefusedError: it does not serve that model.
    """
    engine = VllmEngine(url, model_name, 0, api_key, is_constrained)
    try:
        async with engine._session.get(f"{url}/v1/models") as answer:
            models = (await answer.json())["data"]
    except (aiohttp.ClientError, TimeoutError) as error:
        await engine.close()
        raise _gone(error) from error
    lengths = {model["id"]: model.get("max_model_len") for model in models}
    if model_name not in lengths:
        await engine.close()
        raise RefusedError(f"vLLM serves {', '.join(lengths)}, not {model_name}.", status=503)
    engine.context_length = lengths[model_name] or next(length for length in lengths.values() if length)
    return engine


def write_request(model: str, prompt: list[int], generation: Generation, max_tokens: int) -> dict[str, Any]:
    """The body of a request to /v1/completions."""
    grammar = {"grammar": write_spec(generation.language, max_tokens)}
    return {**_write_plain(model, prompt, generation, max_tokens), "structured_outputs": grammar}


def write_free_request(model: str, prompt: list[int], generation: Generation, max_tokens: int) -> dict[str, Any]:
    """The body where nothing is constrained; what a grammar of ours ends at, vLLM is told to stop at."""
    stop = [text for text in (*generation.stop, generation.language.call_format.marks.end) if text]
    return {**_write_plain(model, prompt, generation, max_tokens), **({"stop": stop} if stop else {})}


def _write_plain(model: str, prompt: list[int], generation: Generation, max_tokens: int) -> dict[str, Any]:
    return {
        "model": model,
        "prompt": prompt,
        "max_tokens": max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
        "skip_special_tokens": False,
        "spaces_between_special_tokens": False,
        **_sampling(generation.sampling),
    }


def _sampling(sampling: Sampling) -> dict[str, Any]:
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "repetition_penalty": sampling.repetition_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        **({"seed": sampling.seed} if sampling.seed is not None else {}),
    }


async def _read_pieces(answer: aiohttp.ClientResponse, stops: FreeTextStops) -> AsyncIterator[Piece]:
    counted = 0
    async for line in answer.content:
        if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
            continue
        event = json.loads(line[6:])
        if "error" in event:
            raise _refusal(int(event["error"].get("code") or 500), json.dumps(event))
        tokens = (event.get("usage") or {}).get("completion_tokens", counted)
        for choice in event["choices"]:
            text = stops.feed(choice["text"])
            finish = "stop" if stops.is_stopped else _read_finish(choice["finish_reason"])
            text += stops.finish() if finish else ""
            if text or finish or tokens > counted:
                yield Piece(text, tokens - counted, finish)
            counted = tokens
            if finish:
                return
    raise RefusedError("vLLM ended the answer without a reason; its log says more.", status=502, code="engine_error")


def _read_finish(reason: str | None) -> FinishReason | None:
    match reason:
        case None | "stop" | "length":
            return reason
    raise RefusedError(f"vLLM ended the answer with '{reason}'; its log says more.", status=502, code="engine_error")


def _refusal(status: int, body: str) -> RefusedError:
    try:
        message = str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = body[:300]
    if status in (400, 413, 422, 429):
        return RefusedError(message, status=status)
    return RefusedError(f"vLLM failed: {message}", status=503 if status in (502, 503, 504) else 500)


def _gone(error: BaseException) -> RefusedError:
    words = "The model's server does not answer; it is being restarted, ask again in a moment"
    return RefusedError(f"{words} ({type(error).__name__}).", status=503, code="engine_unavailable")
