"""Approve: sign a mailing off, and say what has been edited since it was frozen."""

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
