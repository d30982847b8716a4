"""Two judged answers to two cases of a suite: a call that is right, and a call where none was wanted."""

from schemas.evaluation import Case, Score

_TOOL = {"name": "get_forecast", "parameters": {"type": "dict", "properties": {}, "required": []}}


def small_cases() -> list[Case]:
    """One case that wants a call, one that wants none."""
    wanted = Case(
        case_id="simple_python_1",
        suite="tiers",
        category="simple",
        rule="simple_python",
        messages=({"role": "user", "content": "Will it rain?"},),
        functions=(_TOOL,),
        tools=({"type": "function", "function": _TOOL},),
        possible_answer=({"get_forecast": {}},),
    )
    changes = {"case_id": "irrelevance_1", "category": "irrelevance", "rule": "irrelevance", "possible_answer": ()}
    return [wanted, wanted.model_copy(update=changes)]


def small_scores() -> list[Score]:
    """One answer to each."""
    right, wrong = small_cases()
    return [_score(right, None), _score(wrong, "irrelevance_error:decoder_success")]


def _score(case: Case, error_type: str | None) -> Score:
    return Score(
        case_id=case.case_id,
        suite=case.suite,
        category=case.category,
        model="small",
        mode="fc",
        sampling="greedy",
        repeat=0,
        valid=error_type is None,
        error_type=error_type,
        reason=error_type.partition(":")[2] if error_type else None,
        outcome="called",
        step="called_anyway" if error_type else None,
        detail=None,
        our_valid=error_type is None,
        our_error_type=error_type,
        second_valid=error_type is None,
        is_disputed=False,
        leniencies=(),
        bfcl_valid=error_type is None,
        calls='[{"get_forecast": {}}]',
        raw="{}",
        answer_id=None,
        latency_ms=12.5,
        prompt_tokens=40,
        completion_tokens=9,
    )
