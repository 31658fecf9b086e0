"""What the commands about campaigns and mailings come to, as documents and as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.cli import grouping
from flows.cli.answer import Answer, Table, attention, notes
from flows.cli.console import refused_documents
from flows.cli.decisions_output import RELEASE
from flows.counted import counted
from flows.errors import Fault
from flows.post.states import State

# Modules that load the database or the mail libraries are imported where they are needed: a
# command that fails on its first word should not take a second to say so.
if TYPE_CHECKING:
    from flows.operations.draft import Draft
    from flows.operations.overview import Overview
    from flows.operations.prepare import Prepared
    from flows.post.delivery.sending import SendResult
    from flows.post.ledger.database import Ledger
    from flows.post.mailing.mailing import Mailing
    from flows.post.status import DispatchStatus, Status
    from flows.settings import Settings

_COLOURS: dict[str, str] = {
    State.SENT: "green",
    State.DEFERRED: "yellow",
    State.REFUSED: "red",
    State.UNCERTAIN: "bold red",
    State.WITHDRAWN: "dim",
}


def prepared(
    found: Prepared,
    draft: Draft,
    numbers: Overview,
    alike: Sequence[str] = (),
    unsettled: Sequence[str] = (),
) -> Answer:
    """What ``prepare`` came to.

    ``unsettled``: letters of this edition that were refused or are uncertain.
    """
    mailing = found.mailing
    document = {
        "mailing": mailing.id if mailing else None,
        "hash": mailing.hash if mailing else None,
        "ready": mailing.letters if mailing else 0,
        "refused": refused_documents(found.refused),
        "passed_over": list(found.passed_over),
        "refused_file": found.refused_file,
        "left_out": len(draft.left_out),
        "stale": list(draft.stale),
        "remarks": [*draft.remarks, *alike],
        "new": found.new and mailing is not None,
        "accounted": found.accounting.counts,
        "left": found.left,
        "overview": asdict(numbers),
        "superseded": [asdict(gone) for gone in found.superseded],
        "unsettled": list(unsettled),
    }
    lines = grouping.lines(
        [
            Fault(f"{row.file}:{row.row}", f"{row.column}: {row.reason}", "row")
            for row in found.refused
        ]
    )
    if found.refused_file:
        lines.append(
            f"{counted(len(found.refused), 'row')} handed back, correct them in their list and "
            "prepare again; with column and reason, also to be corrected and named beside the list "
            f"in contacts = [...]: {found.refused_file}"
        )
    noted = notes((*draft.remarks, *draft.stale, *alike, *unsettled))
    if draft.left_out:
        lines.append(
            f"{counted(len(draft.left_out), 'person is', 'persons are')} out; why: "
            f"dear-minister contacts who {draft.campaign.key}"
        )
    if found.passed_over:
        lines.append(
            f"{counted(len(found.passed_over), 'person has', 'persons have')} this edition "
            "already, or will get it"
        )
    lines.append(found.accounting.sentence)
    if draft.merges:
        evidence = ", ".join(f"{count} by {kind}" for kind, count in draft.merged_by.items())
        lines.append(f"merged: {evidence}; which: dear-minister contacts who {draft.campaign.key}")
    if mailing:
        lines += numbers.sentences(draft.campaign.language)
    if mailing is None:
        counts = found.accounting.counts
        if waiting := counts["refused"] + counts["possible_double"]:
            lines.append(
                f"nothing was frozen: {counted(waiting, 'row was', 'rows were')} handed back, "
                "and nobody else is left"
            )
        else:
            lines.append("nothing to do: there is nobody left to write to")
        return Answer(document, lines, noted, attention(found.refused))
    for gone in found.superseded:
        lines.append(
            f"mailing {gone.mailing}, which nobody had signed off, is withdrawn: this one takes "
            f"the place of its {counted(gone.letters, 'letter')}"
        )
        if gone.no_longer_in:
            lines.append(f"no longer written to: {_names(gone.no_longer_in)}")
    if not found.left:
        lines.append(
            f"nothing to do: mailing {mailing.id} has them all, and none of its letters is left "
            "to send"
        )
        remarks = [*noted, f"what became of them:  dear-minister status {mailing.id}"]
        return Answer(document, lines, remarks, attention(found.refused))
    if not found.new:
        lines.append("nothing new to freeze: exactly this was frozen before")
    lines.append(f"mailing {mailing.id}: {counted(mailing.letters, 'letter')}, hash {mailing.hash}")
    if mailing.approved_by:
        lines.append(
            f"{_signed(mailing)}; {counted(found.left, 'letter is', 'letters are')} left to send "
            "or post"
        )
        remarks = [*noted, f"send them:  dear-minister send {mailing.id} --live"]
        return Answer(document, lines, remarks, attention(found.refused))
    remarks = [
        *noted,
        f"rehearse:  dear-minister send {mailing.id}",
        f"sign off:  {mailing.sign_off}",
    ]
    return Answer(document, lines, remarks, attention(found.refused))


def _names(names: Sequence[str], most: int = 20) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(names[:most]) + more


def approved(mailing: Mailing, edits: Sequence[str]) -> Answer:
    """A sign-off."""
    from datetime import date

    from flows.letters.surprising_dates import letter_day

    dated = letter_day(date.fromisoformat(mailing.as_of), date.today())
    return Answer(
        {
            "mailing": mailing.id,
            "hash": mailing.hash,
            "by": mailing.approved_by,
            "at": mailing.approved_at,
            "edits": list(edits),
        },
        [
            f"mailing {mailing.id} signed off by {mailing.approved_by}, hash {mailing.short_hash}",
        ],
        [
            *notes(
                f"{edit} since this was frozen; what goes out is what was frozen" for edit in edits
            ),
            *notes([dated] if dated else []),
            f"send it:  dear-minister send {mailing.id} --live",
        ],
    )


def sent(
    ledger: Ledger, settings: Settings, mailing: Mailing, rehearsal: int, tally: SendResult
) -> Answer:
    """How a sending ended, and what to do next."""
    from flows.post import status as statuses

    now = statuses.status(ledger, mailing.id, rehearsal)
    sendings = statuses.rehearsals(ledger, mailing.id)
    document = _status(mailing, now, sendings) | {
        "attempts": tally.counts,
        "stopped": tally.stopped,
    }
    what = f"rehearsal {rehearsal}" if rehearsal else "live"
    if not tally.counts and not tally.waiting and not tally.stopped:
        what = "nothing to send"
    lines = [f"{what}: {statuses.in_words(now)}", *troubles(now)]
    remarks = []
    if rehearsal and not settings.mail_redirect_to:
        remarks.append(f"the mails are in {settings.var / 'mailbox'}")
    if tally.stopped:
        lines.append(f"stopped: {tally.stopped}")
    if tally.waiting:
        due = f", next due {tally.next_due.astimezone():%d %B %H:%M}" if tally.next_due else ""
        flag = "" if rehearsal else " --live"
        lines.append(f"{tally.waiting} wait{due}")
        remarks.append(f"go on with:  dear-minister send {mailing.id}{flag}")
    remarks += _by_post(mailing, statuses.on_paper(ledger, mailing.id).get(State.READY, 0))
    # Not the tally's: what a dead sender left uncertain was taken back before this run began.
    bad = now.counts.get(State.UNCERTAIN, 0) + now.counts.get(State.REFUSED, 0)
    return Answer(document, lines, remarks, attention(bad or tally.waiting or tally.stopped))


def troubles(now: Status) -> list[str]:
    """Uncertain, refused and deferred dispatches, with what to look for."""
    lines = []
    for dispatch in now.dispatches:
        whom = f"{dispatch.id} to {dispatch.name} <{dispatch.email}>"
        if dispatch.state is State.UNCERTAIN:
            lines += [
                f"uncertain: {whom}, {_local(dispatch.changed_at)}: {dispatch.reply}",
                f"  look for Message-ID {dispatch.message_id} at the server or in the archive, "
                "then:",
                f"  dear-minister resolve {dispatch.id} --as sent|resend --by NAME --why TEXT",
            ]
        elif dispatch.state in (State.REFUSED, State.DEFERRED):
            due = ""
            if dispatch.state is State.DEFERRED and dispatch.due_at:
                due = f" (due {_local(dispatch.due_at)})"
            lines.append(f"{dispatch.state}: {whom}{due}: {_reply(dispatch)}")
    if now.counts.get(State.REFUSED) and not now.rehearsal:
        mailing = now.dispatches[0].id.rpartition(":")[0]
        lines += [
            "  when the cause is mended, have refused letters sent again:",
            f"  dear-minister resolve {mailing} --refused --as resend --by NAME --why TEXT",
            "  or correct the list and prepare once more: refused readers are in it again",
        ]
    return lines


def _local(stamped: str) -> str:
    from flows.post.ledger.clock import parse

    return f"{parse(stamped).astimezone():%d %B %Y, %H:%M}"


def _reply(dispatch: DispatchStatus) -> str:
    return f"{dispatch.code or ''} {dispatch.reply}".strip()


def _status(
    mailing: Mailing, now: Status, sendings: Mapping[int, Mapping[str, int]]
) -> dict[str, Any]:
    return {
        "mailing": mailing.id,
        "hash": mailing.hash,
        "signed_off_by": mailing.approved_by or None,
        "rehearsal": now.rehearsal,
        "counts": now.counts,
        "live": sendings.get(0, {}),
        "rehearsals": {str(n): counts for n, counts in sendings.items() if n},
        "dispatches": [asdict(dispatch) for dispatch in now.dispatches],
    }


def status(ledger: Ledger, mailing: str | None) -> Answer:
    """All mailings, or one mailing's dispatches."""
    from flows.post import status as statuses
    from flows.post.ledger import holds
    from flows.post.mailing import mailing as mailings

    if mailing is None:
        return _overview(ledger)
    found = mailings.get(ledger, mailing)
    sendings = statuses.rehearsals(ledger, mailing)
    now = statuses.status(ledger, mailing, statuses.shown(found, sendings))
    lines: list[str | Table] = [*troubles(now), table(now)]
    summary = f"{found.id} ({_signed(found)})"
    if now.rehearsal:
        lines.insert(
            0,
            f"rehearsal {now.rehearsal} of {summary}: no reader got any of this: "
            f"{statuses.in_words(now)}",
        )
    else:
        lines.append(f"{summary}, live: {statuses.in_words(now)}")
    remarks = _by_post(found, now.to_print)
    if held := holds.find(ledger, mailing):
        lines.append(f"{found.id} is {held}")
        remarks.append(RELEASE.format(found.id))
    document = _status(found, now, sendings) | {"held": held and asdict(held)}
    bad = now.counts.get(State.UNCERTAIN, 0) + now.counts.get(State.REFUSED, 0)
    return Answer(document, lines, remarks, attention(bad))


def table(now: Status) -> Table:
    """Every dispatch, a row each; a rehearsal's say so in their first column and their state."""
    mark, what = ("rehearsal ", " in rehearsal") if now.rehearsal else ("", "")
    return Table(
        ("no.", "to", "state", "tries", "answer, reason"),
        [
            (
                mark + dispatch.id.rpartition(":")[2],
                dispatch.name if dispatch.email else f"{dispatch.name} (by post)",
                f"{_standing(dispatch)}{what}",
                str(dispatch.attempts),
                "; ".join(filter(None, (_reply(dispatch), dispatch.holder, dispatch.reason))),
            )
            for dispatch in now.dispatches
        ],
        _COLOURS,
    )


def _standing(dispatch: DispatchStatus) -> str:
    from flows.post import status as statuses

    return statuses.shown_as(dispatch.state.value, by_mail=bool(dispatch.email))


def _by_post(mailing: Mailing, letters: int) -> list[str]:
    """What is to be done with the letters that no sending brings to their readers."""
    if not letters:
        return []
    return [
        f"{counted(letters, 'letter goes', 'letters go')} by post, not by mail:  "
        f"dear-minister print {mailing.id}",
        f"and once posted:  dear-minister posted {mailing.id} --on DATE --by NAME",
    ]


def _signed(mailing: Mailing) -> str:
    return f"signed off by {mailing.approved_by}" if mailing.approved_by else "not signed off"


def _overview(ledger: Ledger) -> Answer:
    from flows.post import status as statuses
    from flows.post.ledger import holds
    from flows.post.mailing import mailing as mailings

    held = holds.every(ledger)
    rows = [(found, statuses.rehearsals(ledger, found.id)) for found in mailings.every(ledger)]
    document = {
        "mailings": [
            {
                "mailing": mailing.id,
                "campaign": mailing.campaign,
                "edition": mailing.edition,
                "frozen_at": mailing.frozen_at,
                "hash": mailing.hash,
                "signed_off_by": mailing.approved_by or None,
                "counts": counts.get(0, {}),
                "held": asdict(held[mailing.id]) if mailing.id in held else None,
            }
            for mailing, counts in rows
        ]
    }
    lines = []
    for mailing, counts in rows:
        live = statuses.words(counts.get(0, {}), statuses.on_paper(ledger, mailing.id))
        lines.append(
            f"{mailing.id}  {mailing.frozen_at:%Y-%m-%d %H:%M}  {_signed(mailing)}: {live}"
        )
        if mailing.id in held:
            lines.append(f"  {held[mailing.id]}")
    remarks = [] if rows else ["no mailing yet; make one with: dear-minister prepare CAMPAIGN"]
    uncertain = any(counts.get(0, {}).get(State.UNCERTAIN) for _, counts in rows)
    return Answer(document, lines, remarks, attention(uncertain))
