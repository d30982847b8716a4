"""Results of calls, made up from the function: one record for a deed, a list of records for whatever is looked up.

A record of a forecast: {"id": "4821", "city": "Lisbon", "days": 3, "status": "active", "tag": "travel"}
"""

import random
from typing import Any

from llm.offline.documents import FunctionDocument, Parameter
from llm.offline.inventing import Inventor
from llm.offline.values import ValueWriter

_SCALARS = ("string", "integer", "number", "boolean")
_SECRET = ("token", "password", "base64", "pointer", "mime")
_FIELDS = {
    "name": "name", "title": "title", "status": "status", "owner": "person", "department": "department", "city": "city",
    "address": "street", "created_at": "datetime", "updated_at": "datetime", "due_date": "date", "tag": "tag",
    "note": "note", "contact_email": "email", "phone": "phone", "link": "url", "company": "company",
}  # fmt: skip
"""Fields that records of many APIs have, and what they hold."""
_LIMITS = {"limit", "page_size", "per_page", "max_results", "top", "count", "size"}
_FEWEST, _MOST = 4, 8


class ResultWriter:
    """Records of one function; every record of it has the same fields."""

    def __init__(self, function: FunctionDocument, language: str, rng: random.Random) -> None:
        self._rng = rng
        self._inventor = Inventor(language, rng)
        self._values = ValueWriter(language, rng)
        self._own = [parameter for parameter in function.parameters.values() if _is_told(parameter)]
        # By the name alone: a function's records look alike wherever it is called.
        shape = random.Random(function.name)
        names = [name for name in _FIELDS if name not in function.parameters]
        self._fields = shape.sample(names, shape.randint(_FEWEST, _MOST))
        self._number = rng.randint(1042, 48_000)

    def write_record(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """One more record; what was asked for is so, the rest is made up."""
        self._number += self._rng.randint(1, 9)
        record: dict[str, Any] = {"id": str(self._number)}
        for parameter in self._own:
            given = arguments.get(parameter.name)
            is_given = isinstance(given, str | int | float)
            record[parameter.name] = given if is_given else self._values.write_value(parameter)
        return record | {name: self._inventor.invent(_FIELDS[name], name.replace("_", " ")) for name in self._fields}

    def write_done(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """What an API says when a deed is done."""
        record = self.write_record(arguments)
        return {"success": True, "id": record["id"], **{name: record[name] for name in arguments if name in record}}


def looks_up(function: FunctionDocument) -> bool:
    """Whether a function reads something, so that a list may come back."""
    return bool(function.intents) and function.intents[0].verb.deed == "read"


def most_records(arguments: dict[str, Any]) -> int | None:
    """How many records a call asks for at most; None where it says nothing of that."""
    asked = [value for name, value in arguments.items() if name.lower() in _LIMITS and type(value) is int]
    return max(1, min(asked)) if asked else None


def _is_told(parameter: Parameter) -> bool:
    """Whether a record would show a parameter: paging and secrets are not part of what is found."""
    return parameter.kind in _SCALARS and parameter.meaning not in _SECRET and not _is_paging(parameter.name)


def _is_paging(name: str) -> bool:
    return name.lower() in _LIMITS | {"offset", "page", "cursor", "sort", "order", "sort_by"}
