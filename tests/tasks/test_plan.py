"""Plans are pure: the same seed, kind and index give the same candidate, whatever else happens."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.function import Function
from schemas.sample import KINDS, Kind
from tasks.plan import MAX_DISTRACTORS, Catalog, build_catalog, plan_candidate


def make_function(domain: str, name: str, language: str = "en", **extra: object) -> Function:
    """A small function; `extra` replaces fields."""
    fields: dict[str, object] = {
        "function_id": f"{domain}-{name}",
        "document_id": domain,
        "document_path": f"{domain}.json",
        "format": "openai-tools",
        "position": 0,
        "name": name,
        "description": f"Do {name}",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
        "domain": domain,
        "language": language,
        "family_id": f"family-{domain}-{name}",
        "split": "train",
        **extra,
    }
    return Function.model_validate(fields)


def make_catalog(domains: int = 4, functions: int = 6) -> Catalog:
    return build_catalog([make_function(f"d{d}", f"f{d}_{n}") for d in range(domains) for n in range(functions)])


CATALOG = make_catalog()


@given(st.sampled_from(KINDS), st.integers(0, 5000), st.text(max_size=5))
@settings(max_examples=150)
def test_a_plan_holds_what_its_kind_needs(kind: Kind, index: int, seed: str) -> None:
    plan = plan_candidate(CATALOG, kind, index, seed, None)
    assert plan == plan_candidate(CATALOG, kind, index, seed, None)
    asked = [cell.function_id for cell in plan.cells]
    families = [CATALOG.functions[function_id].family_id for function_id in plan.offered]
    assert len(families) == len(set(families))
    if kind == "irrelevance":
        assert len(asked) == 1
        assert plan.offered
        assert asked[0] not in plan.offered
    else:
        assert set(asked) <= set(plan.offered)
    assert len(plan.offered) <= MAX_DISTRACTORS + 4
    if kind in ("simple", "parallel"):
        assert len(plan.offered) == 1
    if kind in ("multiple", "parallel_multiple"):
        assert len(plan.offered) >= 2
    if kind in ("parallel", "parallel_multiple"):
        assert 2 <= len(plan.cells) <= 4
        assert len(set(plan.cells)) == len(plan.cells)


@pytest.mark.parametrize("kind", KINDS)
def test_domains_take_turns(kind: Kind) -> None:
    """A domain with 20 functions gets no more candidates than one with 2."""
    catalog = build_catalog(
        [make_function("large", f"a{n}") for n in range(20)] + [make_function("small", f"b{n}") for n in range(2)]
    )
    plans = [plan_candidate(catalog, kind, index, "s", None) for index in range(100)]
    counts = Counter(catalog.functions[plan.cells[0].function_id].domain for plan in plans)
    assert counts == {"large": 50, "small": 50}


@pytest.mark.parametrize("kind", ["simple", "multiple", "irrelevance"])
def test_no_pair_is_used_twice_within_a_kind(kind: Kind) -> None:
    plans = [plan_candidate(CATALOG, kind, index, "s", None) for index in range(500)]
    assert len({plan.cells[0] for plan in plans}) == 500


def test_parallel_reuses_pairs_that_simple_and_multiple_pay_for() -> None:
    paid = {plan_candidate(CATALOG, kind, i, "s", None).cells[0] for kind in ("simple", "multiple") for i in range(600)}
    needed = {cell for i in range(100) for cell in plan_candidate(CATALOG, "parallel", i, "s", None).cells}
    assert len(needed & paid) / len(needed) > 0.9


def test_distractors_are_one_to_four_mostly_with_a_tail_to_thirty() -> None:
    catalog = make_catalog(domains=6, functions=12)
    counts = [len(plan_candidate(catalog, "multiple", i, "s", None).offered) - 1 for i in range(2000)]
    assert 0.8 < sum(count <= 4 for count in counts) / 2000 < 0.92
    assert max(counts) > 20


def test_irrelevance_has_three_sources_in_turn() -> None:
    plans = [plan_candidate(CATALOG, "irrelevance", i, "s", None) for i in range(30)]
    assert Counter(plan.source for plan in plans) == {"unrelated": 10, "near_miss": 10, "taken_away": 10}
    for plan in plans:
        domains = {CATALOG.functions[f].domain for f in plan.offered}
        own = CATALOG.functions[plan.cells[0].function_id].domain
        if plan.source == "near_miss":
            assert domains == {own}
        if plan.source == "unrelated":
            assert own not in domains


def test_names_that_two_documents_share_are_never_offered_together() -> None:
    catalog = build_catalog([make_function(f"d{n}", "same_name") for n in range(5)] + [make_function("d9", "other")])
    for index in range(50):
        offered = plan_candidate(catalog, "multiple", index, "s", None).offered
        names = [catalog.functions[f].name for f in offered]
        assert len(names) == len(set(names))


def test_one_function_makes_simple_and_parallel_only() -> None:
    catalog = build_catalog([make_function("d", "only")])
    assert [kind for kind in KINDS if catalog.shortfall(kind) is None] == ["simple", "parallel"]


def test_two_calls_of_a_function_without_parameters_could_not_differ() -> None:
    empty = {"type": "object", "properties": {}}
    catalog = build_catalog([make_function("d", name, parameters=empty) for name in ("a", "b")])
    assert "no function has a parameter" in (catalog.shortfall("parallel") or "")


def test_queries_are_in_the_language_asked_for() -> None:
    plan = plan_candidate(CATALOG, "parallel_multiple", 3, "s", "zh")
    assert {cell.language for cell in plan.cells} == {"zh"}
