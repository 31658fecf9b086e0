"""The specimen pack: for each kind of reader one letter as it was frozen, to be read before
anyone signs it off."""

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from sqlalchemy import select

from flows.errors import ConfigurationError
from flows.people.contact import Reader
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.mailing.frozen_letter import documents, read_mail
from flows.post.mailing.mailing import Mailing

_L = schema.letter.c
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


@dataclass(frozen=True, slots=True)
class Specimen:
    """One reader's letter and the kinds of reader that it stands for."""

    kinds: tuple[str, ...]
    name: str
    subject: str
    text: str
    """The letter's own words; the mail's where the letter is laid out as PDF alone."""
    files: tuple[Path, ...]


def chosen(readers: Sequence[Reader]) -> list[tuple[Reader, tuple[str, ...]]]:
    """One reader for each kind there is; a reader may stand for several."""
    found: dict[str, tuple[Reader, list[str]]] = {}
    for kind, is_one in _KINDS:
        reader = next((one for one in readers if is_one(one)), None)
        if reader:
            found.setdefault(reader.contact.id, (reader, []))[1].append(kind)
    for kind, length in _LONGEST:
        if readers:
            reader = max(readers, key=length)
            found.setdefault(reader.contact.id, (reader, []))[1].append(kind)
    return [(reader, tuple(kinds)) for reader, kinds in found.values()]


def pack(
    ledger: Ledger, mailing: Mailing, readers: Iterable[Reader], folder: Path
) -> list[Specimen]:
    """The specimens of a mailing, their files written to ``folder``.

    Raises ConfigurationError where the folder cannot be written.
    """
    with ledger.read() as connection:
        frozen = set(
            connection.execute(select(_L.contact).where(_L.mailing == mailing.id)).scalars()
        )
    there = [one for one in readers if one.contact.id in frozen]
    made = []
    for reader, kinds in chosen(there):
        with ledger.read() as connection:
            row = connection.execute(
                select(_L.email, _L.content).where(
                    _L.mailing == mailing.id, _L.contact == reader.contact.id
                )
            ).one()
        made.append(_specimen(reader, kinds, row.email, row.content, folder))
    return made


def _specimen(
    reader: Reader, kinds: tuple[str, ...], email: str, content: bytes, folder: Path
) -> Specimen:
    identity = reader.contact.id
    files = documents(identity, email, content)
    letter = next((data for name, data in files.items() if name.endswith(".docx")), None)
    subject, text = "", words(letter) if letter else ""
    if email:
        message = read_mail(content)
        subject = str(message["Subject"])
        body = message.get_body(("plain",))
        text = text or (str(body.get_content()) if body else "")
        files[f"mail-{identity}.eml"] = content
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
            paths.append(folder / name)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); "
            "set DEAR_MINISTER_VAR"
        ) from error
    return Specimen(kinds, reader.address.lines[0], subject, text, tuple(paths))


def words(docx: bytes) -> str:
    """The words of a Word document's body, a line for each paragraph that has any."""
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        body = etree.fromstring(
            package.read("word/document.xml"), etree.XMLParser(resolve_entities=False)
        )
        bulleted = _bulleted(package)
    lines = []
    for paragraph in body.iter(f"{_W}p"):
        line = "".join(
            element.text or "" if element.tag == f"{_W}t" else _BREAKS.get(element.tag, "")
            for element in paragraph.iter(f"{_W}t", *_BREAKS)
        )
        if line.strip():
            style = paragraph.find(f"{_W}pPr/{_W}pStyle")
            listed = paragraph.find(f"{_W}pPr/{_W}numPr") is not None or (
                style is not None and style.get(f"{_W}val") in bulleted
            )
            lines.append(("- " if listed else "") + line)
    return "\n".join(lines)


def _bulleted(package: zipfile.ZipFile) -> set[str]:
    """The paragraph styles that make a list."""
    if "word/styles.xml" not in package.namelist():
        return set()
    styles = etree.fromstring(
        package.read("word/styles.xml"), etree.XMLParser(resolve_entities=False)
    )
    return {
        str(one.get(f"{_W}styleId"))
        for one in styles.iter(f"{_W}style")
        if one.find(f"{_W}pPr/{_W}numPr") is not None
    }


def _untitled(reader: Reader) -> bool:
    contact = reader.contact
    return not contact.title and contact.house != "lords"


_KINDS: tuple[tuple[str, Callable[[Reader], bool]], ...] = (
    ("minister", lambda one: one.role == "minister"),
    ("MP", lambda one: one.role == "mp"),
    ("peer", lambda one: one.role == "peer"),
    (
        "Privy Counsellor",
        lambda one: one.contact.privy_counsellor and one.role != "minister",
    ),
    ("knight or dame", lambda one: one.contact.title.partition(" ")[0] in ("Sir", "Dame")),
    ("no title", lambda one: _untitled(one) and not one.contact.privy_counsellor),
)
_LONGEST: tuple[tuple[str, Callable[[Reader], int]], ...] = (
    ("longest name", lambda one: len(one.address.lines[0])),
    ("longest address", lambda one: sum(map(len, (*one.address.lines, *one.postal)))),
)
