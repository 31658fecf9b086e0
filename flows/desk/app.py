"""The desk page's addresses: read-only, on the loopback, behind Prefect's own login."""

import base64
import hmac
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.counted import counted
from flows.desk import views
from flows.errors import ConfigurationError, DearMinisterError
from flows.operations.ledger import open_ledger
from flows.post.delivery.office_hours import ZONE
from flows.post.ledger.clock import parse
from flows.post.ledger.database import Ledger
from flows.settings import Settings

Link = Callable[..., str]
"""The address of a deployment's form in Prefect's UI, a field filled in: ``link("hold",
mailing="...")``."""
_HEADERS = {
    b"content-security-policy": b"default-src 'none'; style-src 'self'; form-action 'self'; "
    b"img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"cache-control": b"no-store",
}
_TYPES = {
    ".eml": "message/rfc822",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf": "application/pdf",
}


def app(
    settings: Callable[[], Settings],
    link: Link,
    campaigns: Callable[[], Sequence[str]] = tuple,
    login: str = "",
) -> Starlette:
    """Return the desk page as an ASGI application.

    ``settings`` and ``campaigns`` (the campaigns' keys) are called for each request. ``login`` is
    "name:password", blank for none.
    """
    pages = _Pages(settings, link, campaigns)
    return Starlette(
        routes=[
            Route("/", pages.overview),
            Route("/desk.css", pages.style),
            Route("/search", pages.search),
            Route("/mailing/{mailing}", pages.mailing),
            Route("/letter/{dispatch}", pages.letter),
            Route("/letter/{dispatch}/{name}", pages.document),
            Route("/files/{name:path}", pages.file),
        ],
        middleware=[
            # Another site's name that is made to point here would read with the user's login.
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
            Middleware(_Guarded, login=login),
        ],
        exception_handlers={DearMinisterError: pages.fault, HTTPException: pages.fault},
    )


class _Guarded:
    """Adds the security headers, and asks for the login (RFC 7617) where there is one."""

    def __init__(self, inner: ASGIApp, login: str) -> None:
        self._inner = inner
        self._expected = b"Basic " + base64.b64encode(login.encode()) if login else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS.items()]
            await send(message)

        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] == "http" and not hmac.compare_digest(given, self._expected or given):
            answer = PlainTextResponse(
                "This page asks for the login of PREFECT_SERVER_API_AUTH_STRING.",
                401,
                {"www-authenticate": 'Basic realm="Dear Minister", charset="UTF-8"'},
            )
            await answer(scope, receive, send_guarded)
            return
        await self._inner(scope, receive, send_guarded)


class _Pages:
    """One method an address. They run in threads; each opens the ledger for itself."""

    def __init__(
        self, settings: Callable[[], Settings], link: Link, campaigns: Callable[[], Sequence[str]]
    ) -> None:
        self._settings = settings
        self._campaigns = campaigns
        self._jinja = Environment(
            loader=PackageLoader("flows.desk", "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals["link"] = link
        self._jinja.globals["shown_states"] = views.shown_states
        self._jinja.filters["moment"] = _moment
        self._jinja.filters["letters"] = lambda number: counted(number, "letter")

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        with closing(open_ledger(self._settings())) as ledger:
            yield ledger

    def _page(self, name: str, **values: object) -> HTMLResponse:
        return HTMLResponse(self._jinja.get_template(f"{name}.html").render(**values))

    def overview(self, request: Request) -> Response:
        """All mailings, and what waits for whom."""
        with self._ledger() as ledger:
            return self._page(
                "overview",
                mailings=views.overview(ledger),
                replies=views.unsorted_replies(ledger),
                campaigns=self._campaigns(),
            )

    def search(self, request: Request) -> Response:
        """Readers by name, over all mailings."""
        words = request.query_params.get("q", "").strip()
        with self._ledger() as ledger:
            found = views.letters(ledger, words=words, page=_number(request)) if words else None
        return self._page("search", words=words, found=found)

    def mailing(self, request: Request) -> Response:
        """One mailing: its letters, what can be done, files that flows wrote."""
        name = request.path_params["mailing"]
        state, words = (request.query_params.get(one, "").strip() for one in ("state", "q"))
        with self._ledger() as ledger:
            every = {view.mailing.id: view for view in views.overview(ledger)}
            if name not in every:
                raise ConfigurationError(f"there is no mailing {name}")
            found = views.letters(
                ledger, mailing=name, words=words, state=state, page=_number(request)
            )
        files = views.files(self._settings().var, name)
        return self._page(
            "mailing", view=every[name], found=found, state=state, words=words, files=files
        )

    def letter(self, request: Request) -> Response:
        """One letter: as it was sent, and everything that happened to it."""
        with self._ledger() as ledger:
            return self._page(
                "letter", letter=views.letter(ledger, request.path_params["dispatch"])
            )

    def document(self, request: Request) -> Response:
        """A letter's PDF or Word file, or its mail, as frozen."""
        name = Path(request.path_params["name"]).name
        with self._ledger() as ledger:
            content = views.content(ledger, request.path_params["dispatch"], name)
        kind = Path(name).suffix
        how = "inline" if kind == ".pdf" else "attachment"
        headers = {"content-disposition": f'{how}; filename="{name}"'}
        return Response(
            content, media_type=_TYPES.get(kind, "application/octet-stream"), headers=headers
        )

    def file(self, request: Request) -> Response:
        """A file that a flow wrote; to be saved, but for PDF and the report's own page."""
        path = views.file(self._settings().var, request.path_params["name"])
        how = "inline" if path.suffix in (".pdf",) else "attachment"
        return FileResponse(path, filename=path.name, content_disposition_type=how)

    def style(self, request: Request) -> Response:
        """The style sheet."""
        return Response(
            self._jinja.get_template("desk.css").render(), media_type="text/css; charset=utf-8"
        )

    def fault(self, request: Request, error: Exception) -> Response:
        """What cannot be shown, in a line."""
        missing = isinstance(error, ConfigurationError)
        code = error.status_code if isinstance(error, HTTPException) else 404 if missing else 503
        what = "there is no such page" if isinstance(error, HTTPException) else str(error)
        page = self._page("fault", what=what)
        page.status_code = code
        return page


def _number(request: Request) -> int:
    given = request.query_params.get("page", "1")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 1


def _moment(moment: datetime | str) -> str:
    """A moment as London reads it: "4 September 2013, 09:00"."""
    found = parse(moment) if isinstance(moment, str) else moment
    local = found.astimezone(ZoneInfo(ZONE))
    return f"{local.day} {local:%B %Y, %H:%M}"
