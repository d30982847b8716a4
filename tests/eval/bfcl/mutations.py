"""Vectors around the ground truth: right calls with something changed, in the calls, the answer or the documents.

One in three vectors is odd on purpose, so that the official checker raises often enough to be compared there too.
"""

import copy
import random
import string
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from schemas.evaluation import Case
from tests.eval.bfcl.ground_truth import right_calls

Vector = dict[str, Any]
"""functions, possible_answer, category, language, output, mutation."""

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 5, 1.0, 2.5, -0.0, 10**400, float("nan"), "", " ", "a", "A.", "1", "1.0", "true"),
    *("True", "null", "x\n", "None", [], [1], [1.0], [1, 2.5], ["a"], [""], [True], [None], [[1]], [["a", 1]], [{}]),
    *([{"a": 1}], {}, {"a": 1}, {"a": None}, {"": ""}, {"a": [1]}, {"a": {"b": 1}}, "[1, 2]", "İ'", "一"),
)
ODD_LITERALS = (
    *(
        "5",
        "5\n",
        "5n",
        "5n\n",
        "5L",
        "5l\n",
        "1.5f",
        "1.5F\n",
        "1.5",
        "1.",
        "1e5",
        "1e5f",
        "-7",
        "+5",
        " 5",
        "٣",
        "1_000",
    ),
    *("9" * 5000, "9" * 5000 + "L", "9" * 5000 + "n", "true", "false", "True", "true\n", "null", "NaN", "inf", "'a'"),
    *(
        '"',
        "'",
        '"x"',
        "'x'",
        "\"x'",
        "'a\n'",
        "x",
        "",
        " ",
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1, 2]",
        "[1, 2] tail",
        "[1n, 2n]",
    ),
    *("[1n\n]", "[\n1]", "[1,,2]", "['a', \"b\", true]", "[[1, 2], [3]]", "[[1,2]]", "[ [ 'a' ], [] ]", "[[], 1]"),
    *("new Array(1, 2)", "new Array()", "new Array([1, 2], [3, 4])", "new Array(3", "[{'a': 1}, {'b': 2}]"),
    *(
        "{a: 1}",
        "{'a': 1, \"b\": [1, 2], c: {d: true}}",
        "{a: 1} tail",
        "{a}",
        "{a: 'x, y', b: 2}",
        "{a:: 1}",
        "{'a': }",
    ),
    *(
        "new int[]{1, 2}",
        "new int[] {}",
        'new String[]{"a", "b"}',
        "new String[]{a,,b}",
        "new long[]{1L, 2}",
        "new int[2]",
    ),
    *("new ArrayList<>()", "new ArrayList<String>()", 'new ArrayList<String>(Arrays.asList("a", "b"))'),
    *("new ArrayList<Integer>(Arrays.asList(1, 2))", "new ArrayList<Integer>(Arrays.asList())", "Arrays.asList(1, 2)"),
    *('new ArrayList<String>() {{ add("a"); add("b"); }}', "new ArrayList<Integer>() {{ add(1);\n add(2); }}"),
    *(
        "new ArrayList<>() {{ }}",
        "new HashMap<>()",
        "new HashMap<String, String>() {{ }}",
        "new HashMap<String, Object>",
    ),
    *('new HashMap<String, Integer>() {{ put("k", 1L); put("b", 2.5f); }}', 'new HashMap<>() { put("a", "b, c"); }'),
    *('new HashMap<String, Integer>() {{ put("k", ' + "9" * 5000 + "L); }}", "new HashSet<>()", "new Point(1, 2)"),
)
TYPE_WORDS = (
    *("string", "integer", "float", "boolean", "array", "tuple", "dict", "any", "String", "Boolean", "Bigint", "long"),
    *("byte", "short", "double", "char", "Array", "ArrayList", "HashMap", "Hashtable", "Set", "Queue", "Stack"),
    *("object", "number", None, ["string"]),
)
Mutate = Callable[[Vector, random.Random], None]


def make_vectors(cases: Sequence[Case], seed: int, rounds: int, underscores: bool) -> Iterator[Vector]:
    """The ground truth of every case and mutations of it; the same for the same seed.

    Args:
        cases: with or without an answer.
        seed: of the choice.
        rounds: mutations of each case; seven times as many where the arguments are literals in texts.
        underscores: calls have `_` for `.` in their names.
    """
    chooser = random.Random(seed)
    for case in cases:
        yield _right(case, chooser, underscores) | {"mutation": "none"}
        times = rounds * (1 if case.code_language == "python" else 7)
        for _ in range(times if case.possible_answer else chooser.randint(0, 1)):
            vector = _right(case, chooser, underscores)
            is_odd = chooser.random() < 0.3
            chosen = [chooser.choice(_ODD)] if is_odd else chooser.choices(_PLAIN, k=chooser.choice([1, 1, 1, 2]))
            vector["mutation"] = "+".join(each.__name__ for each in chosen)
            for mutate in chosen:
                mutate(vector, chooser)
            yield vector


def _right(case: Case, chooser: random.Random, underscores: bool) -> Vector:
    calls = copy.deepcopy(right_calls(case, chooser)) or [{"f": {"a": 1}}]
    if underscores:
        calls = [{name.replace(".", "_"): arguments for name, arguments in call.items()} for call in calls]
    return {
        "id": case.case_id,
        "category": case.rule,
        "language": case.code_language,
        "functions": copy.deepcopy(list(case.functions)),
        "possible_answer": copy.deepcopy(list(case.possible_answer)),
        "output": calls,
    }


def _arguments(vector: Vector, chooser: random.Random) -> dict[str, Any]:
    """Of a random call; something apart from the vector where there is none."""
    values = [value for call in _calls(vector) for value in call.values() if isinstance(value, dict)]
    return chooser.choice(values) if values else {}


def _calls(vector: Vector) -> list[dict[str, Any]]:
    """The output while it is one; a call apart from the vector afterwards."""
    output = vector["output"]
    is_calls = isinstance(output, list) and output and all(isinstance(each, dict) and each for each in output)
    return output if is_calls else [{"f": {}}]


def _allowed(vector: Vector, chooser: random.Random) -> dict[str, Any]:
    answers = vector["possible_answer"] if isinstance(vector["possible_answer"], list) else []
    found = [value for each in answers if isinstance(each, dict) for value in each.values() if isinstance(value, dict)]
    return chooser.choice(found) if found else {}


def _parameters(vector: Vector, chooser: random.Random) -> dict[str, Any]:
    functions = vector["functions"] if isinstance(vector["functions"], list) else []
    found = [each.get("parameters") for each in functions if isinstance(each, dict)]
    whole = [each for each in found if isinstance(each, dict) and isinstance(each.get("properties"), dict)]
    return chooser.choice(whole) if whole else {"properties": {}}


def _set_one(holder: Any, value: Any, chooser: random.Random) -> None:
    if isinstance(holder, (dict, list)) and holder:
        holder[chooser.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))] = value


def _odd_value(chooser: random.Random) -> Any:
    return copy.deepcopy(chooser.choice(ODD_VALUES))


def odd_value(vector: Vector, chooser: random.Random) -> None:
    pool = ODD_LITERALS if vector["language"] != "python" and chooser.random() < 0.8 else ODD_VALUES
    _set_one(_arguments(vector, chooser), copy.deepcopy(chooser.choice(pool)), chooser)


def odd_inside(vector: Vector, chooser: random.Random) -> None:
    arguments = _arguments(vector, chooser)
    inner = [value for value in arguments.values() if isinstance(value, (list, dict)) and value]
    if inner:
        _set_one(chooser.choice(inner), _odd_value(chooser), chooser)
    else:
        odd_value(vector, chooser)


def near_text(vector: Vector, chooser: random.Random) -> None:
    arguments = _arguments(vector, chooser)
    texts = [name for name, value in arguments.items() if isinstance(value, str) and value]
    if not texts:
        return near_number(vector, chooser)
    name = chooser.choice(texts)
    text, place = arguments[name], chooser.randrange(len(arguments[name]))
    changed = (
        *(
            text.upper(),
            text.swapcase(),
            text + ".",
            " " + text,
            text.replace(" ", "_"),
            text.replace("'", '"'),
            f'"{text}"',
        ),
        *(
            text[:place] + text[place + 1 :],
            text[:place] + chooser.choice(string.printable) + text[place:],
            text + "\n",
        ),
    )
    arguments[name] = chooser.choice(changed)


def near_number(vector: Vector, chooser: random.Random) -> None:
    arguments = _arguments(vector, chooser)
    for name, value in arguments.items():
        if isinstance(value, (int, float)) and abs(value) < 1e15:
            same = [float(value), int(value), str(value), bool(value), value + 1, [value], -value]
            arguments[name] = chooser.choice(same)


def other_items(vector: Vector, chooser: random.Random) -> None:
    arguments = _arguments(vector, chooser)
    lists = [value for value in arguments.values() if isinstance(value, list)]
    if not lists:
        return near_text(vector, chooser)
    items = chooser.choice(lists)
    match chooser.randrange(6):
        case 0:
            items.reverse()
        case 1:
            items.clear()
        case 2:
            items.append(_odd_value(chooser))
        case 3:
            items[:] = [int(each) if isinstance(each, float) else each for each in items]
        case 4:
            items[:] = [float(each) if isinstance(each, int) else each for each in items]
        case 5:
            items[:] = [each.upper() + "." if isinstance(each, str) else each for each in items]
    return None


def other_keys(vector: Vector, chooser: random.Random) -> None:
    dicts = [value for value in _arguments(vector, chooser).values() if isinstance(value, dict)]
    dicts += [
        each
        for value in _arguments(vector, chooser).values()
        if isinstance(value, list)
        for each in value
        if type(each) is dict
    ]
    if not dicts:
        return other_items(vector, chooser)
    chosen = chooser.choice(dicts)
    match chooser.randrange(3):
        case 0 if chosen:
            del chosen[chooser.choice(list(chosen))]
        case 1:
            chosen["more"] = 1
        case _:
            _set_one(chosen, _odd_value(chooser), chooser)
    return None


def drop_argument(vector: Vector, chooser: random.Random) -> None:
    arguments = _arguments(vector, chooser)
    if arguments:
        del arguments[chooser.choice(list(arguments))]


def add_argument(vector: Vector, chooser: random.Random) -> None:
    names = ["more", *_parameters(vector, chooser)["properties"]]
    _arguments(vector, chooser)[chooser.choice(names)] = _odd_value(chooser)


def turn_arguments(vector: Vector, chooser: random.Random) -> None:
    arguments = _arguments(vector, chooser)
    for name in sorted(arguments):
        arguments[name] = arguments.pop(name)


def other_name(vector: Vector, chooser: random.Random) -> None:
    call = chooser.choice(_calls(vector))
    name = next(iter(call))
    call[chooser.choice([name.replace(".", "_"), name.replace("_", "."), name + "x", name.upper()])] = call.pop(name)


def other_calls(vector: Vector, chooser: random.Random) -> None:
    calls = _calls(vector)
    match chooser.randrange(5):
        case 0:
            calls.pop()
        case 1:
            calls.append(copy.deepcopy(calls[0]))
        case 2:
            calls.reverse()
        case 3:
            chooser.shuffle(calls)
        case 4:
            calls[0] = copy.deepcopy(calls[-1])


def odd_output(vector: Vector, chooser: random.Random) -> None:
    call = vector["output"][0] if isinstance(vector["output"], list) and vector["output"] else {"f": {}}
    odd: tuple[Any, ...] = (
        [],
        [{}],
        [[]],
        {},
        None,
        "f(a=1)",
        5,
        call,
        [call, None],
        [call | {"g": {}}],
        [{"f": []}],
        [{"f": None}],
    )
    vector["output"] = chooser.choice(odd)


def other_alternatives(vector: Vector, chooser: random.Random) -> None:
    allowed = _allowed(vector, chooser)
    lists = [value for value in allowed.values() if isinstance(value, list)]
    if lists:
        place = chooser.choice([0, len(lists[0])])
        chooser.choice(lists).insert(place, chooser.choice(["", _odd_value(chooser), _odd_value(chooser)]))


def odd_alternatives(vector: Vector, chooser: random.Random) -> None:
    odd: tuple[Any, ...] = (
        None,
        "abc",
        "",
        {},
        {"a": 1},
        5,
        [],
        [""],
        [[]],
        [None],
        [5, "x"],
        ["", "x"],
        [{}],
        [{"a": 5}],
        [{"a": [1]}],
        True,
    )
    _set_one(_allowed(vector, chooser), chooser.choice(odd), chooser)


def odd_inner_alternatives(vector: Vector, chooser: random.Random) -> None:
    allowed = _allowed(vector, chooser)
    inner = [
        each
        for value in allowed.values()
        if isinstance(value, list)
        for each in value
        if isinstance(each, (dict, list)) and each
    ]
    if not inner:
        return odd_alternatives(vector, chooser)
    chosen = chooser.choice(inner)
    dicts = [each for each in chosen if isinstance(each, dict)] if isinstance(chosen, list) else []
    return _set_one(
        chooser.choice(dicts) if dicts else chosen,
        chooser.choice([5, None, "", "ab", [], [""], {}, {"a": [1]}]),
        chooser,
    )


def odd_answer(vector: Vector, chooser: random.Random) -> None:
    answers = vector["possible_answer"]
    if not isinstance(answers, list) or not answers or not isinstance(answers[0], dict):
        return
    name = next(iter(answers[0]), "f")
    inner: Any = chooser.choice([None, [], ["a"], "", "ab", 5, {}])
    whole: tuple[Any, ...] = (
        [],
        None,
        {},
        "ab",
        [{}],
        [[]],
        [None],
        [{"nobody": {}}],
        answers * 2,
        [{name: inner}],
        [{name: inner}],
    )
    vector["possible_answer"] = chooser.choice(whole)


def other_type(vector: Vector, chooser: random.Random) -> None:
    properties = _parameters(vector, chooser)["properties"]
    if isinstance(properties, dict) and properties:
        description = properties[chooser.choice(list(properties))]
        if isinstance(description, dict):
            description["type"] = chooser.choice(TYPE_WORDS)
            if chooser.random() < 0.7:
                description["items"] = chooser.choice(
                    [{"type": chooser.choice(TYPE_WORDS)}, {"type": chooser.choice(TYPE_WORDS)}, {}]
                )


def other_items_type(vector: Vector, chooser: random.Random) -> None:
    found = [
        each
        for each in _parameters(vector, chooser)["properties"].values()
        if isinstance(each, dict) and "items" in each
    ]
    if not found:
        return other_type(vector, chooser)
    description = chooser.choice(found)
    if chooser.random() < 0.3:
        del description["items"]
    else:
        description["items"] = chooser.choice(
            [{"type": chooser.choice(TYPE_WORDS)}, {"type": chooser.choice(TYPE_WORDS)}, "x", None, []]
        )
    return None


def odd_document(vector: Vector, chooser: random.Random) -> None:
    parameters = _parameters(vector, chooser)
    properties = parameters["properties"]
    match chooser.randrange(9):
        case 0:
            parameters.pop("required", None)
        case 1:
            del parameters["properties"]
        case 2:
            parameters["required"] = chooser.choice([None, "ab", "", [["a"]], 5, {}, ["nobody"], [None], {"a": 1}])
        case 3:
            parameters["properties"] = chooser.choice([None, list(properties), "".join(properties), 5, {}])
        case 4:
            _set_one(properties, chooser.choice([None, "string", {}, [], {"type": None}]), chooser)
        case 5:
            vector["functions"] = []
        case 6:
            vector["functions"] = chooser.choice([None, {}, (vector["functions"] or [{}])[0], [None], ["f"], 5])
        case 7 if vector["functions"]:
            vector["functions"][0].pop("name")
        case 8 if vector["functions"]:
            vector["functions"][0]["name"] = chooser.choice([None, 5, ["f"], {}, "nobody", ""])


_PLAIN: tuple[Mutate, ...] = (
    *(odd_value, odd_value, odd_inside, near_text, near_text, near_number, other_items, other_keys, drop_argument),
    *(add_argument, turn_arguments, other_alternatives, other_type, other_items_type),
)
_ODD: tuple[Mutate, ...] = (
    *(
        other_name,
        other_calls,
        odd_output,
        odd_alternatives,
        odd_alternatives,
        odd_inner_alternatives,
        odd_answer,
        odd_document,
    ),
)
