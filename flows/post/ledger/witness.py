"""Witnesses: files that keep how far the ledger had come, where the ledger cannot rewrite it.

A ledger that was restored from a backup, copied or cut short has forgotten letters that were sent,
and would send them again; or that somebody said stop. The first live sending, and a hold, leave the
head of the log (number and hash of its last event) in a file beside the ledger and, where
LEDGER_WITNESS names a folder, in one there. From then on it follows every commit, before anything
that was committed is acted upon: whatever moment a backup is of, the witnesses know what came
after. A ledger that does not know what a witness knows sends nothing until a person recovers it
(``flows.operations.recover``).

A witness says at which place its ledger was, so that a ledger made anew where a lost one was is
found out in a folder that ledgers of several offices share.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, exists, func, select, update

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.post.ledger import events, schema, witness_file
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import WitnessUnwritableError
from flows.post.ledger.witness_file import Head, Seen, look, read

_E, _I = schema.event.c, schema.ledger.c
_HINT = (
    "nothing was sent; restore the right ledger, or have this one compared with the sent mails and "
    "signed: dear-minister recover --by NAME --why TEXT"
)
_OTHER_FOLDER = (
    "; where that is the ledger of another office, set LEDGER_WITNESS here to a folder of its own"
)
_LONGEST_PLACE = 200
"""Octets of a place as JSON, so that all stands in a block."""


class BehindWitnessError(ConfigurationError):
    """The ledger is not what its witnesses have seen; nothing may be sent from it."""


def head(connection: Connection) -> Head:
    """Where the log stands."""
    identity, generation = connection.execute(select(_I.identity, _I.generation)).one()
    last = select(func.max(_E.seq)).scalar_subquery()
    row = connection.execute(select(_E.seq, _E.hash).where(_E.seq == last)).first()
    return Head(identity, generation, row.seq if row else 0, row.hash if row else events.BEGINNING)


def files(ledger: Ledger) -> tuple[Path, ...]:
    """Where this ledger's witnesses are kept."""
    with ledger.read() as connection:
        return _places(ledger, connection.execute(select(_I.identity)).scalar_one())


def _places(ledger: Ledger, identity: str) -> tuple[Path, ...]:
    found = []
    if ledger.sqlite:
        found.append(ledger.path.with_name(f"{ledger.path.name}.witness"))
    if ledger.witness_folder:
        found.append(ledger.witness_folder / f"{identity}.witness")
    return tuple(found)


def _place(ledger: Ledger) -> str:
    """The ledger's place as a witness keeps it: a hash where the name is too long for a block."""
    if len(json.dumps(ledger.place)) <= _LONGEST_PLACE:
        return ledger.place
    return hashlib.sha256(ledger.place.encode()).hexdigest()


def _of_others(ledger: Ledger, connection: Connection) -> dict[Path, str]:
    """Witnesses in the folder of other ledgers at this one's place, and what they say against it.

    One that does not say where its ledger was, or cannot be read, tells against a ledger only
    before its own first live sending.
    """
    folder = ledger.witness_folder
    if folder is None or not folder.is_dir():
        return {}
    identity = connection.execute(select(_I.identity)).scalar_one()
    own, new = _places(ledger, identity), not _was_witnessed(connection)
    found = {}
    for path in sorted({*folder.glob("*.witness")} - {*own}):
        try:
            seen = look(path)
        except ConfigurationError as error:
            if new:
                found[path] = f"{error}; it may be of a ledger that stood here{_OTHER_FOLDER}"
            continue
        if seen is None or seen.head.identity == identity:
            continue  # gone since, or handed over to this one by a recovery
        if seen.place == _place(ledger) or (new and not seen.place):
            words = disagreement(connection, seen.head)
            found[path] = f"{path}: {words}{_OTHER_FOLDER}"
    return found


def disagreement(connection: Connection, witness: Head) -> str | None:
    """What the ledger does not have that the witness has seen, in words; None where it has all."""
    ours = head(connection)
    if ours.identity != witness.identity:
        return (
            f"another ledger stood here, with {counted(witness.events, 'event')}; this one, "
            f"with {ours.events}, does not know whom that one has written to"
        )
    if ours.generation < witness.generation:
        return (
            f"this is generation {ours.generation} of the ledger, and generation "
            f"{witness.generation} is in use: it was copied or restored before a recovery"
        )
    there = connection.execute(select(_E.hash).where(_E.seq == witness.events)).scalar()
    if there is None and witness.events:
        return (
            f"the ledger ends at event {ours.events}, and event {witness.events} was written: "
            "it was restored from a backup, or cut short"
        )
    if witness.events and there != witness.hash:
        return (
            f"event {witness.events} is not the one that was written: the ledger was restored and "
            "went on by itself, or was written anew"
        )
    return None


def differences(ledger: Ledger) -> tuple[str, ...]:
    """Every disagreement with a witness, and the lack of any where one was left. Empty: none.

    Raises ConfigurationError where a witness cannot be read.
    """
    # The witnesses first: a sender may add to both at this moment, to the ledger before them.
    seen = [(path, read(path)) for path in files(ledger)]
    with ledger.read() as connection:
        found = [
            f"{path}: {words}"
            for path, witness in seen
            if witness and (words := disagreement(connection, witness))
        ]
        # A server's ledger is new to every machine that begins to send from it; a file is not.
        # Looked for once more: another sender may have left the first one since.
        if (
            ledger.sqlite
            and _was_witnessed(connection)
            and not any(path.exists() for path, _ in seen)
        ):
            found.append(
                f"{seen[0][0]}: there is no witness, though this ledger has sent letters: "
                "it was moved or restored without it"
            )
        found += _of_others(ledger, connection).values()
    return tuple(found)


def check(ledger: Ledger) -> None:
    """Raise BehindWitnessError where the ledger is not what its witnesses have seen."""
    if found := differences(ledger):
        raise BehindWitnessError(f"the ledger ({ledger.name}): {'; '.join(found)}; {_HINT}")


def begin(ledger: Ledger) -> None:
    """Before a live sending: check, and leave the first head. Raises BehindWitnessError."""
    check(ledger)
    with ledger.read() as connection:
        known = _was_witnessed(connection)
    if not known:
        leave(ledger)  # the file first: whoever finds the event has to find a witness
        with ledger.write() as connection:
            identity = connection.execute(select(_I.identity)).scalar_one()
            entry = {"at": stamp(now()), "what": events.WITNESSED, "detail": {"identity": identity}}
            events.append(connection, [entry])
    leave(ledger)
    follow(ledger)


def follow(ledger: Ledger) -> None:
    """From here on this process keeps the witnesses that are there as far as its commits go."""
    ledger.on_events = _Follower(ledger)


def need_one(ledger: Ledger) -> None:
    """Leave the ledger's head where there is no witness yet, so that what was just committed
    cannot be undone unseen by restoring a backup. Raises WitnessUnwritableError.

    A ledger that stands in the place of a lost one leaves none: it sends nothing, and must not be
    in the way of the lost one that is restored.
    """
    if missing := [path for path in files(ledger) if not path.exists()]:
        with ledger.read() as connection:
            ours, others = head(connection), _of_others(ledger, connection)
        for path in missing if not others else ():
            witness_file.write(path, ours, _place(ledger))


@contextmanager
def stands(what: str) -> Iterator[None]:
    """Let a witness that cannot be written within the block be told as what it is: ``what`` is in
    the ledger all the same. Raises WitnessUnwritableError."""
    try:
        yield
    except WitnessUnwritableError as error:
        raise WitnessUnwritableError(f"{what}, which stands; but {error}") from error


class _Follower:
    """Brings the witnesses of a ledger up to each commit of this process, once it has been found to
    agree with them: one that has forgotten something must not make its witnesses forget it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._place = _place(ledger)
        self._files: tuple[Path, ...] = ()
        self._known: tuple[Head, tuple[Path, ...]] | None = None

    def __call__(self, number: int, digest: str) -> None:
        """Raises WitnessUnwritableError where a witness cannot be written."""
        if self._known is None:
            self._known = self._agreed()
        if self._known is not None:
            ours, places = self._known
            reached = Head(ours.identity, ours.generation, number, digest)
            for path in places:
                witness_file.write(path, reached, self._place, flush=False)

    def _agreed(self) -> tuple[Head, tuple[Path, ...]] | None:
        """The ledger's head and the witnesses there are; None where there is none, or one that
        disagrees."""
        self._files = self._files or files(self._ledger)
        places = tuple(path for path in self._files if path.exists())
        try:
            if not places or differences(self._ledger):
                return None
        except ConfigurationError:  # no witness at all: the next live sending says so
            return None
        with self._ledger.read() as connection:
            return head(connection), places


def leave(ledger: Ledger) -> Head:
    """Write the ledger's head to every witness, unless it has seen more; returns the head. Raises
    WitnessUnwritableError."""
    with ledger.read() as connection:
        ours = head(connection)
    for path in _places(ledger, ours.identity):
        witness_file.write(path, ours, _place(ledger))
    return ours


def recovered(ledger: Ledger, *, by: str, why: str) -> Head:
    """Record that a person takes this ledger for the right one: a new generation, which every
    witness gets in place of what it has seen, those of other ledgers at this place too."""
    seen = [found.head.generation for path in files(ledger) if (found := _readable(path))]
    with ledger.read() as connection:
        others = [
            path
            for path in _of_others(ledger, connection)
            if (found := _readable(path)) and found.place == _place(ledger)
        ]
    with ledger.write() as connection:
        before = head(connection)
        generation = max(before.generation, *seen, 1) + 1
        connection.execute(update(schema.ledger).values(generation=generation))
        entry = {
            "at": stamp(now()),
            "what": events.RECOVERED,
            "by": by,
            "why": why,
            "detail": {"identity": before.identity, "generation": generation},
        }
        events.append(connection, [entry])
        ours = head(connection)
    for path in (*files(ledger), *others):
        witness_file.write(path, ours, _place(ledger), anew=True)
    follow(ledger)
    return ours


def _readable(path: Path) -> Seen | None:
    try:
        return look(path)
    except ConfigurationError:
        return None


def _was_witnessed(connection: Connection) -> bool:
    note = exists().where(_E.mailing.is_(None), _E.what.in_((events.WITNESSED, events.RECOVERED)))
    return bool(connection.execute(select(note)).scalar())
