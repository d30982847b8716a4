"""Fields drawn at random: a name, how it is called, a JSON schema of a type, a choice, limits, a description."""

import json
import random
import re
from typing import Any, NamedTuple

from llm.offline.documents import FunctionDocument, read_document
from llm.offline.student.naming import (
    Term,
    draw_term,
    invent_code,
    invent_word,
    invent_word_zh,
    join_name,
    load_words,
    split_entries,
)
from llm.offline.values import ValueWriter

_FORMATS = {"email": "email", "url": "uri", "date": "date"}
_KINDS = ("text", "code", "moment", "integer", "number", "flag", "choice", "range", "list", "group", "rows")
_WEIGHTS = (28, 10, 8, 13, 7, 9, 11, 5, 5, 3, 1)
_SIMPLE = 7
"""So many of them also stand inside groups."""
_MOMENTS = ("date", "time", "date-time")
_SHARE_INVENTED, _SHARE_PREFIXED = 0.2, 0.2
_SHARE_DRAWN_OPTIONS = 0.6
_SHARE_OWN_CODE = 0.6
"""Of codes that are the subject's own: the parcel's is parcel_number."""


class Field(NamedTuple):
    """One field."""

    name: str
    schema: dict[str, Any]
    said: Term | None = None
    """How it is called; none: the description does not name it."""


class FieldDrawer:
    """Draws the fields of one row's forms, which share a language and a way to spell names."""

    def __init__(self, language: str, style: str, subject: Term, rng: random.Random) -> None:
        self._language = language
        self._rng = rng
        self._style = style
        self._subject = subject

    def draw(self, count: int, owner: Term) -> list[Field]:
        """At least so many fields for a form about `owner`; a range counts as one and is two."""
        return self._draw_kinds(count, owner, _KINDS, _WEIGHTS)

    def _draw_kinds(self, count: int, owner: Term, kinds: tuple[str, ...], weights: tuple[int, ...]) -> list[Field]:
        fields: dict[str, Field] = {}
        while len(fields) < count:
            kind = self._rng.choices(kinds, weights=weights)[0]
            for field in self._draw_kind(kind, owner):
                fields.setdefault(field.name, field)
        return list(fields.values())

    def _draw_kind(self, kind: str, owner: Term) -> list[Field]:
        if kind == "range":
            return self._draw_range()
        if kind in ("code", "group", "rows", "list"):
            return [getattr(self, f"_draw_{kind}")(owner)]
        return [getattr(self, f"_draw_{kind}")()]

    def _name(self, head: Term) -> tuple[str, Term]:
        """The field's identifier, and how it is called; a fifth are words nobody knows."""
        rng = self._rng
        if rng.random() < _SHARE_INVENTED:
            head = Term(invent_word(rng), invent_word_zh(rng))
            if rng.random() < 0.4:
                head = Term(f"{head.en} {invent_word(rng)}", head.zh)
        elif rng.random() < _SHARE_PREFIXED / (1 - _SHARE_INVENTED):
            prefix = draw_term("prefixes", rng, invented=0.25)
            head = Term(f"{prefix.en} {head.en}", f"{prefix.zh}{head.zh}")
        return join_name([head.en], self._style), head

    def _finish(self, head: Term, schema: dict[str, Any], example: str | None = None) -> Field:
        name, said = self._name(head)
        return _make_field(name, schema, self._describe(said, example), said)

    def _draw_moment(self) -> Field:
        """A day, a time of day, or both."""
        en, zh, form = self._rng.choice(split_entries("moments"))
        said = Term(en, zh)
        if self._rng.random() < 0.3:
            other = draw_term("prefixes", self._rng, invented=0.1)
            said = Term(f"{other.en} {en}", f"{other.zh}{zh}")
        return self._moment(said, form)

    def _moment(self, said: Term, form: str) -> Field:
        schema: dict[str, Any] = {"type": "string", **({} if form == "time" else {"format": form})}
        text = self._describe(said, self._rng.choice(split_entries("examples_of_moments"))[_MOMENTS.index(form)])
        return _make_field(join_name([said.en], self._style), schema, text)

    def _draw_range(self) -> list[Field]:
        """Where something begins and where it ends, or goes from and to."""
        rng = self._rng
        low, high, low_zh, high_zh, kind = rng.choice(split_entries("ends"))
        head = draw_term("nouns", rng, invented=0.1) if rng.random() < 0.3 else Term("", "")
        ends = [
            Term(f"{head.en} {low}".strip(), head.zh + low_zh),
            Term(f"{head.en} {high}".strip(), head.zh + high_zh),
        ]
        if kind in _MOMENTS:
            return [self._moment(end, kind) for end in ends]
        schema: dict[str, Any] = {"type": "string" if kind == "text" else kind}
        return [_make_field(join_name([end.en], self._style), schema, self._describe(end, None)) for end in ends]

    def _describe(self, said: Term, example: str | None) -> str:
        rng = self._rng
        label = said.en.replace("_", " ")
        if self._language == "zh":
            return said.zh + (f"，例如{example}" if example else "")
        if rng.random() < 0.1:
            return ""
        text = rng.choice(
            (
                label.capitalize(),
                f"The {label}",
                f"{label.capitalize()} of the {self._subject.en}",
                f"{label} to use",
                f"{label.capitalize()} that is wanted",
            )
        )
        return text + (f", such as {example}" if example else "")

    def _draw_text(self) -> Field:
        en, zh, meaning = self._rng.choice(split_entries("texts"))
        schema: dict[str, Any] = {"type": "string"}
        if meaning in _FORMATS:
            schema["format"] = _FORMATS[meaning]
        example = None
        if self._rng.random() < 0.35:
            sample = read_sample(en, schema, self._language, self._rng)
            example = sample if isinstance(sample, str) and len(sample) < 30 else None
            if example and self._rng.random() < 0.5:
                schema["examples"] = [example]
        return self._finish(Term(en, zh), schema, example)

    def _draw_code(self, owner: Term) -> Field:
        en, zh = self._rng.choice(split_entries("codes"))
        is_own = self._rng.random() < _SHARE_OWN_CODE
        owner = owner if is_own else draw_term("nouns", self._rng)
        example = invent_code(self._rng)
        schema: dict[str, Any] = {"type": "string"}
        if self._rng.random() < 0.4:
            schema["pattern"] = _pattern_of(example)
        if self._rng.random() < 0.3:
            schema["examples"] = [example]
        said = Term(f"{owner.en} {en}", f"{owner.zh}{zh}")
        if not is_own:
            return self._finish(said, schema, example)
        return _make_field(join_name([said.en], self._style), schema, self._describe(said, example), said)

    def _draw_integer(self) -> Field:
        en, zh, least, most = self._rng.choice(split_entries("integers"))
        return self._finish(Term(en, zh), self._bound({"type": "integer"}, int(least), int(most)))

    def _draw_number(self) -> Field:
        en, zh, least, most = self._rng.choice(split_entries("numbers"))
        return self._finish(Term(en, zh), self._bound({"type": "number"}, float(least), float(most)))

    def _bound(self, schema: dict[str, Any], least: float, most: float) -> dict[str, Any]:
        if self._rng.random() < 0.4:
            schema["minimum"] = least
        if self._rng.random() < 0.4:
            schema["maximum"] = most
        return schema

    def _draw_flag(self) -> Field:
        en, zh = self._rng.choice(split_entries("flags"))
        schema: dict[str, Any] = {"type": "boolean"}
        if self._rng.random() < 0.3:
            schema["default"] = self._rng.random() < 0.3
        return self._finish(Term(en, zh), schema)

    def _draw_choice(self) -> Field:
        en, zh = self._rng.choice(split_entries("choices"))
        options = self._draw_options()
        schema: dict[str, Any] = {"type": "string", "enum": options}
        if self._rng.random() < 0.25:
            schema["default"] = options[0]
        return self._finish(Term(en, zh), schema)

    def _draw_options(self) -> list[str]:
        rng = self._rng
        is_chinese = self._language == "zh" and rng.random() < 0.6
        if rng.random() < _SHARE_DRAWN_OPTIONS:
            terms = [self._draw_option() for _ in range(rng.randint(2, 6))]
            return list(dict.fromkeys(term.zh if is_chinese else join_name([term.en], "snake") for term in terms))
        options: list[str] = rng.choice(load_words()["options_zh" if is_chinese else "options"]).split()
        if rng.random() < 0.2:
            options = [option.upper() for option in options]
        return rng.sample(options, len(options)) if rng.random() < 0.3 else options

    def _draw_option(self) -> Term:
        """Of one word or two."""
        term = draw_term(self._rng.choice(("nouns", "adjectives")), self._rng)
        if self._rng.random() < 0.7:
            return term
        other = draw_term("nouns", self._rng)
        return Term(f"{term.en} {other.en}", f"{term.zh}{other.zh}")

    def _draw_list(self, owner: Term) -> Field:
        (inner,) = self._draw_kind(self._rng.choice(("text", "text", "choice", "code")), owner)
        items = {key: value for key, value in inner.schema.items() if key not in ("default", "description")}
        name = inner.name if inner.name.endswith("s") else f"{inner.name}s"
        return _make_field(name, {"type": "array", "items": items}, inner.schema.get("description", ""))

    def _draw_group(self, owner: Term) -> Field:
        return self._nest("groups", owner)

    def _draw_rows(self, owner: Term) -> Field:
        field = self._nest("lists", owner)
        return Field(field.name, {"type": "array", "items": field.schema})

    def _nest(self, words: str, owner: Term) -> Field:
        en, zh = self._rng.choice(split_entries(words))
        members = self._draw_kinds(self._rng.randint(2, 3), owner, _KINDS[:_SIMPLE], _WEIGHTS[:_SIMPLE])
        required = [member.name for member in members if self._rng.random() < 0.6] or [members[0].name]
        properties = {member.name: member.schema for member in members}
        return self._finish(Term(en, zh), {"type": "object", "properties": properties, "required": required})


def _make_field(name: str, schema: dict[str, Any], text: str, said: Term | None = None) -> Field:
    """The description stands after the type, as people write it."""
    kind = {"type": schema["type"], **({"description": text} if text else {})}
    return Field(name, kind | {key: value for key, value in schema.items() if key != "type"}, said)


def _pattern_of(code: str) -> str:
    """QX-4180 is of the pattern ^[A-Z]{2}-[0-9]{4}$."""
    counted = re.sub(r"[A-Z]+|[0-9]+", lambda run: f"{'[A-Z]' if run[0].isalpha() else '[0-9]'}{{{len(run[0])}}}", code)
    return f"^{counted}$"


def read_raw(raw: dict[str, Any]) -> FunctionDocument:
    """Past the cache: there is no end of documents, and keeping them would only fill memory."""
    return read_document.__wrapped__(json.dumps(raw, ensure_ascii=False))


def read_sample(name: str, schema: dict[str, Any], language: str, rng: random.Random) -> Any:
    """A value that a field of this name would have."""
    fields = {"type": "object", "properties": {name: schema}, "required": [name]}
    document = read_raw({"name": "sample", "description": "", "parameters": fields})
    return ValueWriter(language, rng).write_value(document.parameters[name])
