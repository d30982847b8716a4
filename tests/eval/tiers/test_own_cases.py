"""A sample of ours becomes a case that its own calls answer rightly by BFCL's rules, and changed calls do not."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.bfcl.checker import check_output
from eval.tiers.own_cases import OwnSample, case_from_sample, is_enterprise
from schemas.errors import TerminalError
from schemas.evaluation import Verdict
from schemas.sample import Call, Kind
from tests.eval.tiers.samples import Schema, drawn_samples, make_sample, make_tool
from tests.home import ROOT, Home

CUSTOMER: Schema = {"type": "object", "properties": {"id": {"type": "integer"}, "note": {"type": "string"}}}
OPEN_TICKET = make_tool(
    "open_ticket",
    {
        "subject": {"type": "string"},
        "priority": {"type": "string", "enum": ["low", "high"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "customer": CUSTOMER,
        "parts": {"type": "array", "items": CUSTOMER},
    },
    required=["subject"],
)
CLOSE_TICKET = make_tool("close_ticket", {"ticket": {"type": "integer"}}, required=["ticket"])


def judge_calls(sample: OwnSample, calls: tuple[Call, ...]) -> Verdict:
    """BFCL's verdict on calls as the answer to a sample."""
    case = case_from_sample(sample)
    output = [{call.name: call.arguments} for call in calls]
    return check_output(case.functions, case.possible_answer, case.rule, case.code_language, output)


def change(value: Any) -> Any:
    """A value that no rule takes for the given one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value * 2 + 1 if abs(value) > 1000 else value + 1
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, list):
        return [*value, "x"]
    return {**value, "new key": 1} if isinstance(value, dict) else "not null"


def changed_calls(sample: OwnSample, number: int) -> list[tuple[Call, ...]]:
    """The calls with each single argument of one call changed or left out, and with one too many."""
    call = sample.calls[number]
    others = [{**call.arguments, name: change(value)} for name, value in call.arguments.items()]
    others += [{key: call.arguments[key] for key in call.arguments if key != name} for name in call.arguments]
    others.append({**call.arguments, "unused": "x"})
    changed = [Call(name=call.name, arguments=arguments) for arguments in others]
    return [(*sample.calls[:number], one, *sample.calls[number + 1 :]) for one in changed]


def test_the_possible_answer_has_the_form_of_bfcl() -> None:
    arguments = {
        "subject": "no light",
        "tags": ["lamp", ""],
        "customer": {"id": 7, "note": "", "more": {"a": ""}},
        "parts": [{"id": 1}],
    }
    sample = make_sample([OPEN_TICKET], [Call(name="open_ticket", arguments=arguments)], "simple")
    case = case_from_sample(sample, "simple")
    assert (case_from_sample(sample).suite, case_from_sample(sample).category) == ("kinds", "simple")
    assert (case.rule, case.source, case.category, case.suite) == ("simple_python", "own", "simple", "tiers")
    assert case.tools == (OPEN_TICKET,)
    assert case.possible_answer == (
        {
            "open_ticket": {
                "subject": ["no light"],
                "tags": [["lamp", ""]],
                "customer": [{"id": [7], "note": [" "], "more": [{"a": ""}]}],
                "parts": [[{"id": [1]}]],
            }
        },
    )


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("simple", "simple_python"),
        ("multiple", "multiple"),
        ("parallel", "parallel"),
        ("parallel_multiple", "parallel_multiple"),
        ("irrelevance", "irrelevance"),
    ],
)
def test_each_kind_is_judged_by_its_rule(kind: Kind, rule: str) -> None:
    calls = [] if kind == "irrelevance" else [Call(name="close_ticket", arguments={"ticket": 5})]
    sample = make_sample([CLOSE_TICKET], calls, kind)
    assert case_from_sample(sample).rule == rule
    assert judge_calls(sample, sample.calls).valid


def test_an_empty_text_must_be_given() -> None:
    sample = make_sample([OPEN_TICKET], [Call(name="open_ticket", arguments={"subject": "s", "priority": ""})])
    assert judge_calls(sample, sample.calls).valid
    without = judge_calls(sample, (Call(name="open_ticket", arguments={"subject": "s"}),))
    assert without.error_type == "parallel_function_checker_no_order:cannot_find_match"


def test_an_optional_argument_that_the_sample_does_not_give_is_unexpected() -> None:
    sample = make_sample([OPEN_TICKET], [Call(name="open_ticket", arguments={"subject": "s"})], "simple")
    more = (Call(name="open_ticket", arguments={"subject": "s", "priority": "low"}),)
    assert judge_calls(sample, more).error_type == "simple_function_checker:unexpected_param"


@given(drawn_samples())
@settings(max_examples=150, deadline=None)
def test_own_calls_are_valid_in_any_order(sample: OwnSample) -> None:
    assert judge_calls(sample, sample.calls).valid
    assert judge_calls(sample, sample.calls[::-1]).valid


@given(drawn_samples(), st.data())
@settings(max_examples=150, deadline=None)
def test_changed_calls_are_wrong(sample: OwnSample, data: st.DataObject) -> None:
    for calls in changed_calls(sample, data.draw(st.integers(0, len(sample.calls) - 1))):
        assert judge_calls(sample, calls).valid is False


def test_messages_that_end_with_the_answer_are_refused() -> None:
    sample = make_sample([CLOSE_TICKET], [Call(name="close_ticket", arguments={"ticket": 5})])
    told = sample.model_copy(update={"messages": (*sample.messages, {"role": "assistant", "content": "Done."})})
    with pytest.raises(TerminalError, match="end with the answer"):
        case_from_sample(told)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (Call(name="burn_ticket", arguments={}), "needs function 'burn_ticket'"),
        (Call(name="close_ticket", arguments={"why": 1}), "needs the arguments .'why'. of function 'close_ticket'"),
    ],
)
def test_a_call_that_no_tool_can_take_is_refused(call: Call, words: str) -> None:
    with pytest.raises(TerminalError, match=words):
        case_from_sample(make_sample([CLOSE_TICKET], [call]))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, False),
        ({"type": "object"}, False),
        ({"type": "string", "enum": ["only"]}, False),
        ({"type": ["string", "null"], "enum": ["only", None]}, False),
        ({"type": "object", "additionalProperties": {"type": "string"}}, False),
        ({"type": "string", "enum": ["low", "high"]}, True),
        ({"type": ["array", "null"], "items": {"type": "string"}}, True),
        ({"type": "object", "properties": {"id": {"type": "integer"}}}, True),
        ({"anyOf": [{"type": "string"}, {"type": "array"}]}, True),
        ({"type": "object", "additionalProperties": {"type": "array"}}, True),
    ],
)
def test_enterprise_is_an_argument_with_nesting_a_list_or_an_enum(schema: Schema, expected: bool) -> None:
    tools = [make_tool("f", {"x": schema}), CLOSE_TICKET]
    calls = [Call(name="f", arguments={"x": "any"}), Call(name="close_ticket", arguments={"ticket": 5})]
    assert is_enterprise(make_sample(tools, calls)) is expected
    assert not is_enterprise(make_sample(tools, [Call(name="f", arguments={}), calls[1]])), "nobody has to write it"
    assert not is_enterprise(make_sample(tools, calls[:1])), "one instruction"
    assert not is_enterprise(make_sample(tools[:1], [calls[0], calls[0]])), "one function"


DOCUMENTS = ROOT.parent / "shared" / "data" / "openapi"


@pytest.mark.slow
@pytest.mark.parametrize("documents", [ROOT / "examples", DOCUMENTS], ids=["examples", "openapi"])
def test_every_accepted_sample_is_answered_rightly_by_its_own_calls(documents: Path, tmp_path: Path) -> None:
    if not documents.is_dir():
        pytest.skip("needs the shared documents")
    home = Home(tmp_path)
    home.callmill("synth", "--apis", str(documents), "--split", "test", "--samples", "120", expect=0)
    rows = home.sql("select * from core_samples join core_acceptances using (sample_id)")
    assert len(rows) == 120
    for row in rows:
        fields = {name: row[name] for name in ("sample_id", "kind", "language", "split", "query", "function_ids")}
        read = {name: json.loads(row[name]) for name in ("tools", "messages", "calls")}
        sample = OwnSample(**fields, **{**read, "messages": read["messages"][:-1]})
        assert judge_calls(sample, sample.calls).valid, row["sample_id"]
        for number in range(len(sample.calls)):
            for calls in changed_calls(sample, number):
                assert judge_calls(sample, calls).valid is False, row["sample_id"]
