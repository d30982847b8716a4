"""Mistakes planted in the teacher's answers, so that checks have something to find.

Most of them break the form of the answer or the schema, which cheap checks find; the others read well and are wrong
only in meaning: those are the judge's.
"""

import json
import random
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from llm.offline.leaves import Leaf
from llm.offline.requests import RequestWriter
from llm.offline.spoken import find_forms
from llm.offline.values import ValueWriter
from llm.offline.words import Verb, load_data
from llm.offline.writer import DraftPair


class Planted(NamedTuple):
    """An answer with a mistake in it."""

    mistake: str
    text: str
    is_cut: bool = False
    """Whether the answer ends at a token limit."""


def plant_in_pair(draft: DraftPair, rng: random.Random) -> Planted:
    """Break a pair in one of the ways that fit it."""
    ways = list(_PAIR_MISTAKES)
    rng.shuffle(ways)
    for way in ways:
        planted = way(draft, rng)
        if planted is not None:
            return planted
    return _break_off(draft, rng)


def plant_in_query(query: str, parts: list[str], language: str, rng: random.Random) -> Planted:
    """Lose a part of a combined request, or change a number in it."""
    numbers = list(re.finditer(r"(?<![\w.:/@-])\d{2,}(?![\w.:/@-])", query))
    if numbers and rng.random() < 0.5:
        match = rng.choice(numbers)
        changed = str(int(match.group()) + rng.randint(1, 8))
        return Planted("value_changed", _dump({"query": query[: match.start()] + changed + query[match.end() :]}))
    lost = rng.choice(parts)
    return Planted("part_lost", _dump({"query": " ".join(part for part in parts if part is not lost)}))


def plant_in_refusal(language: str, rng: random.Random) -> Planted:
    """Invent a result, or promise one."""
    frames = load_data("frames")[language]
    if rng.random() < 0.6:
        text = rng.choice(frames["invented"]).replace("{number}", str(rng.randint(13, 98_000)))
        return Planted("invented_result", _dump({"answer": text}))
    return Planted("empty_promise", _dump({"answer": rng.choice(frames["promises"])}))


def write_answer(query: str, calls: list[dict[str, Any]]) -> str:
    """The JSON form of a pair."""
    return _dump({"query": query, "calls": calls})


def _dump(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _with_arguments(mistake: str, draft: DraftPair, arguments: dict[str, Any]) -> Planted:
    return Planted(mistake, write_answer(draft.query, [{"name": draft.name, "arguments": arguments}]))


def _change_value(draft: DraftPair, rng: random.Random) -> Planted | None:
    """Another legal value than the request says."""
    values = ValueWriter(draft.language, rng)
    names = [
        name
        for name in draft.arguments
        if draft.function.parameters[name].kind in ("string", "integer", "number", "boolean")
    ]
    for name in rng.sample(names, len(names)):
        parameter, old = draft.function.parameters[name], draft.arguments[name]
        for _ in range(4):
            new = not old if isinstance(old, bool) else values.write_value(parameter)
            if new != old and new != parameter.schema.get("default") and not _is_said(new, draft):
                return _with_arguments("value_changed", draft, {**draft.arguments, name: new})
    return None


def _add_value(draft: DraftPair, rng: random.Random) -> Planted | None:
    """A legal value for an optional parameter, out of thin air."""
    values = ValueWriter(draft.language, rng)
    left = [
        p for name, p in draft.function.parameters.items() if name not in draft.arguments and "const" not in p.schema
    ]
    for parameter in rng.sample(left, min(3, len(left))):
        new = values.write_value(parameter)
        if new != parameter.schema.get("default") and new not in ({}, [], "") and not _is_said(new, draft):
            return _with_arguments("value_not_in_query", draft, {**draft.arguments, parameter.name: new})
    return None


def _drop_value(draft: DraftPair, rng: random.Random) -> Planted | None:
    """Leave out an optional value that the request gives."""
    names = [name for name in draft.arguments if name not in draft.function.required_names]
    said = [name for name in names if any(_is_telling(leaf) for leaf in draft.leaves if _belongs(leaf, name, draft))]
    if not said:
        return None
    name = rng.choice(said)
    return _with_arguments(
        "value_dropped", draft, {key: value for key, value in draft.arguments.items() if key != name}
    )


def _belongs(leaf: Leaf, name: str, draft: DraftPair) -> bool:
    return leaf.label_en == draft.function.parameters[name].label_en


def _is_telling(leaf: Leaf) -> bool:
    return not leaf.is_default


def _miss_required(draft: DraftPair, rng: random.Random) -> Planted | None:
    required = [name for name in draft.function.required_names if name in draft.arguments]
    if not required:
        return None
    name = rng.choice(required)
    return _with_arguments(
        "missing_required", draft, {key: value for key, value in draft.arguments.items() if key != name}
    )


def _add_unknown(draft: DraftPair, rng: random.Random) -> Planted | None:
    name = rng.choice(
        [
            name
            for name in ("verbose", "extra_options", "request_source", "dry_run")
            if name not in draft.function.parameters
        ]
    )
    return _with_arguments("unknown_parameter", draft, {**draft.arguments, name: rng.choice((True, "default", 1))})


def _mistype(draft: DraftPair, rng: random.Random) -> Planted | None:
    """A number or a yes-or-no value as a string, a string as a list."""
    typed = [name for name, value in draft.arguments.items() if isinstance(value, bool | int | float)]
    if not typed:
        return None
    name = rng.choice(typed)
    return _with_arguments("wrong_type", draft, {**draft.arguments, name: f"{draft.arguments[name]} units"})


def _leave_enum(draft: DraftPair, rng: random.Random) -> Planted | None:
    listed = [name for name in draft.arguments if draft.function.parameters[name].schema.get("enum")]
    if not listed:
        return None
    name = rng.choice(listed)
    return _with_arguments("enum_not_in_list", draft, {**draft.arguments, name: f"{draft.arguments[name]}_plus"})


def _misname(draft: DraftPair, rng: random.Random) -> Planted | None:
    name = rng.choice((f"{draft.name}_v0", f"do_{draft.name}", draft.name[:-2] or "call"))
    return Planted("wrong_function_name", write_answer(draft.query, [{"name": name, "arguments": draft.arguments}]))


def _ask_otherwise(draft: DraftPair, rng: random.Random) -> Planted | None:
    """A request for something else, with or without this call's values."""
    if rng.random() < 0.5:
        return _ask_for_opposite(draft, rng)
    other = rng.choice(load_data("frames")[draft.language]["off_topic"])
    said = [
        str(find_forms(leaf.value, draft.language).parts[0][0])
        for leaf in draft.leaves
        if isinstance(leaf.value, str | int | float) and not isinstance(leaf.value, bool)
    ]
    if said and rng.random() < 0.6:
        other += (" " if draft.language == "en" else "") + ", ".join(said) + ("." if draft.language == "en" else "。")
    return Planted("other_intent", write_answer(other, [{"name": draft.name, "arguments": draft.arguments}]))


def _ask_for_opposite(draft: DraftPair, rng: random.Random) -> Planted:
    """The same thing, but to be deleted instead of read or made, or read instead of changed."""
    intents = [intent for intent in draft.function.intents if intent.language == draft.language] or list(
        draft.function.intents
    )
    intent = intents[0]
    is_read_or_made = intent.verb.deed in ("read", "create")
    opposites = {"en": ("delete", "get"), "zh": ("删除", "查询")}[intent.language]
    verb = Verb(opposites[0], "delete") if is_read_or_made else Verb(opposites[1], "read")
    query = RequestWriter(draft.language, draft.style, rng).write(intent._replace(verb=verb), draft.leaves)
    return Planted("other_intent", write_answer(query, [{"name": draft.name, "arguments": draft.arguments}]))


def _call_twice(draft: DraftPair, rng: random.Random) -> Planted | None:
    call = {"name": draft.name, "arguments": draft.arguments}
    return Planted("two_calls", write_answer(draft.query, [call, call]))


def _break_off(draft: DraftPair, rng: random.Random) -> Planted:
    text = write_answer(draft.query, [{"name": draft.name, "arguments": draft.arguments}])
    return Planted("cut_off", text[: int(len(text) * rng.uniform(0.4, 0.9))], is_cut=True)


def _talk_around(draft: DraftPair, rng: random.Random) -> Planted | None:
    text = f"Sure! A user could ask: {draft.query} The assistant would then call the function with fitting values."
    return Planted("not_json", text)


def _is_said(value: Any, draft: DraftPair) -> bool:
    """Whether the request happens to say a value."""
    if isinstance(value, bool | dict | list):
        return False
    query = draft.query.lower()
    return any(form.lower() in query for part in find_forms(value, draft.language).parts for form in part)


_PAIR_MISTAKES: tuple[Callable[[DraftPair, random.Random], Planted | None], ...] = (
    _change_value, _add_value, _drop_value, _miss_required, _add_unknown, _mistype, _leave_enum, _misname,
    _ask_otherwise, _call_twice, _break_off, _talk_around,
)  # fmt: skip
