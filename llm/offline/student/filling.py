"""Rows about forms: some forms, then requests in words and the filled forms, several turns a row.

Which form, two forms at once, the same one twice, none that fits: all in one conversation, since the forms are most
of a row's length and every further request costs little.
"""

import random
from typing import Any, NamedTuple

from llm.offline.combining import combine_queries
from llm.offline.refusing import write_refusal
from llm.offline.student.forms import Form, FormDrawer
from llm.offline.student.masking import mask_values
from llm.offline.student.records import Filled, Notation, draw_notation
from llm.offline.student.row import Row, Turn
from llm.offline.student.spelling import spell_forms
from llm.offline.words import load_data
from llm.offline.writer import write_pair

_TASKS = ("one", "two", "twice", "none")
_TASK_WEIGHTS = (50, 18, 14, 18)
_SHARE_MASKED = 0.5
_FORMS = (1, 2, 3, 4, 6)
_FORM_WEIGHTS = (32, 22, 20, 14, 12)
_MOST_FIELDS = {1: (2, 4, 6), 2: (1, 3, 4), 3: (1, 2, 3), 4: (1, 2), 6: (1, 1, 2)}
_OPTIONAL = ("leave out", "one or two", "most")
_INTROS_EN = ("You fill in forms.", "Read the request and fill in the form that it is for.", "You keep records.")
_INTROS_ZH = ("你负责填表。", "阅读请求，填写对应的表单。", "你负责记录。")
_ASKS_EN = ("Spell each filled form as", "Write every form like this:", "Answer in this manner:")
_ASKS_ZH = ("每份表单写成", "按如下格式填写：", "回答格式：")
_LEADS_EN = ("The forms:", "These forms exist, one after another:", "Forms to choose from:")
_LEADS_ZH = ("现有表单：", "可用的表单如下：", "可选表单：")


class Request(NamedTuple):
    """A request in words and what it comes to."""

    query: str
    filled: Filled


def write_filling(language: str, rng: random.Random) -> Row:
    """One row: forms and notation in the first message, then two to four requests with their answers."""
    drawer = FormDrawer(language, rng)
    count = rng.choices(_FORMS, weights=_FORM_WEIGHTS)[0]
    forms = _distinct([drawer.draw_form(rng.choice(_MOST_FIELDS[count])) for _ in range(count + 1)])
    offered, hidden = (forms[:-1], forms[-1]) if len(forms) > 1 else (forms, None)
    notation = draw_notation(rng)
    turns = [Turn("system", _write_task(offered, notation, language, rng))]
    for _ in range(rng.choice((2, 2, 3, 4))):
        turns += _write_exchange(offered, hidden, notation, language, rng)
    return Row("filling", language, tuple(turns))


def _distinct(forms: list[Form]) -> list[Form]:
    return list({form.name: form for form in forms}.values())


def _write_task(offered: list[Form], notation: Notation, language: str, rng: random.Random) -> str:
    is_chinese = language == "zh" and rng.random() < 0.6
    intro = rng.choice(_INTROS_ZH if is_chinese else _INTROS_EN)
    lead = rng.choice(_LEADS_ZH if is_chinese else _LEADS_EN)
    ask = rng.choice(_ASKS_ZH if is_chinese else _ASKS_EN)
    return f"{intro}\n\n{lead}\n{spell_forms(offered, language, rng)}\n\n{ask}\n{notation.skeleton}"


def _write_exchange(
    offered: list[Form], hidden: Form | None, notation: Notation, language: str, rng: random.Random
) -> list[Turn]:
    task = rng.choices(_TASKS, weights=_TASK_WEIGHTS)[0]
    if task == "none" and hidden is not None:
        return _write_refused(offered, hidden, language, rng)
    if task == "two" and len(offered) > 1:
        chosen = rng.sample(offered, rng.choice((2, 2, 2, 3)) if len(offered) > 2 else 2)
    elif task in ("two", "twice"):
        chosen = [rng.choice(offered)] * rng.choice((2, 2, 3))
    else:
        chosen = [rng.choice(offered)]
    requests = [write_request(form, language, rng) for form in chosen]
    query = combine_queries([each.query for each in requests], language, rng) if requests[1:] else requests[0].query
    return [Turn("user", query), Turn("assistant", notation.write([each.filled for each in requests]))]


def _write_refused(offered: list[Form], hidden: Form, language: str, rng: random.Random) -> list[Turn]:
    if rng.random() < 0.15:
        query = str(rng.choice(load_data("frames")[language]["off_topic"]))
    else:
        query = write_request(hidden, language, rng).query
    documents = tuple(form.document() for form in offered)
    return [Turn("user", query), Turn("assistant", write_refusal(documents, query, language, rng))]


def write_request(form: Form, language: str, rng: random.Random) -> Request:
    """A request for a form, and the form filled in."""
    style = str(rng.choice(load_data("frames")[language]["styles"])["when"]) if rng.random() < 0.8 else ""
    pair = write_pair(form.document(), language, style, rng.choice(_OPTIONAL), rng)
    values: dict[str, Any] = pair.arguments
    query = mask_values(pair.query, values, _choices(form.schema), _SHARE_MASKED, rng)
    return Request(query, Filled(form.name, values))


def _choices(schema: dict[str, Any]) -> frozenset[str]:
    found = set(schema.get("enum", ()))
    for inner in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else ())):
        found |= _choices(inner)
    return frozenset(found)
