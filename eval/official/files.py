"""The folder that the harness works in: where it puts results and scores, and mending what an interruption left.

A result: {"id": "parallel_0", "result": [{"f": "{\\"a\\": 1}"}], "input_token_count": 9, "output_token_count": 5,
"latency": 0.2}
"""

import json
import os
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from eval.official.categories import GROUPS, SINGLE_TURN, Category
from schemas.evaluation import Mode

ENTRIES: dict[Mode, str] = {"fc": "openbmb/MiniCPM-SALA-FC", "prompt": "gpt-4o-2024-11-20"}
"""Names in BFCL's registry whose handlers talk plain /chat/completions and /responses to OPENAI_BASE_URL.

The relay decides which model answers. The first takes tools and turns dots of names into underscores, as every entry
with tools does; the second has BFCL's own prompt and decoder.
"""
ERROR_PREFIX = "Error during inference:"
ASIDE = "callmill_set_aside"
"""Under this key stands an answer on which the harness's checker raises, beside the empty one in its place."""


def result_path(folder: Path, mode: Mode, category: Category) -> Path:
    """Where the harness writes the answers of a category."""
    return folder / "result" / _place(mode, category) / f"BFCL_v4_{category}_result.json"


def prerequisite_path(folder: Path, mode: Mode, category: Category) -> Path:
    """Where the answers of memory's unscored conversations go."""
    return folder / "result" / _place(mode, category) / f"BFCL_v4_{category}_prereq_result.json"


def snapshot_folder(folder: Path, mode: Mode, category: Category) -> Path:
    """Where memory categories keep what was remembered."""
    return result_path(folder, mode, category).parent / "memory_snapshot"


def score_path(folder: Path, mode: Mode, category: Category) -> Path:
    """Where the harness writes the verdicts of a category: a line of counts, then the failures."""
    return folder / "score" / _place(mode, category) / f"BFCL_v4_{category}_score.json"


def _place(mode: Mode, category: Category) -> Path:
    entry = Path(ENTRIES[mode].replace("/", "_"))
    if category in GROUPS["memory"]:
        return entry / "agentic" / "memory" / category.removeprefix("memory_")
    if category == "format_sensitivity":
        return entry / category
    groups = ("non_live", "live", "multi_turn", "agentic")
    return entry / next(group for group in groups if category in GROUPS[group])


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file, without lines that a killed process left unfinished; [] without a file."""
    objects = []
    # By lines of the file alone: str.splitlines would also split at U+2028, which JSON texts may hold.
    for line in path.read_bytes().split(b"\n") if path.is_file() else ():
        try:
            read = json.loads(line)
        except ValueError:
            continue
        if isinstance(read, dict):
            objects.append(read)
    return objects


def is_inference_error(result: dict[str, Any]) -> bool:
    """Whether the harness got no answer; a model that only says these words has no traceback beside them."""
    text = result.get("result")
    return isinstance(text, str) and text.startswith(ERROR_PREFIX) and "traceback" in result


def mend_results(path: Path, wanted: Collection[str]) -> set[str]:
    """Leave one whole, error-free result per wanted id in a result file.

    Returns:
        The ids that have one; the harness skips them.
    """
    lines = read_lines(path)
    kept = {each["id"]: each for each in lines if each.get("id") in wanted and not is_inference_error(each)}
    if path.is_file() and (len(kept) < len(lines) or not path.read_bytes().endswith(b"\n")):
        write_lines(path, kept.values())
    return set(kept)


def mend_memory(folder: Path, mode: Mode, category: Category, prerequisites: Collection[str]) -> None:
    """Mend the conversations of a memory category; an error in one spoils all that was remembered and asked later."""
    path, results = prerequisite_path(folder, mode, category), result_path(folder, mode, category)
    if any(is_inference_error(each) for each in read_lines(path)):
        path.unlink()
        results.unlink(missing_ok=True)
        shutil.rmtree(snapshot_folder(folder, mode, category), ignore_errors=True)
    mend_results(path, prerequisites)


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Write a JSON Lines file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    os.replace(temporary, path)


def is_memory(category: Category) -> bool:
    """Whether conversations are held before the cases are asked."""
    return category in GROUPS["memory"]


def is_single_turn(category: Category) -> bool:
    """Whether one answer is all there is, so that our own scorer can judge it."""
    return category in SINGLE_TURN
