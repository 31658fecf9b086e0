"""What the commands about replies come to, as documents and as lines."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.cli.answer import Answer, Table, attention, notes
from flows.cli.console import refused_documents
from flows.counted import counted
from flows.post.inbox.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flows.operations.came_back import Desk, Details
    from flows.operations.chase import Due
    from flows.operations.prepare import Prepared
    from flows.operations.replies_sheets import Correction
    from flows.post.inbox.items import Item
    from flows.post.inbox.numbers import Numbers
    from flows.post.inbox.responses import ReaderResponse
    from flows.post.inbox.sweep import Swept

_COLOURS: dict[str, str] = {
    Kind.REPLY: "green",
    Kind.BOUNCE: "red",
    Kind.OBJECTION: "bold red",
    Kind.UNSORTED: "yellow",
}
_MOST_WAITING = 20


def swept(found: Swept) -> Answer:
    """What a sweep filed."""
    from flows.operations.inbox import summary

    document = {
        "filed": sum(found.kinds.values()),
        "kinds": found.kinds,
        "known": found.known,
        "ours": found.ours,
        "waiting": found.waiting,
        "made_anew": found.made_anew,
        "items": [_item(item) for item in found.items],
    }
    remarks = ["what came: dear-minister replies"] if found.kinds else []
    return Answer(document, [summary(found)], remarks, attention(found.waiting))


def desk(found: Desk) -> Answer:
    """What came back by reader, what waits, and the figures."""
    document = {
        "numbers": asdict(found.numbers),
        "readers": [_reader(reader) for reader in found.readers],
        "unmatched": [_item(item) for item in found.unmatched],
        "waiting": [item.id for item in found.waiting],
    }
    heard = [reader for reader in found.readers if reader.items]
    lines: list[str | Table] = []
    if heard:
        lines.append(_by_reader(heard))
    waiting = found.waiting
    if waiting:
        lines.append(f"{len(waiting)} to be sorted or matched by a person:")
        lines += [f"  {_waits(item)}" for item in waiting[:_MOST_WAITING]]
        if (more := len(waiting) - _MOST_WAITING) > 0:
            lines.append(f"  and {more} more; all of them: dear-minister replies --json")
    silent = sum(1 for reader in found.readers if reader.sent_on and not reader.items)
    waits = sum(1 for reader in found.readers if not reader.sent_on)
    lines.append(_sentence(found.numbers, silent, waits))
    remarks = []
    if waiting:
        first = waiting[0]
        one = first.candidates[0] if len(first.candidates) == 1 else "DISPATCH"
        remarks = [
            f"read one:  dear-minister replies show {first.id}",
            f"sort it:   dear-minister replies sort {first.id} --as KIND --by NAME",
            f"match it:  dear-minister replies match {first.id} {first.dispatch or one} --by NAME",
        ]
    return Answer(document, lines, remarks, attention(waiting))


def _by_reader(readers: Sequence[ReaderResponse]) -> Table:
    rows = []
    for reader in readers:
        for number, item in enumerate(reader.items):
            answered = reader.answer is not None and item.id == reader.answer.id
            rows.append(
                [
                    reader.name if number == 0 else "",
                    str(item.id),
                    item.received_at[:10],
                    item.kind.value,
                    str(reader.working_days) if answered else "",
                ]
            )
    return Table(["reader", "item", "came", "kind", "working days"], rows, _COLOURS)


def _waits(item: Item) -> str:
    who = item.sender_name or item.sender or item.source
    if item.kind is Kind.OBJECTION and not item.sorted_by and item.dispatch and not item.doubt:
        why = "an objection to be confirmed"
    elif item.doubt:
        why = f"doubtful: {item.doubt}"
    elif item.dispatch is None and item.candidates:
        why = f"may be about any of {len(item.candidates)} letters"
    elif item.dispatch is None:
        why = "belongs to no letter"
    else:
        why = item.reason
    return f"{item.id}  {item.kind}, from {who}: {item.subject or '(no subject)'}: {why}"


def _sentence(found: Numbers, silent: int, waits: int) -> str:
    everybody = found.everybody
    rate = f" ({everybody.response_rate:.0%})" if everybody.response_rate is not None else ""
    parts = [f"{everybody.answered} of {everybody.letters} answered{rate}"]
    if everybody.median_working_days is not None:
        parts.append(
            f"half of them within {everybody.median_working_days:g} working days, "
            f"{everybody.within_standard} within {found.standard}"
        )
    if everybody.returned:
        parts.append(f"{everybody.returned} returned")
    parts.append(f"nothing came from {silent}")
    if waits:
        parts.append(counted(waits, "letter has", "letters have") + " not left")
    return "; ".join(parts)


def _reader(reader: ReaderResponse) -> dict[str, Any]:
    return {
        "dispatch": reader.dispatch,
        "campaign": reader.campaign,
        "edition": reader.edition,
        "person": reader.person,
        "contact": reader.contact,
        "name": reader.name,
        "role": reader.role,
        "department": reader.department,
        "party": reader.party,
        "sent_on": reader.sent_on,
        "chasers": reader.chasers,
        "answered_on": reader.answered_on,
        "working_days": reader.working_days,
        "items": [_item(item) for item in reader.items],
    }


def _item(item: Item) -> dict[str, Any]:
    return asdict(item) | {"waits": item.waits}


def item(found: Details) -> Answer:
    """One item with all that is known of it."""
    one = found.item
    facts = [
        ("item", str(one.id)),
        ("came", f"{one.received_at[:16].replace('T', ' ')} UTC, {one.source}"),
        ("from", f"{one.sender_name} <{one.sender}>".strip() if one.sender else one.source),
        ("subject", one.subject),
        ("kind", f"{one.kind} ({one.reason}; rule: {one.rule})"),
        ("about", f"{one.dispatch or 'no letter'} (by {one.how})"),
        ("to", found.reader),
        ("doubtful", one.doubt),
        ("server", " ".join(part for part in (one.status, one.diagnostic) if part)),
        ("attached", ", ".join(one.files)),
        ("note", one.note),
        ("read", one.fault),
        ("raw mail", f"{one.size} octets, SHA-256 {one.sha256}"),
    ]
    lines = [f"{name:>9}  {value}" for name, value in facts if value]
    lines += [f"may be    {line}" for line in found.candidates]
    if one.words:
        lines += ["", *one.words.split("\n")]
    if found.written:
        lines.append(f"the raw mail: {found.written}")
    return Answer(_item(one) | {"reader": found.reader, "file": found.written}, lines)


def sorted_(found: Sequence[tuple[Item, str]]) -> Answer:
    """What a person said of several items."""
    answers = [decided(item, followed) for item, followed in found]
    document = answers[0].document if len(answers) == 1 else [answer.document for answer in answers]
    return Answer(document, [line for answer in answers for line in answer.lines])


def decided(item: Item, followed: str = "") -> Answer:
    """What a person said of an item."""
    about = f", about {item.dispatch}" if item.dispatch else ""
    lines = [f"item {item.id} is {item.kind}{about}", *([followed] if followed else [])]
    return Answer(_item(item) | {"followed": followed}, lines)


def added(item: Item, doubt: str) -> Answer:
    """An answer that somebody filed, and what is odd about its day."""
    answer = decided(item)
    return Answer(
        {**answer.document, "doubt_of_day": doubt},
        answer.lines,
        notes([doubt] if doubt else []),
    )


def freed(dispatch: str, person: str, command: str) -> Answer:
    """A reader who is to be written to again, by the mailing that ``command`` makes."""
    return Answer(
        {"dispatch": dispatch, "person": person},
        [f"{person} gets another letter of this edition"],
        [
            "correct the address in the contact list, or blank the e-mail address for a letter by "
            f"post, then: dear-minister {command}"
        ],
    )


def corrections(found: Sequence[Correction], to: Path | None) -> Answer:
    """Addresses to correct."""
    rows = [
        [correction.dispatch, correction.email, correction.said[:60], correction.todo]
        for correction in found
    ]
    lines: list[str | Table] = (
        [Table(["letter", "address", "what the server said", "what to do"], rows)] if rows else []
    )
    lines.append(f"letters returned: {len(found)}" if found else "no letter was returned")
    if to:
        lines.append(f"as a sheet: {to}")
    remarks = [
        f"write again: dear-minister replies again {correction.dispatch} --by NAME --why TEXT"
        for correction in found[:1]
    ]
    return Answer(
        {"corrections": [asdict(correction) for correction in found], "file": to},
        lines,
        remarks,
        attention(found),
    )


def due(found: Due) -> Answer:
    """Who would be reminded today, and who not."""
    lines = [f"in  {letter.name}: {letter.dispatch}" for letter in found.letters.values()]
    lines += [f"out {reader.name}: {reader.reason}" for reader in found.left_out]
    lines.append(_due(found))
    return Answer(_due_document(found), lines)


def chased(found: Due, prepared: Prepared) -> Answer:
    """A round of chasers, frozen."""
    mailing = prepared.mailing
    document = _due_document(found) | {
        "mailing": mailing.id if mailing else None,
        "hash": mailing.hash if mailing else None,
        "ready": mailing.letters if mailing else 0,
        "refused": refused_documents(prepared.refused),
        "passed_over": list(prepared.passed_over),
    }
    lines = [*map(str, prepared.refused), _due(found)]
    if prepared.passed_over:
        lines.append(
            counted(len(prepared.passed_over), "has", "have")
            + " this reminder already, or will get it"
        )
    if mailing is None:
        campaign = found.draft.campaign.folder.name
        lines.append("nothing to do: nobody is to be reminded today")
        remarks = [f"who is left out and why: dear-minister chase {campaign} --list"]
        return Answer(document, lines, remarks, attention(prepared.refused))
    lines.append(
        f"mailing {mailing.id}: {counted(mailing.letters, 'reminder')}, hash {mailing.hash}"
    )
    remarks = [
        f"rehearse:  dear-minister send {mailing.id}",
        f"sign off:  {mailing.sign_off}",
    ]
    return Answer(document, lines, remarks, attention(prepared.refused))


def _due_document(found: Due) -> dict[str, Any]:
    return {
        "campaign": found.draft.campaign.key,
        "round": found.round,
        "due": sorted(found.letters),
        "left_out": [asdict(reader) for reader in found.left_out],
        "other_rounds": {str(number): count for number, count in found.other_rounds.items()},
    }


def _due(found: Due) -> str:
    others = "".join(
        f"; {count} more in round {number}, with the next chase"
        for number, count in sorted(found.other_rounds.items())
    )
    return (
        f"{len(found.letters)} to be reminded (round {found.round}), "
        f"{len(found.left_out)} left out{others}"
    )
