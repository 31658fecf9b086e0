"""Statements of the hot path, compiled once a dialect and passed straight to the driver.

SQLAlchemy's own execution costs more than the commit it serves; the text and the order of the
parameters are still SQLAlchemy's, so that both databases run one statement.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert
from sqlalchemy.sql.base import Executable


class Statement:
    """A Core statement with named parameters, for ``Ledger.write`` and ``Ledger.read``."""

    def __init__(self, core: Executable) -> None:
        self._core = core
        self._compiled: dict[str, tuple[str, Sequence[str] | None]] = {}

    def _for(self, connection: Connection) -> tuple[str, Sequence[str] | None]:
        name = connection.dialect.name
        if name not in self._compiled:
            made: Any = self._core.compile(dialect=connection.dialect)  # type: ignore[attr-defined]
            self._compiled[name] = (str(made), made.positiontup)
        return self._compiled[name]

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Execute; returns the driver's cursor."""
        sql, order = self._for(connection)
        cursor = connection.connection.cursor()
        cursor.execute(sql, values if order is None else [values[name] for name in order])
        return cursor

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute for each row."""
        sql, order = self._for(connection)
        values: Any = rows if order is None else [[row[name] for name in order] for row in rows]
        connection.connection.cursor().executemany(sql, values)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, one at least, that have the same columns; the others are NULL."""
    _insert(table, tuple(rows[0])).run_many(connection, rows)


@cache
def _insert(table: Table, columns: tuple[str, ...]) -> Statement:
    return Statement(insert(table).values({name: bindparam(name) for name in columns}))
