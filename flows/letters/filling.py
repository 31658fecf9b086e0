"""A campaign's letter and mail, compiled once and filled for each reader, in this process."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from flows.errors import ConfigurationError, Fault, RowError
from flows.letters import readback
from flows.letters.campaign import Campaign, TemplateNames
from flows.letters.campaign_toml import ROLES
from flows.letters.context import specimen, texts
from flows.letters.docx import fonts
from flows.letters.letter import Letter
from flows.letters.paper.envelope import goes_by_post
from flows.letters.templates import Compiler, Templates
from flows.people.contact import Reader


class Filling:
    """A campaign's templates, compiled and tried; holds no reader's data: threads may share it."""

    def __init__(self, campaign: Campaign, on: date, templates: Templates | None = None) -> None:
        """Compile every template of the campaign and try them on invented readers.

        ``on`` is the date printed; ``templates`` where they are compiled already. Raises
        ConfigurationError naming the file, and the name or the words at fault.
        """
        compiled = templates or Compiler(campaign, on).templates()
        self._context = compiled.context
        self._names = campaign.names
        self._letter_file = str(campaign.folder / campaign.names.letter)
        self.template = compiled.letter
        self._subject, self._text, self._html = compiled.subject, compiled.text, compiled.html
        self._asks, self._enclosures = compiled.asks, compiled.enclosures
        self._printed_later = campaign.letter == "docx"
        self._post = campaign.post
        for role in ROLES:
            self._try(role)

    def fill(self, reader: Reader) -> Letter:
        """This reader's letter and mail, with what goes along.

        Raises RowError if the reader's data cannot be printed, the letter read back is not whole
        or a paper is missing, ConfigurationError if a template asks for what is not there.
        """
        context = self.context(reader)
        letter = self._letter(reader, context)
        if self._printed_later:
            _need_drawable(letter, self._post)
        return replace(
            letter,
            enclosed=self._enclosures.attachments(reader, context),
            cc=self._enclosures.copies(context),
        )

    def specimen(self, role: str) -> Letter:
        """A letter to an invented reader, with something in every field."""
        reader = specimen(role)
        return self._letter(reader, self.context(reader))

    def context(self, reader: Reader) -> dict[str, Any]:
        """The names and values that this reader's templates are filled with."""
        context = self._context.of(reader)
        # Asks are finished texts before letter and mail are filled: nothing is rendered twice.
        context["asks"] = tuple(
            part.filled(context) for terms, part in self._asks if terms.unmet(reader) is None
        )
        return context

    def _letter(self, reader: Reader, context: Mapping[str, Any]) -> Letter:
        filled = self.template.fill(context)
        letter = Letter(
            reader=reader,
            reference=context["reference"],
            docx=filled.docx,
            subject=self._subject.filled(context).strip(),
            text=self._text.filled(context),
            html=self._html.filled(context),
        )
        _read_back(letter, filled.parts.values(), self._names)
        return letter

    def _try(self, role: str) -> None:
        try:
            self.specimen(role)
        except RowError as error:
            if error.column in {"picture", "value"}:
                return  # an invented reader has no portrait, and no numbers in columns of their own
            raise ConfigurationError(
                Fault(self._letter_file, f"filled for an invented {role}: {error.reason}")
            ) from error


def _read_back(letter: Letter, parts: Iterable[bytes], names: TemplateNames) -> None:
    checks = readback.Readback(letter.reader)
    checks.letter(parts, names.letter)
    checks.text(letter.text, names.text)
    checks.marked(letter.html, names.html)
    checks.nothing_left(letter.subject, "the subject")
    if not letter.subject or len(letter.subject.splitlines()) != 1:
        raise RowError("subject", "the subject is not one line of text")


def _need_drawable(letter: Letter, post: bool) -> None:
    """Raise RowError if a letter to be printed holds characters that no font here draws.

    Letters that are laid out before they are frozen are looked at as pictures (pdf.glyphs).
    """
    if not goes_by_post(letter.reader, post):
        return
    own = "".join(text for _, text in texts(letter.reader))
    if not own.isascii() and (missing := fonts.undrawable(own)):
        column = next(name for name, text in texts(letter.reader) if missing[0] in text)
        raise RowError(
            column,
            f"no font here draws {missing}, and the letter goes by post; install one (fonts-noto), "
            "or write it in Latin letters",
        )
