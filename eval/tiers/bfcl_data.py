"""BFCL's public questions and answers, read out of the pinned `bfcl-eval` wheel at run time; none of them is kept here.

The wheel is fetched once, without its dependencies, and believed only if its SHA-256 is the pinned one. An entry:
{"id": "multiple_0", "question": [[{"role": "user", …}]], "function": [{"name": …}, …]}; its answer in a second file.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Literal

from schemas.errors import TerminalError
from schemas.evaluation import CodeLanguage
from schemas.record import Record

SingleTurnCategory = Literal[
    "simple_python", "simple_java", "simple_javascript", "multiple", "parallel", "parallel_multiple", "irrelevance",
    "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple", "live_irrelevance", "live_relevance",
]  # fmt: skip

BFCL_VERSION = "2026.3.23"
WHEEL_NAME = f"bfcl_eval-{BFCL_VERSION}-py3-none-any.whl"
WHEEL_SHA256 = "3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a"
_DATA_PATH = "bfcl_eval/data"
_SECONDS_TO_FETCH = 600


class BfclEntry(Record):
    """One question of BFCL with its answer, as the files have them."""

    id: str
    question: tuple[tuple[dict[str, Any], ...], ...]
    """Messages in OpenAI chat form, turn by turn."""
    function: tuple[dict[str, Any], ...]
    ground_truth: tuple[dict[str, Any], ...] = ()
    """One {function: {parameter: [allowed, …]}} for each call; none where no call is expected."""


class BfclData:
    """The data in a wheel of `bfcl-eval`.

    Args:
        wheel: believed as it is; `read_bfcl_data` is what checks it.
    """

    def __init__(self, wheel: Path) -> None:
        self._wheel = wheel

    def load_category(self, category: SingleTurnCategory) -> tuple[BfclEntry, ...]:
        """All entries of a category in file order.

        Raises:
            TerminalError: the wheel can't be read, lacks the category, or has not one answer for each question.
        """
        name = f"BFCL_v4_{category}.json"
        questions = self._read_lines(f"{_DATA_PATH}/{name}")
        if category.endswith("relevance"):
            return tuple(BfclEntry.model_validate(question) for question in questions)
        answers = self._read_lines(f"{_DATA_PATH}/possible_answer/{name}")
        if len(answers) != len(questions):
            raise TerminalError(
                f"{self._wheel} has {len(questions)} questions and {len(answers)} answers of {category};"
                " expected as many of both. Remove the file, then run this again."
            )
        # By position: BFCL itself pairs them so, whatever the ids say.
        pairs = zip(questions, answers, strict=True)
        return tuple(BfclEntry.model_validate({**q, "ground_truth": a["ground_truth"]}) for q, a in pairs)

    def _read_lines(self, name: str) -> list[dict[str, Any]]:
        try:
            with zipfile.ZipFile(self._wheel) as archive:
                text = archive.read(name).decode("utf-8")
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise TerminalError(
                f"Can't read {name} from {self._wheel}: {error}. Expected the wheel {WHEEL_NAME};"
                " remove the file, then run this again."
            ) from error
        return [json.loads(line) for line in text.split("\n") if line]


def code_language_of(category: SingleTurnCategory) -> CodeLanguage:
    """The language that a category's functions are written in."""
    if category == "simple_java":
        return "java"
    return "javascript" if category == "simple_javascript" else "python"


def read_bfcl_data(folder: Path) -> BfclData:
    """BFCL's data out of the pinned wheel, which is fetched unless the folder has it.

    Args:
        folder: where the wheel is kept; made if absent.

    Raises:
        TerminalError: it can't be fetched, or is not the pinned one.
    """
    wheel = folder / WHEEL_NAME
    if not wheel.is_file():
        _fetch_wheel(wheel)
    _check_hash(wheel, f"Remove it, then run this again. {_by_hand(wheel)}")
    return BfclData(wheel)


def _fetch_wheel(wheel: Path) -> None:
    """Fetch beside the folder's own name and rename, so that a killed fetch leaves nothing that looks complete."""
    if importlib.util.find_spec("pip") is None:
        raise TerminalError(f"No pip in {sys.executable} to fetch {WHEEL_NAME} with. {_by_hand(wheel)}")
    temporary = wheel.with_name(f"{wheel.name}.tmp-{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)  # of an earlier process with our pid
    temporary.mkdir(parents=True)
    words = ["download", "--no-deps", "--disable-pip-version-check", "--dest", str(temporary)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", *words, f"bfcl-eval=={BFCL_VERSION}"],
            capture_output=True, text=True, timeout=_SECONDS_TO_FETCH, check=False,
        )  # fmt: skip
        if done.returncode or not (temporary / wheel.name).is_file():
            last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
            # Not to be retried: pip has tried several times.
            raise TerminalError(f"pip could not fetch bfcl-eval=={BFCL_VERSION}: {last} {_by_hand(wheel)}")
        _check_hash(temporary / wheel.name, f"The package index gave another file. {_by_hand(wheel)}")
        os.replace(temporary / wheel.name, wheel)
    except subprocess.TimeoutExpired as error:
        message = f"pip did not fetch bfcl-eval=={BFCL_VERSION} within {_SECONDS_TO_FETCH} s."
        raise TerminalError(f"{message} {_by_hand(wheel)}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_hash(wheel: Path, advice: str) -> None:
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WHEEL_SHA256:
        raise TerminalError(
            f"{wheel} has SHA-256 {found}; expected {WHEEL_SHA256}, that of bfcl-eval {BFCL_VERSION}. {advice}"
        )


def _by_hand(wheel: Path) -> str:
    return (
        "Without a package index, run `pip download --no-deps"
        f" bfcl-eval=={BFCL_VERSION}` on a machine that has one and put the file into {wheel.parent}."
    )
