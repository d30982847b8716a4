"""What all operations of one OpenAPI document share: references, credentials, servers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tasks.cleaning.resolve_reference import References

_CREDENTIAL = re.compile(r"(x[-_])?((api|app|access|auth|secret)[-_]?(key|token)|token)", re.IGNORECASE)
_TRANSPORT_HEADERS = {"accept", "content-type", "authorization"}


class Operation(NamedTuple):
    """One operation and where it stands."""

    path: str
    method: str
    """In capitals."""
    item: Mapping[str, Any]
    """The path item, which may hold parameters and servers of all its operations."""
    content: Mapping[str, Any]


@dataclass(frozen=True)
class ApiDocument:
    """An OpenAPI document whose `paths` are an object."""

    content: Mapping[str, Any]
    references: References
    api_keys: frozenset[tuple[str, str]]
    """(place, name in small letters) of the API keys that its security schemes name."""

    @property
    def is_swagger2(self) -> bool:
        """Whether bodies are parameters."""
        return "swagger" in self.content

    def is_transport(self, operation: Operation, place: str, name: str) -> bool:
        """Whether a parameter is the client's business, not the model's: a credential or a content type."""
        if place not in ("query", "header", "cookie"):
            return False
        if (place, name.lower()) in self.api_keys or (place == "header" and name.lower() in _TRANSPORT_HEADERS):
            return True
        is_secured = bool(operation.content.get("security", self.content.get("security")))
        return bool(_CREDENTIAL.fullmatch(name)) and (place == "header" or is_secured)

    def server_of(self, operation: Operation) -> str | None:
        """Address that the operation's path stands below, as far as the document says."""
        if self.is_swagger2:
            return self._swagger2_server()
        for holder in (operation.content, operation.item, self.content):
            servers = holder.get("servers")
            if isinstance(servers, list) and servers and isinstance(servers[0], dict):
                return _fill_server(servers[0])
        return None

    def _swagger2_server(self) -> str | None:
        host, base = self.content.get("host"), str(self.content.get("basePath") or "").rstrip("/")
        if not isinstance(host, str) or not host:
            return base or None
        schemes = self.content.get("schemes")
        known = [str(scheme) for scheme in schemes] if isinstance(schemes, list) else []
        scheme = "https" if "https" in known or not known else known[0]
        return f"{scheme}://{host.rstrip('/')}{base}"


def open_api_document(content: Mapping[str, Any]) -> ApiDocument:
    """Read what the operations share.

    Raises:
        UnresolvedReferenceError: a security scheme is a reference that leads nowhere.
    """
    references = References(content)
    components = content.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else content.get("securityDefinitions")
    found = [references.follow(one) for one in schemes.values()] if isinstance(schemes, dict) else []
    keys = [one for one in found if isinstance(one, dict) and one.get("type") == "apiKey"]
    return ApiDocument(
        content, references, frozenset((str(one.get("in")), str(one.get("name")).lower()) for one in keys)
    )


def _fill_server(server: Mapping[str, Any]) -> str | None:
    url = str(server.get("url") or "")
    variables = server.get("variables")
    for name, variable in variables.items() if isinstance(variables, dict) else ():
        if isinstance(variable, dict) and "default" in variable:
            url = url.replace(f"{{{name}}}", str(variable["default"]))
    return url.rstrip("/") or None
