"""Which ends of a run are a matter for a notice (NOTIFY)."""

from dataclasses import dataclass

from prefect.client.schemas.objects import StateType
from prefect.logging import get_run_logger

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.operations.notify import notify, settled
from flows.orchestration import flow_runs, links
from flows.orchestration.states import Ending
from flows.post.mailing.mailing import Mailing
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody in the office is told."""

    matter: str
    """Told once as long as it says the same."""
    subject: str
    body: str
    link: str = ""

    def send(self) -> list[str]:
        """Send it to everyone in NOTIFY; returns what went wrong, a line each."""
        chosen = _settings()
        if chosen is None:
            return []
        desk = f"\nDesk page: {links.desk()}" if links.desk() else ""
        subject = f"Dear Minister: {self.subject}"
        return notify(chosen, self.matter, subject, f"{self.body}{desk}", self.link)


_MATTERS = ("Needs attention", "Too late", "To be sorted")


def of(ending: Ending, matter: str) -> Ending:
    """Send a notice where the ending wants a person, once as long as it says the same; returns it.

    ``matter`` names what the run is about: a campaign, the sweep, the mailbox.
    """
    name = ending.name or ""
    failed = ending.type in (StateType.FAILED, StateType.CRASHED)
    if failed or name in _MATTERS:
        _send(f"{matter}: {name}", f"{matter}: {name}", ending.message or "")
    elif chosen := _settings():
        for over in (*_MATTERS, "Failed"):
            settled(chosen, f"{matter}: {over}")
    return ending


def _settings() -> Settings | None:
    """The settings; None where they cannot be read, which the run's own end says."""
    try:
        return flow_runs.settings()
    except ConfigurationError:
        return None


def sign_off_waits(found: Mailing, refusal: str) -> None:
    """Send a notice that a mailing waits for its sign-off."""
    body = (
        f"The sign-off is waited for: {counted(found.letters, 'letter')} of {found.campaign}, "
        f"edition {found.edition}, frozen as mailing {found.id}.\nHash: {found.short_hash}"
    )
    # A run that waits for the same mailing as an earlier one, which nobody answered, is news.
    matter = f"sign-off {found.id}, {flow_runs.identity()}"
    _send(matter, f"{found.campaign}: sign-off waits", f"{refusal}\n{body}".strip())


def _send(matter: str, subject: str, body: str) -> None:
    # The run's own address differs from run to run, and is no news.
    notice = Notice(matter, subject, body, links.run(flow_runs.identity()))
    for fault in notice.send():
        get_run_logger().warning(fault)
