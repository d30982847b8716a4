"""Made-up scores, cases and reports for the tests of what is shown."""

import random
from collections.abc import Sequence
from typing import Any

from eval.compare import compare_scores
from eval.summary import summarise_scores
from schemas.evaluation import (
    Case,
    EvaluationReport,
    Mode,
    ModelReport,
    Overall,
    PublishedScore,
    Score,
    Step,
)  # fmt: skip

_ATTACK = "document.title='broken'"
HOSTILE = f'</script><script>{_ATTACK}</script><img src=x onerror="{_ATTACK}"> {{{{ 7 * 7 }}}} <!-- \u2028 \ud83d'
"""What a model might answer to a page that is not careful."""


def score(**changed: Any) -> Score:
    """A right answer, or with what is changed."""
    valid = changed.get("valid", True)
    fields: dict[str, Any] = {
        "case_id": "simple_python_0",
        "suite": "bfcl",
        "category": "simple_python",
        "model": "model-a",
        "mode": "fc",
        "sampling": "greedy",
        "repeat": 0,
        "valid": valid,
        "error_type": None if valid is not False else "value_error:string",
        "reason": None if valid is not False else "string",
        "outcome": "called",
        "step": None if valid is not False else "value",
        "detail": None if valid is not False else "area(unit): 'm' came, one of ['cm'] was expected",
        "our_valid": valid,
        "our_error_type": None if valid is not False else "value_error:string",
        "second_valid": valid,
        "is_disputed": False,
        "leniencies": (),
        "bfcl_valid": valid,
        "calls": '[{"area": {"side": 3, "unit": "m"}}]',
        "raw": '{"role": "assistant", "content": null}',
        "answer_id": None,
        "latency_ms": 812.5,
        "prompt_tokens": 200,
        "completion_tokens": 20,
    }
    return Score(**(fields | changed))


def case(case_id: str = "simple_python_0", category: str = "simple_python", **changed: Any) -> Case:
    """A question about an area."""
    document = {
        "name": "area",
        "description": "Area of a square.",
        "parameters": {
            "type": "dict",
            "properties": {"side": {"type": "integer", "description": "Its side."}, "unit": {"type": "string"}},
            "required": ["side"],
        },
    }
    refuses = "irrelevance" in category
    fields: dict[str, Any] = {
        "case_id": case_id,
        "suite": "bfcl",
        "category": category,
        "rule": category,
        "messages": ({"role": "user", "content": f"How large is a square of side 3 cm? ({case_id})"},),
        "functions": (document,),
        "tools": ({"type": "function", "function": document},),
        "possible_answer": () if refuses else ({"area": {"side": [3], "unit": ["cm", ""]}},),
    }
    return Case(**(fields | changed))


def draw_scores(
    model: str, categories: dict[str, int], strength: float, repeats: int = 1, seed: int = 1
) -> list[Score]:
    """Scores that fail at all steps, refuse in all ways, and are disputed now and then."""
    draw = random.Random(seed)
    steps: Sequence[Step] = ("form", "count", "function", "missing", "extra", "type", "value")
    made = []
    for category, cases in categories.items():
        for number in range(cases):
            for repeat in range(repeats):
                where = {"case_id": f"{category}_{number}", "category": category, "model": model, "repeat": repeat}
                where["sampling"] = "greedy" if repeats == 1 else "sampled"
                is_right = draw.random() < strength
                if "irrelevance" in category:
                    outcome = draw.choice(
                        ["refused", "refused", "asked_back", "empty", "unparsable"] if is_right else ["called"]
                    )
                    step = None if is_right else "called_anyway"
                    made.append(
                        score(
                            **where,
                            valid=is_right,
                            outcome=outcome,
                            step=step,
                            calls=None if is_right else score().calls,
                        )
                    )
                    continue
                is_disputed = not is_right and draw.random() < 0.2
                made.append(score(
                    **where, valid=is_right, step=None if is_right else draw.choices(steps, [2, 3, 4, 3, 3, 5, 9])[0],
                    is_disputed=is_disputed, second_valid=is_right or is_disputed,
                    leniencies=("default_given",) if is_disputed else (), latency_ms=draw.uniform(300, 2500),
                ))  # fmt: skip
    return made


def cases_of(scores: Sequence[Score]) -> dict[str, Case]:
    """A question for each of them."""
    return {one.case_id: case(one.case_id, one.category) for one in scores}


def model_report(model: str, scores: Sequence[Score], mode: Mode = "fc", **changed: Any) -> ModelReport:
    """The summary of one model."""
    fields: dict[str, Any] = {"left_out": (), "endpoint": "http://127.0.0.1:8000/v1"} | changed
    return ModelReport(model=model, mode=mode, categories=summarise_scores(scores), **fields)


def evaluation(scores: Sequence[Score], **changed: Any) -> EvaluationReport:
    """The report over the scores of one or several models; the first is compared with the others."""
    by_model: dict[str, list[Score]] = {}
    for one in scores:
        by_model.setdefault(one.model, []).append(one)
    first, *others = by_model or {"": []}
    fields: dict[str, Any] = {
        "job_id": "3f2a9c01d4e5b6a7c8d9",
        "run_id": "0a1b2c3d4e5f60718293",
        "suite": "bfcl",
        "suite_version": "2026.3.23",
        "suite_hash": "9e107d9d372bb6826bd8",
        "models": tuple(model_report(model, own) for model, own in by_model.items()),
        "comparisons": tuple(
            comparison
            for other in others
            for comparison in compare_scores(by_model[first], by_model[other], first, other)
        ),
        "report_path": "report.html",
        "seconds": 812.0,
    }
    return EvaluationReport(**(fields | changed))


def tier_figures() -> tuple[PublishedScore, ...]:
    """Two figures from elsewhere."""
    return (
        PublishedScore(
            model="Elsewhere-1", scores_pct={"simple": 96.8, "medium": 94.0, "hard": 88.0}, source="a table"
        ),
        PublishedScore(model="Elsewhere-2", scores_pct={"simple": 83.2}, source="a table"),
    )


def overall() -> Overall:
    """BFCL's summary of a run that left much out."""
    groups = {"non_live": 0.835, "live": None, "irrelevance": 0.71, "multi_turn": None, "agentic": None}
    rows = ({"Rank": "1", "Overall Acc": "15.45%"},)
    return Overall(
        overall=0.1545, sub_overall=0.7725, groups=groups, not_run=("live_simple", "multi_turn_base"), table=rows
    )
