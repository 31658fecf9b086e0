"""A campaign's letter.docx, or a DOCX sent beside it: safe, inspected, cleaned."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from flows.errors import ConfigurationError, Fault
from flows.letters.docx import guard
from flows.letters.docx.cleaning import Properties, clean
from flows.letters.docx.findings import Finding
from flows.letters.docx.inspection import inspect
from flows.letters.docx.package import ZipPackage


@dataclass(frozen=True, slots=True)
class LetterFile:
    """A letter's Word file, as it may go out."""

    data: bytes = field(repr=False)
    findings: tuple[Finding, ...]
    """What was made safe or left out, for ``check`` to say; no errors."""


def read(path: Path, properties: Properties, language: str) -> LetterFile:
    """The Word file at this path, without what no reader may see.

    Raises ConfigurationError, a line for each fault, for a file that is not safe to open, still
    shows work in progress, or would show each reader something else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(Fault(str(path), f"cannot be read ({error.strerror})")) from error
    package = guard.check(data, str(path))
    findings = [*inspect(package, properties.on, language), *clean(package, properties)]
    _need_no_errors(findings, str(path))
    return LetterFile(ZipPackage(package.parts(), ()).pack({}), tuple(findings))


def need_finished(data: bytes, name: str) -> None:
    """Raise ConfigurationError if a DOCX that is sent as it is still shows work in progress."""
    package = guard.check(data, name)
    _need_no_errors(inspect(package, date.today(), "en_GB"), name)


def _need_no_errors(findings: list[Finding], name: str) -> None:
    errors = [Fault(name, finding.what) for finding in findings if finding.severity == "error"]
    if errors:
        raise ConfigurationError(*errors)
