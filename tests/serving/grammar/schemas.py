"""Hypothesis strategies: JSON schemas of functions as wild as people write them, and schemas with a value that fits."""

from typing import Any

from hypothesis import strategies as st

Json = Any
Pair = tuple[dict[str, Any], Json]
"""A schema, and a value that is meant to be valid under it."""

NAMES = ("a", "ab", "abc", "b", "city", "größe", "x-y", 'qu"ote', "sl/ash", "back\\slash", "名", "z z")
PATTERNS = {
    "^[a-z]+$": "abc",
    "^[A-Z]{2}[0-9]{2,4}$": "AB123",
    "foo": "a foo b",
    "^(?:red|green|blue)$": "green",
    "^\\d{4}-\\d{2}$": "2024-05",
    "^a|b$": "xb",
    '^[^"\\\\]*$': "plain é",
    "^\\w+(?:-\\w+)*$": "a-b_c",
    "^.{2,5}$": 'a"b',
    "^$|^x": "",
    "[\\s/]": "a/b",
    "^(a*)*b?$": "aaab",
    "^[\\u00e0-\\u00ff\\n]+$": "éü\n",
    "^\\S+@\\S+$": "a@b",
    "^(?=x)x$": "x",
}
FORMATS = {
    "date": "2024-02-29",
    "time": "23:59:59.5+02:00",
    "date-time": "1999-12-31T23:59:59Z",
    "duration": "P1DT2H",
    "email": "jo.doe@example.com",
    "hostname": "api.example.com",
    "ipv4": "192.168.0.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/a?b=c#d",
    "uri-reference": "../a/b",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "json-pointer": "/a/0",
    "int32": "anything",
    "regex": "^a$",
}

integers = st.integers(-(10**6), 10**6)
decimals = st.decimals(-1000, 1000, places=3, allow_nan=False).map(float).filter(lambda value: abs(value) >= 0.001)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from('"\\\n/\t'), max_size=8)
scalars = st.none() | st.booleans() | integers | decimals | texts


@st.composite
def _integer_pairs(draw: st.DrawFn) -> Pair:
    value = draw(integers)
    schema: dict[str, Any] = {"type": draw(st.sampled_from(["integer", "number", ["integer", "null"]]))}
    step = draw(st.sampled_from([None, None, None, 1, 2, 5, 7, 10, 25, 97, 360, 0.5, 0.01]))
    if step is not None:
        schema["multipleOf"] = step
        value = int(value * step) if step >= 1 else value
    return schema | draw(_bounds(value)), value


@st.composite
def _number_pairs(draw: st.DrawFn) -> Pair:
    value = draw(decimals)
    schema: dict[str, Any] = {"type": "number"} | draw(_bounds(value))
    if draw(st.integers(0, 4)) == 0:
        schema["multipleOf"] = draw(st.sampled_from([0.001, 0.01, 0.5, 0.25, 2.5]))
    return schema, value


@st.composite
def _bounds(draw: st.DrawFn, value: float) -> dict[str, Any]:
    room = st.integers(1, 300) | st.just(0.5)
    options = {
        "minimum": value - draw(st.just(0) | room),
        "exclusiveMinimum": value - draw(room),
        "maximum": value + draw(st.just(0) | room),
        "exclusiveMaximum": value + draw(room),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(options)), max_size=2, unique=True))
    return {key: options[key] for key in chosen}


@st.composite
def _string_pairs(draw: st.DrawFn) -> Pair:
    kind = draw(st.sampled_from(["free", "free", "pattern", "format", "both"]))
    schema: dict[str, Any] = {"type": "string"}
    value = draw(texts)
    if kind in ("pattern", "both"):
        schema["pattern"], value = draw(st.sampled_from(sorted(PATTERNS.items())))
    if kind in ("format", "both"):
        schema["format"], other = draw(st.sampled_from(sorted(FORMATS.items())))
        value = other if kind == "format" else value
    if draw(st.booleans()):
        schema["minLength"] = max(0, len(value) - draw(st.integers(0, 3)))
    if draw(st.booleans()):
        schema["maxLength"] = len(value) + draw(st.integers(0, 40))
    return schema, value


@st.composite
def _listed_pairs(draw: st.DrawFn) -> Pair:
    value = draw(scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.sampled_from(NAMES), scalars, max_size=2))
    if draw(st.booleans()):
        return {"const": value}, value
    return {"enum": [*draw(st.lists(scalars, max_size=4)), value]}, value


@st.composite
def _array_pairs(draw: st.DrawFn, pairs: st.SearchStrategy[Pair]) -> Pair:
    item, value = draw(pairs)
    values = [value] * draw(st.integers(0, 3))
    schema: dict[str, Any] = {"type": "array", "items": item}
    if draw(st.booleans()):
        schema["minItems"] = max(0, len(values) - draw(st.integers(0, 2)))
    if draw(st.booleans()):
        schema["maxItems"] = len(values) + draw(st.integers(0, 3))
    extra = draw(st.sampled_from(["", "", "", "unique", "contains", "prefix", "unique enum"]))
    if extra == "unique":
        schema["uniqueItems"] = True
    elif extra == "contains":
        schema["contains"] = draw(pairs)[0]
    elif extra == "prefix":
        head, first = draw(pairs)
        schema["prefixItems"], values = [head], [first, *values] if values else []
    elif extra == "unique enum":
        schema |= {"uniqueItems": True, "items": {"enum": draw(st.lists(scalars, min_size=1, max_size=5))}}
    return schema, values


@st.composite
def _object_pairs(draw: st.DrawFn, pairs: st.SearchStrategy[Pair]) -> Pair:
    members = draw(st.dictionaries(st.sampled_from(NAMES), pairs, max_size=4))
    present = {name for name in members if draw(st.integers(0, 2))}
    schema: dict[str, Any] = {"type": "object", "properties": {name: pair[0] for name, pair in members.items()}}
    required = [name for name in sorted(present) if draw(st.booleans())]
    if required:
        schema["required"] = required
    value = {name: members[name][1] for name in members if name in present}
    if not draw(st.integers(0, 3)):
        strange, other = draw(pairs)
        schema["additionalProperties"] = draw(st.sampled_from([True, False, strange]))
        if schema["additionalProperties"] is strange and draw(st.booleans()):
            value["stranger"] = other
    if not draw(st.integers(0, 3)):
        schema["minProperties"] = max(0, len(value) - draw(st.integers(0, 2)))
    if not draw(st.integers(0, 3)):
        schema["maxProperties"] = len(value) + draw(st.integers(0, 2))
    schema |= draw(_rare_object_keywords(sorted(members), pairs))
    return schema, value


@st.composite
def _rare_object_keywords(draw: st.DrawFn, names: list[str], pairs: st.SearchStrategy[Pair]) -> dict[str, Any]:
    kind = draw(st.integers(0, 14))
    name = draw(st.sampled_from([*names, "b"]))
    match kind:
        case 0:
            return {"propertyNames": {"pattern": "^[a-z -]*$"}}
        case 1:
            return {"propertyNames": {"enum": [*names, "other"]}}
        case 2:
            return {"patternProperties": {draw(st.sampled_from(["^a", "b$", "^[a-z]{3}$"])): draw(pairs)[0]}}
        case 3:
            return {"dependentRequired": {name: [draw(st.sampled_from([*names, "zz"]))]}}
        case 4:
            return {"dependentSchemas": {name: {"minProperties": 2}}}
        case 5:
            condition = {"properties": {name: draw(pairs)[0]}, "required": [name]}
            return {"if": condition, "then": {"required": names[:1]}, "else": {"maxProperties": 3}}
        case 6:
            return {"not": {"required": [name]}}
        case 7:
            return {"unevaluatedProperties": False}
        case _:
            return {}


@st.composite
def _joined_pairs(draw: st.DrawFn, pairs: st.SearchStrategy[Pair]) -> Pair:
    schema, value = draw(pairs)
    others = [pair[0] for pair in draw(st.lists(pairs, min_size=1, max_size=2))]
    match draw(st.sampled_from(["anyOf", "oneOf", "allOf", "not", "beside", "nullable", "tagged"])):
        case "anyOf":
            return {"anyOf": [*others, schema]}, value
        case "oneOf":
            return {"oneOf": [schema, *others]}, value
        case "allOf":
            return {"allOf": [schema, draw(st.sampled_from([{}, {"title": "x"}, others[0]]))]}, value
        case "not":
            return {"allOf": [schema], "not": others[0]}, value
        case "beside":
            return schema | {"anyOf": [{"description": "any"}, others[0]]}, value
        case "nullable":
            return {"oneOf": [schema, {"type": "null"}]}, value
    kinds = [draw(_object_pairs(pairs)) for _ in range(2)]
    tagged = [_tag(pair[0], f"k{place}") for place, pair in enumerate(kinds)]
    return {"oneOf": tagged}, {"kind": "k0"} | kinds[0][1]


def _tag(schema: dict[str, Any], kind: str) -> dict[str, Any]:
    properties = {"kind": {"const": kind}} | schema["properties"]
    return schema | {"properties": properties, "required": ["kind", *schema.get("required", ())]}


leaf_pairs = st.one_of(
    _integer_pairs(),
    _number_pairs(),
    _string_pairs(),
    _listed_pairs(),
    st.tuples(st.sampled_from([{"type": "boolean"}, {}, {"type": ["boolean", "string"]}]), st.booleans()),
)
pairs = st.recursive(
    leaf_pairs, lambda inner: st.one_of(_array_pairs(inner), _object_pairs(inner), _joined_pairs(inner)), max_leaves=4
)


@st.composite
def function_pairs(draw: st.DrawFn) -> Pair:
    """A schema of a function's parameters, now and then with definitions and recursion, and arguments for it."""
    schema, value = draw(_object_pairs(pairs))
    if draw(st.booleans()):
        name, (inner, one) = "shared", draw(pairs)
        node: dict[str, Any] = {"type": "object", "properties": {"value": inner, "next": {"$ref": "#/$defs/node"}}}
        schema = schema | {"$defs": {name: inner, "node": node}}
        reference: dict[str, Any] = {"$ref": f"#/$defs/{name}"}
        schema["properties"] = schema["properties"] | {"ref": reference, "tree": {"$ref": "#/$defs/node"}}
        strangers = {key: value.pop(key) for key in list(value) if key not in schema["properties"]}
        value = value | {"ref": one, "tree": {"value": one, "next": {}}} | strangers
    return schema, value


def schemas() -> st.SearchStrategy[dict[str, Any]]:
    """Schemas of functions' parameters; type object at the top."""
    return function_pairs().map(lambda pair: pair[0])
