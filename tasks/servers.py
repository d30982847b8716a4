"""The named servers of this home folder: which run, and how they end."""

from pathlib import Path

from schemas.record import Record


class ServerLine(Record):
    """A server as `callmill status` shows it; without its token."""

    name: str
    model: str
    engine: str
    phase: str
    since: str
    url: str
    pid: int
    log: str


def list_servers(home: Path) -> tuple[ServerLine, ...]:
    """All that run."""
    from serving.production.state import ServeFolder

    return tuple(
        ServerLine(
            name=state.name,
            model=state.options.model,
            engine=state.options.engine,
            phase=state.phase,
            since=state.since.isoformat(timespec="seconds"),
            url=state.url,
            pid=state.pid,
            log=state.log,
        )
        for state in ServeFolder(home).list()
    )


def stop_servers(home: Path, name: str | None = None) -> tuple[str, ...]:
    """Stop all or the one of that name, and wait until they have ended; gives their names.

    Raises:
        TerminalError: one does not end.
    """
    from serving.production.state import ServeFolder

    folder = ServeFolder(home)
    running = [state for state in folder.list() if name in (None, state.name)]
    if running:
        from serving.production.orders import order_stop

        for state in running:
            order_stop(folder, state)
    return tuple(state.name for state in running)
