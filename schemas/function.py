"""A function that a model may call, and the HTTP request that a call of it stands for."""

from typing import Any, Literal

from pydantic import Field

from schemas.record import Record

Split = Literal["train", "validation", "test"]
Language = Literal["en", "zh"]
ParameterPlace = Literal["path", "query", "header", "cookie", "body"]
FunctionReason = Literal["too_large", "unresolved_reference", "bad_schema", "no_name"]


class ParameterBinding(Record):
    """Where one argument goes in the HTTP request."""

    place: ParameterPlace
    wire_name: str
    """Name in the request; differs from the argument's name where two places share one."""
    style: Literal["plain", "json", "whole_body"] = "plain"
    """plain: as text or a body property; whole_body: the argument is the body itself."""


class HttpBinding(Record):
    """How a call becomes an HTTP request."""

    method: Literal["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"]
    path: str
    """With {placeholders}, below the server's base path."""
    server: str | None = None
    body_type: str | None = None
    """Media type of the body, such as application/json."""
    parameters: dict[str, ParameterBinding] = Field(default_factory=dict)
    """Argument name to its place."""


class Function(Record):
    """One function document in OpenAI form."""

    function_id: str
    """Content hash of its document, position and tool."""
    document_id: str
    document_path: str
    format: str
    """The document's format."""
    position: int
    """Index within its document; with the document's rank, the order of everything else."""
    name: str
    """Matches ^[A-Za-z0-9_-]{1,64}$, unique in its document."""
    description: str
    parameters: dict[str, Any]
    """JSON schema, type object, every local $ref resolved."""
    http: HttpBinding | None = None
    domain: str
    language: Language
    family_id: str
    """Hash of name and shape: functions that are alike share it, and so a split."""
    split: Split
    """By hash of the family: 80 train, 10 validation, 10 test."""
    state: Literal["accepted", "merged", "rejected"] = "accepted"
    reason: FunctionReason | None = None
    detail: str | None = None
    merged_into: str | None = None
    """function_id of the first function with the very same tool."""
    repairs: tuple[str, ...] = ()
    """What cleaning changed, one phrase each."""

    @property
    def tool(self) -> dict[str, Any]:
        """OpenAI chat form."""
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": self.parameters},
        }
