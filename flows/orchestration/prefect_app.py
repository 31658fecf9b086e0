"""Prefect's server as ``serve`` and the unit of systemd start it: ``uvicorn --factory
flows.orchestration.prefect_app:create_app``.

Prefect begins transactions on SQLite DEFERRED. One that reads first and writes later fails at
once with "database is locked" when another has written in between, whatever the busy time-out
(SQLITE_BUSY_SNAPSHOT): a Resume that met a run's log was lost. Begun IMMEDIATE, it waits.

Prefect answers pages of every site, and under every name that leads here: a page that an operator
has open in another tab could read mailings and start runs. Ours answers its own pages alone.
"""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

from prefect.server.api.server import create_app as prefects
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.settings import PREFECT_SERVER_CORS_ALLOWED_ORIGINS, PREFECT_UI_URL
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_HERE = ("127.0.0.1", "localhost")


def create_app() -> ASGIApp:
    """Return Prefect's own application, whose transactions wait for each other.

    Pages of other hosts are answered where PREFECT_SERVER_CORS_ALLOWED_ORIGINS or PREFECT_UI_URL
    names them.
    """
    deferred = AioSqliteConfiguration.begin_transaction

    def begin_transaction(
        self: AioSqliteConfiguration, session: Any, with_for_update: bool = False
    ) -> AbstractAsyncContextManager[Any]:
        return deferred(self, session, with_for_update=True)

    AioSqliteConfiguration.begin_transaction = begin_transaction  # type: ignore[method-assign, assignment]
    named = [*PREFECT_SERVER_CORS_ALLOWED_ORIGINS.value().split(","), PREFECT_UI_URL.value() or ""]
    return OwnPagesAlone(prefects(final=True), {*_HERE, *filter(None, map(_host, named))})


class OwnPagesAlone:
    """Refuses what a browser asks for under another host's name, or for another host's page."""

    def __init__(self, inner: ASGIApp, hosts: Collection[str]) -> None:
        self._inner = inner
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not self._ours(scope):
            refusal = PlainTextResponse("This server answers its own pages alone.", 403)
            await refusal(scope, receive, send)
            return
        await self._inner(scope, receive, send)

    def _ours(self, scope: Scope) -> bool:
        given = {name: value.decode("latin-1") for name, value in scope["headers"]}
        asked = [f"//{given.get(b'host', '')}"]
        if b"origin" in given:  # browsers alone send it
            asked.append(given[b"origin"])
        return all(_host(address) in self._hosts for address in asked)


def _host(address: str) -> str:
    try:
        return urlsplit(address.strip()).hostname or ""
    except ValueError:
        return ""
