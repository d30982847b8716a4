"""A row of text for the base model: turns of a conversation."""

from typing import Literal, NamedTuple

RowKind = Literal["filling", "extracting", "looking_up", "copying", "chat"]


class Turn(NamedTuple):
    """One message."""

    role: Literal["system", "user", "assistant"]
    content: str


class Row(NamedTuple):
    """One conversation; the assistant's turns are what is to be learnt."""

    kind: RowKind
    language: str
    turns: tuple[Turn, ...]
