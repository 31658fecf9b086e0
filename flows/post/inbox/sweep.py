"""The sweep: what is new in the mailbox is read, judged, matched and filed, batch by batch.

A batch is filed in one transaction together with the place that the mailbox is read up to: a sweep
that is killed, or loses its server, goes on where the last batch ended, and nothing is filed twice.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parseaddr

from sqlalchemy import Connection, RowMapping, select

from flows.errors import DearMinisterError
from flows.post.failpoints import passing
from flows.post.inbox import items, mailbox, reports, rules
from flows.post.inbox.items import Item
from flows.post.inbox.kinds import How, Kind
from flows.post.inbox.mailbox import Cursor, Fetched
from flows.post.inbox.matching import Index, Letter, Match
from flows.post.inbox.message import Mail, parse
from flows.post.inbox.reports import Report
from flows.post.inbox.rules import Verdict
from flows.post.ledger import schema
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.mailing import return_path
from flows.post.smtp.imap import ImapFolder, opened
from flows.post.states import State

_D, _L, _M, _C = schema.dispatch.c, schema.letter.c, schema.mailing.c, schema.inbox_cursor.c
_MOST_FILES = 20


class SweepBusyError(DearMinisterError):
    """Another sweep is reading the same mailbox; what it files is filed once."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found."""

    items: tuple[Item, ...] = ()
    """What was filed, the first first; no more than ``MOST_SHOWN`` of them."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """Everything that was filed, by kind."""
    known: int = 0
    """Mails that were filed before: the mailbox was made anew, or one came twice."""
    ours: int = 0
    """Copies of our own letters."""
    waiting: int = 0
    """Of what was filed: items that a person has to see to."""
    made_anew: bool = False
    """Whether the mailbox is no longer the one that was read before."""


MOST_SHOWN = 500


def sweep(
    ledger: Ledger,
    imap: ImapFolder,
    *,
    bounces: str = "",
    mark_read: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Swept:
    """File what is new in the mailbox. ``bounces`` is MAIL_BOUNCES_TO.

    ``progress`` is called with mails read and mails in all. Raises ImapError, SweepBusyError,
    LedgerUnavailableError; what was filed before that stays filed.
    """
    before = cursor(ledger, imap.name)
    found = Swept()
    kinds: Counter[str] = Counter()
    index: Index | None = None
    with opened(imap, read_only=not mark_read) as box:
        here = mailbox.position(box)
        made_anew = before is not None and before.uidvalidity != here.uidvalidity
        at = before
        for batch in mailbox.batches(box, here, before):
            index = index or index_of(ledger, bounces)
            filed, ours = file_batch(ledger, imap.name, batch.mails, batch.cursor, at, index=index)
            passing("after-filing")
            if mark_read:
                mailbox.mark_read(box, [mail.uid for mail in batch.mails])
            at = batch.cursor
            kinds.update(item.kind.value for item in filed)
            found = replace(
                found,
                items=(*found.items, *filed)[:MOST_SHOWN],
                known=found.known + len(batch.mails) - len(filed) - ours,
                ours=found.ours + ours,
                waiting=found.waiting + sum(item.waits for item in filed),
            )
            progress(batch.done, batch.total)
    return replace(found, kinds=dict(kinds), made_anew=made_anew)


def cursor(ledger: Ledger, name: str) -> Cursor | None:
    """Where the mailbox of this name was read up to; None where it never was."""
    with ledger.read() as connection:
        return _cursor(connection, name)


def _cursor(connection: Connection, name: str) -> Cursor | None:
    row = connection.execute(select(_C.uidvalidity, _C.uid).where(_C.mailbox == name)).first()
    return Cursor(row.uidvalidity, row.uid) if row else None


def index_of(ledger: Ledger, bounces: str) -> Index:
    """Every live letter, ready to be matched. ``bounces`` is MAIL_BOUNCES_TO."""
    return Index(letters(ledger), parseaddr(bounces)[1])


def file_batch(
    ledger: Ledger,
    name: str,
    mails: Sequence[Fetched],
    to: Cursor,
    at: Cursor | None,
    *,
    index: Index | None = None,
    bounces: str = "",
) -> tuple[list[Item], int]:
    """File mails of the mailbox ``name`` and move its cursor from ``at`` to ``to``, in one
    transaction. Returns what was new, and the number of our own letters among the mails.

    Raises SweepBusyError where the cursor is no longer ``at``, LedgerUnavailableError.
    """
    index = index or index_of(ledger, bounces)
    read = [(fetched, parse(fetched.raw.head, fetched.raw.size)) for fetched in mails]
    theirs = [(fetched, mail) for fetched, mail in read if not index.ours(mail)]
    made = [_judged(fetched, mail, name, index) for fetched, mail in theirs]
    passing("before-filing")
    with ledger.write() as connection:
        if _cursor(connection, name) != at:
            raise SweepBusyError(
                f"another sweep is reading {name}; what it files is not filed again: "
                "wait for its end, then see: dear-minister replies"
            )
        filed = items.file(connection, made)
        _move(connection, name, to)
    return filed, len(read) - len(theirs)


def _move(connection: Connection, name: str, to: Cursor) -> None:
    values = {"uidvalidity": to.uidvalidity, "uid": to.uid, "swept_at": stamp(now())}
    done = connection.execute(
        schema.inbox_cursor.update().where(_C.mailbox == name).values(**values)
    )
    if not done.rowcount:
        connection.execute(schema.inbox_cursor.insert().values(mailbox=name, **values))


def _judged(
    fetched: Fetched, mail: Mail, source: str, index: Index
) -> tuple[Item, mailbox.RawMail, str]:
    report = reports.report(mail)
    received_at = stamp(fetched.received_at)
    match = index.match(mail, report, received_at)
    verdict = rules.judge(mail, report, known=bool(match.letter or match.candidates))
    verdict = _unrelated(mail, match, index, received_at) or verdict
    kept = verdict.kind is not Kind.UNRELATED
    item = Item(
        id=0,
        identity=identity(fetched.raw, mail),
        sha256=fetched.raw.sha256,
        size=fetched.raw.size,
        source=source,
        received_at=received_at,
        filed_at="",
        sender=mail.sender,
        sender_name=mail.sender_name,
        subject=mail.subject,
        message_id=mail.message_id,
        words=(mail.own or mail.text)[: items.LONGEST_WORDS] if kept else "",
        files=tuple(file.name or file.media_type for file in mail.files[:_MOST_FILES])
        if kept
        else (),
        fault=mail.fault,
        kind=verdict.kind,
        rule=verdict.rule,
        reason=verdict.reason,
        dispatch=match.letter.dispatch if match.letter else None,
        how=match.how,
        candidates=tuple(letter.dispatch for letter in match.candidates),
        doubt=match.doubt,
        status=report.status if report else "",
        diagnostic=report.diagnostic if report else "",
    )
    return item, fetched.raw, _dead(verdict.kind, report, match)


def _unrelated(mail: Mail, match: Match, index: Index, received_at: str) -> Verdict | None:
    """The verdict on a mail that carries no sign of any letter and cannot be about one. Of such a
    mail no more is kept than that it was there: it is nobody's business here."""
    if match.how is not How.NONE:
        return None
    if not index.first_sent_at or received_at[:10] < index.first_sent_at[:10]:
        why = "it came before the day on which the first letter left"
        return Verdict(Kind.UNRELATED, "before the letters", why)
    listed = mail.headers.get("list-id") or mail.headers.get("list-unsubscribe")
    if listed and not mail.references:
        why = "it was sent to a list, and points to no letter"
        return Verdict(Kind.UNRELATED, "newsletter", why)
    return None


def _dead(kind: Kind, report: Report | None, match: Match) -> str:
    """The reader's address where the report says, beyond doubt, that nobody has it; or ""."""
    sure = kind is Kind.BOUNCE and match.letter is not None and not match.doubt
    sure = sure and match.how is not How.RECIPIENT  # anybody can make up a report like that
    if not sure or report is None or match.letter is None or not report.about_the_address:
        return ""
    return match.letter.email


def identity(raw: mailbox.RawMail, mail: Mail) -> str:
    """What two copies of one mail have in common, whatever way they came: SHA-256 in hex."""
    _, _, body = raw.head.partition(b"\r\n\r\n")
    head = len(raw.head) - len(body)
    parts = (mail.message_id, mail.sender, mail.subject, mail.headers.get("date", ""))
    about = "\n".join((*parts, str(raw.size - head)))
    return hashlib.sha256(about.encode() + b"\n" + body).hexdigest()


def letters(ledger: Ledger) -> list[Letter]:
    """Every live letter with what it may be known by."""
    statement = (
        select(
            _D.id,
            _D.mailing,
            _D.campaign,
            _D.edition,
            _D.person,
            _D.state,
            _D.changed_at,
            _D.first_attempt_at,
            _L.contact,
            _L.name,
            _L.email,
            _L.copies,
            _L.message_id,
            _L.reference,
            _M.hash,
        )
        .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
        .join(schema.mailing, _M.id == _D.mailing)
        .where(_D.rehearsal == 0)
    )
    with ledger.read() as connection:
        return [_letter(row._mapping) for row in connection.execute(statement)]


def _letter(row: RowMapping) -> Letter:
    values = {str(name): str(value or "") for name, value in row.items()}
    state = State(values["state"])
    return Letter(
        dispatch=values["id"],
        mailing=values["mailing"],
        campaign=values["campaign"],
        edition=int(values["edition"]),
        person=values["person"],
        contact=values["contact"],
        name=values["name"],
        email=values["email"],
        copies=tuple(json.loads(values["copies"])),
        message_id=values["message_id"],
        reference=values["reference"],
        token=return_path.token(values["hash"], values["id"]),
        state=state,
        sent_at=values["first_attempt_at"] or (values["changed_at"] if state is State.SENT else ""),
    )
