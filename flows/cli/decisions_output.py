"""What a person's decisions about letters come to, on paper too, as documents and as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.cli import grouping
from flows.cli.answer import Answer, Exit, attention, notes
from flows.counted import counted
from flows.errors import Fault
from flows.post.states import State

if TYPE_CHECKING:
    from flows.letters.paper.pack import PrintPack
    from flows.operations.posted import Posted
    from flows.post.ledger.holds import Hold
    from flows.post.ledger.transitions import DispatchRow
    from flows.post.mailing.mailing import Mailing
    from flows.post.resolution import Withdrawable

RELEASE = "let it go on:  dear-minister release {} --by NAME --why TEXT"


def proposal(dispatch: str, text: str) -> Answer:
    """What the search for an uncertain letter proposes."""
    return Answer({"dispatch": dispatch, "proposal": text}, text.splitlines())


def settled(dispatches: Sequence[DispatchRow]) -> Answer:
    """Dispatches that a person settled: all have the same state now."""
    state, mailing = dispatches[0].state, dispatches[0].mailing
    ids = [dispatch.id for dispatch in dispatches]
    document: dict[str, object] = {"dispatches": ids, "state": state}
    if len(ids) == 1:
        document["dispatch"] = ids[0]
    line = (
        f"dispatch {ids[0]} is now {state}"
        if len(ids) == 1
        else f"{len(ids)} dispatches are now {state}: {_ids(ids)}"
    )
    ready = [f"send again:  dear-minister send {mailing} --live"] if state is State.READY else []
    return Answer(document, [line], ready)


def withdrawn(dispatches: Sequence[DispatchRow], found: Withdrawable) -> Answer:
    """Dispatches that are not sent, and what was left."""
    ids = [dispatch.id for dispatch in dispatches]
    lines = [f"{len(ids)} withdrawn: {_ids(ids)}"]
    if found.paper:
        lines.append(f"{found.paper} of them would have gone by post too; now they do not")
    by_post = sum(1 for dispatch in dispatches if not dispatch.email)
    if left := len(found.post) - by_post:
        lines.append(
            counted(left, "letter by post stays as it is", "letters by post stay as they are")
        )
    return Answer({"withdrawn": ids}, lines)


def _ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - 10} more" if len(ids) > 10 else ""
    return ", ".join(ids[:10]) + more


def held(mailing: str, hold: Hold) -> Answer:
    """A mailing of which nothing is sent until it is released."""
    return Answer(
        {"mailing": mailing, "held": asdict(hold)},
        [f"mailing {mailing} is {hold}"],
        [RELEASE.format(mailing)],
    )


def released(mailing: str) -> Answer:
    """A mailing that goes on."""
    return Answer(
        {"mailing": mailing, "held": None},
        [f"mailing {mailing} is released"],
        [f"go on with:  dear-minister send {mailing} --live"],
    )


def unsent(mailing: str, why: str) -> Answer:
    """A live sending that did not begin."""
    return Answer(
        {"mailing": mailing, "sent": 0, "why": why},
        [f"nothing was sent: {why}"],
        [f"see:  dear-minister status {mailing}"],
        Exit.NOTHING_DONE,
    )


def bound(made: PrintPack, mailing: Mailing) -> Answer:
    """All letters in one file, or in several with a list of what is in which."""
    faults = [Fault(reference, f"not in it: {reason}") for reference, reason in made.failed]
    without = mailing.letters - made.count - len(faults)
    of = f" of {mailing.letters}, {without} withdrawn or forgotten" if without else ""
    return Answer(
        {
            "file": made.letters[0] if made.letters else None,
            "files": made.files,
            "letters": made.count,
            "failed": [asdict(fault) for fault in faults],
            "proof": made.proof,
            "edits": made.edits,
        },
        [*grouping.lines(faults), f"{counted(made.count, 'letter')}{of}: {_named(made)}"],
        _proof(mailing, " --all") if made.proof else notes(made.edits),
        code=attention(faults),
    )


def packed(made: PrintPack, mailing: Mailing) -> Answer:
    """The print pack's files, and letters that are in none."""
    failed = [{"reference": reference, "reason": reason} for reference, reason in made.failed]
    faults = [{"reference": reference, "fault": fault} for reference, fault in made.faults]
    document = {
        "letters": made.count,
        "files": made.files,
        "failed": failed,
        "faults": faults,
        "proof": made.proof,
        "edits": made.edits,
    }
    lines = [
        *(f"not printed: {one['reference']}: {one['reason']}" for one in failed),
        *grouping.lines([Fault(*fault) for fault in made.faults]),
        f"{counted(made.count, 'letter')}: {_named(made)}",
    ]
    next_ = [f"when they are posted: dear-minister posted {mailing.id} --on DATE --by NAME"]
    remarks = _proof(mailing) if made.proof else [*notes(made.edits), *next_]
    return Answer(document, lines, remarks, attention(failed or faults))


def _named(made: PrintPack) -> str:
    """The files in words; of many parts the first and the last."""
    parts = [str(made.letters[0]), f"... {made.letters[-1].name}"] if made.letters[2:] else []
    return ", ".join((*(parts or map(str, made.letters)), *map(str, made.beside)))


def _proof(mailing: Mailing, everyone: str = "") -> list[str]:
    return [
        "not signed off, so every page says PROOF; when the chair agrees:",
        f"  {mailing.sign_off}",
        f"  dear-minister print {mailing.id}{everyone}",
    ]


def posted(found: Posted) -> Answer:
    """Letters on paper that went, and what is odd about it."""
    letters = counted(len(found.dispatches), "letter")
    return Answer(
        {"mailing": found.mailing, "on": found.on, "posted": list(found.dispatches)},
        [f"{letters} of {found.mailing} recorded as posted on {found.on}"],
        notes(found.doubts),
    )
