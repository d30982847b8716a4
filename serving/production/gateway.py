"""A named server: our HTTP application on its public port, the supervisor behind it, and orders on loopback.

`python -m serving.production.gateway --home DIR --name production --host 127.0.0.1 --port 8000 --options JSON`
"""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from schemas.errors import CallmillError, TerminalError
from schemas.serve import ServeOptions, ServeReport, ServerPhase, ServerState, SmokeCall, SwapOrder
from schemas.settings import ServeSettings, load_settings
from serving.api.app import create_app
from serving.api.limits import ApiOptions
from serving.api.run import Server, listen
from serving.call_formats.open import open_call_format
from serving.production.instances import start_instance
from serving.production.orders import create_admin, fingerprint
from serving.production.smoke import make_smoke_call
from serving.production.state import ServeFolder, read_start_time
from serving.production.supervisor import Instance, Patience, Supervisor
from serving.swap import Served, SwappableEngine

log = logging.getLogger("callmill")

LOG_FORMAT = "%(asctime)s callmill: %(message)s"
LOG_DATES = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class GatewayOptions:
    """Where a server is and how it is limited."""

    home: Path
    name: str = "production"
    host: str = "127.0.0.1"
    port: int = 8000
    """0: any free one."""
    api: ApiOptions = field(default_factory=ApiOptions)
    patience: Patience = field(default_factory=Patience)
    grace_s: float = 3.0
    """What open answers get when the server is told to stop."""


class Gateway:
    """One named server in this process."""

    def __init__(self, options: GatewayOptions, first: ServeOptions) -> None:
        self._options = options
        self._folder = ServeFolder(options.home)
        self._call_format = open_call_format(first.call_format)
        self._swap = SwappableEngine(first.served_name or Path(first.model).resolve().name)
        self._supervisor = Supervisor(self._swap, self._start, self._smoke, options.patience, self._note)
        self._state = ServerState(
            name=options.name,
            pid=os.getpid(),
            started=read_start_time(os.getpid()) or "",
            phase="starting",
            url="",
            admin_url="",
            token=secrets.token_urlsafe(24),
            options=first,
            since=datetime.now(UTC),
            log=str(self._folder.log_file(options.name)),
        )

    async def run(self, on_ready: Callable[[ServeReport], None] | None = None) -> None:
        """Serve until a signal or an order to stop.

        Raises:
            CallmillError: the first model did not start, or failed its smoke test.
            OSError: the port is taken.
        """
        host, port = self._options.host, self._options.port
        with self._folder.held(self._options.name), listen(host, port) as public, listen("127.0.0.1", 0) as inner:
            app = create_app(self._swap, self._call_format, self._swap, self._options.api)
            server = Server(app, self._note_url, self._options.grace_s)
            admin = Server(create_admin(self._state.token, self.swap, lambda: _stop(server)), self._note_admin_url)
            admin.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # the other's job
            serving = [asyncio.create_task(server.serve([public])), asyncio.create_task(admin.serve([inner]))]
            try:
                await self._bring_up(serving[0], on_ready)
                await serving[0]
            finally:
                self._note("stopping", self._state.options, "")
                await self._supervisor.close()
                _stop(server)
                _stop(admin)
                await asyncio.gather(*serving, return_exceptions=True)

    async def _bring_up(self, serving: "asyncio.Task[None]", on_ready: Callable[[ServeReport], None] | None) -> None:
        """Deploy the first model, unless told to stop before that."""
        first = asyncio.create_task(self.deploy(self._state.options))
        await asyncio.wait([first, serving], return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            first.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await first
            return
        report = first.result()
        # Libraries and vocabularies live as long as we do; looking through them stops every answer for 0.4 s at a time.
        gc.collect()
        gc.freeze()
        self._supervisor.watch()
        if on_ready is not None:
            on_ready(report)

    async def swap(self, order: SwapOrder) -> ServeReport:
        """Have a model take over from the one that answers.

        Raises:
            TerminalError: it did not, or the order expects other limits; says which model goes on serving.
        """
        try:
            self._check_limits(order)
            return await self.deploy(order.options)
        except CallmillError as error:
            log.warning("%s did not take over: %s", order.options.model, error)
            if self._swap.served is None:
                raise
            what = str(error).rstrip(".\n")
            # The log's last lines may be at its end; what follows is no part of them.
            raise TerminalError(
                f"{what}{chr(10) if chr(10) in what else '; '}{self._options.name} goes on serving "
                f"{self._swap.model_name}."
            ) from error

    def _check_limits(self, order: SwapOrder) -> None:
        ours = fingerprint(self._options.api, self._state.token)
        if other := sorted(name for name, value in ours.items() if order.limits.get(name) != value):
            raise TerminalError(
                f"{', '.join(other)}: not what the server {self._options.name} was started with, and its key and "
                "limits stay as they were then. Give them (or leave them unset) as they were, or stop it with "
                "`callmill down` first."
            )

    async def deploy(self, options: ServeOptions) -> ServeReport:
        """Have a model take over.

        Raises:
            TerminalError: it did not.
        """
        if open_call_format(options.call_format) != self._call_format:
            raise TerminalError(
                f"This server spells calls as {self._call_format.name}; a model that speaks {options.call_format} "
                "needs a server of its own: choose another --name."
            )
        deployed = await self._supervisor.deploy(options)
        served = self._swap.served
        report = ServeReport(
            name=self._options.name,
            url=self._state.url,
            model=served.engine.model_name if served is not None else options.model,
            engine=options.engine,
            seconds_to_ready=round(deployed.seconds, 3),
            previous_model=deployed.previous.model if deployed.previous else None,
            smoke=deployed.smoke,
            pid=os.getpid(),
            log=self._state.log,
        )
        self._write(report=report)
        return report

    async def _start(self, options: ServeOptions) -> Instance:
        return await start_instance(options, Path(self._state.log), _show_progress(), self._options.api.api_key)

    async def _smoke(self, served: Served, options: ServeOptions) -> SmokeCall:
        return await make_smoke_call(served, self._call_format)

    def _note(self, phase: ServerPhase, options: ServeOptions, detail: str) -> None:
        self._write(phase=phase, options=options, detail=detail, since=datetime.now(UTC), served=self._served_name())

    def _served_name(self) -> str:
        return self._swap.model_name if self._swap.served is not None else ""

    def _note_url(self, url: str) -> None:
        self._write(url=f"{url}/v1")

    def _note_admin_url(self, url: str) -> None:
        self._write(admin_url=url)

    def _write(self, **changes: object) -> None:
        self._state = self._state.model_copy(update=changes)
        self._folder.write(self._state)


def _stop(server: Server) -> None:
    server.should_exit = True


def _show_progress() -> Callable[[float, str], None]:
    """A line every ten seconds."""
    shown = time.monotonic()

    def show(seconds: float, line: str) -> None:
        nonlocal shown
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            log.info("waited %.0f s for the model; its log says: %s", seconds, line[-160:])

    return show


def read_limits() -> ApiOptions:
    """What clients may do, of CALLMILL_SERVE_… in the environment.

    Raises:
        UsageError: names the variable that is wrong.
    """
    limits = load_settings(ServeSettings)
    return ApiOptions(
        api_key=limits.api_key.get_secret_value() if limits.api_key else None,
        max_body_bytes=limits.max_body_bytes,
        timeout_s=limits.timeout_s,
        max_concurrent=limits.max_concurrent,
    )


def main() -> None:
    """Be a named server, detached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--options", required=True, help="ServeOptions as JSON")
    words = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, datefmt=LOG_DATES, stream=sys.stderr)
    try:
        options = GatewayOptions(words.home, words.name, words.host, words.port, api=read_limits())
        asyncio.run(Gateway(options, ServeOptions.model_validate_json(words.options)).run())
    except (CallmillError, OSError) as error:
        log.error("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
