"""Fetching contact lists anew, for the command and the flow."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flows.people.sources.members_api import MembersApi
from flows.people.sources.refreshing import refresh as fetch
from flows.people.sources.refreshing import save
from flows.people.sources.saving import Plan
from flows.settings import Settings


def refresh(
    settings: Settings,
    folder: Path,
    progress: Callable[[str, int, int], None],
    *,
    fewer: bool = False,
) -> tuple[Plan, ...]:
    """Write MPs, peers and government posts of the Members API (MEMBERS_API_URL) into ``folder``.

    Returns the lists as written, with what changed in each; what was corrected by hand stays.
    A run that was stopped goes on where it was. Lists that would lose more than a fifth of their
    contacts are replaced only with ``fewer``. Raises ConfigurationError, the old lists untouched.
    """
    with MembersApi(settings.var / "members-api", settings.members_api_url) as api:
        lists = save(fetch(api, datetime.now().astimezone(), progress), folder, fewer=fewer)
        api.forget()
    return lists
