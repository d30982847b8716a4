"""Decide what candidate number i of a kind is made of, before anything is asked of a model.

A plan is a pure function of (seed, kind, index, functions): it does not depend on which answers have arrived, how large
a round is, or how often the job was killed. That is what makes "the first n that pass, in candidate order" the same set
every time.
"""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from schemas.function import Function, Language
from schemas.sample import Cell, Kind, Plan

MAX_DISTRACTORS = 30
MAX_OFFERED_CHARACTERS = 24_000  # of the offer's JSON besides the called functions: about 6k tokens
_DISTRACTOR_RANGES = [(1, 4), (5, 12), (13, MAX_DISTRACTORS)]
_DISTRACTOR_WEIGHTS = [86, 11, 3]  # BFCL multiple offers 2 to 4, live_multiple up to 37
_CALLS, _CALLS_WEIGHTS = [2, 3, 4], [60, 30, 10]  # BFCL's parallel answers hold mostly 2 to 4 calls
_LANES = 3  # simple, multiple and irrelevance each have ordinals of their own; parallel kinds reuse the first two
_SHARED_ORDINALS = 8


class Catalog(NamedTuple):
    """The functions a job may use, in a fixed order."""

    functions: dict[str, Function]
    domains: dict[str, tuple[Function, ...]]
    sizes: dict[str, int]
    """Characters of each function's JSON."""

    def eligible(self, kind: Kind) -> dict[str, tuple[Function, ...]]:
        """Functions by domain that can be the first of a candidate of this kind."""
        if kind != "parallel":
            return self.domains
        chosen = {
            domain: tuple(function for function in functions if function.parameters.get("properties"))
            for domain, functions in self.domains.items()
        }
        return {domain: functions for domain, functions in chosen.items() if functions}

    def shortfall(self, kind: Kind) -> str | None:
        """Why no candidate of this kind can be made at all, or None."""
        if not self.functions:
            return "no function of this split in the documents"
        if kind == "parallel" and not self.eligible(kind):
            return "no function has a parameter, so two calls of it could not differ"
        families = {function.family_id for function in self.functions.values()}
        names = {function.name for function in self.functions.values()}
        if kind in ("multiple", "parallel_multiple", "irrelevance") and min(len(families), len(names)) < 2:
            return "needs at least two functions of different name and shape"
        return None


def build_catalog(functions: Sequence[Function]) -> Catalog:
    """Group functions by domain; the order given is the order kept."""
    by_domain: dict[str, list[Function]] = defaultdict(list)
    for function in functions:
        by_domain[function.domain].append(function)
    return Catalog(
        {function.function_id: function for function in functions},
        {domain: tuple(members) for domain, members in sorted(by_domain.items())},
        {function.function_id: len(json.dumps(function.tool, ensure_ascii=False)) for function in functions},
    )


def plan_candidate(catalog: Catalog, kind: Kind, index: int, seed: str, language: Language | None) -> Plan:
    """Plan candidate `index` of a kind; domains take turns, and within a domain its functions do.

    Args:
        catalog: at least what `Catalog.shortfall(kind)` asks for.
        seed: names the job's draw of candidates; another seed gives other candidates.
        language: of every query; None: each function's own.
    """
    rng = random.Random(f"{seed}/{kind}/{index}")
    function, visit = _take_turn(catalog, kind, index, seed)
    if kind == "parallel":
        calls = rng.choices(_CALLS, _CALLS_WEIGHTS)[0]
        cells = [_cell(function, _shared_ordinal(visit * _CALLS[-1] + n), language) for n in range(calls)]
        return Plan(kind=kind, index=index, cells=tuple(cells), offered=(function.function_id,))
    if kind == "parallel_multiple":
        return _plan_parallel_multiple(catalog, index, function, visit, rng, language)
    if kind == "irrelevance":
        return _plan_irrelevance(catalog, index, function, visit, rng, language)
    cell = _cell(function, visit * _LANES + (kind == "multiple"), language)
    offered = [function]
    if kind == "multiple":
        offered += _distractors(catalog, rng, [function], _distractor_count(rng))
        rng.shuffle(offered)
    return Plan(kind=kind, index=index, cells=(cell,), offered=tuple(f.function_id for f in offered))


def _plan_parallel_multiple(
    catalog: Catalog, index: int, first: Function, visit: int, rng: random.Random, language: Language | None
) -> Plan:
    wanted = rng.choices(_CALLS, _CALLS_WEIGHTS)[0] - 1
    called = [first, *_distractors(catalog, rng, [first], wanted, same_language=language is None)]
    cells = [_cell(first, _shared_ordinal(visit), language)]
    cells += [_cell(other, _shared_ordinal(rng.randrange(_SHARED_ORDINALS)), language) for other in called[1:]]
    offered = called + _distractors(catalog, rng, called, rng.choice([0, 0, 1, 1, 2, 3]))
    rng.shuffle(offered)
    return Plan(
        kind="parallel_multiple", index=index, cells=tuple(cells), offered=tuple(f.function_id for f in offered)
    )


def _plan_irrelevance(
    catalog: Catalog, index: int, asked: Function, visit: int, rng: random.Random, language: Language | None
) -> Plan:
    cell = _cell(asked, visit * _LANES + 2, language)
    source = ("unrelated", "near_miss", "taken_away")[index % 3]
    near = [f for f in catalog.domains[asked.domain] if f.family_id != asked.family_id]
    far = [f for f in catalog.functions.values() if f.domain != asked.domain and f.family_id != asked.family_id]
    if source == "near_miss" and near:
        offered = _fitting(catalog, rng, [asked], near, rng.randint(1, 4))
    elif source == "unrelated" and far:
        offered = _fitting(catalog, rng, [asked], far, rng.randint(1, 4))
    else:
        source = "taken_away"
        offered = _distractors(catalog, rng, [asked], _distractor_count(rng))
    return Plan(
        kind="irrelevance", index=index, cells=(cell,), offered=tuple(f.function_id for f in offered), source=source
    )


def _take_turn(catalog: Catalog, kind: Kind, index: int, seed: str) -> tuple[Function, int]:
    """The function whose turn it is, and how often it had one before."""
    domains = catalog.eligible(kind)
    cycle, place = divmod(index, len(domains))
    order = list(domains)
    random.Random(f"{seed}/{kind}/domains/{cycle}").shuffle(order)
    members = list(domains[order[place]])
    random.Random(f"{seed}/{kind}/{order[place]}").shuffle(members)
    visit, member = divmod(cycle, len(members))
    return members[member], visit


def _cell(function: Function, ordinal: int, language: Language | None) -> Cell:
    return Cell(function_id=function.function_id, ordinal=ordinal, language=language or function.language)


def _shared_ordinal(count: int) -> int:
    """The count-th of the ordinals that simple and multiple pay for: 0, 1, 3, 4, 6, 7, …"""
    return count // 2 * _LANES + count % 2


def _distractor_count(rng: random.Random) -> int:
    return rng.randint(*rng.choices(_DISTRACTOR_RANGES, _DISTRACTOR_WEIGHTS)[0])


def _distractors(
    catalog: Catalog, rng: random.Random, beside: Sequence[Function], count: int, same_language: bool = False
) -> list[Function]:
    """Other functions: those of the same domain first, then any."""
    domain = beside[0].domain
    near = _fitting(catalog, rng, beside, catalog.domains[domain], count)
    if len(near) == count:
        return near
    others = [f for f in catalog.functions.values() if f.domain != domain]
    if same_language:
        others = [f for f in others if f.language == beside[0].language]
    return near + _fitting(catalog, rng, [*beside, *near], others, count - len(near))


def _fitting(
    catalog: Catalog, rng: random.Random, beside: Sequence[Function], pool: Sequence[Function], count: int
) -> list[Function]:
    """Up to `count` of the pool at random: no family or name twice, within the offer's size."""
    families = {function.family_id for function in beside}
    names = {function.name for function in beside}
    room = MAX_OFFERED_CHARACTERS - sum(catalog.sizes[function.function_id] for function in beside[1:])
    chosen: list[Function] = []
    for function in rng.sample(pool, len(pool)):
        if len(chosen) == count:
            break
        size = catalog.sizes[function.function_id]
        if function.family_id in families or function.name in names or size > room:
            continue
        chosen.append(function)
        families.add(function.family_id)
        names.add(function.name)
        room -= size
    return chosen
