"""What is asked of an evaluation: whom, on what, how often."""

import urllib.parse
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from schemas.errors import UsageError
from schemas.evaluation import GREEDY, SAMPLED, Mode, Sampling, Suite
from schemas.record import Record
from schemas.serve import BackendChoice, EngineName

Origin = Literal["public", "own", "all"]
SamplingChoice = Literal["greedy", "sampled", "both"]


class Target(Record):
    """A model under test: an endpoint, or a folder that is served for the occasion."""

    address: str
    """Web address ending in /v1, folder of a model (FOLDER@none: without token masks), or name of a server that
    `callmill serve` runs."""
    model: str | None = None
    """What the endpoint calls it; none: the only one that it lists."""

    @property
    def is_url(self) -> bool:
        """Whether it is reached over the network as it stands."""
        return self.address.startswith(("http://", "https://"))


class FolderServing(Record):
    """How a model's folder is served while it is evaluated."""

    engine: EngineName = "embedded"
    call_format: str = "hermes"
    backend: BackendChoice = "xgrammar"
    """Makes token masks; FOLDER@none in the place of FOLDER says otherwise for that target alone."""


class EvaluationOptions(Record):
    """What was asked of `evaluate`; everything here is part of the job's identity."""

    targets: tuple[Target, ...] = Field(min_length=1)
    """The model, then those it is compared with."""
    suite: Suite = "tiers"
    mode: Mode = "fc"
    categories: str = "all"
    """BFCL: categories or groups, with commas."""
    origin: Origin = "all"
    """Tiers: BFCL's public sets, the user's own documents, or both."""
    own_samples: int = Field(100, ge=1)
    """Tiers and kinds: cases made from the user's documents."""
    limit: int | None = Field(None, ge=1)
    """Most cases of a category."""
    samplings: tuple[Sampling, ...] = (GREEDY,)
    repeats: int = Field(1, ge=1)
    """Draws of each case under each sampling."""
    max_tokens: int | None = Field(None, ge=1)
    """Of each answer; none: the endpoint's own, as BFCL leaves it."""
    serving: FolderServing = FolderServing()


def parse_target(text: str) -> Target:
    """Read `ADDRESS` or `URL=model`; a folder's name may hold an equals sign.

    Raises:
        UsageError: nothing stands behind the equals sign, or the address holds a secret.
    """
    if text.startswith(("http://", "https://")):
        try:
            parts = urllib.parse.urlsplit(text)
        except ValueError as error:
            raise UsageError(f"'{text}' is no web address ({error}); expected one like http://HOST:PORT/v1.") from None
        if parts.query or parts.username or parts.password or "?" in text:
            raise UsageError(
                f"The address of {parts.hostname} holds a password or a query, which would be written down with the "
                "run; take it out and set CALLMILL_EVALUATE_API_KEY."
            )
    address, sign, model = text.rpartition("=")
    if not sign or not address.startswith(("http://", "https://")):
        return Target(address=text.rstrip("/") if text.startswith("http") else text)
    if not model:
        raise UsageError(f"'{text}' names no model after the equals sign; write URL=model, or the URL alone.")
    return Target(address=address.rstrip("/"), model=model)


def choose_samplings(choice: SamplingChoice) -> tuple[Sampling, ...]:
    """Greedy, the reference's sampling, or both."""
    return {"greedy": (GREEDY,), "sampled": (SAMPLED,), "both": (GREEDY, SAMPLED)}[choice]


def describe_evaluation(
    models: Sequence[str],
    suite: Suite,
    mode: Mode,
    categories: str,
    origin: Origin,
    own_samples: int,
    limit: int | None,
    sampling: SamplingChoice,
    repeats: int,
    max_tokens: int | None,
    serving: FolderServing | None,
) -> EvaluationOptions:
    """Options as a record.

    Raises:
        UsageError: says which word is off.
    """
    if suite != "bfcl" and mode != "fc":
        raise UsageError(f"The suite {suite} offers functions as tools; leave out --mode, or take --suite bfcl.")
    if suite != "bfcl" and categories != "all":
        raise UsageError(f"The suite {suite} has no BFCL categories; leave out --categories, or take --suite bfcl.")
    if suite != "tiers" and origin != "all":
        raise UsageError(f"The suite {suite} has one origin; leave out --from, or take --suite tiers.")
    for name, value in (("limit", limit), ("repeats", repeats), ("samples", own_samples), ("max-tokens", max_tokens)):
        if value is not None and value < 1:
            raise UsageError(f"--{name} {value} is too few; ask for 1 or more.")
    return EvaluationOptions(
        targets=tuple(parse_target(text) for text in models),
        suite=suite,
        mode=mode,
        categories=categories,
        origin=origin,
        own_samples=own_samples,
        limit=limit,
        samplings=choose_samplings(sampling),
        repeats=repeats,
        max_tokens=max_tokens,
        serving=serving or FolderServing(),
    )
