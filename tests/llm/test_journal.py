"""The journal loses nothing that was handed over, whatever happens to its owner."""

import logging
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm.journal import Journal, recover
from schemas.answer import Answer
from schemas.errors import TerminalError
from tests.llm.scripted import lines_of, make_answer

ROOT = Path(__file__).parent.parent.parent


def recovered_from(directory: Path) -> list[Answer]:
    answers = []
    for segment in recover(directory):
        with segment:
            answers += segment.answers
    return answers


def test_answers_come_back_in_order_with_their_owner(tmp_path: Path) -> None:
    answers = [make_answer(number) for number in range(5)]
    with Journal(tmp_path / "new" / "folder") as journal:
        for answer in answers:
            journal.append(answer, "job", "run")
    [segment] = recover(tmp_path / "new" / "folder")
    with segment:
        assert segment.answers == answers
        assert {(line.job_id, line.run_id) for line in segment.lines} == {("job", "run")}
        assert segment.skipped == 0


def test_a_segment_whose_owner_lives_is_left_alone(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append(make_answer(), "job", "run")
        assert recover(tmp_path) == []


def test_two_readers_never_get_the_same_segment(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append(make_answer(), "job", "run")
    [segment] = recover(tmp_path)
    assert recover(tmp_path) == []
    segment.close()
    assert len(recovered_from(tmp_path)) == 1


def test_discarded_segments_are_gone(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append(make_answer(), "job", "run")
    for segment in recover(tmp_path):
        with segment:
            segment.discard()
    assert list(tmp_path.iterdir()) == []


def test_every_answer_survives_kill_9(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from llm.journal import Journal; from tests.llm.scripted import make_answer\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for number in range(100): journal.append(make_answer(number), 'job', 'run')\n"
        "print('written', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"written\n"
    assert recover(tmp_path) == []
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert recovered_from(tmp_path) == [make_answer(number) for number in range(100)]


def test_a_torn_end_and_a_damaged_middle_cost_only_themselves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Journal(tmp_path) as journal:
        for number in range(3):
            journal.append(make_answer(number), "job", "run")
    [path] = tmp_path.iterdir()
    first, _, third, _ = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([first, b'{"job_id": \x00\x00', third, third[:40]]))
    with caplog.at_level(logging.WARNING):
        [segment] = recover(tmp_path)
    with segment:
        assert segment.answers == [make_answer(0), make_answer(2)]
        assert segment.skipped == 2
    assert "2 of 4 lines" in caplog.text


def test_a_journal_whose_answers_are_loaded_leaves_no_file(tmp_path: Path) -> None:
    answers = [make_answer(number) for number in range(4)]
    with Journal(tmp_path) as journal:
        for answer in answers:
            journal.append(answer, "job", "run")
        journal.mark_loaded(answers[:2])
        assert len(lines_of(tmp_path)) == 4
        journal.mark_loaded(answers[2:])
        assert lines_of(tmp_path) == []
        journal.append(make_answer(9), "job", "run")
        assert len(lines_of(tmp_path)) == 1
        journal.mark_loaded([make_answer(9)])
    assert list(tmp_path.iterdir()) == []


def test_full_segments_are_deleted_one_by_one_as_they_are_loaded(tmp_path: Path) -> None:
    answers = [make_answer(number) for number in range(6)]
    with Journal(tmp_path, segment_bytes=700) as journal:
        for answer in answers:
            journal.append(answer, "job", "run")
        files = len(list(tmp_path.iterdir()))
        assert files >= 3
        journal.mark_loaded(answers[1:])
        assert len(list(tmp_path.iterdir())) == 2, "the one with the first answer, and the open one"
    assert answers[0] in recovered_from(tmp_path)


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=5000) as journal:

        def write(first: int) -> None:
            for number in range(first, first + 50):
                journal.append(make_answer(number), "job", "run")

        threads = [threading.Thread(target=write, args=(1000 * n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({answer.answer_id for answer in recovered_from(tmp_path)}) == 200


def test_a_full_disk_is_said_and_leaves_no_half_line(tmp_path: Path) -> None:
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal(tmp_path) as journal:
        journal.append(make_answer(1), "job", "run")
        resource.setrlimit(resource.RLIMIT_FSIZE, (700, old[1]))
        try:
            with pytest.raises(TerminalError, match=r"could not be written to the journal .* free some space"):
                journal.append(make_answer(2), "job", "run")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
        journal.append(make_answer(3), "job", "run")
    assert recovered_from(tmp_path) == [make_answer(1), make_answer(3)]


@given(st.lists(st.tuples(st.text(), st.booleans()), max_size=12))
@settings(max_examples=25, deadline=None)
def test_what_is_not_loaded_is_recovered_as_it_was(steps: list[tuple[str, bool]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        waiting: list[Answer] = []
        with Journal(Path(name), segment_bytes=900) as journal:
            for number, (text, is_loaded) in enumerate(steps):
                answer = make_answer(number, text)
                journal.append(answer, "job", "run")
                waiting.append(answer)
                if is_loaded:
                    journal.mark_loaded([waiting.pop(0)])
        recovered = recovered_from(Path(name))
        assert [answer for answer in recovered if answer in waiting] == waiting
