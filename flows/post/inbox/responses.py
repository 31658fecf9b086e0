"""What came back, by reader: who answered, after how many working days, who has not."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, select

from flows.post.delivery.office_hours import ZONE
from flows.post.inbox import items, working_days
from flows.post.inbox.items import Item
from flows.post.inbox.kinds import Kind
from flows.post.ledger import schema
from flows.post.ledger.clock import parse
from flows.post.ledger.database import Ledger
from flows.post.states import State

_D, _L, _C, _E = schema.dispatch.c, schema.letter.c, schema.chaser.c, schema.event.c
_I = schema.incoming.c


@dataclass(frozen=True, slots=True)
class ReaderResponse:
    """One reader of a campaign's edition, and everything that came back from there."""

    dispatch: str
    """The first letter's."""
    mailing: str
    campaign: str
    edition: int
    person: str
    contact: str
    name: str
    role: str
    department: str
    party: str
    house: str
    email: str
    message_id: str
    reference: str
    subject_of: str
    """The mailing and ordinal that the letter's content is under: "MAILING:7"."""
    sent_on: date | None
    """In London; None where the letter has not left."""
    last_sent_on: date | None
    """The last chaser's day, or the letter's own."""
    chasers: int
    """Chasers that were sent."""
    items: tuple[Item, ...] = ()

    @property
    def answer(self) -> Item | None:
        """The first substantive reply."""
        return next((item for item in self.items if item.kind is Kind.REPLY), None)

    @property
    def answered_on(self) -> date | None:
        return day(self.answer.received_at) if self.answer else None

    @property
    def working_days(self) -> int | None:
        """Working days from the letter to the first substantive reply; None without one."""
        if self.sent_on is None or self.answered_on is None:
            return None
        return working_days.between(self.sent_on, self.answered_on)

    @property
    def returned(self) -> Item | None:
        """The report that the letter did not arrive, where it is beyond doubt."""
        return next(
            (item for item in self.items if item.kind is Kind.BOUNCE and not item.doubt), None
        )

    @property
    def objection(self) -> Item | None:
        return next((item for item in self.items if item.kind is Kind.OBJECTION), None)


def day(moment: str) -> date:
    """The day in London of an RFC 3339 moment."""
    return parse(moment).astimezone(ZoneInfo(ZONE)).date()


def responses(ledger: Ledger, campaign: str = "", edition: int = 0) -> list[ReaderResponse]:
    """Every reader whose letter was to be sent live, in the order of the letters.

    ``campaign`` blank: of all campaigns; ``edition`` 0: of all editions. Withdrawn letters are left
    out, unless something came back from them.
    """
    found = {item_of: tuple(many) for item_of, many in _items(ledger).items()}
    posted_on = posted(ledger)
    letters: list[ReaderResponse] = []
    chased: defaultdict[tuple[str, int, str], list[tuple[str, date | None]]] = defaultdict(list)
    for row in _rows(ledger):
        sent_on = _sent_on(row, posted_on)
        of = (row["follows"] or row["campaign"], row["follows_edition"] or row["edition"])
        if (campaign and of[0] != campaign) or (edition and of[1] != edition):
            continue
        if row["follows"]:
            chased[(*of, row["person"])].append((row["id"], sent_on))
            continue
        withdrawn = row["state"] == State.WITHDRAWN
        if withdrawn and row["id"] not in found:
            continue
        about = json.loads(row["reader"])
        letters.append(
            ReaderResponse(
                dispatch=row["id"],
                mailing=row["mailing"],
                campaign=row["campaign"],
                edition=row["edition"],
                person=row["person"],
                contact=row["contact"],
                name=row["name"],
                role=row["role"],
                department=about.get("department", ""),
                party=about.get("party", ""),
                house=about.get("house", ""),
                email=row["email"],
                message_id=row["message_id"],
                reference=row["reference"],
                subject_of=f"{row['mailing']}:{row['ordinal']}",
                sent_on=sent_on,
                last_sent_on=sent_on,
                chasers=0,
                items=found.get(row["id"], ()),
            )
        )
    return [_with_chasers(letter, chased, found) for letter in letters]


def _with_chasers(
    letter: ReaderResponse,
    chased: Mapping[tuple[str, int, str], list[tuple[str, date | None]]],
    found: Mapping[str, tuple[Item, ...]],
) -> ReaderResponse:
    """The letter with what came back from its chasers as well."""
    rounds = chased.get((letter.campaign, letter.edition, letter.person), [])
    sent = [on for _, on in rounds if on]
    more = [item for dispatch, _ in rounds for item in found.get(dispatch, ())]
    if not sent and not more:
        return letter
    together = sorted((*letter.items, *more), key=lambda item: (item.received_at, item.id))
    return replace(
        letter,
        items=tuple(together),
        chasers=len(sent),
        last_sent_on=max(sent, default=letter.last_sent_on),
    )


def unmatched(ledger: Ledger) -> list[Item]:
    """Items that belong to no letter yet, unless somebody said that they are unrelated."""
    return items.read(ledger, _I.dispatch.is_(None), _I.kind != Kind.UNRELATED)


def _items(ledger: Ledger) -> dict[str, list[Item]]:
    found: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items.read(ledger, _I.dispatch.is_not(None)):
        found[str(item.dispatch)].append(item)
    for many in found.values():
        many.sort(key=lambda item: (item.received_at, item.id))
    return found


def _rows(ledger: Ledger) -> list[RowMapping]:
    statement = (
        select(
            _D.id,
            _D.mailing,
            _D.ordinal,
            _D.campaign,
            _D.edition,
            _D.person,
            _D.state,
            _D.changed_at,
            _D.first_attempt_at,
            _L.contact,
            _L.name,
            _L.role,
            _L.reader,
            _L.email,
            _L.message_id,
            _L.reference,
            _C.campaign.label("follows"),
            _C.edition.label("follows_edition"),
        )
        .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
        .outerjoin(schema.chaser, _C.mailing == _D.mailing)
        .where(_D.rehearsal == 0)
        .order_by(_D.campaign, _D.edition, _D.mailing, _D.ordinal)
    )
    with ledger.read() as connection:
        return [row._mapping for row in connection.execute(statement)]


def posted(ledger: Ledger, dispatch: str = "") -> dict[str, date]:
    """The day on which letters on paper went to the post, by dispatch: each one, or this alone."""
    statement = select(_E.dispatch, _E.why).where(_E.what == "posted")
    if dispatch:
        statement = statement.where(_E.dispatch == dispatch)
    with ledger.read() as connection:
        rows = connection.execute(statement).all()
    return {row.dispatch: date.fromisoformat(row.why.removeprefix("posted on ")) for row in rows}


def _sent_on(row: RowMapping, posted: Mapping[str, date]) -> date | None:
    state = str(row["state"])
    if state in (State.SENT, State.UNCERTAIN) and not row["email"]:
        return posted.get(str(row["id"]), day(str(row["changed_at"])))
    if state in (State.SENT, State.UNCERTAIN):
        return day(str(row["first_attempt_at"] or row["changed_at"]))
    if state == State.WITHDRAWN and row["first_attempt_at"]:
        return day(str(row["first_attempt_at"]))
    return None
