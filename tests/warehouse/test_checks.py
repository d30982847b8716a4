"""Every data rule finds nothing in a whole job and the offending row in a broken one."""

from pathlib import Path

import duckdb
import pytest

from tests.warehouse.small_job import commit_small_job

# rule: what breaks it, and which of the small job's samples the rule must then name
BREAKS = {
    "assert_every_call_names_an_offered_function": [
        ("update core_samples set calls = replace(calls, 'create', 'make') where sample_id = '{mixed}'", "mixed"),
        ("update core_samples set tools = '[]' where sample_id = '{first}'", "first"),
    ],
    "assert_every_accepted_sample_has_two_passing_votes": [
        ("update core_votes set verdict = 'fail' where sample_id = '{first}' and draw = 1", "first"),
        ("delete from core_votes where sample_id = '{mixed}'", "mixed"),
    ],
    "assert_no_sample_is_accepted_twice": [
        ("insert into core_acceptances from core_acceptances where sample_id = '{first}'", "first"),
    ],
    "assert_positions_have_no_gaps": [
        ("update core_acceptances set position = 1 where sample_id = '{first}'", "first"),
        ("update core_acceptances set position = -1 where sample_id = '{mixed}'", "mixed"),
    ],
    "assert_no_held_out_function_is_offered": [
        ("update core_functions set split = 'test' where name = 'create_order'", "mixed"),
        ("update core_samples set offered_ids = ['unknown'] where sample_id = '{first}'", "first"),
    ],
    "assert_every_answer_used_is_stored": [
        ("update core_samples set answer_ids = ['lost'] where sample_id = '{first}'", "first"),
        ("update core_votes set answer_ids = ['lost'] where sample_id = '{mixed}' and draw = 2", "mixed"),
    ],
    "assert_every_chat_answer_is_stored": [
        ("update core_chat_answers set answer_ids = ['lost'] where sample_id = 'chat-1'", "chat"),
    ],
    "assert_every_kind_offers_enough": [
        ("update core_samples set offered_ids = [] where sample_id = '{mixed}'", "mixed"),
    ],
    "assert_no_two_accepted_samples_are_equal": [
        ("insert into core_acceptances by name select * replace ('{duplicate}' as sample_id, 1 as position)"
         " from core_acceptances where sample_id = '{first}'", "duplicate"),
    ],
}  # fmt: skip
RULES = sorted(path.stem for path in (Path(__file__).parents[2] / "warehouse" / "checks").glob("*.sql"))


def test_every_rule_is_broken_below() -> None:
    assert set(BREAKS) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_rule_states_what_its_rows_are_and_asks_for_one_job(rule: str) -> None:
    text = (Path(__file__).parents[2] / "warehouse" / "checks" / f"{rule}.sql").read_text(encoding="utf-8")
    (statement,) = duckdb.extract_statements(text)
    assert text.startswith("-- One row per ")
    assert statement.named_parameters == {"job_id"}


@pytest.mark.parametrize(("rule", "statement", "broken"), [(rule, *case) for rule in BREAKS for case in BREAKS[rule]])
def test_rule_finds_the_offending_row_and_only_in_its_job(
    tmp_path: Path, rule: str, statement: str, broken: str
) -> None:
    warehouse, job = commit_small_job(tmp_path)
    (duplicate,) = [check.sample_id for check in job.checks if check.reason == "duplicate"]
    things = {
        "first": job.acceptances[0].sample_id,
        "mixed": job.acceptances[3].sample_id,
        "duplicate": duplicate,
        "chat": "chat-1",
    }
    assert warehouse.broken_rules(job.job_id) == {}
    with duckdb.connect(warehouse.path) as connection:
        connection.execute(statement.format(**things))
    found = warehouse.broken_rules(job.job_id)
    assert things[broken] in str(found[rule].to_dicts())
    assert warehouse.broken_rules("another job") == {}


def test_a_pair_made_from_a_lost_answer_is_found(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    with duckdb.connect(warehouse.path) as connection:
        connection.execute("delete from raw_answers where answer_id = $id", {"id": job.pairs[3].answer_ids[0]})
    row, *_ = warehouse.broken_rules(job.job_id)["assert_every_answer_used_is_stored"].sort("used_by").to_dicts()
    assert (row["used_by"], row["thing_id"]) == ("pair", job.pairs[3].pair_id)
