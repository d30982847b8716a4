"""Preference pairs from a small warehouse: rejects of the same query, and a model's own wrong answers."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from eval.bfcl.judge import judge
from schemas.errors import TerminalError, UsageError
from schemas.evaluation import GREEDY, Case, Given
from schemas.job import Job
from schemas.preferences import PreferencesReport
from schemas.sample import Call, Pair, Sample
from schemas.verdict import Check
from tasks.own_samples import read_own_samples
from tasks.preferences import read_message
from tasks.preferences_run import PreferenceWords, make_or_refuse, make_preferences
from tasks.rounds_practice import practice_cases
from tasks.score_cases import make_score
from tests.eval.scripted_endpoint import How, ScriptedEndpoint
from tests.http_server import HttpRequest
from tests.warehouse.small_job import commit_small_job
from training.rows import find_files, read_conversations, read_preferences
from warehouse.store import Warehouse

EVALUATION = Job(
    flow="evaluate",
    parameters={"targets": [{"label": "student", "fingerprint": "f7"}, {"label": "teacher", "fingerprint": "f8"}]},
    document_ids=(),
    seed=0,
)


class Small:
    """A home whose warehouse holds the small job, and an evaluation of its samples."""

    def __init__(self, folder: Path) -> None:
        self.warehouse, self.job = commit_small_job(folder)
        self.cases = practice_cases(read_own_samples(self.warehouse, self.job.job_id))

    def answer(
        self, model: str, how: How, repeat: int = 0, cases: tuple[Case, ...] | None = None, run_id: str = "run-e"
    ) -> None:
        """Store what the scripted endpoint answers, judged by our scorer."""
        endpoint = ScriptedEndpoint(self.cases, (how,))
        scores = []
        for case in self.cases if cases is None else cases:
            asked = {"messages": [dict(message) for message in case.messages], "tools": list(case.tools)}
            body = json.dumps(asked).encode()
            reply = json.loads(endpoint.handle(HttpRequest("POST", "/v1/chat/completions", {}, body)).body)
            message = reply["choices"][0]["message"]
            calls = tuple(call["function"] for call in message.get("tool_calls") or ())
            judgement = judge(case, Given(calls=calls, text=message["content"]))
            facts = {"mode": "fc", "sampling": GREEDY.name, "repeat": repeat, "raw": json.dumps(message)}
            empty = dict.fromkeys(("latency_ms", "prompt_tokens", "completion_tokens"))
            scores.append(
                make_score(case, judgement, model=model, answer_id=f"answer {case.case_id}", **facts, **empty)
            )
        run = self.job.run.model_copy(update={"run_id": run_id, "job_id": EVALUATION.job_id, "flow": "evaluate"})
        self.warehouse.commit([EVALUATION, run, *self.cases, *scores], EVALUATION.job_id, run_id)

    def reject(self, accepted: Sample, call: Call, **changes: Any) -> None:
        """A call that another job's check of arguments refused, for the query of an accepted sample."""
        pair = self.job.pairs[0].model_copy(
            update={"pair_id": "rejected", "query": accepted.query, "call": call, "state": "rejected", **changes}
        )
        refused = Pair.model_validate({**dict(pair), "stage": "check", "reason": "missing_required"})
        self.warehouse.commit([refused], "other-job", "run-other")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    monkeypatch.setenv("CALLMILL_HOME", str(tmp_path))
    return Small(tmp_path)


def make(out: Path, **words: Any) -> PreferencesReport:
    """The report of one call."""
    return asyncio.run(make_preferences(PreferenceWords(out, **words)))


def rows_of(small: Small, report: PreferencesReport) -> list[dict[str, Any]]:
    """What the warehouse has of them."""
    rows = small.warehouse.read_named("preferences").to_dicts()
    return [row for row in rows if row["job_id"] == report.job_id]


def test_a_models_wrong_answers_stand_against_the_expected_ones(small: Small, tmp_path: Path) -> None:
    small.answer("student", "wrong")
    report = make(tmp_path / "pairs", run_id="run-e")
    assert report.rows == len(small.cases) == 5
    assert report.written_by == {"student": 5}
    assert report.chosen_by == {"unknown": 5}  # the small job's parameters name no writer
    rows = {row["kind"]: row for row in rows_of(small, report)}
    simple = rows["simple"]
    assert json.loads(simple["chosen"])["tool_calls"][0]["function"]["arguments"] == '{"city": "Lisbon"}'
    assert json.loads(simple["rejected"])["tool_calls"][0]["function"]["arguments"] == '{"city": "Lisbon indeed"}'
    assert simple["error_type"] == "value_error:string"
    assert (simple["answered_run_id"], simple["fingerprint"]) == ("run-e", "f7")
    assert simple["sample_job_id"] == small.job.job_id
    assert rows["irrelevance"]["error_type"] == "irrelevance_error:decoder_success"


def test_the_folder_is_what_dpo_reads_and_the_same_bytes_again(small: Small, tmp_path: Path) -> None:
    small.answer("student", "wrong")
    first, again = make(tmp_path / "pairs", run_id="run-e"), make(tmp_path / "again", job_id=EVALUATION.job_id)
    read = list(read_preferences(find_files(tmp_path / "pairs")))
    assert len(read) == first.rows
    assert all(each.chosen.messages[:-1] == each.rejected.messages[:-1] for each in read)
    assert first.content_sha256 == again.content_sha256 != ""
    manifest = PreferencesReport.model_validate_json((tmp_path / "pairs" / "manifest.json").read_text())
    assert manifest == first
    assert first.job_id == again.job_id, "the last run, found or named, is the same work"
    assert len(rows_of(small, again)) == first.rows, "a pair is stored once"


def test_documents_of_a_folder_of_pairs_are_those_of_its_samples(small: Small, tmp_path: Path) -> None:
    """So that a training on them is scored on the functions of the same documents by itself."""
    small.answer("student", "wrong")
    report = make(tmp_path / "pairs", run_id="run-e")
    named = {"job_id": report.job_id}
    assert small.warehouse.read_named("documents_of_dataset", named).height == len(small.job.documents)


@pytest.mark.parametrize(
    ("how", "left_out"),
    [("right", {"right": 5}), ("broken", {"unreadable": 4, "right": 1}), ("words", {"right": 1})],
)
def test_what_gives_no_pair_is_counted(small: Small, tmp_path: Path, how: How, left_out: dict[str, int]) -> None:
    small.answer("student", how)
    report = make(tmp_path / "pairs", run_id="run-e")
    assert report.left_out == left_out
    assert report.rows == 5 - sum(left_out.values())
    assert (report.folder is None) == (report.rows == 0)


def test_equal_wrong_answers_of_several_draws_are_one_pair(small: Small, tmp_path: Path) -> None:
    small.answer("student", "wrong")
    small.answer("student", "wrong", repeat=1)
    small.answer("student", "empty", repeat=2)
    report = make(tmp_path / "pairs", run_id="run-e")
    assert report.rows == 9
    assert report.left_out == {"same_again": 5, "right": 1}  # nothing at all is right where nothing can be done


def test_own_right_answers_are_preferred_when_asked_for(small: Small, tmp_path: Path) -> None:
    """Rejection sampling: of several draws a right one of the model's own stands against a wrong one."""
    called = tuple(case for case in small.cases if case.possible_answer)
    small.answer("student", "wrong", cases=called)
    small.answer("student", "right", repeat=1, cases=called[:2])
    plain = make(tmp_path / "plain", run_id="run-e")
    assert "student" not in plain.chosen_by
    sampled = make(tmp_path / "sampled", run_id="run-e", chosen_from="student")
    assert sampled.chosen_by == {"student": 2, "unknown": 2}
    small.answer("teacher", "right", cases=called)
    taught = make(tmp_path / "taught", run_id="run-e", chosen_from="teacher")
    assert (taught.chosen_by, taught.written_by) == ({"teacher": 4}, {"student": 4})


def test_held_out_functions_are_never_learnt(small: Small, tmp_path: Path) -> None:
    small.answer("student", "wrong")
    change(small.warehouse, "update core_samples set split = 'test' where kind = 'simple'")
    report = make(tmp_path / "pairs", run_id="run-e")
    assert (report.rows, report.left_out) == (4, {"held_out": 1})
    change(small.warehouse, "update core_functions set split = 'test'")
    with pytest.raises(TerminalError, match="must not be learnt"):
        make(tmp_path / "none", run_id="run-e")
    assert not (tmp_path / "none").exists()


def change(warehouse: Warehouse, sql: str) -> None:
    """What no command of ours does."""
    with warehouse._open(read_only=False) as connection:
        connection.execute(sql)


def test_practice_takes_samples_of_the_train_split_alone(small: Small) -> None:
    samples = read_own_samples(small.warehouse, small.job.job_id)
    assert {case.category for case in practice_cases(samples)} >= {"practice_simple", "practice_irrelevance"}
    with pytest.raises(TerminalError, match="of split test to practise on"):
        practice_cases([samples[0].model_copy(update={"split": "test"})])
    with pytest.raises(TerminalError, match="no sample at all"):
        practice_cases([])


def test_a_reject_counts_where_the_query_is_the_very_same_and_the_calls_are_wrong(small: Small, tmp_path: Path) -> None:
    accepted = next(sample for sample in small.job.samples if sample.kind == "simple")
    before = make(tmp_path / "before", job_id=small.job.job_id)
    assert before.folder is None
    assert before.left_out == {"no_reject": 4, "not_wrong": 1}  # the duplicate says the same as the sample
    small.reject(accepted, Call(name="get_forecast", arguments={"days": 3}))
    report = make(tmp_path / "pairs", job_id=small.job.job_id)
    (row,) = rows_of(small, report)
    assert (row["source"], row["written_by"]) == ("reject", "tester-1")
    assert row["error_type"] == "simple_function_checker:missing_required"
    assert row["detail"].startswith("missing_required: ")
    assert row["answered_run_id"] == "run-other"


def test_pairs_of_a_later_run_of_the_same_evaluation_are_another_job(small: Small, tmp_path: Path) -> None:
    small.answer("student", "wrong")
    first = make(tmp_path / "first", job_id=EVALUATION.job_id)
    small.answer("student", "empty", run_id="run-f")
    second = make(tmp_path / "second", job_id=EVALUATION.job_id)
    assert (first.from_run_ids, second.from_run_ids) == (("run-e",), ("run-f",))
    assert first.job_id != second.job_id


def test_a_held_out_function_is_no_rejected_answer(small: Small, tmp_path: Path) -> None:
    """Not a call that an evaluation's job rejected, nor a sample of one that failed, for the same words."""
    accepted = next(sample for sample in small.job.samples if sample.kind == "simple")
    held_out = next(function for function in small.job.functions if function.split == "test")
    call = Call(name=held_out.name, arguments={"days": 3})
    small.reject(accepted, call, function_id=held_out.function_id)
    changes = {"sample_id": "of-test", "split": "test", "calls": (call,), "state": "composed"}
    failed = Check(sample_id="of-test", check_name="semantic", state="failed", reason="semantic:wrong_function")
    small.warehouse.commit([accepted.model_copy(update=changes), failed], "other-job", "run-other")
    report = make(tmp_path / "pairs", job_id=small.job.job_id)
    assert report.left_out == {"no_reject": 4, "not_wrong": 1}


@pytest.mark.parametrize("detail", ["z of a_first", None])
def test_a_rejects_detail_is_that_of_its_reason(small: Small, detail: str | None) -> None:
    (failed,) = [check for check in small.job.checks if check.reason == "duplicate"]
    detailed: list[dict[str, Any]] = [
        {"check_name": "arguments", "reason": "a_first", "detail": detail},
        {"check_name": "judge", "reason": "b_second", "detail": "a of b_second"},
    ]
    more = [failed.model_copy(update=each) for each in detailed]
    small.warehouse.commit(more, small.job.job_id, "run-1")
    rows = small.warehouse.read_named("rejects_of_same_query", {"job_id": small.job.job_id}).to_dicts()
    assert [(row["reason"], row["detail"]) for row in rows if row["reason"]] == [("a_first", detail)]


def test_where_there_is_nothing_to_write_the_command_says_why(small: Small, tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="gave no row \\(4 no_reject, 1 not_wrong\\)"):
        make_or_refuse(PreferenceWords(tmp_path / "pairs", job_id=small.job.job_id))


def test_recovery_rows_come_of_what_an_api_would_refuse(small: Small, tmp_path: Path) -> None:
    """Another city is served without a word; days as a list are not."""
    small.answer("student", "wrong")
    report = make(tmp_path / "recovery", run_id="run-e", form="recovery")
    assert report.error_types == {"type_error:simple": 1}
    assert report.left_out == {"no_refusal": 4}
    (conversation,) = read_conversations(find_files(tmp_path / "recovery"))
    wrong, right = conversation.messages[1], conversation.messages[-1]
    assert wrong["weight"] == 0
    assert wrong["tool_calls"][0]["function"]["arguments"]["days"] == [3]
    assert right["tool_calls"][0]["function"]["arguments"]["days"] == 3
    assert len(rows_of(small, report)) == len(small.cases), "the pairs that they were made from are stored"


def test_wrong_words_are_refused(small: Small, tmp_path: Path) -> None:
    small.answer("student", "wrong")
    with pytest.raises(UsageError, match="Give either --run RUN_ID or --job JOB_ID"):
        make(tmp_path / "pairs")
    with pytest.raises(UsageError, match="There is no run or job nowhere"):
        make(tmp_path / "pairs", run_id="nowhere")
    with pytest.raises(UsageError, match=r"No model 'other' in job .*; there are student, teacher"):
        make(tmp_path / "pairs", run_id="run-e", model="other")
    with pytest.raises(UsageError, match="rejects are its teacher's"):
        make(tmp_path / "pairs", job_id=small.job.job_id, chosen_from="student")


def test_words_around_calls_and_arguments_that_are_no_object(small: Small) -> None:
    spelled = '{"content": "Let me look.", "tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]}'
    assert read_message(spelled, "s") is None
    message = read_message(spelled.replace("[1]", "{}"), "sample-1")
    assert message is not None
    assert message["content"] == "Let me look."
    assert message["tool_calls"][0]["id"] == "call_sample-1_0"


def test_a_run_of_pairs_is_recorded(small: Small, tmp_path: Path) -> None:
    small.answer("student", "wrong")
    report = make(tmp_path / "pairs", run_id="run-e")
    runs = small.warehouse.read("select run_id from core_runs where flow = 'preferences'")
    assert runs["run_id"].to_list() == [report.run_id]
