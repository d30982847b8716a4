"""The shared local Prefect server: one per home folder, started by the first command that needs it.

Prefect's ephemeral server costs seconds per command and outlives a `kill -9`; this one is found through server.json,
and ends by itself when no process that took a lease is alive.
"""

import atexit
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from flows.local.processes import start_module
from flows.local.profile import find_chosen_api_url
from flows.local.state import ServerFolder, ServerState, read_tail
from schemas.errors import TerminalError, TransientError
from schemas.record import Record
from schemas.settings import Settings

_START_S = 60.0
_LOOPBACK = "127.0.0.1,localhost"
_OWN_URL = "CALLMILL_LOCAL_API_URL"


class ServerAddress(Record):
    """Where Prefect is."""

    api_url: str
    ui_url: str
    is_ours: bool
    """False for a server that the user chose with PREFECT_API_URL or a Prefect profile."""


def ensure_server(settings: Settings) -> ServerAddress:
    """Find or start a Prefect server, wait until it answers, and point this process's Prefect to it.

    Raises:
        TransientError: the server chosen by the user does not answer.
        TerminalError: ours did not start; carries the end of its log.
    """
    address = start_server(settings)
    wait_for_server(settings, address)
    return address


def start_server(settings: Settings) -> ServerAddress:
    """Do as `ensure_server`, without waiting: other work can be done in the seconds the server needs."""
    chosen = find_choice(settings)
    return use_chosen_server(chosen) if chosen else start_own_server(settings)


def find_choice(settings: Settings) -> str | None:
    """The server that the user chose; an address that we set or printed ourselves is no choice while ours runs."""
    is_own = os.environ.get("PREFECT_API_URL") == os.environ.get(_OWN_URL)
    environment = {name: value for name, value in os.environ.items() if not (is_own and name == "PREFECT_API_URL")}
    chosen, ours = find_chosen_api_url(environment, Path.cwd()), ServerFolder.of(settings).read_server()
    return None if ours and chosen == ours.api_url else chosen


def use_chosen_server(api_url: str) -> ServerAddress:
    """Point this process and its children to the user's own server, wherever its address was written."""
    os.environ["PREFECT_API_URL"] = api_url
    return address_of(api_url, is_ours=False)


def start_own_server(settings: Settings, port: int = 0) -> ServerAddress:
    """Find or start our server, take a lease on it, and point this process's Prefect to it; 0: any free port."""
    folder = ServerFolder.of(settings)
    with folder.locked():
        lease = folder.take_lease()
        atexit.register(lease.unlink, missing_ok=True)
        state = folder.read_server() or _start_supervisor(settings, folder, port)
    _point_prefect_to(state.api_url)
    return address_of(state.api_url, is_ours=True)


def wait_for_server(settings: Settings, address: ServerAddress) -> None:
    """Wait until the server answers; raises as `ensure_server` does."""
    if not address.is_ours:
        if not answers(address.api_url, timeout_s=10):
            raise TransientError(
                f"The Prefect server at {address.api_url} (from PREFECT_API_URL or your Prefect profile) does not "
                "answer; start it (`callmill up`, if it was ours), or unset PREFECT_API_URL to use callmill's own."
            )
        return
    folder = ServerFolder.of(settings)
    deadline = time.monotonic() + _START_S
    while not answers(address.api_url, timeout_s=5):
        state = folder.read_server()
        if state is None or time.monotonic() > deadline:
            found = "ended while starting" if state is None else f"did not answer within {_START_S:.0f} s"
            raise TerminalError(f"The local Prefect server {found}. {_end_of_log(folder)}")
        time.sleep(0.05)


def address_of(api_url: str, is_ours: bool) -> ServerAddress:
    """Name the UI that belongs to an API address."""
    return ServerAddress(api_url=api_url, ui_url=api_url.rstrip("/").removesuffix("/api"), is_ours=is_ours)


def answers(api_url: str, timeout_s: float) -> bool:
    """Whether a Prefect API answers at all; a refusal for want of a key is an answer."""
    handlers = [urllib.request.ProxyHandler({})] if api_url.startswith("http://127.0.0.1:") else []
    try:
        urllib.request.build_opener(*handlers).open(f"{api_url.rstrip('/')}/health", timeout=timeout_s).close()
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True


def child_environment(settings: Settings) -> dict[str, str]:
    """Our environment with the places of `settings` made absolute, for processes that run in another folder."""
    places = {"CALLMILL_HOME": str(settings.home.resolve())}
    if settings.warehouse and ":" not in settings.warehouse:
        places["CALLMILL_WAREHOUSE"] = str(Path(settings.warehouse).resolve())
    return {"PREFECT_LOGGING_EXTRA_LOGGERS": "callmill", **os.environ, **places}


def without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY that spares the loopback interface, in both spellings, whatever proxy the user has."""
    known = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    spared = known if "127.0.0.1" in known else ",".join(filter(None, [known, _LOOPBACK]))
    return {"NO_PROXY": spared, "no_proxy": spared}


def _start_supervisor(settings: Settings, folder: ServerFolder, port: int) -> ServerState:
    folder.rotate_logs()
    words = ["--home", str(folder.home), "--port", str(port), "--idle-s", str(settings.server_idle_s)]
    process = start_module("flows.local.supervisor", words, folder.server_log, child_environment(settings))
    return _wait_for_state(folder, process)


def _wait_for_state(folder: ServerFolder, process: "subprocess.Popen[bytes]") -> ServerState:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        state = folder.read_server()
        if state and state.process.pid == process.pid:
            return state
        time.sleep(0.02)
    raise TerminalError(f"The local Prefect server did not start. {_end_of_log(folder)}")


def _end_of_log(folder: ServerFolder) -> str:
    return f"{folder.server_log} ends:\n{read_tail(folder.server_log)}"


def _point_prefect_to(api_url: str) -> None:
    os.environ |= {"PREFECT_API_URL": api_url, _OWN_URL: api_url, **without_proxy(os.environ)}
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    if "prefect" in sys.modules:
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()
