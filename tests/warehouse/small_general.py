"""What lm-evaluation-harness scored of one model, and a data set of others that was imported."""

from schemas.general import GeneralAnswer, GeneralScore
from schemas.imported import ImportedSet
from schemas.record import Record


def small_general() -> list[Record]:
    """One task with one case, as `lm-eval` stores it."""
    score = GeneralScore(
        model="small", task="capitals", metric="exact_match", filter="none", value=1.0, standard_error=None, cases=1,
        task_version="1.0", fewshot=0, higher_is_better=True,
    )  # fmt: skip
    case = GeneralAnswer(
        model="small", task="capitals", doc_id=0, metric="exact_match", filter="none", value=1.0, prompt="Norway?",
        expected="Oslo", answer="Oslo",
    )  # fmt: skip
    return [score, case]


def small_import() -> list[Record]:
    """A set whose licence nobody wrote down."""
    source = ImportedSet(
        document_id="set-1", set_name="set.jsonl", set_path="sets/set.jsonl", form="xlam", licence=None,
        licence_path=None, sha256="f1", rows=3,
    )  # fmt: skip
    return [source]
