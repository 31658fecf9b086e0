"""What the commands about the program and its ledger come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.cli.answer import Answer, Table, attention
from flows.counted import counted

if TYPE_CHECKING:
    from flows.operations.doctor import Finding
    from flows.operations.forget import Removed
    from flows.operations.recover import Recovery
    from flows.post.ledger.events import Verdict
    from flows.post.ledger.witness_file import Head

_MOST = 20


def examined(found: Sequence[Finding]) -> Answer:
    """The machine, looked over."""
    lines: list[str | Table] = [
        Table(
            ("", "what", "found"),
            [(finding.state, finding.what, finding.found) for finding in found],
            {"ok": "green", "warning": "yellow", "error": "bold red"},
        )
    ]
    mends = [f"{finding.what}: {finding.mend}" for finding in found if finding.mend]
    if mends:
        lines += ["", "To mend it:", *(f"  {mend}" for mend in mends)]
    errors = [finding for finding in found if finding.state == "error"]
    return Answer({"findings": [asdict(one) for one in found]}, lines, code=attention(errors))


def verdict(found: Verdict) -> Answer:
    """What a replay of the chain found."""
    if found.ok:
        events = counted(found.events, "event")
        line = f"the ledger is whole: {events}, the last one's hash {found.head}"
    elif found.broken_at is None:
        line = f"the ledger is not the one that was last used: {found.why}"
    else:
        line = f"the ledger was changed: event {found.broken_at}: {found.why}"
    return Answer(asdict(found), [line], code=attention(not found.ok))


def head(found: Head) -> Answer:
    """How far the ledger has come, as ``verify --witness`` reads it."""
    return Answer(
        asdict(found),
        [f"{found.identity} {found.generation} {found.events} {found.hash}"],
        ["keep this line outside; later: dear-minister verify --witness FILE"],
    )


def forgotten(found: Removed) -> Answer:
    """What was removed, and where the data may still lie."""
    done, files = found.done, sum(found.deleted.values())
    document = {
        "letters": [f"{mailing}:{ordinal}" for mailing, ordinal in done.letters],
        "mailings": list(done.mailings),
        "files": files,
        "deleted": {str(folder): count for folder, count in found.deleted.items()},
        "copies": {str(path): rows for path, rows in found.copies.items()},
        "handed_back": {str(path): rows for path, rows in found.handed_back.items()},
        "not_at_their_end": list(done.left),
        "elsewhere": list(found.left),
    }
    lines = [
        f"forgotten: {counted(len(done.letters), 'letter')} of "
        f"{counted(len(done.mailings), 'mailing')}; deleted: {counted(files, 'file')}"
    ]
    lines += [f"  of {folder}: {counted(count, 'file')}" for folder, count in found.deleted.items()]
    lines += [
        f"taken out of {path}, which keeps what the source of a list had: {counted(rows, 'row')}"
        for path, rows in found.copies.items()
    ]
    lines += [
        f"taken out of {path}, rows that were handed back: {counted(rows, 'row')}"
        for path, rows in found.handed_back.items()
    ]
    if done.left:
        lines.append(f"not at their end, and kept: {', '.join(done.left)}")
    lines += ["it may still lie in:", *(f"  {place}" for place in found.left)]
    remarks = ["previews, print packs and reports that others need: make them anew"]
    return Answer(document, lines, remarks if found.deleted else (), attention(done.left))


def recovered(found: Recovery) -> Answer:
    """What a recovery found and did."""
    done = found.done
    document = {
        "differences": list(found.differences),
        "mailbox": found.mailbox or None,
        "sent": list(done.sent),
        "uncertain": list(done.uncertain),
        "left": done.left,
        "by_post": done.by_post,
        "unknown": [asdict(mail) for mail in found.strangers],
        "head": asdict(done.head),
    }
    lines = list(found.differences) or ["the ledger agreed with its witnesses"]
    if found.mailbox:
        lines.append(f"found in {found.mailbox}, and so sent: {counted(len(done.sent), 'letter')}")
    else:
        lines.append("no mailbox was asked: IMAP_HOST is not set")
    if done.uncertain:
        lines.append(
            f"uncertain: {counted(len(done.uncertain), 'letter')}, of which nobody can say here "
            "whether it was sent"
        )
    if done.left:
        lines.append(f"still to be sent: {counted(done.left, 'letter')}")
    if done.by_post:
        lines.append(f"by post, not recorded as posted: {counted(done.by_post, 'letter')}")
    if found.strangers:
        lines.append(
            f"{counted(len(found.strangers), 'mail')} in {found.mailbox} of mailings that this "
            "ledger does not know; whoever got one would be written to again:"
        )
        lines += [f"  {mail}" for mail in found.strangers[:_MOST]]
        if len(found.strangers) > _MOST:
            lines.append(f"  and {len(found.strangers) - _MOST} more")
    lines.append(f"generation {done.head.generation} of the ledger begins")
    remarks = []
    if done.uncertain:
        mailing = done.uncertain[0].rpartition(":")[0]
        remarks = [
            "settle them one by one, or, once you know:",
            f"  dear-minister resolve {mailing} --uncertain --as sent|resend --by NAME --why TEXT",
        ]
    return Answer(document, lines, remarks, attention(done.uncertain or found.strangers))
