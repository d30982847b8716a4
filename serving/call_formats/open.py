"""Call formats by name."""

from typing import Literal, get_args

from schemas.errors import UsageError
from serving.call_formats.hermes import Hermes
from serving.call_formats.llama import Llama
from serving.call_formats.qwen_agent import QwenAgent
from serving.call_formats.special_tokens import SpecialTokens

CallFormatName = Literal["hermes", "special-tokens", "qwen-agent", "llama"]
CALL_FORMATS: tuple[CallFormatName, ...] = get_args(CallFormatName)
KnownFormat = Hermes | QwenAgent


def open_call_format(name: str, *, thinking: bool = False) -> KnownFormat:
    """The call format of that name.

    Args:
        name: one of `CALL_FORMATS`.
        thinking: whether templates that know `enable_thinking` begin with thoughts.

    Raises:
        UsageError: there is no such format.
    """
    match name:
        case "hermes":
            return Hermes(thinking)
        case "special-tokens":
            return SpecialTokens(thinking)
        case "qwen-agent":
            return QwenAgent(thinking)
        case "llama":
            return Llama(thinking)
    raise UsageError(f"There is no call format '{name}'; expected one of {', '.join(CALL_FORMATS)}.")
