"""What an earlier attempt decided stands; two attempts at one job never run at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import TerminalError
from tasks.job_lock import hold_job
from tasks.stored import read_checks, read_pairs, read_samples
from tests.warehouse.small_job import commit_small_job


def test_every_decision_of_a_job_is_read_back_as_it_was(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    job_id = job.job.job_id
    pairs = read_pairs(warehouse, job_id).values()
    assert {pair.pair_id: pair for pair in pairs} == {pair.pair_id: pair for pair in job.pairs}
    samples = read_samples(warehouse, job_id)
    assert {sample.sample_id: sample for sample in samples.values()} == {s.sample_id: s for s in job.samples}
    assert all((sample.kind, sample.index) == key for key, sample in samples.items())
    semantic = [check for check in job.checks if check.check_name == "semantic"]
    assert semantic
    assert read_checks(warehouse, job_id) == {check.sample_id: check for check in semantic}
    assert read_pairs(warehouse, "another job") == {}


def test_a_second_attempt_at_the_same_job_is_told_who_is_at_it(tmp_path: Path) -> None:
    with hold_job(tmp_path, "j1"):
        lines = ["from pathlib import Path", "from tasks.job_lock import hold_job"]
        code = "\n".join([*lines, f"with hold_job(Path({str(tmp_path)!r}), 'j1'): pass"])
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert other.returncode == 1
        assert f"Process {os.getpid()} is at this very job (j1) already" in other.stderr
        with hold_job(tmp_path, "j2"):
            pass
    with hold_job(tmp_path, "j1"):
        pass


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="boom"), hold_job(tmp_path, "j1"):
        raise TerminalError("boom")
    with hold_job(tmp_path, "j1"):
        pass
