"""Forms drawn at random: a name, what it is for, and its fields with types, choices, limits and descriptions.

`bookParcel`, "Book a parcel.", fields delivery_city (text, needed), copies (whole number, 1 to 20), …
"""

import random
from typing import Any, NamedTuple

from llm.offline.documents import FunctionDocument
from llm.offline.student.fields import Field, FieldDrawer, read_raw
from llm.offline.student.naming import Term, draw_style, draw_term, join_name, load_words, split_entries

_VOWELS = "aeiou"
_SHARE_TAILED = 0.25
"""Of descriptions that say more than the name does."""
_SHARE_NAMING = 0.7
"""Of descriptions that name a field, in the place of which a request says the value: the invoice of a customer."""
_NAMING_EN = (" of a {}", " of a {}", " for a {}", " in a {}", " by {}", " to a {}", " at a {}", " with the {}")


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
        return read_raw(raw)


class FormDrawer:
    """Draws the forms of one row, which share a language and a way to spell names."""

    def __init__(self, language: str, rng: random.Random) -> None:
        self._language = language
        self._rng = rng
        self._style = draw_style(rng)
        self._subject = draw_term("nouns", rng)
        self._are_closed = rng.random() < 0.5
        style = self._style if rng.random() < 0.5 else rng.choice(("snake", "snake", "camel"))
        self._fields = FieldDrawer(language, style, self._subject, rng)

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
        fields = self._fields.draw(rng.randint(1, most_fields), subject)
        required = tuple(field.name for field in fields if rng.random() < 0.55)
        return Form(
            join_name(words, self._style),
            self._describe(verb, thing, self._pick_named(fields)),
            {field.name: field.schema for field in fields},
            required or (fields[0].name,),
            self._language,
            self._are_closed,
        )

    def _pick_named(self, fields: list[Field]) -> Term | None:
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
