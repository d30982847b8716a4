"""A model behind any OpenAI-compatible URL, as the tool loop asks it: answers are streamed.

Not through llm/'s client: that one asks a question once and keeps its answer, while here the same words are new each
time; evaluation, which must not lose what it paid for, gives the loop a `ChatModel` of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import openai

from schemas.errors import RequestRefusedError, TerminalError, TransientError
from serving.tool_loop import ModelCall, ModelReply


@dataclass
class _Draft:
    """An answer as far as it has come."""

    content: str = ""
    calls: dict[int, list[str]] = field(default_factory=dict)
    """Index to id, name and arguments."""
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def take(self, chunk: Any) -> str:
        """Add a chunk; gives what it adds to the words."""
        if chunk.usage:
            self.prompt_tokens, self.completion_tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self.finish_reason = choice.finish_reason or self.finish_reason
        for part in choice.delta.tool_calls or []:
            call = self.calls.setdefault(part.index, ["", "", ""])
            call[0] = part.id or call[0]
            call[1] += (part.function and part.function.name) or ""
            call[2] += (part.function and part.function.arguments) or ""
        words: str = choice.delta.content or ""
        self.content += words
        return words

    def finish(self) -> ModelReply:
        """The whole answer; calls that its limit cut are none."""
        calls = () if self.finish_reason == "length" else tuple(self.calls[index] for index in sorted(self.calls))
        named = tuple(
            ModelCall(call_id or f"call_{place}", name, arguments or "{}")
            for place, (call_id, name, arguments) in enumerate(calls)
        )
        return ModelReply(self.content, named, self.finish_reason, self.prompt_tokens, self.completion_tokens)


class OpenAIChat:
    """A `ChatModel` over a URL.

    Args:
        base_url: of the API; `/v1` is added where there is no path.
        model: None: the first that the server lists.
        api_key: None: none; OPENAI_API_KEY is not sent to just any URL.
        options: of every request, such as {"temperature": 0, "max_tokens": 256}.
        on_words: gets the answer's words as they come.
        timeout_s: of one answer.
    """

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        *,
        api_key: str | None = None,
        options: Mapping[str, Any] | None = None,
        on_words: Callable[[str], None] | None = None,
        timeout_s: float = 600.0,
    ) -> None:
        self.base_url = complete_url(base_url)
        self.on_words = on_words
        self._model = model
        self._options = dict(options or {})
        self._client = openai.AsyncOpenAI(
            base_url=self.base_url, api_key=api_key or "none", timeout=timeout_s, max_retries=2
        )

    async def model(self) -> str:
        """The name that requests carry.

        Raises:
            CallmillError: the server can't be asked, or lists none.
        """
        if self._model is None:
            try:
                listed = [each.id async for each in self._client.models.list()]
            except openai.OpenAIError as error:
                raise self._explain(error) from error
            if not listed:
                raise TerminalError(f"{self.base_url} lists no model; name one.")
            self._model = listed[0]
        return self._model

    async def answer(
        self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], tool_choice: Any
    ) -> ModelReply:
        """Ask the model.

        Raises:
            RequestRefusedError: the server refuses this conversation, or what the model said (422).
            TransientError: it can't be reached, or fails, now.
            TerminalError: it never will: key, path.
        """
        body: dict[str, Any] = {"model": await self.model(), "messages": list(messages), **self._options}
        if tools:
            body |= {"tools": list(tools), "tool_choice": tool_choice}
        draft = _Draft()
        try:
            stream = await self._client.chat.completions.create(
                **body, stream=True, stream_options={"include_usage": True}
            )
            async with stream:
                async for chunk in stream:
                    words = draft.take(chunk)
                    if words and self.on_words:
                        self.on_words(words)
        except openai.OpenAIError as error:
            raise self._explain(error) from error
        return draft.finish()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _explain(self, error: openai.OpenAIError) -> Exception:
        """In the words of our two families."""
        where = f"{self.base_url} "
        if isinstance(error, openai.APIStatusError):
            status = error.status_code
            words = f"{where}answers {status}: {error.message}"
            if status in {400, 413, 422}:
                return RequestRefusedError(words)
            if status in {408, 409, 429} or status >= 500:
                return TransientError(words)
            return TerminalError(words)
        if isinstance(error, openai.APIConnectionError):
            return TransientError(f"{where}can't be reached ({error.__cause__ or error}); is the server up?")
        return RequestRefusedError(f"{where}breaks its answer off: {error}")


def complete_url(base_url: str) -> str:
    """With `/v1` where there is no path.

    Raises:
        TerminalError: it is no URL.
    """
    place = urlsplit(base_url)
    if place.scheme not in {"http", "https"} or not place.netloc:
        raise TerminalError(f"'{base_url}' is no URL of an API; expected one such as http://127.0.0.1:8000/v1.")
    return base_url.rstrip("/") if place.path.strip("/") else f"{place.scheme}://{place.netloc}/v1"
