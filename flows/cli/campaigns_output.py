"""What the commands about a campaign's folder come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.cli import grouping
from flows.cli.answer import Answer, Exit, Table, attention
from flows.cli.console import refused_documents
from flows.counted import counted

if TYPE_CHECKING:
    from pathlib import Path

    from flows.operations.check import Checked
    from flows.operations.fields import Fields
    from flows.operations.preview import Preview
    from flows.operations.sample import Sampled

_FILES = 20


def made(folder: Path, paths: Sequence[Path]) -> Answer:
    """An office folder."""
    return Answer(
        {"folder": folder, "files": list(paths)},
        [str(path) for path in paths],
        [
            f"an office folder; README.md in it says what to type:  cd {folder}",
            "your own campaign:  dear-minister new KEY",
        ],
    )


def new(folder: Path, key: str) -> Answer:
    """A campaign's folder."""
    return Answer(
        {"campaign": key, "folder": folder, "files": sorted(folder.iterdir())},
        [str(path) for path in sorted(folder.iterdir())],
        [
            f"write the letter in {folder / 'letter.docx'}, the rest in {folder / 'campaign.toml'}",
            f"then:  dear-minister check {key}",
        ],
    )


def checked(found: Checked) -> Answer:
    """What ``check`` found: NOTHING_DONE where nothing could be sent."""
    severities = {fault.severity for fault in found.problems}
    lines = [
        f"{severity}: {line}"
        for severity in ("error", "row", "warning", "note")
        for line in grouping.lines(
            [fault for fault in found.problems if fault.severity == severity]
        )
    ]
    if found.overview:
        lines += found.overview.sentences(found.language)
    if severities <= {"note"}:
        lines.append("no problem found")
    code = Exit.NOTHING_DONE if "error" in severities else attention("row" in severities)
    document = {
        "problems": [asdict(fault) for fault in found.problems],
        "overview": found.overview and asdict(found.overview),
    }
    return Answer(document, lines, code=code)


def fields(found: Fields) -> Answer:
    """The names that a letter may print."""
    reader = found.reader.contact
    return Answer(
        {"contact": reader.id, "values": dict(found.values), "functions": dict(found.functions)},
        [
            Table(("name", f"what it prints for {reader.id}"), found.values),
            "",
            Table(("call", "what it makes"), found.functions),
        ],
        ["in a template:  {{ reader.name }}   for another reader: --contact ID"],
    )


def sampled(found: Sampled) -> Answer:
    """Specimens sent to one's own address."""
    document = {
        "to": found.to,
        "sent": [identity for identity, _ in found.readers],
        "refused": refused_documents(found.refused),
        "mailbox": found.folder,
    }
    where = f" (no SMTP_HOST is set, so they are in {found.folder})" if found.folder else ""
    lines = [
        *map(str, found.refused),
        *(f"{identity}: {kinds}" for identity, kinds in found.readers),
        f"{counted(len(found.readers), 'letter')} sent to {found.to} and nobody else{where}",
    ]
    return Answer(document, lines, code=attention(found.refused))


def preview(found: Preview) -> Answer:
    """The files of a preview."""
    lines = [*map(str, found.refused), *map(str, found.files[:_FILES])]
    if len(found.files) > _FILES:
        lines.append(f"and {len(found.files) - _FILES} more in {found.folder}")
    return Answer(
        {"files": list(map(str, found.files)), "refused": refused_documents(found.refused)},
        lines,
        [found.note] if found.note else [],
        attention(found.refused),
    )
