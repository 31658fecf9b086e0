"""Who is never written to, in any campaign, whatever list they are in."""

import csv
import datetime
import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fasteners import InterProcessLock

from flows.errors import ConfigurationError, RowError
from flows.people import email_address
from flows.people.contact import Contact, Reader
from flows.people.identity.evidence import NUMBER, identifier, keys, told_apart
from flows.people.identity.spelling import fold
from flows.people.lists import files, rows, table
from flows.people.lists.cells import defuse, forbidden, restore, tidy

COLUMNS = ("person", "email", "domain", "date", "reason")
KINDS = COLUMNS[:3]
DETAILS = ("name", "house", "constituency", "aliases")
"""What a list had of the person when the objection was noted: it holds under another list's ids."""
_CREATE = "create it with the heading " + ",".join(COLUMNS)


@dataclass(frozen=True, slots=True)
class Suppression:
    """The list as it stood when it was loaded; each answer is a look-up, fit for every RCPT."""

    people: Mapping[str, str] = field(default_factory=dict)
    emails: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    """By seat and surname, or by peerage (``people.identity.evidence``)."""
    names: Mapping[str, tuple[tuple[Contact, str], ...]] = field(default_factory=dict)
    """By name, with what else is known of the person."""

    def reason(self, *, person: str = "", email: str = "") -> str | None:
        """Return why ``person`` or ``email`` is not written to, or None. A domain covers those
        below it; capitals make no difference."""
        if person and (found := self.people.get(identifier(person))):
            return found
        if not email or not (self.emails or self.domains):
            return None
        address = email_address.key(email)
        if found := self.emails.get(address):
            return found
        domain = address.rpartition("@")[2]
        while domain:
            if found := self.domains.get(domain):
                return found
            domain = domain.partition(".")[2]
        return None

    def of(self, reader: Reader | Contact) -> str | None:
        """Return why a reader gets nothing, or None.

        By each row's ids and e-mail, by seat and surname, by peerage, or by the name, where nothing
        says that somebody else of that name objected.
        """
        contacts = (reader,) if isinstance(reader, Contact) else (reader.contact, *reader.others)
        for contact in contacts:
            ids = (contact.person, contact.id, *contact.aliases)
            found = self.reason(email=contact.email) or next(
                (reason for text in ids if (reason := self.reason(person=text))), None
            )
            if found or (found := self._by_identity(contact)):
                return found
        return None

    def _by_identity(self, contact: Contact) -> str | None:
        if self.known:
            for key in keys(contact):
                if found := self.known.get(key):
                    return found
        for objector, reason in self.names.get(fold(contact.name), ()):
            if not told_apart(objector, contact):
                return reason
        return None


def load(path: Path) -> Suppression:
    """Load the list.

    Raises ConfigurationError when it is missing or unreadable, and for any row that cannot be
    understood: an objection that is passed over would be a letter sent.
    """
    found: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    known: dict[str, str] = {}
    names: dict[str, list[tuple[Contact, str]]] = {}
    for row in _rows(path):
        where = f"{path}:{row.number}"
        if row.fault:
            raise ConfigurationError(f"{where}: {row.fault}")
        for column, what in row.errors.items():
            raise ConfigurationError(f"{where}: {column}: {what}")
        try:
            kind, key = _entry(row.cells)
        except RowError as error:
            raise ConfigurationError(f"{where}: {error}") from None
        cells = {name: tidy(restore(row.cells.get(name, ""))) for name in COLUMNS}
        said = cells["reason"] or "no reason noted"
        since = f" since {cells['date']}" if cells["date"] else ""
        why = f"suppressed{since} ({said}); {where}"
        found[kind][key] = why
        if kind == "person":
            objector = _objector(key, row.cells)
            for text in (key, *objector.aliases):
                found[kind][identifier(text)] = why
                found[kind][identifier(text).replace(f"{NUMBER}-", "parl-")] = why
            if objector.name:
                known |= {one: why for one in keys(objector) if not one.startswith("id ")}
                names.setdefault(fold(objector.name), []).append((objector, why))
    return Suppression(
        found["person"],
        found["email"],
        found["domain"],
        known,
        {name: tuple(objectors) for name, objectors in names.items()},
    )


def add(
    path: Path,
    *,
    person: str = "",
    email: str = "",
    domain: str = "",
    reason: str,
    on: datetime.date,
    known: Contact | None = None,
) -> None:
    """Add one person, e-mail address or domain; the file is made when it is not there.

    ``known`` is a row about the person: its name, seat and other ids are noted, so that the
    objection holds whatever list the person comes from.

    Raises RowError when not exactly one is given, or it cannot be one, or the reason is blank;
    ConfigurationError when the list cannot be read or written.
    """
    cells = {"person": tidy(person), "email": tidy(email), "domain": tidy(domain)}
    kind, key = _entry(cells)
    if not tidy(reason) or forbidden(reason):
        raise RowError("reason", "write in a few words why")
    cells |= {kind: key, "date": on.isoformat(), "reason": tidy(reason)}
    with _locked(path):
        if known is not None and person:
            cells |= {
                "name": known.name,
                "house": known.house,
                "constituency": known.constituency,
                "aliases": " ".join(sorted({known.person, known.id, *known.aliases} - {person})),
            }
        old = _rows(path) if path.exists() else ()
        detailed = any(
            row.get(name) for name in DETAILS for row in (cells, *(r.cells for r in old))
        )
        columns = (*COLUMNS, *DETAILS) if detailed else COLUMNS
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        for row in (*(row.cells for row in old), {k: defuse(v) for k, v in cells.items()}):
            writer.writerow([row.get(column, "") for column in columns])
        files.write(path, text.getvalue().encode())


class WatchedSuppression:
    """A suppression file that is read again when it has changed, for the moment of sending."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._list = Suppression()

    def now(self) -> Suppression:
        """Return the list as the file has it now, nobody where there is none; the errors are those
        of ``load``. ConfigurationError too when a list that was there is gone."""
        try:
            status = self._path.stat()
        except OSError:
            if self._seen is None:
                return self._list
            raise ConfigurationError(f"{self._path}: no such file; {_CREATE}") from None
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            self._list = load(self._path)
            self._seen = seen
        return self._list


def _rows(path: Path) -> tuple[table.Row, ...]:
    if not path.exists():
        raise ConfigurationError(f"{path}: no such file; {_CREATE}")
    return table.read(path, expected=(*COLUMNS, *DETAILS), required=KINDS).rows


def _entry(cells: Mapping[str, str]) -> tuple[str, str]:
    """Return what one row suppresses: its kind and the key it is found by."""
    given = {kind: text for kind in KINDS if (text := tidy(restore(cells.get(kind, ""))))}
    if len(given) != 1:
        raise RowError("person", "give one of person, email, domain in each row; the others blank")
    ((kind, text),) = given.items()
    if fault := forbidden(text):
        raise RowError(kind, f"holds {fault}; delete it")
    if kind == "email":
        return kind, email_address.key(rows.email(text))
    if kind == "domain":
        return kind, _domain(text.removeprefix("@"))
    return kind, text.casefold()


def _objector(person: str, cells: Mapping[str, str]) -> Contact:
    name, house, seat, aliases = (tidy(restore(cells.get(column, ""))) for column in DETAILS)
    return Contact(
        id=person,
        name=name,
        person=person,
        house=house,
        constituency=seat,
        aliases=tuple(aliases.split()),
    )


def _domain(text: str) -> str:
    try:
        return email_address.domain(text)
    except email_address.AddressError as error:
        raise RowError("domain", str(error)) from None


_locking = threading.Lock()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the list against another command: two objections at once must both be kept."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locking, InterProcessLock(path.with_name(f".{path.name}.lock")):
            yield
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written ({error.strerror})") from None
