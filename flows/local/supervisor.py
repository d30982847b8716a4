"""The one process of the local Prefect server: `python -m flows.local.supervisor --home DIR --port P --idle-s S`.

API, UI, scheduler and events run in here, so nothing of them can outlive this process; it ends when no lease is left.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flows.local.processes import identify_process
from flows.local.state import ServerFolder, ServerState, write_record

if TYPE_CHECKING:
    import uvicorn

_TICK_S = 0.5
_STOP_S = 10


def main() -> None:
    """Say who we are before the slow imports, so that the command that waits for us knows the address."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True, help="0: any free port")
    parser.add_argument("--idle-s", type=float, required=True)
    options = parser.parse_args()
    folder = ServerFolder(options.home)
    listener = bind_port(options.port)
    state = ServerState(process=identify_process(os.getpid()), port=listener.getsockname()[1])
    write_record(folder.server_file, state)
    # uvicorn raises the signal that stopped it once more when it is done; the state file is still to be removed then.
    signal.signal(signal.SIGTERM, lambda *_: None)
    set_server_environment(folder, state)
    try:
        asyncio.run(serve(folder, state, listener, options.idle_s))
    finally:
        if folder.read_server() == state:
            folder.server_file.unlink(missing_ok=True)


def bind_port(port: int) -> socket.socket:
    """Take a port of the loopback interface; it refuses connections until the server is ready."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left can be taken again
    listener.bind(("127.0.0.1", port))
    return listener


def set_server_environment(folder: ServerFolder, state: ServerState) -> None:
    """Keep the server apart from the user's own Prefect: its settings are these and no profile's."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    os.environ |= {
        "PREFECT_HOME": str(folder.root / "prefect"),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder.database}",
        "PREFECT_UI_API_URL": state.api_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
    }


async def serve(folder: ServerFolder, state: ServerState, listener: socket.socket, idle_s: float) -> None:
    """Run the server until a signal comes or nobody uses it."""
    import uvicorn
    from prefect.server.api.server import create_app

    # Open web sockets (the UI, a run's events) would otherwise hold the server back for ever.
    config = uvicorn.Config(create_app(final=True), log_level="warning", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    watch = asyncio.create_task(_end_when_unused(server, folder, state, idle_s))
    await server.serve(sockets=[listener])
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch


async def _end_when_unused(server: "uvicorn.Server", folder: ServerFolder, state: ServerState, idle_s: float) -> None:
    last_used = time.monotonic()
    while not server.should_exit:
        if folder.read_server() != state:
            server.should_exit = True  # the folder was deleted, or is another server's
        elif folder.read_leases():
            last_used = time.monotonic()
        elif time.monotonic() - last_used > idle_s:
            server.should_exit = _retire(folder)
        await asyncio.sleep(_TICK_S)
    _kill_later()


def _retire(folder: ServerFolder) -> bool:
    """Take the address away, unless a command is just taking a lease."""
    with folder.locked_if_free() as is_held:
        if not is_held or folder.read_leases():
            return False
        folder.server_file.unlink(missing_ok=True)
        return True


def _kill_later() -> None:
    timer = threading.Timer(_STOP_S, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
