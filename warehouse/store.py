"""Open, migrate, commit and read the warehouse.

A DuckDB file admits one process at a time while one writes, so the file is opened only for the moment of a commit or a
query; whoever finds it locked waits, says who holds it, and gives up after `wait_s`.
"""

import contextlib
import functools
import logging
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from schemas.errors import TerminalError, UsageError, WarehouseLockedError
from schemas.record import Record
from warehouse.tables import TABLES, to_frame

_FOLDER = Path(__file__).parent
_LOCKED = re.compile(r"Could not set lock on file|different configuration than existing connections")
_HOLDER = re.compile(r"Conflicting lock is held in (?:(?P<program>.+?) \()?PID (?P<pid>\d+)")  # no program: just ended
_NEEDED = re.compile(r"Values were not provided for the following prepared statement parameters: (?P<names>.+)")
_EXPLAIN = duckdb.StatementType.EXPLAIN
_READING = {duckdb.StatementType.SELECT, _EXPLAIN}
_RETRY_S = 0.05
_SAY_AFTER_S = 2.0

log = logging.getLogger("callmill")


class Warehouse:
    """One DuckDB file; safe to use from several threads."""

    def __init__(self, path: Path, wait_s: float = 60) -> None:
        self.path = path
        self.wait_s = wait_s
        self._one_at_a_time = _lock_of(path.resolve())
        self._columns: dict[str, dict[str, str]] = {}

    def migrate(self) -> list[str]:
        """Apply the numbered migrations that are missing, each in a transaction with its own record."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._open(read_only=False) as connection:
            connection.execute("create table if not exists core_migrations (name varchar, applied_at timestamp)")
            done = {row[0] for row in connection.execute("select name from core_migrations").fetchall()}
            missing = [path for path in sorted(_FOLDER.glob("migrations/*.sql")) if path.stem not in done]
            for path in missing:
                connection.begin()
                connection.execute(path.read_text(encoding="utf-8"))
                connection.execute("insert into core_migrations values (?, now()::timestamp)", [path.stem])
                connection.commit()
        return [path.stem for path in missing]

    def commit(self, records: Iterable[Record], job_id: str, run_id: str) -> int:
        """Add records of any class in one transaction; rows whose key is there already change nothing.

        Returns:
            Number of rows added.
        """
        by_class = sorted(records, key=lambda record: type(record).__name__)
        if not by_class:
            return 0
        with self._open(read_only=False) as connection:
            connection.begin()
            added = sum(
                self._merge(connection, kind, list(group), {"job_id": job_id, "run_id": run_id})
                for kind, group in groupby(by_class, key=type)
            )
            connection.commit()
        return added

    def read(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run one read-only statement and return its rows.

        Raises:
            UsageError: the statement does not run; carries DuckDB's words.
        """
        if not self.path.exists():
            raise UsageError(f"No warehouse at {self.path}; run `callmill ingest` or `callmill synth` first.")
        with self._open(read_only=True) as connection:
            try:
                _refuse_writing(connection.extract_statements(sql))
                return connection.execute(sql, dict(parameters or {})).pl()
            except (duckdb.Error, pl.exceptions.PolarsError) as error:
                if needed := _NEEDED.search(str(error)):
                    raise UsageError(f"The query needs {needed['names']}; give --param NAME=VALUE for each.") from error
                raise UsageError(f"The query failed: {error}") from error

    def read_named(self, name: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run `queries/<name>.sql`."""
        return self.read(query_text(name), parameters)

    def broken_rules(self, job_id: str) -> dict[str, pl.DataFrame]:
        """Run every `checks/assert_*.sql`; the offending rows of those that found some."""
        rules = {path.stem: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("checks/assert_*.sql"))}
        with self._open(read_only=True) as connection:
            found = {name: connection.execute(sql, {"job_id": job_id}).pl() for name, sql in rules.items()}
        return {name: rows for name, rows in found.items() if rows.height}

    def _merge(
        self,
        connection: duckdb.DuckDBPyConnection,
        kind: type[Record],
        records: list[Record],
        constants: dict[str, str],
    ) -> int:
        table = TABLES[kind]
        columns = self._columns.get(table.name)
        if columns is None:
            described = connection.execute(f"describe {table.name}").fetchall()
            columns = self._columns[table.name] = {row[0]: row[1] for row in described}
        own = {name for name in constants if name in kind.model_fields or name in table.derived}
        incoming = to_frame(table, records, columns, {k: v for k, v in constants.items() if k not in own})
        same = " and ".join(f"known.{name} is not distinct from incoming.{name}" for name in table.key)
        connection.register("incoming", incoming.to_arrow())
        row = connection.execute(
            f"merge into {table.name} as known using incoming on {same} when not matched then insert by name"
        ).fetchone()
        connection.unregister("incoming")
        return int(row[0]) if row else 0

    @contextlib.contextmanager
    def _open(self, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._one_at_a_time:
            connection = self._connect(read_only)
            try:
                connection.execute("set timezone = 'UTC'")
                yield connection
            finally:
                connection.close()

    def _connect(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        started = time.monotonic()
        has_said = False
        while True:
            try:
                return duckdb.connect(self.path, read_only=read_only)
            except (duckdb.IOException, duckdb.ConnectionException) as error:
                if not _LOCKED.search(str(error)):
                    raise TerminalError(f"Can't open the warehouse {self.path}: {error}") from error
                waited = time.monotonic() - started
                words = f"{self.path} is held by {_name_holder(str(error))}"
                if waited > self.wait_s:
                    raise WarehouseLockedError(
                        f"The warehouse {words} for {waited:.0f} s; end that process or raise CALLMILL_LOCK_WAIT_S."
                    ) from error
                if waited > _SAY_AFTER_S and not has_said:
                    has_said = True
                    log.warning("Waiting for the warehouse: %s.", words)
                time.sleep(_RETRY_S)


@functools.cache
def _lock_of(path: Path) -> threading.RLock:
    """One lock per file: DuckDB refuses a second connection of another mode in one process."""
    return threading.RLock()


def _name_holder(message: str) -> str:
    holder = _HOLDER.search(message)
    if holder is None:
        return "another connection of this process"
    return f"process {holder['pid']} ({holder['program'] or 'unknown program'})"


def _refuse_writing(statements: Sequence[duckdb.Statement]) -> None:
    """A connection that is read-only still runs `copy … to` and `attach`, and returns only the last result of several.

    `create` may stand before: DuckDB turns `pivot` into a temporary type and a select; others fail on a read-only file.
    """
    kinds = [statement.type for statement in statements]
    others = [kind for kind in kinds if kind != duckdb.StatementType.CREATE]
    runs_what_it_explains = any("analyze" in one.query.lower() for one in statements if one.type == _EXPLAIN)
    if len(others) != 1 or others[0] not in _READING or runs_what_it_explains:
        found = ", ".join(kind.name.lower() for kind in kinds) or "no statement"
        raise UsageError(f"Got {found}; expected one statement that reads, such as `select …` or `describe …`.")


@functools.cache
def query_text(name: str) -> str:
    """Text of `queries/<name>.sql`.

    Raises:
        UsageError: names the queries there are.
    """
    path = _FOLDER / "queries" / f"{name}.sql"
    if not path.is_file():
        raise UsageError(f"No query named '{name}'; there are {', '.join(query_names())}.")
    return path.read_text(encoding="utf-8")


def query_names() -> list[str]:
    """Names that `callmill sql NAME` knows."""
    return sorted(path.stem for path in _FOLDER.glob("queries/*.sql"))
