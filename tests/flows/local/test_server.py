"""The shared local server: found, started once, and gone when nobody uses it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.local.processes import PROJECT_ROOT, ProcessIdentity, identify_process, list_group, stop_group, stop_process
from flows.local.profile import find_chosen_api_url
from flows.local.server import ServerAddress, answers, child_environment, ensure_server, find_choice, without_proxy
from flows.local.state import ServerFolder, ServerState, write_record
from flows.local.supervisor import bind_port
from flows.local.up import down, status, up
from schemas.errors import TerminalError, TransientError
from schemas.settings import Settings

USER = """
import sys, time
from pathlib import Path
from flows.local.server import ensure_server
from schemas.settings import Settings
address = ensure_server(Settings(home=Path(sys.argv[1]), server_idle_s=1))
print(address.model_dump_json(), flush=True)
time.sleep(300)
"""


@pytest.fixture(autouse=True)
def no_chosen_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own Prefect settings is seen."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect-home"))
    monkeypatch.delenv("CALLMILL_LOCAL_API_URL", raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A home of its own; whatever a test left running is stopped."""
    settings = Settings(home=tmp_path / "home", server_idle_s=1)
    yield settings
    down(settings)


def wait_for(is_so: Callable[[], bool], limit_s: float = 30) -> bool:
    deadline = time.monotonic() + limit_s
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def start_user(home: Path) -> "subprocess.Popen[str]":
    """A command that uses the server until it is killed."""
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT_ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    return subprocess.Popen([sys.executable, "-c", USER, str(home)], env=environment, stdout=subprocess.PIPE, text=True)


def read_address(user: "subprocess.Popen[str]") -> ServerAddress:
    assert user.stdout is not None
    return ServerAddress.model_validate_json(user.stdout.readline())


def dead_process() -> ProcessIdentity:
    """A process that was here and has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = identify_process(child.pid)
    child.communicate(b"\n")
    return identity


def test_racing_commands_share_one_server_that_ends_soon_after_both_were_killed(settings: Settings) -> None:
    users = [start_user(settings.home), start_user(settings.home)]
    first, second = (read_address(user) for user in users)
    report = status(settings)
    assert first == second
    assert first.is_ours
    assert report.is_healthy
    assert report.api_url == first.api_url
    assert report.leases == tuple(sorted(user.pid for user in users))
    with urllib.request.urlopen(first.ui_url, timeout=10) as page:  # noqa: S310 (our own address)
        assert b"Prefect" in page.read()
    server = ServerFolder.of(settings).read_server()
    assert server is not None
    for user in users:
        user.kill()
        user.communicate()
    assert wait_for(lambda: not server.process.is_alive)
    assert list_group(server.process.pid) == []
    assert not answers(first.api_url, timeout_s=1)
    assert status(settings).api_url is None
    bind_port(server.port).close()


def test_a_server_that_the_user_chose_is_used_and_none_is_started(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(TransientError, match="PREFECT_API_URL"):
        ensure_server(settings)
    assert status(settings).server_pid is None


def test_our_own_address_is_a_choice_only_while_our_server_does_not_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = ServerState(process=identify_process(os.getpid()), port=4200)
    folder = ServerFolder.of(settings)
    monkeypatch.setenv("PREFECT_API_URL", state.api_url)
    assert find_choice(settings) == state.api_url
    write_record(folder.server_file, state)
    assert find_choice(settings) is None
    folder.server_file.unlink()
    monkeypatch.setenv("CALLMILL_LOCAL_API_URL", state.api_url)
    assert find_choice(settings) is None


def test_up_refuses_a_port_that_another_program_holds(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(TerminalError, match="taken by another program"):
            up(settings, port=other.getsockname()[1])


def test_up_outside_a_clone_says_which_file_is_missing(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match=r"prefect\.yaml"):
        up(settings, project=tmp_path)


def test_down_with_nothing_running_stops_nothing(settings: Settings) -> None:
    assert down(settings).stopped == ()


@pytest.mark.parametrize("text", ["", "{", '{"process": {"pid": 1}}'])
def test_a_torn_state_file_is_no_server(settings: Settings, text: str) -> None:
    folder = ServerFolder.of(settings)
    folder.server_file.write_text(text)
    assert folder.read_server() is None


def test_a_state_file_of_a_dead_process_is_no_server(settings: Settings) -> None:
    folder = ServerFolder.of(settings)
    write_record(folder.server_file, ServerState(process=dead_process(), port=4200))
    assert folder.read_server() is None


def test_the_lease_of_a_dead_process_is_removed_and_a_living_one_kept(settings: Settings) -> None:
    folder = ServerFolder.of(settings)
    dead = dead_process()
    write_record(folder.leases / str(dead.pid), dead)
    lease = folder.take_lease()
    assert [holder.pid for holder in folder.read_leases()] == [os.getpid()]
    assert list(folder.leases.iterdir()) == [lease]


def test_a_pid_that_came_again_is_another_process() -> None:
    here = identify_process(os.getpid())
    assert here.is_alive
    assert not here.model_copy(update={"started": "1"}).is_alive


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = identify_process(child.pid)
    child.kill()
    assert wait_for(lambda: not identity.is_alive)
    child.communicate()


def test_a_process_that_ignores_sigterm_is_killed() -> None:
    ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(300)"
    child = subprocess.Popen([sys.executable, "-c", ignore], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    assert stop_process(identify_process(child.pid), patience_s=0.2)
    child.communicate()
    assert child.returncode == -signal.SIGKILL


def test_stopping_a_group_ends_the_children_of_its_leader() -> None:
    nested = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    leader = subprocess.Popen(
        [sys.executable, "-c", nested], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert leader.stdout is not None
    leader.stdout.readline()
    assert len(list_group(leader.pid)) == 2
    stop_group(leader.pid, patience_s=1)
    assert list_group(leader.pid) == []
    leader.communicate()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "OTHER=1\nexport PREFECT_API_URL='http://chosen/api'\n"),
        ("prefect.toml", '[api]\nurl = "http://chosen/api"\n'),
        ("pyproject.toml", '[tool.prefect.api]\nurl = "http://chosen/api"\n'),
        ("prefect-home/profiles.toml", 'active = "x"\n[profiles.x]\nPREFECT_API_URL = "http://chosen/api"\n'),
    ],
)
def test_a_server_named_in_prefects_own_files_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "prefect-home").mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert find_chosen_api_url({"PREFECT_HOME": str(tmp_path / "prefect-home")}, tmp_path) == "http://chosen/api"


def test_the_environment_comes_before_a_profile_and_prefects_default_profile_chooses_nothing(tmp_path: Path) -> None:
    nothing = {"PREFECT_HOME": str(tmp_path)}
    assert find_chosen_api_url({**nothing, "PREFECT_API_URL": "http://a/api"}, tmp_path) == "http://a/api"
    assert find_chosen_api_url({**nothing, "PREFECT_PROFILE": "local"}, tmp_path) == "http://127.0.0.1:4200/api"
    assert find_chosen_api_url({**nothing, "PREFECT_PROFILE": "ephemeral"}, tmp_path) is None
    assert find_chosen_api_url(nothing, tmp_path) is None


@pytest.mark.parametrize(
    ("environment", "spared"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"no_proxy": "a.b"}, "a.b,127.0.0.1,localhost"),
        ({"NO_PROXY": "127.0.0.1"}, "127.0.0.1"),
    ],
)
def test_a_proxy_never_comes_between_us_and_our_server(environment: dict[str, str], spared: str) -> None:
    assert without_proxy(environment) == {"NO_PROXY": spared, "no_proxy": spared}


def test_children_in_another_folder_see_the_same_warehouse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    environment = child_environment(Settings(home=Path("here"), warehouse="x.duckdb"))
    assert environment["CALLMILL_HOME"] == str(tmp_path / "here")
    assert environment["CALLMILL_WAREHOUSE"] == str(tmp_path / "x.duckdb")
    assert child_environment(Settings(warehouse="ducklake:sqlite:x"))["CALLMILL_HOME"] == str(tmp_path / ".callmill")
