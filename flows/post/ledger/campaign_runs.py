"""Whose turn it is: one run at a time on a campaign's edition, and which mailing a run froze.

Kept in the ledger, as events of its chain, so that it outlives Prefect's server. What is sent only
once is sent only once whatever stands here: this is so that a second start gets an answer at once
and two runs do not freeze past each other.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, select

from flows.errors import DearMinisterError
from flows.post.ledger import events, schema
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LedgerUnavailableError
from flows.post.ledger.workers import alive, hold

_BEGAN, _ENDED = "flow run began", "flow run ended"
_FROZE = "flow run froze"
_LIMITED, _UNLIMITED = "limited", "no longer limited"
_E = schema.event.c


class CampaignBusyError(DearMinisterError):
    """Another run has this campaign. ``run`` is its id."""

    def __init__(self, run: str, text: str) -> None:
        super().__init__(text)
        self.run = run


@dataclass(frozen=True, slots=True)
class CampaignRun:
    """The newest run on a campaign's edition. ``worker`` lives as long as the run's process."""

    run: str
    worker: str
    seq: int
    ended: bool


def last(ledger: Ledger, campaign: str, edition: int) -> CampaignRun | None:
    """The newest turn on this campaign's edition, or None."""
    with ledger.read() as connection:
        return _last(connection, _key(campaign, edition))


def running(ledger: Ledger, turn: CampaignRun | None) -> bool:
    """Whether the turn's process lives."""
    if turn is None or turn.ended:
        return False
    with ledger.read() as connection:
        return alive(ledger, connection, turn.worker)


def begun(ledger: Ledger, run: str) -> bool:
    """Whether this run has had a turn before: it goes on, after a suspension or a crash."""
    with ledger.read() as connection:
        row = connection.execute(
            select(_E.seq).where(_E.what == _BEGAN, _E.text == run).limit(1)
        ).first()
    return row is not None


def is_crashed(ledger: Ledger, run: str) -> bool:
    """Whether this run had a turn, and the process that had it is gone."""
    with ledger.read() as connection:
        worker = connection.execute(
            select(_E.worker)
            .where(_E.what == _BEGAN, _E.text == run)
            .order_by(_E.seq.desc())
            .limit(1)
        ).scalar()
        return worker is not None and not alive(ledger, connection, worker)


@contextmanager
def run_lock(
    ledger: Ledger,
    campaign: str,
    edition: int,
    run: str,
    waiting: Callable[[str], bool],
) -> Iterator[None]:
    """Have the turn for as long as the block; ``run`` is the flow run's id.

    ``waiting`` tells of another run's id whether that run, without a process, will go on (it is
    suspended for its sign-off). A block left by an ``Exception`` or normally ends the turn; one
    left by a suspension or a crash does not. Raises NotYourTurnError.
    """
    key = _key(campaign, edition)
    before = last(ledger, campaign, edition)
    _need_free(ledger, before, run, campaign, edition, waiting)
    with hold(ledger) as worker:
        with ledger.write() as connection:
            newest = _last(connection, key)
            if newest and (before is None or newest.seq != before.seq):
                raise _busy(newest, campaign, edition, "has just begun")
            _append(connection, _BEGAN, run, key, worker)
        try:
            yield
        except Exception:
            with suppress(LedgerUnavailableError):  # which may be what we are leaving for
                _end(ledger, run, key, worker)
            raise
        _end(ledger, run, key, worker)


def _need_free(
    ledger: Ledger,
    turn: CampaignRun | None,
    run: str,
    campaign: str,
    edition: int,
    waiting: Callable[[str], bool],
) -> None:
    if turn is None or turn.ended:
        return
    if running(ledger, turn):
        raise _busy(turn, campaign, edition, "is at work")
    if turn.run != run and waiting(turn.run):
        raise _busy(turn, campaign, edition, "waits for its sign-off")


def _busy(turn: CampaignRun, campaign: str, edition: int, what: str) -> CampaignBusyError:
    return CampaignBusyError(
        turn.run,
        f"nothing was done: another run of {campaign}, edition {edition}, {what}; "
        "resume or cancel that one first",
    )


def link_mailing(ledger: Ledger, run: str, mailing: str) -> None:
    """Note that this run's mailing is this one, whatever is edited from now on."""
    if mailing_of(ledger, run) == mailing:
        return
    with ledger.write() as connection:
        events.append(
            connection, [{"at": stamp(now()), "mailing": mailing, "what": _FROZE, "text": run}]
        )


def mailing_of(ledger: Ledger, run: str) -> str | None:
    """The mailing that this run froze, or None."""
    with ledger.read() as connection:
        return connection.execute(
            select(_E.mailing)
            .where(_E.what == _FROZE, _E.text == run)
            .order_by(_E.seq.desc())
            .limit(1)
        ).scalar()


def limit(ledger: Ledger, mailing: str, most: int) -> None:
    """Note whether the last live run was told to send only so many letters (0: all)."""
    if limited(ledger, mailing) == bool(most):
        return
    with ledger.write() as connection:
        what = _LIMITED if most else _UNLIMITED
        events.append(connection, [{"at": stamp(now()), "mailing": mailing, "what": what}])


def limited(ledger: Ledger, mailing: str) -> bool:
    """Whether the rest of this mailing waits for a person to say so, and not for the sweep."""
    with ledger.read() as connection:
        newest = connection.execute(
            select(_E.what)
            .where(_E.mailing == mailing, _E.what.in_((_LIMITED, _UNLIMITED)))
            .order_by(_E.seq.desc())
            .limit(1)
        ).scalar()
    return newest == _LIMITED


def _key(campaign: str, edition: int) -> str:
    return f"{campaign}/{edition}"


def _last(connection: Connection, key: str) -> CampaignRun | None:
    row = connection.execute(
        select(_E.seq, _E.text, _E.worker)
        .where(_E.what == _BEGAN, _E.why == key)
        .order_by(_E.seq.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    ended = connection.execute(
        select(_E.seq).where(_E.seq > row.seq, _E.what == _ENDED, _E.worker == row.worker).limit(1)
    ).first()
    return CampaignRun(row.text, row.worker, row.seq, ended is not None)


def _end(ledger: Ledger, run: str, key: str, worker: str) -> None:
    with ledger.write() as connection:
        _append(connection, _ENDED, run, key, worker)


def _append(connection: Connection, what: str, run: str, key: str, worker: str) -> None:
    events.append(
        connection,
        [{"at": stamp(now()), "what": what, "text": run, "why": key, "worker": worker}],
    )
