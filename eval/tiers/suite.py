"""The four tiers, or the five kinds, as one list of cases, fixed by a hash.

simple: one function, one instruction; medium: several offered, one call; hard: several functions and instructions;
enterprise: the same over the user's own documents, with nesting, enums or lists.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

from eval.tiers.bfcl_data import BfclData, SingleTurnCategory
from eval.tiers.own_cases import OwnSample, case_from_sample, is_enterprise
from eval.tiers.tools import convert_documents
from schemas.errors import TerminalError, UsageError
from schemas.evaluation import Case, Tier
from schemas.evaluation_options import Origin
from schemas.record import Record, canonical_json, content_id
from schemas.sample import KINDS, Kind

SUITE_VERSION = "tiers-1"
KINDS_VERSION = "kinds-1"
TIERS: tuple[Tier, ...] = get_args(Tier)
_PUBLIC_CATEGORIES: dict[Tier, SingleTurnCategory] = {
    "simple": "simple_python",
    "medium": "multiple",
    "hard": "parallel_multiple",
}
_TIER_OF_KIND: dict[Kind, Tier] = {"simple": "simple", "multiple": "medium"}
_TIERS_FROM_OWN: dict[Origin, tuple[Tier, ...]] = {"public": (), "own": TIERS, "all": ("enterprise",)}
_HOW_TO_GET_OWN = "Give your documents by --apis: samples of their test split are made."


class TierSuite(Record):
    """What is asked of every model."""

    suite_version: str
    suite_hash: str
    """SHA-256 of all cases as canonical JSON; equal hashes, equal questions."""
    cases: tuple[Case, ...]
    """Tier by tier, each in an order that only the cases' ids decide."""
    notes: tuple[str, ...]
    """What is missing, and why."""


def build_suite(
    origin: Origin = "all", data: BfclData | None = None, own: Sequence[OwnSample] = (), limit: int | None = None
) -> TierSuite:
    """Choose the cases.

    Args:
        origin: public: BFCL's sets for simple, medium and hard; own: all four from the samples; all: the public three
            and enterprise from the samples.
        data: needed unless origin is own.
        own: accepted samples whose functions are all of the test split.
        limit: at most so many cases a tier, the same ones for everybody and the first of any larger limit.

    Raises:
        UsageError: the limit is below 1, or public sets are wanted without data.
        TerminalError: a sample is not of the test split or comes twice, or there is no case at all.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"A limit of {limit} cases a tier; expected at least 1.")
    _refuse_bad_samples(own)
    tiers: dict[Tier, list[Case]] = {} if origin == "own" else _public_tiers(data)
    own_tiers = _own_tiers(own)
    tiers |= {tier: own_tiers[tier] for tier in _TIERS_FROM_OWN[origin]}
    cases = [case for tier in TIERS for case in _take(tiers.get(tier, []), limit)]
    if not cases:
        raise TerminalError(f"No case for any tier: {len(own)} samples given, none fits. {_HOW_TO_GET_OWN}")
    return TierSuite(
        suite_version=SUITE_VERSION,
        suite_hash=_hash_cases(cases),
        cases=tuple(cases),
        notes=(*_note_shortfalls(tiers, len(own), limit), *_note_unused(origin, own)),
    )


def build_kinds(own: Sequence[OwnSample], limit: int | None = None) -> TierSuite:
    """The five kinds over own documents, each counted by itself.

    Raises:
        UsageError: the limit is below 1.
        TerminalError: a sample is not of the test split or comes twice, or there is none.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"A limit of {limit} cases a kind; expected at least 1.")
    _refuse_bad_samples(own)
    cases = [
        case
        for kind in KINDS
        for case in _take([case_from_sample(sample) for sample in own if sample.kind == kind], limit)
    ]
    if not cases:
        raise TerminalError(f"The five kinds are asked over your own documents and none were given. {_HOW_TO_GET_OWN}")
    missing = [kind for kind in KINDS if all(case.category != kind for case in cases)]
    return TierSuite(
        suite_version=KINDS_VERSION,
        suite_hash=_hash_cases(cases),
        cases=tuple(cases),
        notes=tuple(f"{kind} not run: none of the {len(own)} samples is of it." for kind in missing),
    )


def tier_of(sample: OwnSample) -> Tier | None:
    """The tier that a sample belongs to; none for the kinds that no tier asks."""
    if sample.kind == "parallel_multiple":
        return "enterprise" if is_enterprise(sample) else "hard"
    return _TIER_OF_KIND.get(sample.kind)


def _hash_cases(cases: Sequence[Case]) -> str:
    texts = [canonical_json(case.model_dump(mode="json")) for case in cases]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _public_tiers(data: BfclData | None) -> dict[Tier, list[Case]]:
    if data is None:
        raise UsageError("The public tiers need BFCL's data and none were given. Take `--from own` to do without.")
    return {tier: _public_cases(data, tier, category) for tier, category in _PUBLIC_CATEGORIES.items()}


def _public_cases(data: BfclData, tier: Tier, category: SingleTurnCategory) -> list[Case]:
    return [
        Case(
            case_id=entry.id,
            suite="tiers",
            category=tier,
            rule=category,
            messages=entry.question[0],
            functions=entry.function,
            tools=convert_documents(entry.function, "python"),
            possible_answer=entry.ground_truth,
        )
        for entry in data.load_category(category)
    ]


def _own_tiers(own: Sequence[OwnSample]) -> dict[Tier, list[Case]]:
    tiers: dict[Tier, list[Case]] = {tier: [] for tier in TIERS}
    for sample in own:
        tier = tier_of(sample)
        if tier is not None:
            tiers[tier].append(case_from_sample(sample, tier))
    return tiers


def _take(cases: Sequence[Case], limit: int | None) -> Sequence[Case]:
    return sorted(cases, key=lambda case: content_id(SUITE_VERSION, case.case_id))[:limit]


def _refuse_bad_samples(own: Sequence[OwnSample]) -> None:
    """Functions of the training split may have been trained on: a score over them says nothing."""
    foreign = [sample for sample in own if sample.split != "test"]
    if foreign:
        raise TerminalError(
            f"{len(foreign)} of {len(own)} samples are not of the test split, first {foreign[0].sample_id} of split"
            f" {foreign[0].split}; an evaluation takes only those of test. {_HOW_TO_GET_OWN}"
        )
    twice = [sample_id for sample_id, count in Counter(sample.sample_id for sample in own).items() if count > 1]
    if twice:
        raise TerminalError(f"{len(twice)} samples come twice, first {twice[0]}; expected each once.")


def _note_shortfalls(tiers: Mapping[Tier, Sequence[Case]], samples: int, limit: int | None) -> list[str]:
    notes = []
    for tier in TIERS:
        if tier not in tiers:
            notes.append(f"{tier} not run: only the public sets were asked for, and it has none.")
        elif not tiers[tier] and not samples:
            notes.append(
                f"{tier} not run: it takes samples over your own documents and none were given. {_HOW_TO_GET_OWN}"
            )
        elif not tiers[tier]:
            notes.append(f"{tier} not run: none of the {samples} samples of your own documents fits it.")
        elif limit is not None and len(tiers[tier]) < limit:
            notes.append(f"{tier} has {len(tiers[tier])} of the {limit} cases asked for.")
    return notes


def _note_unused(origin: Origin, own: Sequence[OwnSample]) -> list[str]:
    """Samples that were given and are in no tier."""
    unused = Counter(sample.kind for sample in own if tier_of(sample) not in _TIERS_FROM_OWN[origin])
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(unused.items()))
    return [f"{unused.total()} samples of your own documents are in no tier of this suite: {told}."] if unused else []
