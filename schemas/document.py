"""An API document as it came."""

from typing import Literal

from schemas.record import Record

DocumentFormat = Literal[
    "openapi-2.0", "openapi-3.0", "openapi-3.1", "openai-tools", "toolace", "xlam", "glaive", "hermes", "unknown"
]
"""The last four that are known are forms of imported data sets, whose rows bring their functions along."""
DocumentReason = Literal[
    "not_readable", "not_utf8", "not_json", "not_yaml", "unknown_format", "no_operations", "bad_structure", "too_large"
]


class Document(Record):
    """One file, kept with its text whether it parses or not."""

    document_id: str
    """Content hash of file name and text."""
    document_path: str
    """Path as given."""
    format: DocumentFormat
    title: str
    """The document's own title, or the file's stem."""
    domain: str
    """Slug that groups functions: `x-domain` of the document, else its title."""
    language: str
    """en or zh: what its descriptions are mostly written in."""
    state: Literal["parsed", "rejected"]
    reason: DocumentReason | None = None
    detail: str | None = None
    """The parser's own words: where in the file, what was found."""
    text: str
    """The file as it came."""
