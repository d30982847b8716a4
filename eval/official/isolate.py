"""Finds the answers on which BFCL's checker itself raises, which would leave their whole category without a score.

Such an answer is set aside within its result: an empty one takes its place, which counts as not correct.
"""

import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from eval.official.categories import Category
from eval.official.files import ASIDE, read_lines, result_path, write_lines
from schemas.errors import TerminalError
from schemas.evaluation import Mode

_SCRATCH = "isolation"

Score = Callable[[Sequence[Category], Path], Awaitable[TerminalError | None]]
"""Scores the results in a folder of the harness."""


async def set_unjudgeable_aside(folder: Path, mode: Mode, category: Category, score: Score) -> bool:
    """Search by halves, about log2(cases) starts of the harness for each answer that there is.

    Returns:
        Whether any was found; if not, the failure has another reason.
    """
    path = result_path(folder, mode, category)
    results = read_lines(path)
    scratch = folder / _SCRATCH

    async def can_judge(part: Sequence[dict[str, Any]]) -> bool:
        shutil.rmtree(scratch, ignore_errors=True)
        write_lines(result_path(scratch, mode, category), part)
        return await score([category], scratch) is None

    async def find(part: Sequence[dict[str, Any]], *, is_bad: bool) -> set[str]:
        if not is_bad and await can_judge(part):
            return set()
        if len(part) == 1:
            return {part[0]["id"]}
        half = len(part) // 2
        found = await find(part[:half], is_bad=False)
        return found | await find(part[half:], is_bad=not found)

    try:
        if not await can_judge([_set_aside(each) for each in results]):
            return False
        found = await find(results, is_bad=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    write_lines(path, [_set_aside(each) if each["id"] in found else each for each in results])
    return True


def _set_aside(result: dict[str, Any]) -> dict[str, Any]:
    return result if ASIDE in result else {**result, "result": "", ASIDE: result["result"]}
