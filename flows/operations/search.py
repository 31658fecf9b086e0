"""Looking for a letter whose fate is uncertain, and what its finding proposes."""

from flows.errors import ConfigurationError
from flows.post import resolution
from flows.post.ledger.database import Ledger
from flows.post.ledger.workers import recover
from flows.post.smtp import sent_folder
from flows.post.states import State
from flows.post.status import message_id
from flows.settings import Settings


def proposal(settings: Settings, ledger: Ledger, dispatch: str) -> str:
    """What was found in the mailbox, and the command that would settle the dispatch.

    Raises ConfigurationError: no IMAP settings, mailbox out of reach, dispatch not uncertain.
    """
    recover(ledger)
    found = resolution.find(ledger, dispatch)
    if found.state is not State.UNCERTAIN:
        raise ConfigurationError(f"dispatch {dispatch} is {found.state}, not uncertain")
    archive = settings.archive
    identity = message_id(ledger, found.mailing, found.ordinal)
    if sent_folder.found(archive, identity):
        return (
            f"{identity} is in {archive.folder}: the server took it. Settle it with:\n"
            f"dear-minister resolve {dispatch} --as sent --by NAME "
            f'--why "found in {archive.folder}"'
        )
    return (
        f"{identity} is not in {archive.folder}. That alone does not prove that the server never "
        "took it: look at the server's own log, then settle it with:\n"
        f"dear-minister resolve {dispatch} --as resend --by NAME --why TEXT"
    )
