"""Reading and mending what the harness writes, from small files in its form."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.official.categories import Category
from eval.official.dataset import read_case_ids, read_prerequisite_ids
from eval.official.files import (
    mend_memory,
    mend_results,
    prerequisite_path,
    read_lines,
    result_path,
    score_path,
    snapshot_folder,
)
from eval.official.results import read_count, read_official_cases
from schemas.errors import TerminalError
from schemas.evaluation import Given, GivenCall, Mode

ERROR = {"result": "Error during inference: Error code: 400", "traceback": "Traceback …"}
COUNTS = {"input_token_count": 7, "output_token_count": 3, "latency": 0.25}


def write_lines(path: Path, *lines: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_data(data: Path, category: str, size: int) -> None:
    """A category of small cases; the answers' ids are other than the questions', as some of BFCL's were."""
    questions = [
        {
            "id": f"{category}_{place}",
            "question": [[{"role": "user", "content": str(place)}]],
            "function": [{"name": "f"}],
        }
        for place in range(size)
    ]
    answers = [{"id": f"other_{place}", "ground_truth": [{"f": {"a": [place]}}]} for place in range(size)]
    write_lines(data / f"BFCL_v4_{category}.json", *questions)
    write_lines(data / "possible_answer" / f"BFCL_v4_{category}.json", *answers)


def test_results_and_verdicts_are_joined(tmp_path: Path) -> None:
    write_data(tmp_path, "parallel", 4)
    results = [
        {"id": "parallel_0", "result": [{"f": '{"a": 0}'}, {"f": "{"}], **COUNTS},
        {"id": "parallel_1", "result": "I cannot.\u2028Sorry.", **COUNTS},
        {"id": "parallel_2", **ERROR},
        {"id": "parallel_3", "result": None, **COUNTS},
    ]
    write_lines(result_path(tmp_path, "fc", "parallel"), *results)
    kind = "parallel_function_checker_no_order:cannot_find_match"
    sub_error = {"Model Result Index 0": {"sub_error": "x"}}
    write_lines(
        score_path(tmp_path, "fc", "parallel"),
        {"accuracy": 0.25, "correct_count": 1, "total_count": 4},
        {"id": "parallel_1", "valid": False, "error": ["Wrong."], "error_type": "ast_decoder:decoder_failed"},
        {"id": "parallel_2", "valid": False, "error": ["Wrong."], "error_type": "ast_decoder:decoder_failed"},
        {"id": "parallel_3", "valid": False, "error": ["No match.", sub_error], "error_type": kind},
    )
    ids = read_case_ids(tmp_path, "parallel")
    right, words, failed, nothing = read_official_cases(tmp_path, "fc", "parallel", ids, tmp_path)
    assert (right.valid, right.error_type, right.latency_ms, right.prompt_tokens) == (True, None, 250.0, 7)
    assert right.given == Given(calls=(GivenCall(name="f", arguments='{"a": 0}'), GivenCall(name="f", arguments="{")))
    assert right.case is not None
    assert right.case.possible_answer == ({"f": {"a": [0]}},)
    assert words.given == Given(text="I cannot.\u2028Sorry.")
    assert (words.valid, words.error_type, words.detail) == (False, "ast_decoder:decoder_failed", "Wrong.")
    assert (failed.is_error, failed.given, failed.latency_ms) == (True, Given(error=ERROR["result"]), None)
    assert (nothing.given, nothing.raw) == (Given(), "null")
    assert nothing.detail == f"No match.; {json.dumps(sub_error)}"


def test_several_turns_are_summed_and_have_no_case(tmp_path: Path) -> None:
    write_lines(
        result_path(tmp_path, "prompt", "memory_kv"),
        {
            "id": "memory_kv_0-customer-0",
            "result": [["x"]],
            "latency": [[0.5, 0.25], [0.25]],
            "input_token_count": [[3, 4]],
        },
    )
    error = {"error_type": "agentic:answer_not_found", "error_message": "Not found.", "details": {}}
    write_lines(
        score_path(tmp_path, "prompt", "memory_kv"),
        {"accuracy": 0.0, "correct_count": 0, "total_count": 1},
        {"id": "memory_kv_0-customer-0", "valid": False, "error": error},
    )
    (case,) = read_official_cases(tmp_path, "prompt", "memory_kv", ["memory_kv_0-customer-0"], tmp_path)
    assert (case.valid, case.error_type, case.detail) == (False, "agentic:answer_not_found", "Not found.")
    assert (case.latency_ms, case.prompt_tokens, case.completion_tokens) == (1000.0, 7, None)
    assert (case.case, case.given) == (None, None)


def test_a_score_that_does_not_fit_its_results_is_refused(tmp_path: Path) -> None:
    write_data(tmp_path, "multiple", 2)
    write_lines(result_path(tmp_path, "fc", "multiple"), {"id": "multiple_0", "result": "", **COUNTS})
    write_lines(score_path(tmp_path, "fc", "multiple"), {"accuracy": 1.0, "correct_count": 1, "total_count": 1})
    with pytest.raises(TerminalError, match="1 of 2 cases missing"):
        read_official_cases(tmp_path, "fc", "multiple", ["multiple_0", "multiple_1"], tmp_path)
    write_lines(score_path(tmp_path, "fc", "multiple"), {"accuracy": 1.0, "correct_count": 2, "total_count": 2})
    with pytest.raises(TerminalError, match="does not fit"):
        read_official_cases(tmp_path, "fc", "multiple", ["multiple_0"], tmp_path)


def test_mending_drops_errors_strangers_doubles_and_half_lines(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    good = {"id": "a", "result": "x", **COUNTS}
    # A model that only says so is no error.
    quoting = {"id": "b", "result": "Error during inference: said the model", **COUNTS}
    write_lines(path, good, good, quoting, {"id": "c", **ERROR}, {"id": "stranger", "result": "x"})
    with path.open("a") as file:
        file.write('{"id": "d", "res')
    assert mend_results(path, {"a", "b", "c", "d"}) == {"a", "b"}
    assert read_lines(path) == [good, quoting]


def test_mending_leaves_a_sound_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_lines(path, {"id": "a", "result": "x"})
    before = path.stat()
    assert mend_results(path, {"a"}) == {"a"}
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert mend_results(tmp_path / "absent.json", {"a"}) == set()


def test_an_error_in_a_conversation_forgets_the_whole_memory(tmp_path: Path) -> None:
    conversation: dict[str, Any] = {"id": "memory_kv_prereq_0-customer-0", "result": [["noted"]]}
    answer = {"id": "memory_kv_0-customer-0", "result": [["x"]]}
    conversations = prerequisite_path(tmp_path, "fc", "memory_kv")
    answers = result_path(tmp_path, "fc", "memory_kv")
    snapshot = snapshot_folder(tmp_path, "fc", "memory_kv") / "customer_final.json"
    write_lines(conversations, conversation)
    write_lines(answers, answer)
    write_lines(snapshot, {})
    mend_memory(tmp_path, "fc", "memory_kv", {conversation["id"]})
    assert all(path.exists() for path in (conversations, answers, snapshot))
    write_lines(conversations, conversation, {"id": "memory_kv_prereq_1-customer-1", **ERROR})
    mend_memory(tmp_path, "fc", "memory_kv", {conversation["id"]})
    assert not any(path.exists() for path in (conversations, answers, snapshot))


def test_a_score_file_that_was_cut_is_no_score(tmp_path: Path) -> None:
    write_lines(score_path(tmp_path, "fc", "parallel"), {"accuracy": 0.5, "correct_count": 1, "total_count": 2})
    assert read_count(tmp_path, "fc", "parallel") is None


def test_memory_is_asked_under_the_name_of_its_back_end(tmp_path: Path) -> None:
    write_lines(tmp_path / "BFCL_v4_memory.json", {"id": "memory_0-customer-0"}, {"id": "memory_1-student-0"})
    write_lines(tmp_path / "memory_prereq_conversation" / "memory_student.json", {"id": "memory_prereq_5-student-0"})
    ids = read_case_ids(tmp_path, "memory_rec_sum")
    assert ids == ("memory_rec_sum_0-customer-0", "memory_rec_sum_1-student-0")
    assert read_prerequisite_ids(tmp_path, "memory_rec_sum", ids[1:]) == ("memory_rec_sum_prereq_5-student-0",)
    assert read_prerequisite_ids(tmp_path, "parallel", ["parallel_0"]) == ()


def test_format_sensitivity_asks_each_chosen_case_in_26_forms(tmp_path: Path) -> None:
    write_data(tmp_path, "parallel", 3)
    (tmp_path / "BFCL_v4_format_sensitivity.json").write_text('{"parallel": ["parallel_2", "parallel_0"]}')
    ids = read_case_ids(tmp_path, "format_sensitivity")
    assert len(set(ids)) == 52
    form = "ret_fmt=python&tool_call_tag=True&func_doc_fmt=python&prompt_fmt=plaintext&style=classic"
    assert ids[0] == f"format_sensitivity_0:{form}:parallel_0"
    assert ids[51].startswith("format_sensitivity_51:")
    assert ids[51].endswith("style=experimental:parallel_2")


@pytest.mark.parametrize(
    ("mode", "category", "place"),
    [
        ("fc", "irrelevance", "openbmb_MiniCPM-SALA-FC/non_live"),
        ("prompt", "live_relevance", "gpt-4o-2024-11-20/live"),
        ("fc", "web_search_base", "openbmb_MiniCPM-SALA-FC/agentic"),
        ("fc", "memory_rec_sum", "openbmb_MiniCPM-SALA-FC/agentic/memory/rec_sum"),
        ("prompt", "format_sensitivity", "gpt-4o-2024-11-20/format_sensitivity"),
    ],
)
def test_files_lie_where_the_harness_puts_them(mode: Mode, category: Category, place: str) -> None:
    assert result_path(Path(), mode, category) == Path("result") / place / f"BFCL_v4_{category}_result.json"
    assert score_path(Path(), mode, category) == Path("score") / place / f"BFCL_v4_{category}_score.json"
