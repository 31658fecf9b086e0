"""What the commands about a campaign's folder come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.cli.answer import Answer, Exit, attention
from flows.cli.console import refused_documents

if TYPE_CHECKING:
    from pathlib import Path

    from flows.errors import Fault
    from flows.operations.preview import Preview

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


def problems(found: Sequence[Fault]) -> Answer:
    """What ``check`` found: NOTHING_DONE where nothing could be sent."""
    lines = [f"{fault.severity}: {fault}" for fault in found]
    severities = {fault.severity for fault in found}
    if severities <= {"note"}:
        lines.append("no problem found")
    code = Exit.NOTHING_DONE if "error" in severities else attention("row" in severities)
    return Answer({"problems": [asdict(fault) for fault in found]}, lines, code=code)


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
