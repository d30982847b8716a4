"""Fields that would change the answer and can't be honoured: refused by name, never ignored silently."""

from collections.abc import Mapping
from typing import Any

from serving.refusals import RefusedError

NOTHING: tuple[Any, ...] = (None, False, 0, "", [], {})
"""Values that ask for nothing; 0 and False are equal in Python."""

UNSUPPORTED: dict[str, tuple[tuple[Any, ...], str]] = {
    "logprobs": (NOTHING, "Log probabilities are not given"),
    "top_logprobs": (NOTHING, "Log probabilities are not given"),
    "prompt_logprobs": ((None, False), "Log probabilities are not given"),
    "logit_bias": (NOTHING, "Tokens can't be weighed"),
    "functions": ((None,), "This form is outdated: send `tools`"),
    "function_call": ((None,), "This form is outdated: send `tool_choice`"),
    "audio": ((None,), "Only text can be made"),
    "modalities": ((None, ["text"]), "Only text can be made"),
    "web_search_options": ((None,), "There is no web search here"),
    "best_of": ((None, 1), "Send `n`"),
    "use_beam_search": (NOTHING, "Tokens are drawn one by one"),
    "min_p": (NOTHING, "Send `top_p` or `top_k`"),
    "typical_p": ((None, 1), "Send `top_p` or `top_k`"),
    "min_tokens": (NOTHING, "Answers have no least length"),
    "length_penalty": ((None, 1), "Answers are not weighed by length"),
    "bad_words": (NOTHING, "Words can't be forbidden"),
    "stop_token_ids": (NOTHING, "Send `stop`"),
    "include_stop_str_in_output": (NOTHING, "A stop text is never part of the answer"),
    "ignore_eos": (NOTHING, "An answer ends where the model ends it"),
    "echo": (NOTHING, "The prompt is not repeated"),
    "chat_template": ((None,), "The server's own chat template is used"),
    "chat_template_kwargs": (NOTHING, "The server's own chat template is used as it is"),
    "documents": (NOTHING, "Put them into a message"),
    "structured_outputs": ((None,), "Only tool calls are held to a schema"),
    "guided_json": ((None,), "Only tool calls are held to a schema"),
    "guided_regex": ((None,), "Only tool calls are held to a schema"),
    "guided_choice": ((None,), "Only tool calls are held to a schema"),
    "guided_grammar": ((None,), "Only tool calls are held to a schema"),
    "background": (NOTHING, "Answers are made while the client waits"),
    "conversation": ((None,), "Nothing is stored: send the whole conversation as `input`"),
    "previous_response_id": ((None,), "Nothing is stored: send the whole conversation as `input`"),
    "prompt": ((None,), "Nothing is stored: send `instructions` and `input`"),
    "truncation": ((None, "disabled"), "An input that is too long is refused, never shortened"),
    # Fields of the one protocol sent to the other.
    "stop": (NOTHING, "This protocol has no stop texts: send it to /v1/chat/completions"),
    "n": ((None, 1), "This protocol makes one answer: send it to /v1/chat/completions"),
    "messages": ((None,), "Send `input`, or send it to /v1/chat/completions"),
    "max_tokens": ((None,), "Send `max_output_tokens`"),
    "max_completion_tokens": ((None,), "Send `max_output_tokens`"),
    "instructions": ((None,), "Send a system message"),
    "input": ((None,), "Send `messages`, or send it to /v1/responses"),
    "max_output_tokens": ((None,), "Send `max_completion_tokens`"),
}
"""Field → values that are as good as none, and why others are refused."""


def refuse_unsupported(fields: Mapping[str, Any]) -> None:
    """Look through the fields of a request that have no place in its model.

    Raises:
        RefusedError: 400, naming the field.
    """
    for name, value in fields.items():
        known = UNSUPPORTED.get(name)
        if known is not None and not any(value == each for each in known[0]):
            raise RefusedError(f"`{name}` is not supported: {known[1]}.", param=name, code="unsupported_parameter")
    _refuse_format(fields.get("response_format"), "response_format")
    text = fields.get("text")
    _refuse_format(text.get("format") if isinstance(text, Mapping) else None, "text.format")


def _refuse_format(wanted: Any, name: str) -> None:
    if wanted is None or (isinstance(wanted, Mapping) and wanted.get("type") == "text"):
        return
    message = f"`{name}` may only be text: the arguments of tool calls are all that is held to a schema here."
    raise RefusedError(message, param=name, code="unsupported_parameter")
