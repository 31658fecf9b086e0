"""Prefect's server as ``serve`` starts it: ``uvicorn --factory ...prefect_app:create_app``.

Prefect begins transactions on SQLite DEFERRED. One that reads first and writes later fails at
once with "database is locked" when another has written in between, whatever the busy time-out
(SQLITE_BUSY_SNAPSHOT): a Resume that met a run's log was lost. Begun IMMEDIATE, it waits.
"""

from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from prefect.server.api.server import create_app as prefects
from prefect.server.database.configurations import AioSqliteConfiguration


def create_app() -> FastAPI:
    """Return Prefect's own application, whose transactions wait for each other."""
    deferred = AioSqliteConfiguration.begin_transaction

    def begin_transaction(
        self: AioSqliteConfiguration, session: Any, with_for_update: bool = False
    ) -> AbstractAsyncContextManager[Any]:
        return deferred(self, session, with_for_update=True)

    AioSqliteConfiguration.begin_transaction = begin_transaction  # type: ignore[method-assign, assignment]
    return prefects(final=True)
