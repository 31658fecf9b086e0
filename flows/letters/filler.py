"""Readers' letters and mails: filled, laid out, and as files."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from flows.errors import RowError
from flows.letters import budget
from flows.letters.campaign import Campaign
from flows.letters.filling import Filling
from flows.letters.guarded import Guarded
from flows.letters.letter import Letter
from flows.letters.message import MailHeaders, carrying
from flows.letters.pdf.kept import KeptPages
from flows.letters.templates import Compiler
from flows.people.contact import Contact, Reader, RejectedRow
from flows.people.lists.rows import cells


class Filler:
    """Fills a campaign's letters; threads may share it. Made once per process.

    Templates that can grow without end are filled in a process beside this one, under limits.
    """

    def __init__(self, campaign: Campaign, on: date) -> None:
        """Compile every template of the campaign and try them on invented readers.

        ``on`` is the date printed. Raises ConfigurationError naming the file, and the name or
        the words at fault, or what makes a letter cost too much.
        """
        templates = Compiler(campaign, on).templates()
        growing = templates.growing()
        self._filling: Filling | Guarded = (
            Guarded(campaign, on, growing)
            if growing and not budget.is_limited()
            else Filling(campaign, on, templates)
        )
        self.template = templates.letter

    @property
    def may_be_copied(self) -> bool:
        """Whether a copy of this process can fill with it: a process beside serves but one."""
        return isinstance(self._filling, Filling)

    def fill(self, reader: Reader) -> Letter:
        """This reader's letter and mail, with what goes along.

        Raises RowError if the reader's data cannot be printed, the letter read back is not whole
        or an enclosure is missing, ConfigurationError if a template asks for what is not there.
        """
        return self._filling.fill(reader)

    def specimen(self, role: str) -> Letter:
        """A letter to an invented reader, with something in every field."""
        return self._filling.specimen(role)

    def context(self, reader: Reader) -> dict[str, Any]:
        """The names and values that this reader's templates are filled with."""
        return self._filling.context(reader)


def filled(filler: Filler, readers: Iterable[Reader]) -> Iterator[Letter | RejectedRow]:
    """Each reader's letter, or that reader handed back."""
    for reader in readers:
        try:
            yield filler.fill(reader)
        except RowError as error:
            yield handed_back(reader.contact, error.column, error.reason)


def laid_out(
    letters: Iterable[Letter | RejectedRow], processes: int = 0, kept: KeptPages | None = None
) -> Iterator[Letter | RejectedRow]:
    """Letters with their PDF, in order; then those without one, and rows handed back before.

    ``kept`` as in ``convert.convert``.
    """
    from flows.letters.pdf import convert  # loads the PDF libraries, which DOCX does without

    aside: list[RejectedRow] = []

    def accepted() -> Iterator[Letter]:
        for letter in letters:
            if isinstance(letter, RejectedRow):
                aside.append(letter)
            else:
                yield letter

    for letter in convert.convert(accepted(), processes=processes, kept=kept):
        if isinstance(letter, convert.Failed):
            aside.append(handed_back(letter.letter.reader.contact, "letter", letter.reason))
        else:
            yield letter
    yield from aside


def files(
    letter: Letter, campaign: Campaign, headers: MailHeaders
) -> dict[str, bytes] | RejectedRow:
    """A letter, its PDF where it has one, and its mail where one goes, by file name."""
    contact = letter.reader.contact
    made = {f"letter-{contact.id}.docx": letter.docx}
    if letter.pdf:
        made[f"letter-{contact.id}.pdf"] = letter.pdf
    if contact.email:
        try:
            made[f"mail-{contact.id}.eml"] = carrying(letter, campaign.letter, headers)
        except RowError as error:
            return handed_back(contact, error.column, error.reason)
    return made


def handed_back(contact: Contact, column: str, reason: str) -> RejectedRow:
    """The contact's row as it goes back to whoever keeps the list."""
    return RejectedRow(contact.file, contact.row, column, reason, cells(contact))
