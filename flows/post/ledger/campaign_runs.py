"""The runs of a campaign: one at a time on each edition, and which mailing a run froze.

Kept in the ledger, so that it outlives Prefect's server. No letter's fate depends on this table:
it gives a second start its answer at once, and keeps two runs from freezing past each other.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from flows.errors import DearMinisterError
from flows.post.ledger import events, schema
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LedgerUnavailableError
from flows.post.ledger.workers import alive, hold

_R, _E = schema.campaign_run.c, schema.event.c
_LIMITED, _UNLIMITED = "limited", "no longer limited"


class CampaignBusyError(DearMinisterError):
    """Another run works on this campaign. ``run`` is its id."""

    def __init__(self, run: str, text: str) -> None:
        super().__init__(text)
        self.run = run


@dataclass(frozen=True, slots=True)
class CampaignRun:
    """A run on a campaign's edition. ``worker`` lives as long as the run's process."""

    number: int
    run: str
    """The flow run's id."""
    worker: str
    ended_at: str | None


def last(ledger: Ledger, campaign: str, edition: int) -> CampaignRun | None:
    """The newest run on this campaign's edition, or None."""
    with ledger.read() as connection:
        return _last(connection, campaign, edition)


def running(ledger: Ledger, run: CampaignRun | None) -> bool:
    """Whether the run's process lives."""
    if run is None or run.ended_at:
        return False
    with ledger.read() as connection:
        return alive(ledger, connection, run.worker)


def begun(ledger: Ledger, run: str) -> bool:
    """Whether this run has begun before: it goes on, after a suspension or a crash."""
    with ledger.read() as connection:
        return connection.execute(select(_R.number).where(_R.run == run)).first() is not None


@contextmanager
def run_lock(
    ledger: Ledger,
    campaign: str,
    edition: int,
    run: str,
    waiting: Callable[[str], bool],
) -> Iterator[None]:
    """For as long as the block this run, by its flow run's id, is the campaign's only one.

    ``waiting`` is called with another run's id and returns whether that run, which has no process,
    will go on (it is suspended until its sign-off). A block that ends normally or by an
    ``Exception`` ends the run; a suspension or a crash leaves it open. Raises CampaignBusyError.
    """
    before = last(ledger, campaign, edition)
    _need_free(ledger, before, run, campaign, edition, waiting)
    with hold(ledger) as worker:
        with ledger.write() as connection:
            newest = _last(connection, campaign, edition)
            if newest and (before is None or newest.number != before.number):
                raise _busy(newest, campaign, edition, "has just begun")
            connection.execute(
                insert(schema.campaign_run).values(
                    run=run,
                    campaign=campaign,
                    edition=edition,
                    worker=worker,
                    began_at=stamp(now()),
                    mailing=_mailing_of(connection, run),
                )
            )
        try:
            yield
        except Exception:
            with suppress(LedgerUnavailableError):  # it may be the very error that is raised
                _end(ledger, worker)
            raise
        _end(ledger, worker)


def _need_free(
    ledger: Ledger,
    newest: CampaignRun | None,
    run: str,
    campaign: str,
    edition: int,
    waiting: Callable[[str], bool],
) -> None:
    if newest is None or newest.ended_at:
        return
    if running(ledger, newest):
        raise _busy(newest, campaign, edition, "is at work")
    if newest.run != run and waiting(newest.run):
        raise _busy(newest, campaign, edition, "waits for its sign-off")


def _busy(newest: CampaignRun, campaign: str, edition: int, what: str) -> CampaignBusyError:
    return CampaignBusyError(
        newest.run,
        f"nothing was done: another run of {campaign}, edition {edition}, {what}; "
        "resume or cancel that one first",
    )


def link_mailing(ledger: Ledger, run: str, mailing: str) -> None:
    """Record that this run's mailing is this one, whatever is edited from now on."""
    with ledger.write() as connection:
        connection.execute(update(schema.campaign_run).where(_R.run == run).values(mailing=mailing))


def mailing_of(ledger: Ledger, run: str) -> str | None:
    """The mailing that this run froze, or None."""
    with ledger.read() as connection:
        return _mailing_of(connection, run)


def limit(ledger: Ledger, mailing: str, most: int) -> None:
    """Record whether the last live run sends only so many letters (0: all).

    An event of the chain and no column: whether the sweep may send rests on it.
    """
    if limited(ledger, mailing) == bool(most):
        return
    with ledger.write() as connection:
        what = _LIMITED if most else _UNLIMITED
        events.append(connection, [{"at": stamp(now()), "mailing": mailing, "what": what}])


def limited(ledger: Ledger, mailing: str) -> bool:
    """Whether the rest of this mailing waits for a person to name it, and not for the sweep."""
    with ledger.read() as connection:
        newest = connection.execute(
            select(_E.what)
            .where(_E.mailing == mailing, _E.what.in_((_LIMITED, _UNLIMITED)))
            .order_by(_E.seq.desc())
            .limit(1)
        ).scalar()
    return newest == _LIMITED


def _last(connection: Connection, campaign: str, edition: int) -> CampaignRun | None:
    newest = select(func.max(_R.number)).where(_R.campaign == campaign, _R.edition == edition)
    row = connection.execute(
        select(_R.number, _R.run, _R.worker, _R.ended_at).where(
            _R.number == newest.scalar_subquery()
        )
    ).first()
    return CampaignRun(**row._mapping) if row else None


def _mailing_of(connection: Connection, run: str) -> str | None:
    return connection.execute(
        select(_R.mailing)
        .where(_R.run == run, _R.mailing.is_not(None))
        .order_by(_R.number.desc())
        .limit(1)
    ).scalar()


def _end(ledger: Ledger, worker: str) -> None:
    with ledger.write() as connection:
        connection.execute(
            update(schema.campaign_run).where(_R.worker == worker).values(ended_at=stamp(now()))
        )
