"""Forms drawn at random: a name, what it is for, and its fields with types, choices, limits and descriptions.

`bookParcel`, "Book a parcel.", fields delivery_city (text, needed), copies (whole number, 1 to 20), …
"""

import random
import re
from typing import Any, NamedTuple

from llm.offline.documents import FunctionDocument
from llm.offline.student.fields import Field, FieldDrawer, read_raw
from llm.offline.student.naming import Term, draw_style, draw_term, join_name, load_words, split_entries

_VOWELS = "aeiou"
_SHARE_TAILED, _SHARE_COMPLEMENTED = 0.2, 0.5
"""Of descriptions that say more than the name does, by a phrase of the list or by one made of other words."""
_SHARE_EMPTY = 0.06
"""Of forms with no field that must be filled, so that a request may give none."""
_SHARE_OTHER_VERB = 0.15
"""Of names that say it with another verb than the description."""
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
        words = [draw_term("verbs", rng).en if rng.random() < _SHARE_OTHER_VERB else verb.en, subject.en]
        said = [subject.en, subject.zh]
        if rng.random() < 0.3:
            more = draw_term("adjectives", rng, invented=0.2)
            words.insert(1, more.en)
            said = [f"{more.en} {subject.en}", f"{more.zh}{subject.zh}"]
        if rng.random() < 0.2:
            words += ["by", rng.choice(split_entries("texts"))[0]]
        thing = Term(*said)
        fields = self._fields.draw(rng.randint(1, most_fields), subject)
        needed = tuple(field.name for field in fields if rng.random() < 0.55) or (fields[0].name,)
        return Form(
            join_name(words, self._style),
            self._describe(verb, thing, self._pick_named(fields)),
            {field.name: field.schema for field in fields},
            () if rng.random() < _SHARE_EMPTY else needed,
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
            tail = self._draw_tail("tails_zh", "complements_zh")
            return f"{verb.zh}{many}{thing.zh}{tail}" + self._rng.choice(("。", "。", ""))
        plural = self._rng.random() < 0.3
        article = "" if plural else self._rng.choice(("the ", "an " if thing.en[0] in _VOWELS else "a "))
        tail = self._draw_tail("tails", "complements")
        if named is not None:
            tail = self._rng.choice(_NAMING_EN).format(named.en.replace("_", " "))
        text = f"{verb.en} {article}{thing.en}{'s' if plural and thing.en[-1] != 's' else ''}{tail}"
        return text[:1].upper() + text[1:] + self._rng.choice((".", ".", ""))

    def _draw_tail(self, fixed: str, made: str) -> str:
        """What a description says beyond its verb and its thing; often nothing."""
        rng, chance = self._rng, self._rng.random()
        if chance > _SHARE_TAILED + _SHARE_COMPLEMENTED:
            return ""
        if chance < _SHARE_TAILED:
            parts = [str(rng.choice(load_words()[fixed]))]
        else:
            count = 2 if self._language == "en" and rng.random() < 0.4 else 1
            parts = [self._fill(pattern) for pattern in rng.sample(load_words()[made], count)]
        return "".join(parts if self._language == "zh" else (f" {part}" for part in parts))

    def _fill(self, pattern: str) -> str:
        """A phrase with a noun for each {n} and an adjective for each {a}."""
        lists = {"{n}": "nouns", "{a}": "adjectives"}

        def draw(place: re.Match[str]) -> str:
            term = draw_term(lists[place[0]], self._rng, invented=0.2)
            return term.zh if self._language == "zh" else term.en

        return re.sub(r"\{[na]\}", draw, pattern)
