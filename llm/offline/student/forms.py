"""Forms drawn at random: a name, what it is for, and its fields with types, choices, limits and descriptions.

`bookParcel`, "Book a parcel.", fields delivery_city (text, needed), copies (whole number, 1 to 20), …
"""

import json
import random
import re
from typing import Any, NamedTuple

from llm.offline.documents import FunctionDocument, read_document
from llm.offline.student.naming import (
    Term,
    draw_style,
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
_FORMS = ("date", "time", "date-time")
_VOWELS = "aeiou"
_SHARE_TAILED = 0.25
"""Of descriptions that say more than the name does."""
_SHARE_NAMING = 0.7
"""Of descriptions that name a field, in the place of which a request says the value: the invoice of a customer."""
_SHARE_OWN_CODE = 0.6
"""Of codes that are the subject's own: the parcel's is parcel_number."""
_NAMING_EN = (" of a {}", " of a {}", " for a {}", " in a {}", " by {}", " to a {}", " at a {}", " with the {}")
_SIMPLE_KINDS, _SIMPLE_WEIGHTS = _KINDS[:7], _WEIGHTS[:7]


class Form(NamedTuple):
    """One form; a function's document in all but its spelling."""

    name: str
    description: str
    fields: dict[str, Any]
    """Their JSON schemas by name."""
    required: tuple[str, ...]
    language: str
    is_closed: bool
    """Whether its schema says that there are no other fields."""

    @property
    def schema(self) -> dict[str, Any]:
        """The fields as one JSON schema."""
        closed = {"additionalProperties": False} if self.is_closed else {}
        return {"type": "object", "properties": self.fields, "required": list(self.required), **closed}

    def document(self) -> FunctionDocument:
        """As the teacher's writer of requests reads it."""
        raw = {"name": self.name, "description": self.description, "parameters": self.schema}
        return _read(raw)


class _Field(NamedTuple):
    name: str
    schema: dict[str, Any]
    said: Term | None = None
    """How it is called; none: the description does not name it."""


class FormDrawer:
    """Draws the forms of one row, which share a language and a way to spell names."""

    def __init__(self, language: str, rng: random.Random) -> None:
        self._language = language
        self._rng = rng
        self._style = draw_style(rng)
        self._field_style = self._style if rng.random() < 0.5 else rng.choice(("snake", "snake", "camel"))
        self._subject = draw_term("nouns", rng)
        self._are_closed = rng.random() < 0.5
        self._owner: Term | None = None

    def draw_form(self, most_fields: int) -> Form:
        """A form of one to `most_fields` fields; about half of a row's forms are of one subject."""
        rng = self._rng
        subject = self._subject if rng.random() < 0.5 else draw_term("nouns", rng)
        verb = draw_term("verbs", rng, invented=0.1)
        words = [verb.en, subject.en]
        said = [subject.en, subject.zh]
        if rng.random() < 0.3:
            more = draw_term("adjectives", rng, invented=0.2)
            words.insert(1, more.en)
            said = [f"{more.en} {subject.en}", f"{more.zh}{subject.zh}"]
        if rng.random() < 0.2:
            words += ["by", rng.choice(split_entries("texts"))[0]]
        thing = Term(*said)
        fields = self._draw_fields(rng.randint(1, most_fields), _KINDS, _WEIGHTS, subject)
        required = tuple(field.name for field in fields if rng.random() < 0.55)
        return Form(
            join_name(words, self._style),
            self._describe(verb, thing, self._pick_named(fields)),
            {field.name: field.schema for field in fields},
            required or (fields[0].name,),
            self._language,
            self._are_closed,
        )

    def _pick_named(self, fields: list[_Field]) -> Term | None:
        """A field that the description may name."""
        plain = [field for field in fields if field.schema["type"] in ("string", "integer") and field.said is not None]
        plain = [field for field in plain if "enum" not in field.schema]
        return self._rng.choice(plain).said if plain and self._rng.random() < _SHARE_NAMING else None

    def _describe(self, verb: Term, thing: Term, named: Term | None) -> str:
        if self._language == "zh":
            if named is not None:
                return f"{verb.zh}{named.zh}的{thing.zh}" + self._rng.choice(("。", ""))
            many = self._rng.choice(("一个", "", "", "指定的"))
            tail = self._rng.choice(load_words()["tails_zh"]) if self._rng.random() < _SHARE_TAILED else ""
            return f"{verb.zh}{many}{thing.zh}{tail}" + self._rng.choice(("。", "。", ""))
        plural = self._rng.random() < 0.3
        article = "" if plural else self._rng.choice(("the ", "an " if thing.en[0] in _VOWELS else "a "))
        other = draw_term("nouns", self._rng).en
        tail = self._rng.choice(("", "", "", f" of the {other}", f" for the {other}", f" from one {other}"))
        if named is not None:
            tail = self._rng.choice(_NAMING_EN).format(named.en.replace("_", " "))
        elif self._rng.random() < _SHARE_TAILED:
            tail += f" {self._rng.choice(load_words()['tails'])}"
        text = f"{verb.en} {article}{thing.en}{'s' if plural and thing.en[-1] != 's' else ''}{tail}"
        return text[:1].upper() + text[1:] + self._rng.choice((".", ".", ""))

    def _draw_fields(
        self, count: int, kinds: tuple[str, ...], weights: tuple[int, ...], owner: Term | None = None
    ) -> list[_Field]:
        fields: dict[str, _Field] = {}
        self._owner = owner
        while len(fields) < count:
            kind = self._rng.choices(kinds, weights=weights)[0]
            drawn = self._draw_range() if kind == "range" else [getattr(self, f"_draw_{kind}")()]
            for field in drawn:
                fields.setdefault(field.name, field)
        return list(fields.values())

    def _name(self, head: Term) -> tuple[str, Term]:
        """The field's identifier, and how it is called; a fifth are words nobody knows."""
        rng = self._rng
        if rng.random() < 0.2:
            head = Term(invent_word(rng), invent_word_zh(rng))
            if rng.random() < 0.4:
                head = Term(f"{head.en} {invent_word(rng)}", head.zh)
        elif rng.random() < 0.25:
            prefix = draw_term("prefixes", rng, invented=0.25)
            head = Term(f"{prefix.en} {head.en}", f"{prefix.zh}{head.zh}")
        return join_name([head.en], self._field_style), head

    def _finish(self, head: Term, schema: dict[str, Any], example: str | None = None) -> _Field:
        name, said = self._name(head)
        text = self._describe_field(said, example)
        if not text:
            return _Field(name, schema, said)
        return _Field(name, {"type": schema.pop("type"), "description": text, **schema}, said)

    def _draw_moment(self) -> _Field:
        """A day, a time of day, or both."""
        en, zh, form = self._rng.choice(split_entries("moments"))
        said = Term(en, zh)
        if self._rng.random() < 0.3:
            other = draw_term("prefixes", self._rng, invented=0.1)
            said = Term(f"{other.en} {en}", f"{other.zh}{zh}")
        return self._moment(said, form)

    def _moment(self, said: Term, form: str) -> _Field:
        schema: dict[str, Any] = {"type": "string", **({} if form == "time" else {"format": form})}
        text = self._describe_field(said, self._rng.choice(split_entries("examples_of_moments"))[_FORMS.index(form)])
        return _Field(join_name([said.en], self._field_style), schema | ({"description": text} if text else {}))

    def _draw_range(self) -> list[_Field]:
        """Where something begins and where it ends, or goes from and to."""
        rng = self._rng
        low, high, low_zh, high_zh, kind = rng.choice(split_entries("ends"))
        head = draw_term("nouns", rng, invented=0.1) if rng.random() < 0.3 else Term("", "")
        ends = [
            Term(f"{head.en} {low}".strip(), head.zh + low_zh),
            Term(f"{head.en} {high}".strip(), head.zh + high_zh),
        ]
        if kind in _FORMS:
            return [self._moment(end, kind) for end in ends]
        schema: dict[str, Any] = {"type": "string" if kind == "text" else kind}
        fields = []
        for end in ends:
            text = self._describe_field(end, None)
            schema_of_end = schema | ({"description": text} if text else {})
            fields.append(_Field(join_name([end.en], self._field_style), schema_of_end))
        return fields

    def _describe_field(self, said: Term, example: str | None) -> str:
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

    def _draw_text(self) -> _Field:
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

    def _draw_code(self) -> _Field:
        en, zh = self._rng.choice(split_entries("codes"))
        is_own = self._owner is not None and self._rng.random() < _SHARE_OWN_CODE
        owner = self._owner if is_own and self._owner else draw_term("nouns", self._rng)
        example = invent_code(self._rng)
        schema: dict[str, Any] = {"type": "string"}
        if self._rng.random() < 0.4:
            schema["pattern"] = _pattern_of(example)
        if self._rng.random() < 0.3:
            schema["examples"] = [example]
        said = Term(f"{owner.en} {en}", f"{owner.zh}{zh}")
        if not is_own:
            return self._finish(said, schema, example)
        name = join_name([said.en], self._field_style)
        return _Field(name, {"type": "string", "description": self._describe_field(said, example), **schema})

    def _draw_integer(self) -> _Field:
        en, zh, least, most = self._rng.choice(split_entries("integers"))
        return self._finish(Term(en, zh), self._bound({"type": "integer"}, int(least), int(most)))

    def _draw_number(self) -> _Field:
        en, zh, least, most = self._rng.choice(split_entries("numbers"))
        return self._finish(Term(en, zh), self._bound({"type": "number"}, float(least), float(most)))

    def _bound(self, schema: dict[str, Any], least: float, most: float) -> dict[str, Any]:
        if self._rng.random() < 0.4:
            schema["minimum"] = least
        if self._rng.random() < 0.4:
            schema["maximum"] = most
        return schema

    def _draw_flag(self) -> _Field:
        en, zh = self._rng.choice(split_entries("flags"))
        schema: dict[str, Any] = {"type": "boolean"}
        if self._rng.random() < 0.3:
            schema["default"] = self._rng.random() < 0.3
        return self._finish(Term(en, zh), schema)

    def _draw_choice(self) -> _Field:
        en, zh = self._rng.choice(split_entries("choices"))
        options = self._draw_options()
        schema: dict[str, Any] = {"type": "string", "enum": options}
        if self._rng.random() < 0.25:
            schema["default"] = options[0]
        return self._finish(Term(en, zh), schema)

    def _draw_options(self) -> list[str]:
        rng = self._rng
        if rng.random() < 0.35:
            words = [invent_word(rng) for _ in range(rng.randint(2, 5))]
            return [word if rng.random() < 0.7 else f"{word}_{invent_word(rng)}" for word in dict.fromkeys(words)]
        is_chinese = self._language == "zh" and rng.random() < 0.6
        options: list[str] = rng.choice(load_words()["options_zh" if is_chinese else "options"]).split()
        if rng.random() < 0.2:
            options = [option.upper() for option in options]
        return rng.sample(options, len(options)) if rng.random() < 0.3 else options

    def _draw_list(self) -> _Field:
        inner = self._rng.choice((self._draw_text, self._draw_text, self._draw_choice, self._draw_code))()
        items = {key: value for key, value in inner.schema.items() if key not in ("default", "description")}
        text = inner.schema.get("description")
        schema = {"type": "array", **({"description": text} if text else {}), "items": items}
        return _Field(inner.name if inner.name.endswith("s") else f"{inner.name}s", schema)

    def _draw_group(self) -> _Field:
        return self._nest("groups")

    def _draw_rows(self) -> _Field:
        field = self._nest("lists")
        return _Field(field.name, {"type": "array", "items": field.schema})

    def _nest(self, words: str) -> _Field:
        en, zh = self._rng.choice(split_entries(words))
        members = self._draw_fields(self._rng.randint(2, 3), _SIMPLE_KINDS, _SIMPLE_WEIGHTS)
        required = [member.name for member in members if self._rng.random() < 0.6] or [members[0].name]
        properties = {member.name: member.schema for member in members}
        return self._finish(Term(en, zh), {"type": "object", "properties": properties, "required": required})


def _pattern_of(code: str) -> str:
    """QX-4180 is of the pattern ^[A-Z]{2}-[0-9]{4}$."""
    counted = re.sub(r"[A-Z]+|[0-9]+", lambda run: f"{'[A-Z]' if run[0].isalpha() else '[0-9]'}{{{len(run[0])}}}", code)
    return f"^{counted}$"


def _read(raw: dict[str, Any]) -> FunctionDocument:
    """Past the cache: there is no end of documents, and keeping them would only fill memory."""
    return read_document.__wrapped__(json.dumps(raw, ensure_ascii=False))


def read_sample(name: str, schema: dict[str, Any], language: str, rng: random.Random) -> Any:
    """A value that a field of this name would have."""
    fields = {"type": "object", "properties": {name: schema}, "required": [name]}
    document = _read({"name": "sample", "description": "", "parameters": fields})
    return ValueWriter(language, rng).write_value(document.parameters[name])
