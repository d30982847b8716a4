"""One pair: the small job's first sample, against a call of a model of ours with another city."""

from typing import Any

from schemas.preferences import Preference
from schemas.sample import Sample


def small_preference(sample: Sample) -> Preference:
    """As an evaluation's wrong answer gives it."""
    wrong = {"name": "get_forecast", "arguments": '{"city": "Lagos"}'}
    rejected: dict[str, Any] = {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "call_0", "type": "function", "function": wrong}],
    }
    return Preference(
        pair_id="pair-1",
        source="answer",
        sample_id=sample.sample_id,
        kind=sample.kind,
        language=sample.language,
        prompt=sample.messages[:-1],
        tools=sample.tools,
        chosen=sample.messages[-1],
        rejected=rejected,
        chosen_by="tester",
        written_by="small",
        fingerprint="f1",
        error_type="value_error:string",
        detail=None,
        answer_ids=(),
        answered_run_id="run-0",
    )
