"""Approve: sign a mailing off, and say what has been edited since it was frozen or signed off."""

from flows.operations.draft import sources_now
from flows.post.ledger.database import Ledger
from flows.post.mailing import approval, mailing
from flows.post.mailing.mailing import Mailing


def approve(ledger: Ledger, identity: str, by: str, digest: str) -> tuple[Mailing, list[str]]:
    """Sign a mailing off; also gives the edits made to its sources since it was frozen."""
    before = mailing.get(ledger, identity).sources
    current = sources_now(before)
    signed = approval.approve(ledger, identity, by=by, digest=digest, sources=current)
    return signed, approval.changed(before, current)


def need_signed_off(ledger: Ledger, mailing: Mailing) -> list[str]:
    """Refuse to let out what was not signed off, or, while nothing has left, what was edited since;
    later edits in words. Raises ConfigurationError."""
    before = mailing.approved_sources or {}
    edits = approval.need_signed_off(ledger, mailing, lambda: sources_now(before))
    return [_since(edit) for edit in edits]


def edited_since(mailing: Mailing) -> list[str]:
    """The edits made to a mailing's sources since its sign-off, in words; none before it."""
    before = mailing.approved_sources or {}
    return [_since(edit) for edit in approval.changed(before, sources_now(before))]


def _since(edit: str) -> str:
    return f"{edit} since sign-off; the letters go as they were frozen"
