"""What the commands say: tables and progress on stderr, JSON documents on stdout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from flows.cli.console import console, document, refused_documents, refused_rows, say
from flows.post.states import State

# Modules that load the database or the mail libraries are imported where they are needed: a
# command that fails on its first word should not take a second to say so.
if TYPE_CHECKING:
    from flows.operations.check import Problem
    from flows.operations.draft import Draft
    from flows.operations.prepare import Prepared
    from flows.operations.preview import Preview
    from flows.post.delivery.sending import SendResult
    from flows.post.ledger.database import Ledger
    from flows.post.ledger.events import Verdict
    from flows.post.mailing.mailing import Mailing
    from flows.post.status import DispatchStatus, Status
    from flows.settings import Settings

_COLOURS = {
    State.SENT: "green",
    State.DEFERRED: "yellow",
    State.REFUSED: "red",
    State.UNCERTAIN: "bold red",
    State.WITHDRAWN: "dim",
}
_SHORT = 12
_WIDEST_STATE = max(map(len, State))


def prepared(found: Prepared, order: Draft, *, json: bool) -> None:
    """What ``prepare`` came to."""
    mailing = found.mailing
    if json:
        document(
            {
                "mailing": mailing.id if mailing else None,
                "hash": mailing.hash if mailing else None,
                "ready": mailing.letters if mailing else 0,
                "refused": refused_documents(found.refused),
                "passed_over": list(found.passed_over),
                "refused_file": found.refused_file,
                "left_out": len(order.left_out),
                "stale": list(order.stale),
                "new": found.new and mailing is not None,
            }
        )
        return
    refused_rows(found.refused)
    if found.refused_file:
        say(f"{len(found.refused)} rows handed back, ready to correct: {found.refused_file}")
    for line in order.stale:
        say(f"note: {line}")
    if order.left_out:
        say(f"{len(order.left_out)} persons are out; why: dear-minister contacts who CAMPAIGN")
    if found.passed_over:
        say(f"{len(found.passed_over)} persons have this edition already, or are getting it")
    if mailing is None:
        say("nothing to do: there is nobody left to write to")
        return
    if not found.new:
        say("nothing new to freeze: exactly this was frozen before")
    say(f"mailing {mailing.id}: {mailing.letters} letters, hash {mailing.hash}")
    say(f"rehearse:  dear-minister send {mailing.id}")
    say(f"sign off:  dear-minister approve {mailing.id} --by NAME --hash {mailing.hash[:_SHORT]}")


def approved(mailing: Mailing, edits: Sequence[str], *, json: bool) -> None:
    """A sign-off."""
    if json:
        document(
            {
                "mailing": mailing.id,
                "hash": mailing.hash,
                "by": mailing.approved_by,
                "at": mailing.approved_at,
                "edits": list(edits),
            }
        )
        return
    for edit in edits:
        say(f"note: {edit} since this was frozen; what goes out is what was frozen")
    say(f"mailing {mailing.id} signed off by {mailing.approved_by}, hash {mailing.hash[:_SHORT]}")
    say(f"send it:  dear-minister send {mailing.id} --live")


def preview(found: Preview, *, json: bool) -> None:
    """The files of a preview."""
    if json:
        document(
            {
                "files": [str(path) for path in found.files],
                "refused": refused_documents(found.refused),
            }
        )
        return
    refused_rows(found.refused)
    if found.note:
        say(found.note)
    for path in found.files[:20]:
        say(str(path))
    if len(found.files) > 20:
        say(f"and {len(found.files) - 20} more in {found.folder}")


def problems(found: Sequence[Problem], *, json: bool) -> None:
    """The problems ``check`` found."""
    if json:
        document({"problems": [asdict(one) for one in found]})
        return
    for one in found:
        say(f"{one.severity}: {one.where}: {one.what}")
    if all(one.severity == "note" for one in found):
        say("no problem found")


def sent(
    ledger: Ledger,
    settings: Settings,
    mailing: Mailing,
    rehearsal: int,
    tally: SendResult,
    *,
    json: bool,
) -> int:
    """How a sending ended, and what to do next; gives the exit code."""
    from flows.post import status as statuses

    now = statuses.status(ledger, mailing.id, rehearsal)
    # Not the tally's: what a dead sender left uncertain was taken back before this run began.
    bad = now.counts.get(State.UNCERTAIN, 0) + now.counts.get(State.REFUSED, 0)
    code = 1 if bad or tally.waiting or tally.stopped else 0
    if json:
        sendings = statuses.rehearsals(ledger, mailing.id)
        ended = {"attempts": tally.counts, "stopped": tally.stopped}
        document(_status(mailing, now, sendings) | ended)
        return code
    what = f"rehearsal {rehearsal}" if rehearsal else "live"
    if not tally.counts and not tally.waiting and not tally.stopped:
        say(f"nothing to send: {statuses.words(now.counts)}")
    else:
        say(f"{what}: {statuses.words(now.counts)}")
    troubles(now)
    if rehearsal and not settings.mail_redirect_to:
        say(f"the mails are in {settings.var / 'mailbox'}")
    if tally.stopped:
        say(f"stopped: {tally.stopped}")
    if tally.waiting:
        due = f", next due {tally.next_due.astimezone():%d %B %H:%M}" if tally.next_due else ""
        flag = "" if rehearsal else " --live"
        say(f"{tally.waiting} wait{due}; go on with: dear-minister send {mailing.id}{flag}")
    return code


def troubles(now: Status) -> None:
    """Uncertain, refused and deferred dispatches, with what to look for."""
    for one in now.dispatches:
        if one.state is State.UNCERTAIN:
            say(f"uncertain: {one.id} to {one.name} <{one.email}>, {one.changed_at}: {one.reply}")
            say(f"  look for Message-ID {one.message_id} at the server or in the archive, then:")
            say(f"  dear-minister resolve {one.id} --as sent|resend --by NAME --why TEXT")
        elif one.state in (State.REFUSED, State.DEFERRED):
            due = f" (due {one.due_at})" if one.state is State.DEFERRED else ""
            reply = f"{one.code or ''} {one.reply}".strip()
            say(f"{one.state}: {one.id} to {one.name} <{one.email}>{due}: {reply}")


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
        "dispatches": [asdict(one) for one in now.dispatches],
    }


def status(ledger: Ledger, mailing: str | None, *, json: bool) -> int:
    """All mailings, or one mailing's dispatches; gives the exit code."""
    from flows.post import status as statuses
    from flows.post.ledger import holds
    from flows.post.mailing import mailing as mailings

    if mailing is None:
        return _overview(ledger, json=json)
    found = mailings.get(ledger, mailing)
    sendings = statuses.rehearsals(ledger, mailing)
    now = statuses.status(ledger, mailing, statuses.shown(found, sendings))
    held = holds.find(ledger, mailing)
    if json:
        document(_status(found, now, sendings) | {"held": held and asdict(held)})
    else:
        troubles(now)
        console.print(table(now))
        what = f"rehearsal {now.rehearsal}" if now.rehearsal else "live"
        signed = f"signed off by {found.approved_by}" if found.approved_by else "not signed off"
        say(f"{found.id} ({signed}), {what}: {statuses.words(now.counts)}")
        if held:
            say(f"{found.id} is {held}")
            say(f"let it go on:  dear-minister release {found.id} --by NAME --why TEXT")
    bad = now.counts.get("uncertain", 0) + now.counts.get("refused", 0)
    return 1 if bad else 0


def table(now: Status) -> Table:
    """Every dispatch, a row each; where the terminal is narrow the server's words are cut."""
    room = max(20, console.width - _WIDEST_STATE - _longest(now) - 18)
    shown = Table("no.", "to", "state", "tries", "answer", box=None, pad_edge=False)
    for one in now.dispatches:
        colour = _COLOURS.get(one.state, "default")
        answer = f"{one.code or ''} {one.reply}".strip()
        shown.add_row(
            one.id.rpartition(":")[2],
            escape(_whom(one)),
            f"[{colour}]{one.state}[/{colour}]",
            str(one.attempts),
            escape(answer if len(answer) <= room else f"{answer[: room - 1]}…"),
        )
    return shown


def _whom(one: DispatchStatus) -> str:
    return one.name if one.email else f"{one.name} (by post)"


def _longest(now: Status) -> int:
    return max((len(_whom(one)) for one in now.dispatches), default=0)


def _overview(ledger: Ledger, *, json: bool) -> int:
    from flows.post import status as statuses
    from flows.post.ledger import holds
    from flows.post.mailing import mailing as mailings

    held = holds.every(ledger)
    rows = [(one, statuses.rehearsals(ledger, one.id)) for one in mailings.every(ledger)]
    bad = any(counts.get(0, {}).get("uncertain") for _, counts in rows)
    if json:
        document(
            {
                "mailings": [
                    {
                        "mailing": one.id,
                        "campaign": one.campaign,
                        "edition": one.edition,
                        "frozen_at": one.frozen_at,
                        "hash": one.hash,
                        "signed_off_by": one.approved_by or None,
                        "counts": counts.get(0, {}),
                        "held": asdict(held[one.id]) if one.id in held else None,
                    }
                    for one, counts in rows
                ]
            }
        )
        return 1 if bad else 0
    if not rows:
        say("no mailing yet; make one with: dear-minister prepare CAMPAIGN")
    for one, counts in rows:
        signed = f"signed off by {one.approved_by}" if one.approved_by else "not signed off"
        live = statuses.words(counts.get(0, {}))
        say(f"{one.id}  {one.frozen_at:%Y-%m-%d %H:%M}  {signed}: {live}")
        if one.id in held:
            say(f"  {held[one.id]}")
    return 1 if bad else 0


def verdict(found: Verdict, *, json: bool) -> None:
    """What a replay of the chain found."""
    if json:
        document(asdict(found))
    elif found.ok:
        say(f"the ledger is whole: {found.events} events, the last one's hash {found.head}")
    else:
        say(f"the ledger was changed: event {found.broken_at}: {found.why}")


if TYPE_CHECKING:
    from pathlib import Path

    from flows.operations.draft import Draft
    from flows.people.audience import Choice
    from flows.people.quality import Line, Report


def addresses(lines: Sequence[Line], *, json: bool) -> None:
    """Envelope, opening and close of every row."""
    if json:
        document([one.document() for one in lines])
        return
    for one in lines:
        if one.refused:
            say(f"{one.id}: refused: {one.refused}")
        else:
            say(f"{one.id}: {one.envelope} | {one.salutation}, | {one.close},")


def quality(report: Report, handed_back: Path | None, *, json: bool) -> None:
    """A list's state."""
    if json:
        document(
            {
                "counts": report.counts,
                "findings": [asdict(one) for one in report.findings],
                "refused": refused_documents(report.refused),
                "refused_file": handed_back,
            }
        )
        return
    refused_rows(report.refused)
    for finding in report.findings:
        say(f"{finding.where}: {finding.what}")
    say(", ".join(f"{count} {what}" for what, count in report.counts.items()))
    if handed_back:
        say(f"refused rows, ready to correct and load again: {handed_back}")


def who(order: Draft, *, json: bool) -> None:
    """Everyone in a campaign's lists, in or out, and by which rule."""
    if json:
        document(
            {
                "in": [_choice(one) for one in order.choices if one.decision.in_],
                "out": [_choice(one) for one in order.left_out],
                "refused": refused_documents(order.refused),
            }
        )
        return
    refused_rows(order.refused)
    for one in order.choices:
        sign = "in " if one.decision.in_ else "out"
        say(f"{sign} {one.reader.contact.id}: {one.reader.address.lines[0]}: {one.decision.rule}")
    say(f"{len(order.readers)} in, {len(order.left_out)} out, {len(order.refused)} refused")


def _choice(one: Choice) -> dict[str, str]:
    return {
        "id": one.reader.contact.id,
        "person": one.reader.contact.person,
        "role": one.reader.role,
        "rule": one.decision.rule,
    }
