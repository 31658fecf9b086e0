"""Fetching contact lists anew, for the command and the flow."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flows.people.sources.members_api import MembersApi
from flows.people.sources.refreshing import refresh as fetch
from flows.people.sources.refreshing import save
from flows.settings import Settings


def refresh(
    settings: Settings,
    folder: Path,
    progress: Callable[[str, int, int], None],
    *,
    fewer: bool = False,
) -> tuple[Path, ...]:
    """MPs, peers and government posts from the Members API (MEMBERS_API_URL) into ``folder``.

    A run that was stopped goes on where it was. Lists that would lose more than a fifth of their
    contacts are replaced only with ``fewer``. Raises ConfigurationError, the old lists untouched.
    """
    with MembersApi(settings.var / "members-api", settings.members_api_url) as api:
        paths = save(fetch(api, datetime.now().astimezone(), progress), folder, fewer=fewer)
        api.forget()
    return paths
