"""BFCL's own harness, unmodified, against the relay: the marked tests run where `make bfcl-env` was run."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from eval.official.categories import Category
from eval.official.dataset import read_cases
from eval.official.files import ERROR_PREFIX, read_lines, result_path
from eval.official.harness import Harness, find_harness, run_harness
from eval.official.relay import RelayReply, RelayRequest, open_relay
from eval.official.results import OfficialCase, read_count
from eval.official.run import run_categories, run_category
from eval.official.scores import aggregate
from schemas.errors import BudgetSpentError, TerminalError, UsageError
from schemas.evaluation import Mode
from tests.eval.official.scripted import ScriptedModel, as_tool_calls, make_calls

ROOT = Path(__file__).parents[3]
BFCL = Path(os.environ.get("CALLMILL_BFCL", ROOT / ".venv-bfcl" / "bin" / "bfcl"))
SLEEPER = "import os, time, pathlib; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"
BEARABLE = 25
"""Cases of simple_python before the first one that wants a float."""
needs_harness = pytest.mark.skipif(not BFCL.is_file(), reason="needs `make bfcl-env`")


@pytest.fixture(scope="module")
def harness() -> Harness:
    return find_harness(ROOT, os.environ)


def test_a_missing_harness_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make bfcl-env"):
        find_harness(tmp_path, {})


def test_another_version_is_refused(tmp_path: Path) -> None:
    """The test's own Python stands in: it has no bfcl-eval at all."""
    (tmp_path / "bfcl").touch()
    (tmp_path / "python").symlink_to(sys.executable)
    with pytest.raises(UsageError, match=r"expected 2026\.3\.23"):
        find_harness(tmp_path, {"CALLMILL_BFCL": str(tmp_path / "bfcl")})


def _write_program(folder: Path, text: str) -> Harness:
    program = folder / "bfcl"
    program.write_text(f"#!{sys.executable}\n{text}")
    program.chmod(0o755)
    return Harness(program, folder)


async def _never(request: RelayRequest) -> RelayReply:
    raise AssertionError(request)


def _run_program(harness: Harness, folder: Path) -> None:
    async def body() -> None:
        async with open_relay(_never) as relay:
            await run_harness(harness, relay, folder, ["parallel"], ["generate"])

    asyncio.run(body())


def test_a_failing_harness_shows_its_last_lines_and_its_log(tmp_path: Path) -> None:
    harness = _write_program(tmp_path, "import sys; print('first'); print('went wrong', file=sys.stderr); sys.exit(3)")
    with pytest.raises(TerminalError, match=r"(?s)code 3.*went wrong.*bfcl\.log"):
        _run_program(harness, tmp_path)


def test_the_harness_sees_nothing_of_the_users_keys_and_proxies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_DEFAULT_HEADERS", "HTTP_PROXY", "SERPAPI_API_KEY"):
        monkeypatch.setenv(name, "leaked")
    monkeypatch.setenv("OPENAI_API_KEY", "leaked")
    _run_program(_write_program(tmp_path, "import os; print(dict(os.environ))"), tmp_path)
    seen = (tmp_path / "bfcl.log").read_text()
    assert "leaked" not in seen
    assert "http://127.0.0.1:" in seen


def test_a_dotenv_file_in_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    with pytest.raises(UsageError, match="override"):
        _run_program(_write_program(tmp_path, ""), tmp_path)


def _wait_for_text(path: Path) -> None:
    end = time.monotonic() + 20
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < end, path
        time.sleep(0.05)


def test_a_cancelled_run_kills_the_harness(tmp_path: Path) -> None:
    harness = _write_program(tmp_path, SLEEPER)

    async def body() -> None:
        async with open_relay(_never) as relay:
            running = asyncio.create_task(run_harness(harness, relay, tmp_path, ["parallel"], ["generate"]))
            await asyncio.to_thread(_wait_for_text, tmp_path / "pid")
            running.cancel()
            await asyncio.wait([running])
            assert running.cancelled()

    asyncio.run(body())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed")
def test_the_harness_ends_with_us_even_by_kill_9(tmp_path: Path) -> None:
    _write_program(tmp_path, SLEEPER)
    code = "import sys; from tests.eval.official.test_harness import run_sleeper; run_sleeper(sys.argv[1])"
    ours = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
    try:
        _wait_for_text(tmp_path / "pid")
    finally:
        ours.kill()
        ours.wait()
    end = time.monotonic() + 10
    while Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def run_sleeper(folder: str) -> None:
    """What the process that is killed does."""
    _run_program(Harness(Path(folder) / "bfcl", Path(folder)), Path(folder))


def test_what_the_caller_raises_ends_the_harness(tmp_path: Path) -> None:
    harness = _write_program(tmp_path, "import time; time.sleep(60)")

    async def ask(request: RelayRequest) -> RelayReply:
        raise BudgetSpentError("spent")

    async def body() -> None:
        async with open_relay(ask) as relay:
            running = asyncio.create_task(run_harness(harness, relay, tmp_path, ["parallel"], ["generate"]))
            await asyncio.sleep(0.1)
            await relay.ask(RelayRequest((), ()))
            await running

    started = time.monotonic()
    with pytest.raises(BudgetSpentError):
        asyncio.run(body())
    assert time.monotonic() - started < 10


def _run(
    harness: Harness,
    ask: Callable[[RelayRequest], Awaitable[RelayReply]],
    mode: Mode,
    categories: list[Category],
    limit: int | None,
    folder: Path,
) -> dict[Category, tuple[OfficialCase, ...]]:
    async def body() -> dict[Category, tuple[OfficialCase, ...]]:
        async with open_relay(ask) as relay:
            return await run_categories(harness, relay, mode, categories, limit, folder, threads=4)

    return asyncio.run(body())


@pytest.mark.slow
@needs_harness
def test_verdicts_resume_and_errors_with_tools(harness: Harness, tmp_path: Path) -> None:
    categories: list[Category] = ["parallel", "irrelevance"]
    cases = [case for each in categories for case in list(read_cases(harness.data, each).values())[:5]]
    model = ScriptedModel(cases)
    done = _run(harness, model.ask, "fc", categories, 5, tmp_path)
    right, wrong, empty, broken, failed = done["parallel"]
    assert (right.valid, right.is_error, right.prompt_tokens, right.completion_tokens) == (True, False, 7, 3)
    assert right.given is not None
    assert len(right.given.calls) == len(cases[0].possible_answer)
    assert wrong.error_type == "parallel_function_checker_no_order:cannot_find_match"
    # An empty text is a list of no calls to the harness.
    assert (empty.error_type, empty.raw) == ("parallel_function_checker_no_order:wrong_count", '""')
    assert broken.error_type == "ast_decoder:decoder_failed"
    assert (failed.valid, failed.is_error) == (False, True)
    assert failed.given is not None
    assert failed.given.error is not None
    assert "made to fail" in failed.given.error
    assert all(each.case == case for each, case in zip(done["parallel"], cases[:5], strict=True))
    # A call where none is wanted, none, one that cannot be read, and an error that passes for a refusal.
    assert [each.valid for each in done["irrelevance"]] == [False, False, True, True, True]
    assert done["irrelevance"][4].is_error
    assert len(model.asked) == 10

    model.asked.clear()
    model.behaviour = "right"
    again = _run(harness, model.ask, "fc", categories, 5, tmp_path)
    assert sorted(model.asked) == ["irrelevance_4", "parallel_4"]
    assert again["parallel"][:4] == done["parallel"][:4]
    assert (again["parallel"][4].valid, again["parallel"][4].is_error) == (True, False)
    assert not again["irrelevance"][4].valid

    model.asked.clear()
    started = time.monotonic()
    assert _run(harness, model.ask, "fc", categories, 5, tmp_path) == again
    assert not model.asked
    assert time.monotonic() - started < 4, "nothing was to do, so the harness need not start"

    counts = {each: count for each in categories if (count := read_count(tmp_path, "fc", each))}
    summary = aggregate(counts, tmp_path)
    assert f"{summary.overall:.2%}" == summary.table[0]["Overall Acc"]


@pytest.mark.slow
@needs_harness
def test_prompt_mode_talks_responses_and_is_judged_by_bfcls_own_decoder(harness: Harness, tmp_path: Path) -> None:
    model = ScriptedModel(list(read_cases(harness.data, "simple_python").values())[:5])
    right, wrong, empty, broken, failed = _run(harness, model.ask, "prompt", ["simple_python"], 5, tmp_path)[
        "simple_python"
    ]
    assert right.valid
    assert right.given is not None
    assert right.given.text is not None
    assert right.given.text.startswith("[")
    assert wrong.error_type == "simple_function_checker:wrong_func_name"
    assert not empty.valid
    assert broken.error_type == "ast_decoder:decoder_failed"
    assert failed.is_error
    assert ERROR_PREFIX in failed.raw


@pytest.mark.slow
@needs_harness
def test_an_interrupted_run_goes_on_where_it_was(harness: Harness, tmp_path: Path) -> None:
    model = ScriptedModel(read_cases(harness.data, "simple_javascript").values(), "wrong")

    async def ask(request: RelayRequest) -> RelayReply:
        if len(model.asked) == 30:
            await asyncio.sleep(0.5)
            raise BudgetSpentError("spent")
        return await model.ask(request)

    with pytest.raises(BudgetSpentError):
        _run(harness, ask, "fc", ["simple_javascript"], None, tmp_path)
    kept = {each["id"] for each in read_lines(result_path(tmp_path, "fc", "simple_javascript"))}
    assert len(kept) >= 20
    model.asked.clear()
    done = _run(harness, model.ask, "fc", ["simple_javascript"], None, tmp_path)["simple_javascript"]
    assert len(done) == 50
    assert not kept & set(model.asked)
    assert {each.error_type for each in done} == {"simple_function_checker:wrong_func_name"}


@pytest.mark.slow
@needs_harness
def test_one_case_alone_is_scored_though_the_harness_cannot_summarise_it(harness: Harness, tmp_path: Path) -> None:
    model = ScriptedModel(read_cases(harness.data, "multiple").values(), "right")

    async def body() -> tuple[OfficialCase, ...]:
        async with open_relay(model.ask) as relay:
            return await run_category(harness, relay, "fc", "multiple", 1, tmp_path, threads=1)

    assert [each.valid for each in asyncio.run(body())] == [True]
    assert result_path(tmp_path, "fc", "multiple").is_file()


@pytest.mark.slow
@needs_harness
def test_an_answer_that_the_checker_cannot_bear_has_no_verdict_and_spoils_no_other(
    harness: Harness, tmp_path: Path
) -> None:
    """An integer beyond every float where a float is expected: OverflowError in BFCL's checker."""
    cases = list(read_cases(harness.data, "simple_python").values())[: BEARABLE + 1]
    model = ScriptedModel(cases, "right")

    async def ask(request: RelayRequest) -> RelayReply:
        reply = await model.ask(request)
        if model.asked[-1] != cases[BEARABLE].case_id:
            return reply
        ((name, arguments),) = make_calls(cases[BEARABLE])
        huge = {key: 10**400 if isinstance(value, float) else value for key, value in arguments.items()}
        return reply._replace(message=as_tool_calls([(name, huge)]))

    done = _run(harness, ask, "fc", ["simple_python"], BEARABLE + 1, tmp_path)["simple_python"]
    assert [each.valid for each in done] == [True] * BEARABLE + [None]
    assert str(10**400) in done[-1].raw
    count = read_count(tmp_path, "fc", "simple_python")
    assert count is not None
    assert (count.correct, count.total) == (BEARABLE, BEARABLE + 1)
    model.asked.clear()
    assert _run(harness, ask, "fc", ["simple_python"], BEARABLE + 1, tmp_path)["simple_python"] == done
    assert not model.asked
