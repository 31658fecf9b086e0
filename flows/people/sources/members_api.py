"""Asking the Members API: slowly, once, and on from where an earlier run stopped."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import stamina

from flows.errors import ConfigurationError
from flows.people.lists import files
from flows.people.sources import members

BASE = "https://members-api.parliament.uk"
PAGE = 20
"""The most members a page may hold (parameter ``take``)."""
MAXIMUM_BYTES = 32 * 1024 * 1024
KEPT_FOR = 24 * 3600.0
"""Seconds after which an answer kept by a stopped run is asked for again."""
_LONGEST_WAIT = 60.0
_AGAIN = (408, 425, 429, 500, 502, 503, 504)

Progress = Callable[[str, int, int], None]
"""Called with what is fetched, how many there are so far, and how many in all."""


class MembersApi:
    """One polite client: at most ``per_second`` requests, each tried ``attempts`` times.

    What was fetched is kept under ``cache`` until ``forget``, so that a run that was stopped goes
    on from there. ``wait`` is the first wait between attempts, in seconds; it doubles.
    """

    def __init__(
        self,
        cache: Path,
        base: str = BASE,
        *,
        per_second: float = 10.0,
        attempts: int = 5,
        wait: float = 0.5,
    ) -> None:
        if not base.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ConfigurationError(f"Members API: {base!r} is no https address; correct it")
        self.base = base.rstrip("/")
        self.etag = ""
        self.fields: dict[str, None] = {}
        """Names of the fields in all answers, in order of appearance."""
        self._cache = cache
        self._pause = 1 / per_second
        self._next = 0.0
        self._attempts = attempts
        self._wait = wait
        self._client = httpx.Client(
            base_url=self.base,
            timeout=30.0,
            headers={"Accept": "application/json", "User-Agent": "dear-minister (contact lists)"},
        )

    def __enter__(self) -> "MembersApi":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str, *, absent: bool = False, **query: str | int) -> Any:
        """Return the JSON document at ``path``; with ``absent``, None where the server has none.

        Raises ConfigurationError when the server is not there, refuses, or answers no JSON.
        """
        url = httpx.URL(self.base + path, params=query or None)
        kept = self._cache / (hashlib.sha256(str(url).encode()).hexdigest()[:32] + ".json")
        if kept.exists() and kept.stat().st_mtime > time.time() - KEPT_FOR:
            return self._noted(json.loads(kept.read_bytes()))
        data = self._fetch(url)
        if data is None and not absent:
            raise ConfigurationError(f"{url}: not found (404); is this the Members API's address?")
        try:
            document = json.loads(data) if data is not None else None
        except ValueError:
            raise ConfigurationError(f"{url}: the answer is not JSON; the old list stays") from None
        files.write(kept, json.dumps(document).encode(), durable=False)
        return self._noted(document)

    def _noted(self, document: Any) -> Any:
        self.fields.update(dict.fromkeys(members.fields(document)))
        return document

    def members(self, house: int, progress: Progress) -> list[members.Member]:
        """Return who sits in ``house`` now, page by page."""
        found: list[members.MemberItem] = []
        what = "MPs" if house == 1 else "peers"
        while True:
            path = "/api/Members/Search"
            document = self.get(
                path, House=house, IsCurrentMember="true", skip=len(found), take=PAGE
            )
            page = members.shaped(members.Search, document, self.base + path)
            found += page.items
            progress(what, len(found), page.total_results)
            if len(found) >= page.total_results:
                return members.current(found, house)
            if not page.items:
                raise ConfigurationError(
                    f"{self.base}{path}: {len(found)} of {page.total_results} {what}, then an"
                    " empty page; the old list stays, run it again"
                )

    def forget(self) -> None:
        """Delete what was kept: the next refresh asks anew."""
        shutil.rmtree(self._cache, ignore_errors=True)

    def _fetch(self, url: httpx.URL) -> bytes | None:
        try:
            for attempt in stamina.retry_context(
                on=_again,
                attempts=self._attempts,
                timeout=None,
                wait_initial=self._wait,
                wait_max=_LONGEST_WAIT,
                wait_jitter=self._wait,
            ):
                with attempt:
                    return self._once(url)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise ConfigurationError(
                f"{url}: the server answered {status}; the old list stays, try again later"
            ) from None
        except httpx.HTTPError as error:
            raise ConfigurationError(
                f"{url}: no answer ({error or type(error).__name__}); the old list stays, try"
                " again later: what was fetched is kept"
            ) from None
        raise AssertionError("stamina ends with a value or an error")

    def _once(self, url: httpx.URL) -> bytes | None:
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self._pause
        with self._client.stream("GET", url) as response:
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            if response.is_redirect:
                raise httpx.HTTPStatusError(
                    "redirected", request=response.request, response=response
                )
            response.raise_for_status()
            self.etag = response.headers.get("ETag", self.etag)
            data = b""
            for part in response.iter_bytes():
                data += part
                if len(data) > MAXIMUM_BYTES:
                    raise ConfigurationError(f"{url}: an answer of absurd size; the old list stays")
            return data


def _again(error: Exception) -> bool | float:
    """Say whether to try again, and after how many seconds where the server says so."""
    if isinstance(error, httpx.HTTPStatusError):
        after = error.response.headers.get("Retry-After", "")
        if error.response.status_code not in _AGAIN:
            return False
        return min(float(after), _LONGEST_WAIT) if after.isdigit() else True
    return isinstance(error, httpx.TransportError)
