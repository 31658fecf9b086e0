"""Chase: the letters that remind readers who have not answered, as a mailing of their own.

Who has answered, objected, lost the office or was reminded often enough is left out, with the
reason. The templates are chase-1.txt, chase-1.html and chase-1.docx of the campaign's folder, and
chase-2 for the second round; the first letter goes along once more.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from email.utils import parseaddr
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import select

from flows import settings as settings_module
from flows.errors import ConfigurationError, Fault
from flows.letters.attachment import DOCX_TYPE, PDF_TYPE, Attachment
from flows.letters.campaign import SETTINGS, Campaign, TemplateNames
from flows.letters.filler import Filler, filled, laid_out
from flows.letters.message import MailHeaders
from flows.operations.draft import Draft, draft, sources
from flows.operations.prepare import Prepared, postmark, without_bad_addresses
from flows.people.contact import Reader, RejectedRow
from flows.people.lists import refused
from flows.post.delivery.office_hours import ZONE
from flows.post.inbox import chasers, responses, working_days
from flows.post.inbox.chasers import Chaser
from flows.post.inbox.items import Item
from flows.post.inbox.kinds import Kind
from flows.post.inbox.responses import ReaderResponse
from flows.post.inbox.working_days import Recess
from flows.post.ledger import schema
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.mailing import freezing, rendering
from flows.post.mailing.freezing import MailingIdentity
from flows.post.mailing.frozen_letter import FrozenLetter, documents
from flows.post.retention import NAME as FORGOTTEN
from flows.settings import Settings

_L, _D, _C = schema.letter.c, schema.dispatch.c, schema.chaser.c
RECESS_COLUMNS = ("house", "recess", "rises", "returns", "source")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A reader who is not reminded, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Due:
    """Whom one round of chasers would go to."""

    draft: Draft
    """The campaign with the round's templates, and its readers."""
    round: int
    letters: dict[str, ReaderResponse]
    """The letters that are followed up, by person."""
    left_out: tuple[LeftOut, ...]
    other_rounds: dict[int, int]
    """Readers who are due in another round, by its number."""


@dataclass(frozen=True, slots=True)
class Chased:
    """What ``chase`` came to."""

    due: Due
    prepared: Prepared


def due(
    ledger: Ledger,
    campaign: str,
    contacts: Sequence[Path] = (),
    *,
    after: int = 0,
    today: date | None = None,
) -> Due:
    """Who is to be reminded today. ``after`` working days win over campaign.toml's.

    The round is the lowest in which somebody is due. Raises ConfigurationError: no such campaign,
    nothing of it was sent, no templates for the round.
    """
    today = today or now().astimezone(ZoneInfo(ZONE)).date()
    order = draft(campaign, contacts, today)
    about = order.campaign
    letters = responses.responses(ledger, about.key, about.edition)
    if not any(letter.sent_on for letter in letters):
        raise ConfigurationError(
            f"no letter of {about.key}, edition {about.edition}, has left yet; there is nothing to "
            "follow up"
        )
    readers = {reader.contact.person: reader for reader in order.readers}
    maybe = _maybe_theirs(responses.unmatched(ledger))
    recesses = _recesses() if about.chase.recess else ()
    chosen: dict[int, list[ReaderResponse]] = {}
    left_out = []
    for letter in letters:
        reason = _why_not(letter, readers.get(letter.person), order, maybe) or _too_early(
            letter, today, after or about.chase.after, recesses
        )
        if letter.sent_on is None or reason:
            left_out.append(LeftOut(letter.name, reason or "the letter has not left"))
        else:
            chosen.setdefault(letter.chasers + 1, []).append(letter)
    number = min(chosen, default=1)
    theirs = {letter.person: letter for letter in chosen.get(number, ())}
    return Due(
        replace(
            order,
            campaign=follow_up(about, number),
            on=today,
            readers=tuple(
                _with_first(reader, theirs[person], about.language)
                for person, reader in readers.items()
                if person in theirs
            ),
            refused=(),
            choices=(),
            stale=(),
        ),
        number,
        theirs,
        tuple(left_out),
        {other: len(many) for other, many in chosen.items() if other != number},
    )


def follow_up(about: Campaign, number: int) -> Campaign:
    """The campaign as its ``number``-th round of chasers has it. Raises ConfigurationError where
    its templates are not there."""
    names = TemplateNames(*(f"chase-{number}.{kind}" for kind in ("docx", "html", "txt")))
    whence = f"chase-{number - 1}" if number > 1 else "chase-1 of a campaign that `new` makes"
    for name in (names.letter, names.html, names.text):
        if not (about.folder / name).is_file():
            raise ConfigurationError(
                Fault(
                    str(about.folder / name),
                    f"this file is missing; copy {whence}, each of .docx, .html and .txt, and edit "
                    f"it (or lower [chase] most in {SETTINGS})",
                )
            )
    return replace(
        about,
        key=chasers.key(about.key, number),
        subject=about.chase.subject or f"Re: {about.subject}",
        date=None,
        attachments=(),
        asks=tuple(replace(ask, text=ask.short or ask.text) for ask in about.asks),
        names=names,
    )


def rounds(about: Campaign) -> list[int]:
    """The rounds for which the campaign's folder has a template."""
    return [n for n in range(1, 10) if any(about.folder.glob(f"chase-{n}.*"))]


def chase(
    settings: Settings,
    ledger: Ledger,
    campaign: str,
    contacts: Sequence[Path] = (),
    *,
    after: int = 0,
    today: date | None = None,
) -> Chased:
    """Freeze one round of chasers; nothing is sent before somebody signs them off.

    Raises ConfigurationError, AlreadyLiveError, LedgerUnavailableError.
    """
    found = due(ledger, campaign, contacts, after=after, today=today)
    return Chased(found, freeze(settings, ledger, found))


def freeze(settings: Settings, ledger: Ledger, found: Due) -> Prepared:
    """The mailing of these chasers, frozen; the errors are those of ``chase``."""
    order = without_bad_addresses(ledger, found.draft)
    about = order.campaign
    first = next(iter(found.letters.values()), None)
    moment = now().replace(microsecond=0)
    headers = postmark(settings, about, "", moment)
    taken = freezing.taken(ledger, about.key, about.edition)
    chosen = [reader for reader in order.readers if reader.contact.person not in taken]
    passed_over = tuple(
        reader.contact.person for reader in order.readers if reader.contact.person in taken
    )
    if not chosen or first is None:
        return Prepared(None, order.refused, passed_over)
    persons = [reader.contact.person for reader in chosen]
    subject = MailingIdentity(
        about.key,
        about.edition,
        order.on,
        parseaddr(headers.sender)[1],
        sources(about.folder, order.lists),
        "\n".join((headers.sender, headers.reply_to, *persons)),
    )
    if before := freezing.same(ledger, subject):
        return Prepared(before, before.refused, before.passed_over, new=False)
    identity = freezing.new_id(ledger, subject)
    chasers.note(ledger, Chaser(identity, first.campaign, first.edition, found.round))
    letters = _letters(ledger, replace(headers, mailing=identity), order, chosen, found)
    frozen = freezing.freeze(ledger, subject, identity, moment, letters, order.refused, passed_over)
    handed_back = frozen.refused if frozen else order.refused
    file = None
    if handed_back:
        file = settings.var / "mailings" / identity / "refused-rows.csv"
        refused.write(handed_back, file)
    return Prepared(frozen, handed_back, passed_over, file)


def _letters(
    ledger: Ledger,
    headers: MailHeaders,
    order: Draft,
    chosen: Sequence[Reader],
    found: Due,
) -> Iterator[FrozenLetter | RejectedRow]:
    about = order.campaign
    made = filled(Filler(about, order.on), chosen)
    for letter in made if about.letter == "docx" else laid_out(made):
        if isinstance(letter, RejectedRow):
            yield letter
            continue
        first = found.letters[letter.reader.contact.person]
        yield rendering.frozen(
            letter,
            about,
            headers,
            references=_thread(ledger, first),
            beside=_enclosed(ledger, first),
        )


def _thread(ledger: Ledger, first: ReaderResponse) -> list[str]:
    """Message-IDs of the letter and of its chasers so far, the oldest first."""
    statement = (
        select(_L.message_id)
        .join(schema.dispatch, (_D.mailing == _L.mailing) & (_D.ordinal == _L.ordinal))
        .join(schema.chaser, _C.mailing == _L.mailing)
        .where(
            _C.campaign == first.campaign,
            _C.edition == first.edition,
            _L.person == first.person,
            _D.rehearsal == 0,
            _D.first_attempt_at.is_not(None),
        )
        .order_by(_C.round)
    )
    with ledger.read() as connection:
        more = connection.execute(statement).scalars().all()
    return [identity for identity in (first.message_id, *more) if identity]


def _enclosed(ledger: Ledger, first: ReaderResponse) -> list[Attachment]:
    """The first letter's documents, under a name that says so."""
    mailing, _, number = first.subject_of.rpartition(":")
    with ledger.read() as connection:
        row = connection.execute(
            select(_L.contact, _L.email, _L.content).where(
                _L.mailing == mailing, _L.ordinal == int(number)
            )
        ).one()
    types = {".docx": DOCX_TYPE, ".pdf": PDF_TYPE}
    return [
        Attachment(f"first-{name}", content, types[Path(name).suffix])
        for name, content in documents(row.contact, row.email, row.content).items()
    ]


def _why_not(
    letter: ReaderResponse, reader: Reader | None, order: Draft, maybe: dict[str, Item]
) -> str:
    """Why this reader is not reminded, whatever the day; blank where nothing speaks against it."""
    if letter.sent_on is None:
        return "the letter has not left"
    if letter.answer:
        return f"answered on {letter.answered_on}"
    if letter.objection:
        return f"asked not to be written to (item {letter.objection.id})"
    if letter.returned:
        return f"the letter was returned (item {letter.returned.id})"
    for item in letter.items:
        if item.kind in (Kind.UNSORTED, Kind.ASKS_FOR_MORE):
            what = "waits to be sorted" if item.kind is Kind.UNSORTED else "waits for our answer"
            return f"item {item.id} {what}"
    if item_ := maybe.get(letter.dispatch):
        return f"item {item_.id} may be theirs; match it first"
    if letter.chasers >= order.campaign.chase.most:
        return f"reminded {letter.chasers} times, the most that [chase] allows"
    return _office_lost(letter, reader, order)


def _office_lost(letter: ReaderResponse, reader: Reader | None, order: Draft) -> str:
    if letter.name == FORGOTTEN:
        return "forgotten: who it was is in the ledger no more"
    if reader is None:
        return (
            "no longer among the campaign's readers: the office is lost, or a rule keeps them out"
        )
    posts = {reader.contact.id, *(other.id for other in reader.others)}
    if letter.contact not in posts:
        return f"no longer in the office that was written to ({letter.contact})"
    if letter.contact in order.stale_contacts:
        return f"somebody else holds that office by now ({letter.contact})"
    return ""


def _too_early(letter: ReaderResponse, today: date, after: int, recesses: Sequence[Recess]) -> str:
    if letter.last_sent_on is None:
        return ""
    house = "lords" if letter.house == "lords" else "commons"
    theirs = [recess for recess in recesses if recess.house == house]
    gone = working_days.between(letter.last_sent_on, today, theirs)
    return "" if gone >= after else f"{gone} working days of {after}"


def _maybe_theirs(items: Sequence[Item]) -> dict[str, Item]:
    """Unmatched items that somebody may have answered in, by the dispatches they may be about."""
    stopping = (Kind.REPLY, Kind.OBJECTION, Kind.UNSORTED)
    return {
        dispatch: item for item in items if item.kind in stopping for dispatch in item.candidates
    }


def _with_first(reader: Reader, letter: ReaderResponse, language: str) -> Reader:
    """The reader with what a chaser's template says of the first letter."""
    assert letter.sent_on is not None
    columns = {
        **reader.contact.columns,
        "first_date": format_date(letter.sent_on, "long", language),
        "first_reference": letter.reference,
    }
    return replace(reader, contact=replace(reader.contact, columns=columns))


def _recesses() -> list[Recess]:
    """When each House does not sit: contacts/recess.csv, which whoever runs a campaign keeps."""
    path = settings_module.office().recess
    if not path.is_file():
        raise ConfigurationError(
            Fault(
                str(path),
                f"this file is missing; make it with the heading {','.join(RECESS_COLUMNS)}, or "
                "set recess = false under [chase]",
            )
        )
    found = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                recess = Recess(
                    row["house"].strip().lower(),
                    row["recess"].strip(),
                    date.fromisoformat(row["rises"].strip()),
                    date.fromisoformat(row["returns"].strip()),
                )
            except (KeyError, ValueError, AttributeError) as error:
                raise ConfigurationError(
                    Fault(
                        f"{path}:{number}",
                        "write house, recess, rises, returns as commons,Summer 2013,2013-07-18,"
                        "2013-09-02",
                    )
                ) from error
            found.append(recess)
    return found


def reasons(found: Due) -> dict[str, int]:
    """How many are left out for each reason, the commonest first; numbers and days left out."""
    words = ("answered", "asked not", "the letter was returned", "item", "reminded", "no longer")
    counts = Counter(
        next((word for word in words if reader.reason.startswith(word)), reader.reason)
        for reader in found.left_out
    )
    return dict(counts.most_common())
