"""Preference pairs and recovery rows, the folders that hold them, and rounds of training on them."""

from typing import Any, Literal

from schemas.dataset import DatasetFile
from schemas.function import Language
from schemas.record import Record
from schemas.sample import Kind

PreferenceSource = Literal["reject", "answer"]
"""reject: what a synth job rejected for the very same query; answer: a model's own wrong answer in an evaluation."""

LeftOut = Literal[
    "right",
    "no_verdict",
    "disputed",
    "held_out",
    "no_sample",
    "unreadable",
    "same_again",
    "no_reject",
    "not_wrong",
    "no_refusal",
]
"""Why an answer gave no row.

right: nothing to prefer another to. no_verdict: the server failed. disputed: the second opinion lets it pass. held_out:
the case offers functions that are not of the train split. no_sample: the case is none of our samples. unreadable: its
calls are no JSON, so no template can spell them. same_again: the same pair is there. no_reject: nothing was rejected
for this accepted sample's query. not_wrong: what was rejected answers the query by BFCL's rules. no_refusal: no API
would refuse these calls, so there is nothing to recover from.
"""

RowForm = Literal["pairs", "recovery"]
"""pairs: prompt, chosen and rejected, for DPO; recovery: messages in which a refused call is mended, for SFT."""


class Preference(Record):
    """One question, a right and a wrong answer to it, and who wrote them."""

    pair_id: str
    """Content hash of sample, writer and both answers."""
    source: PreferenceSource
    sample_id: str
    """The accepted sample whose question it is; of an evaluation's case also the case_id."""
    kind: Kind
    language: Language
    prompt: tuple[dict[str, Any], ...]
    """OpenAI chat form, without the answer."""
    tools: tuple[dict[str, Any], ...]
    """OpenAI chat form, in the order offered."""
    chosen: dict[str, Any]
    """An assistant's message."""
    rejected: dict[str, Any]
    """An assistant's message."""
    chosen_by: str
    """Model that wrote the right answer: the sample's teacher, or a model of ours that was asked."""
    written_by: str
    """Model that wrote the wrong answer."""
    fingerprint: str | None
    """Of the folder of the model that wrote the wrong answer; none: it was reached by its address."""
    error_type: str
    """What is wrong, in BFCL's words."""
    detail: str | None
    answer_ids: tuple[str, ...]
    """Stored answers that the wrong one comes from."""
    answered_run_id: str
    """The run in which it was given."""


class RecoveryRow(Record):
    """A conversation in which a refused call is mended."""

    pair_id: str
    """The preference that it was made from."""
    source: PreferenceSource
    sample_id: str
    kind: Kind
    language: Language
    written_by: str
    """Model that wrote the wrong call."""
    chosen_by: str
    """Model that wrote the right one."""
    error_type: str
    """Why the first refused call was refused, in the words of our own check of arguments."""
    messages: tuple[dict[str, Any], ...]
    """User, wrong calls (weight 0: shown, not learnt), results, right calls."""
    tools: tuple[dict[str, Any], ...]


class PreferencesReport(Record):
    """What `callmill preferences` made; with its files also the folder's manifest, written last."""

    format_version: Literal[1] = 1
    form: RowForm
    job_id: str
    run_id: str
    from_job_id: str
    """The evaluation or synth job that the wrong answers come from."""
    from_run_ids: tuple[str, ...]
    folder: str | None
    """None: there was no row to write."""
    rows: int
    sources: dict[str, int]
    error_types: dict[str, int]
    kinds: dict[str, int]
    written_by: dict[str, int]
    chosen_by: dict[str, int]
    left_out: dict[LeftOut, int]
    files: tuple[DatasetFile, ...] = ()
    content_sha256: str = ""
    """Of the data files; equal for equal rows."""


class RoundReport(Record):
    """One training of `callmill rounds` and what its model scores."""

    number: int
    """0: the supervised training that the rounds start from."""
    method: str
    base_model: str
    model_path: str
    rows: int
    """That it learnt from."""
    practice: dict[str, float]
    """Share right by kind on the practice cases, of the model that this one starts from; empty for number 0."""
    pairs: PreferencesReport | None
    """None for number 0."""
    last_loss: float | None
    seconds: float
    scores: dict[str, float]
    """Share right by category on held-out functions, `all` included; empty where it was not scored."""
    evaluation_run_id: str | None
    report_path: str | None
    """The evaluation's page."""


class RoundsReport(Record):
    """What `callmill rounds` came to."""

    job_id: str
    run_id: str
    base_model: str
    base_scores: dict[str, float]
    """Of the model that the supervised training started from; empty where it is no folder."""
    draws: int
    """Answers drawn per practice case; 1: no rejection sampling."""
    teacher: str | None
    """Checkpoint whose right answers were preferred."""
    rounds: tuple[RoundReport, ...]
    notes: tuple[str, ...]
    seconds: float
