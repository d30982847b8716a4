"""The suite is the same for everybody, holds what its origin says, and says what it lacks."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from eval.tiers.bfcl_data import BfclData
from eval.tiers.own_cases import OwnSample
from eval.tiers.published import PUBLISHED
from eval.tiers.suite import KINDS_VERSION, TIERS, TierSuite, build_kinds, build_suite, tier_of
from schemas.errors import TerminalError, UsageError
from schemas.evaluation import Tier
from schemas.evaluation_options import Origin
from schemas.sample import Call, Kind
from tests.eval.tiers.samples import make_sample, make_tool

RING = make_tool("ring", {"hour": {"type": "integer"}, "tone": {"type": "string", "enum": ["soft", "loud"]}}, ["hour"])
STOP = make_tool("stop", {"alarm": {"type": "integer"}}, ["alarm"])
QUESTION = {"role": "user", "content": "Ring."}
STOP_5 = Call(name="stop", arguments={"alarm": 5})
PLAIN = [Call(name="ring", arguments={"hour": 7}), STOP_5]
WITH_ENUM = [Call(name="ring", arguments={"hour": 7, "tone": "soft"}), STOP_5]


def make_own(kind: Kind, number: int, is_structured: bool = False) -> OwnSample:
    several = WITH_ENUM if is_structured else PLAIN
    calls = several if kind in ("parallel", "parallel_multiple") else [] if kind == "irrelevance" else [STOP_5]
    return make_sample([STOP] if kind == "simple" else [RING, STOP], calls, kind, f"{kind}-{is_structured}-{number}")


def make_own_of_all(count: int) -> list[OwnSample]:
    """So many for each tier."""
    kinds: list[tuple[Kind, bool]] = [
        ("simple", False),
        ("multiple", False),
        ("parallel_multiple", False),
        ("parallel_multiple", True),
    ]
    return [make_own(kind, number, structured) for kind, structured in kinds for number in range(count)]


@pytest.fixture
def data(tmp_path: Path) -> BfclData:
    """Three invented entries of each public category."""
    path = tmp_path / "invented.whl"
    document = {"name": "alarm.ring", "description": "Ring.", "parameters": {"type": "dict", "properties": {}}}
    with zipfile.ZipFile(path, "w") as archive:
        for category in ("simple_python", "multiple", "parallel_multiple"):
            questions = [
                {"id": f"{category}_{number}", "question": [[QUESTION]], "function": [document]} for number in range(3)
            ]
            answers: list[Any] = [{"ground_truth": [{"alarm.ring": {}}]}] * 3
            for place, rows in (("", questions), ("possible_answer/", answers)):
                text = "".join(json.dumps(row) + "\n" for row in rows)
                archive.writestr(f"bfcl_eval/data/{place}BFCL_v4_{category}.json", text)
    return BfclData(path)


def count_tiers(suite: TierSuite) -> dict[str, int]:
    counts: dict[str, int] = {}
    for case in suite.cases:
        counts[case.category] = counts.get(case.category, 0) + 1
    return counts


@pytest.mark.parametrize(
    ("origin", "expected", "sources"),
    [
        ("public", {"simple": 3, "medium": 3, "hard": 3}, {"bfcl"}),
        ("own", {"simple": 2, "medium": 2, "hard": 2, "enterprise": 2}, {"own"}),
        ("all", {"simple": 3, "medium": 3, "hard": 3, "enterprise": 2}, {"bfcl", "own"}),
    ],
)
def test_each_origin_has_its_tiers(origin: Origin, expected: dict[str, int], sources: set[str], data: BfclData) -> None:
    suite = build_suite(origin, data, make_own_of_all(2))
    assert count_tiers(suite) == expected
    assert list(count_tiers(suite)) == [tier for tier in TIERS if tier in expected]
    assert {case.source for case in suite.cases} == sources


def test_public_cases_are_offered_as_bfcl_offers_them_and_judged_by_its_documents(data: BfclData) -> None:
    case = build_suite("public", data).cases[0]
    assert case.rule == "simple_python"
    assert case.tools[0]["function"]["name"] == "alarm_ring"
    assert case.functions[0]["name"] == "alarm.ring"
    assert case.possible_answer == ({"alarm.ring": {}},)


def test_the_suite_does_not_depend_on_the_order_of_the_samples(data: BfclData) -> None:
    own = make_own_of_all(4)
    first, second = build_suite("all", data, own), build_suite("all", data, own[::-1])
    assert first == second
    assert len(first.suite_hash) == 64
    assert build_suite("all", data, own[:-1]).suite_hash != first.suite_hash


def test_a_limit_takes_the_first_of_any_larger_one_and_not_those_first_given() -> None:
    own = make_own_of_all(20)
    few, more = (build_suite("own", own=own, limit=limit) for limit in (3, 9))
    assert count_tiers(few) == dict.fromkeys(TIERS, 3)
    for tier in TIERS:
        chosen = [[case.case_id for case in suite.cases if case.category == tier] for suite in (few, more)]
        assert chosen[1][:3] == chosen[0]
    assert [case.case_id for case in few.cases][:3] != [sample.sample_id for sample in own][:3]


def test_notes_say_what_is_missing(data: BfclData) -> None:
    (note,) = build_suite("all", data).notes
    assert note.startswith("enterprise not run: it takes samples over your own documents and none were given.")
    (note,) = build_suite("all", data, [make_own("parallel_multiple", 1, True)], limit=3).notes
    assert note == "enterprise has 1 of the 3 cases asked for."
    notes = build_suite("own", own=[make_own("simple", 1), make_own("irrelevance", 1), make_own("parallel", 1)]).notes
    assert notes == (
        "medium not run: none of the 3 samples of your own documents fits it.",
        "hard not run: none of the 3 samples of your own documents fits it.",
        "enterprise not run: none of the 3 samples of your own documents fits it.",
        "2 samples of your own documents are in no tier of this suite: 1 irrelevance, 1 parallel.",
    )


@pytest.mark.parametrize(
    ("kind", "is_structured", "tier"),
    [
        ("simple", False, "simple"),
        ("multiple", False, "medium"),
        ("parallel_multiple", False, "hard"),
        ("parallel_multiple", True, "enterprise"),
        ("parallel", True, None),
        ("irrelevance", False, None),
    ],
)
def test_a_kind_belongs_to_a_tier(kind: Kind, is_structured: bool, tier: Tier | None) -> None:
    assert tier_of(make_own(kind, 1, is_structured)) == tier


def test_functions_that_may_have_been_trained_on_are_refused() -> None:
    sample = make_own("simple", 1).model_copy(update={"split": "train"})
    with pytest.raises(TerminalError, match=r"1 of 2 samples are not of the test split, first simple-False-1 of split"):
        build_suite("own", own=[make_own("multiple", 1), sample])


def test_what_can_not_be_asked_is_an_error(data: BfclData) -> None:
    with pytest.raises(UsageError, match="limit of 0"):
        build_suite("public", data, limit=0)
    with pytest.raises(UsageError, match="need BFCL's data"):
        build_suite("all")
    with pytest.raises(TerminalError, match="No case for any tier"):
        build_suite("own")
    with pytest.raises(TerminalError, match="come twice"):
        build_suite("own", own=[make_own("simple", 1)] * 2)


def test_published_figures_name_every_tier_and_say_that_they_are_from_elsewhere() -> None:
    assert len(PUBLISHED) == 5
    for score in PUBLISHED:
        assert tuple(score.scores_pct) == TIERS
        assert "not measured here" in score.source


def test_the_five_kinds_are_counted_apart_and_hashed() -> None:
    """Kinds without a sample are named, and samples are in the same order for everybody."""
    kinds: list[Kind] = ["simple", "multiple", "parallel", "parallel_multiple"]
    samples = [make_own(kind, number) for kind in kinds for number in range(3)]
    suite = build_kinds(samples)
    assert suite.suite_version == KINDS_VERSION
    assert [case.category for case in suite.cases] == [kind for kind in kinds for _ in range(3)]
    assert any("irrelevance not run" in note for note in suite.notes)
    assert build_kinds(samples[::-1]).suite_hash == suite.suite_hash
    with pytest.raises(TerminalError, match="none were given"):
        build_kinds([])
