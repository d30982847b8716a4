"""Rows about finding and copying: what a record says, where a value stands, a text word for word, another notation."""

import random
from typing import Any

from llm.offline.spoken import find_forms
from llm.offline.student.filling import write_request
from llm.offline.student.forms import Form, FormDrawer
from llm.offline.student.naming import invent_code, invent_word, invent_word_zh
from llm.offline.student.records import draw_notation, flatten
from llm.offline.student.row import Row, Turn
from llm.offline.student.spelling import spell_forms

_VALUE_EN = ("What is {path} of {form}?", "{form}: {path}?", "Read me {path} from {form}.")
_VALUE_ZH = ("{form}的{path}是什么？", "{form}：{path}？", "请读出{form}里的{path}。")
_FIELD_EN = ("Which field holds {value}?", "Where does it say {value}?", "Name the field with {value}.")
_FIELD_ZH = ("哪个字段是{value}？", "{value}写在哪个字段里？")
_NEEDED_EN = ("Which fields does {form} need?", "What must be given for {form}?")
_NEEDED_ZH = ("{form}的必填字段有哪些？", "填写{form}必须提供什么？")
_WHICH_EN = ("Which form is this for: {about}", "Name of the form for: {about}")
_WHICH_ZH = ("哪份表单是用来做这件事的：{about}", "对应的表单名称：{about}")
_COPY_EN = ("Repeat word for word: {text}", "Say this again: {text}", "Copy: {text}")
_COPY_ZH = ("逐字重复：{text}", "再说一遍：{text}", "抄写：{text}")
_SAY_EN = ("Write {said} in short form.", "In digits or code: {said}", "Short form of {said}?")
_SAY_ZH = ("把{said}写成规范格式。", "{said}的规范写法？")


def write_looking_up(language: str, rng: random.Random) -> Row:
    """Filled records, then questions about them; or blank forms, then questions about those."""
    drawer = FormDrawer(language, rng)
    forms = list({form.name: form for form in (drawer.draw_form(6) for _ in range(rng.choice((1, 2, 3))))}.values())
    turns: list[Turn] = []
    if rng.random() < 0.6:
        filled = [write_request(form, language, rng).filled for form in forms]
        turns.append(Turn("system", draw_notation(rng).write(filled)))
        pairs = [(each.form, path, value) for each in filled for path, value in flatten(each.values)]
        for form, path, value in rng.sample(pairs, min(len(pairs), rng.randint(2, 5))):
            turns += _ask_value(form, path, value, language, rng)
    else:
        turns.append(Turn("system", spell_forms(forms, language, rng)))
        for blank in rng.sample(forms, len(forms)):
            turns += _ask_blank(blank, language, rng)
    return Row("looking_up", language, tuple(turns))


def _ask_value(form: str, path: str, value: Any, language: str, rng: random.Random) -> list[Turn]:
    said = _spell(value)
    if rng.random() < 0.3:
        ask = rng.choice(_FIELD_ZH if language == "zh" else _FIELD_EN).format(value=said)
        return [Turn("user", ask), Turn("assistant", path)]
    ask = rng.choice(_VALUE_ZH if language == "zh" else _VALUE_EN).format(form=form, path=path)
    return [Turn("user", ask), Turn("assistant", said)]


def _ask_blank(form: Form, language: str, rng: random.Random) -> list[Turn]:
    if rng.random() < 0.5:
        ask = rng.choice(_NEEDED_ZH if language == "zh" else _NEEDED_EN).format(form=form.name)
        return [Turn("user", ask), Turn("assistant", ", ".join(form.required))]
    ask = rng.choice(_WHICH_ZH if language == "zh" else _WHICH_EN).format(about=form.description)
    return [Turn("user", ask), Turn("assistant", form.name)]


def write_extracting(language: str, rng: random.Random) -> Row:
    """A sentence full of values, and those values under their names; the names alone are given."""
    notation = draw_notation(rng)
    turns: list[Turn] = []
    for _ in range(rng.choice((1, 2, 3))):
        form = FormDrawer(language, rng).draw_form(5)
        request = write_request(form, language, rng)
        names = ", ".join(form.fields)
        lead = f"从下文取出 {form.name}：{names}" if language == "zh" else f"Take {form.name} from the text: {names}"
        turns.append(Turn("user", f"{lead}\n{notation.skeleton}\n\n{request.query}"))
        turns.append(Turn("assistant", notation.write([request.filled])))
    return Row("extracting", language, tuple(turns))


def write_copying(language: str, rng: random.Random) -> Row:
    """Texts word for word, values in their short form, one record in another notation."""
    turns: list[Turn] = []
    for _ in range(rng.randint(2, 5)):
        maker = rng.choice((_copy_text, _shorten_value, _rewrite_record))
        turns += maker(language, rng)
    return Row("copying", language, tuple(turns))


def _copy_text(language: str, rng: random.Random) -> list[Turn]:
    words = [_invent_any(language, rng) for _ in range(rng.randint(1, 8))]
    text = rng.choice((" ", ", ", "_", "；" if language == "zh" else "; ")).join(words)
    ask = rng.choice(_COPY_ZH if language == "zh" else _COPY_EN).format(text=text)
    return [Turn("user", ask), Turn("assistant", text)]


def _invent_any(language: str, rng: random.Random) -> str:
    if rng.random() < 0.25:
        return invent_code(rng)
    return invent_word_zh(rng) if language == "zh" and rng.random() < 0.6 else invent_word(rng)


def _shorten_value(language: str, rng: random.Random) -> list[Turn]:
    """5 March 2026 is 2026-03-05, four is 4, gift wrap is gift_wrap."""
    day = f"{rng.randint(1962, 2032)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    clock = f"{rng.randint(0, 23):02d}:{rng.choice((0, 5, 15, 20, 30, 45)):02d}"
    joined = f"{invent_word(rng)}_{invent_word(rng)}"
    value: Any = rng.choice((day, day, clock, joined, rng.randint(0, 12), rng.randint(1000, 99999)))
    said = rng.choice(find_forms(value, language).parts[0])
    ask = rng.choice(_SAY_ZH if language == "zh" else _SAY_EN).format(said=said)
    return [Turn("user", ask), Turn("assistant", str(value))]


def _rewrite_record(language: str, rng: random.Random) -> list[Turn]:
    request = write_request(FormDrawer(language, rng).draw_form(4), language, rng)
    before, after = draw_notation(rng), draw_notation(rng)
    lead = "改写成" if language == "zh" else "Write this as"
    ask = f"{lead}\n{after.skeleton}\n\n{before.write([request.filled])}"
    return [Turn("user", ask), Turn("assistant", after.write([request.filled]))]


def _spell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(str(one) for one in value) if isinstance(value, list) else str(value)
