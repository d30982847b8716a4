"""`callmill synth --chat` through its command, and long rows and chat data from the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.chat_data import chat_data, long_rows
from tests.home import Home
from tests.tasks.chat_rows import openai, wild, write_lines
from training.rows import find_files, read_conversations


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    yield home
    home.callmill("down")


@pytest.mark.slow
def test_questions_are_answered_anew_and_the_same_command_asks_nothing(home: Home, tmp_path: Path) -> None:
    rows = [openai(f"Tell me about river number {place}", "old", "And its source?") for place in range(40)]
    path = write_lines(tmp_path / "chats.jsonl", rows)
    words = [
        "synth",
        "--chat",
        str(path),
        "--turns",
        "all",
        "--samples",
        "12",
        "--out",
        str(tmp_path / "out"),
        "--json",
    ]
    report = json.loads(home.callmill(*words))
    assert (report["accepted"], report["shortfall"]) == (12, None)
    assert sum(report["written_by"].values()) == 24
    again = json.loads(home.callmill(*words))
    assert (again["job_id"], again["requests_sent"], again["accepted"]) == (report["job_id"], 0, 12)
    answers = home.sql("chat_answers")
    assert len(answers) == 24
    assert {row["written_by"] for row in answers} == {"callmill-offline-1:mistakes=0.12"}
    assert [row["last_event"] for row in home.sql("runs")] == ["ended", "ended"]
    short = json.loads(home.callmill("synth", "--chat", str(path), "--samples", "500", "--json", expect=3))
    assert 0 < short["accepted"] < 40
    assert "40 usable questions" in short["shortfall"]


@pytest.mark.slow
def test_long_rows_are_made_of_a_data_set(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = json.loads(home.callmill("synth", "--apis", "examples", "--samples", "100", "--json"))
    monkeypatch.setenv("CALLMILL_HOME", str(home.path))
    words = [report["dataset_path"], "--tokens", "16000", "--samples", "5", "--out", str(tmp_path / "long"), "--json"]
    done = CliRunner().invoke(long_rows, words, catch_exceptions=False)
    told = json.loads(done.stdout)
    assert (told["written"], done.exit_code) == (5, 0)
    assert told["tokens"]["fewest"] >= 14_400
    assert told["tokens"]["most"] <= 17_600
    learnt = list(read_conversations(find_files(tmp_path / "long")))
    assert all("tool_calls" in each.messages[-1] and len(each.messages) > 6 for each in learnt)
    lines = [json.loads(line) for line in (tmp_path / "long" / "train.jsonl").read_text().splitlines()]
    known = {row["sample_id"] for row in home.sql("select sample_id from out_training_set")}
    assert all(set(line["made_from"]) <= known for line in lines)


def test_chat_data_says_what_it_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMILL_HOME", str(tmp_path / "home"))
    path = write_lines(tmp_path / "rows.jsonl", [wild("Hi there", "Hello."), wild("x", "y", toxic=True)])
    done = CliRunner().invoke(chat_data, [str(path), "--language", "en", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert "left out: toxic" in done.stdout
    assert "1 (en 1)" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["synth", "--chat", "x.jsonl", "--mix", "simple=1"], "--mix is about calls and does not go with --chat"),
        (["synth", "--chat", "no/such.jsonl"], "There is no file or folder at no/such.jsonl"),
        (["synth"], "Give documents by --apis, or chats by --chat"),
        (["synth", "--apis", "examples", "--turns", "all"], "--turns goes with --chat alone"),
    ],
)
def test_words_that_do_not_go_together_are_refused(tmp_path: Path, words: list[str], message: str) -> None:
    assert message in Home(tmp_path / "home").callmill(*words, expect=2)
