"""A campaign's templates made ready one by one, every name in them checked."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from jinja2 import meta, nodes

from flows.errors import ConfigurationError, Fault
from flows.letters import budget
from flows.letters.campaign import SETTINGS, Campaign
from flows.letters.context import Context
from flows.letters.copies import marked
from flows.letters.docx import letter_file
from flows.letters.docx.cleaning import Properties
from flows.letters.docx.docxtpl_adapter import Picture
from flows.letters.docx.letter_file import LetterFile
from flows.letters.docx.template import DocxTemplate
from flows.letters.enclosures import Enclosures, EnclosureTemplate
from flows.letters.jinja_environment import (
    Environment,
    TemplateText,
    ValueFaultError,
    nearest,
    unknown_names,
)
from flows.letters.template_functions import Values
from flows.people.criteria import Criteria


@dataclass(frozen=True, slots=True)
class Templates:
    """Everything that is filled for a reader."""

    context: Context
    letter: DocxTemplate
    subject: TemplateText
    text: TemplateText
    html: TemplateText
    asks: list[tuple[Criteria, TemplateText]]
    enclosures: Enclosures

    def growing(self) -> frozenset[str]:
        """What in which template can grow without end: {"letter.docx: ljust"}."""
        texts = [self.subject, self.text, self.html, *(text for _, text in self.asks)]
        found = {(Path(self.letter.name).name, what) for what in self.letter.growing}
        found |= {(Path(text.where).name, what) for text in texts for what in text.growing}
        found |= {(SETTINGS, what) for text in self.enclosures.texts for what in text.growing}
        return frozenset(f"{where}: {what}" for where, what in found)


class Compiler:
    """Each method makes one template ready, or raises ConfigurationError naming file and fault."""

    def __init__(self, campaign: Campaign, on: date) -> None:
        """``on`` is the date printed."""
        self.context = Context(campaign, on)
        self._campaign, self._on = campaign, on
        self._settings = campaign.folder / SETTINGS
        self._known = self.context.known()
        self._plain = Environment(escape=False, folder=campaign.folder, language=campaign.language)
        self._escaping = Environment(
            escape=True, folder=campaign.folder, language=campaign.language
        )

    def templates(self) -> Templates:
        """All of them; those that can grow without end are compiled in limited processes alone."""
        return Templates(
            self.context,
            self.letter(),
            self.subject(),
            self.text(),
            self.html(),
            self.asks(),
            self.enclosures(),
        )

    @cached_property
    def letter_file(self) -> LetterFile:
        """letter.docx without what no reader may see."""
        campaign = self._campaign
        properties = Properties(campaign.title, campaign.sender.name, self._on)
        return letter_file.read(
            campaign.folder / campaign.names.letter, properties, campaign.language
        )

    def letter(self) -> DocxTemplate:
        path = self._campaign.folder / self._campaign.names.letter
        values = Values(self._campaign.folder)
        template = DocxTemplate(
            self.letter_file.data,
            str(path),
            functions=values.functions(),
            pictures=self._pictures(values),
            may_grow=budget.is_limited(),
            language=self._campaign.language,
        )
        for tree in template.trees():
            self._need_known(tree, str(path), template.own_names)
        return template

    def subject(self) -> TemplateText:
        return self._part(self._campaign.subject, f"{self._settings}: subject")

    def text(self) -> TemplateText:
        path = self._campaign.folder / self._campaign.names.text
        return self._part(_read(path), str(path))

    def html(self) -> TemplateText:
        path = self._campaign.folder / self._campaign.names.html
        return self._part(_without_comments(_read(path)), str(path), self._escaping)

    def asks(self) -> list[tuple[Criteria, TemplateText]]:
        return [
            (ask.terms, self._part(ask.text, f"{self._settings}: asks.{ask.key}"))
            for ask in self._campaign.asks
        ]

    def enclosures(self) -> Enclosures:
        enclosures = [
            EnclosureTemplate(
                self._part(enclosure.file, f"{self._settings}: attachments"),
                enclosure.name,
                enclosure.terms,
                enclosure.optional,
            )
            for enclosure in self._campaign.attachments
        ]
        cc = self._campaign.cc
        marking = Environment(escape=False, folder=self._campaign.folder, finalize=marked)
        copies = self._part(cc, f"{self._settings}: cc", marking) if cc else None
        return Enclosures(self._campaign.folder, enclosures, copies)

    def _part(
        self, source: str, where: str, environment: Environment | None = None
    ) -> TemplateText:
        part = TemplateText(source, where, environment or self._plain)
        self._need_known(part.tree, where)
        return part

    def _need_known(self, tree: nodes.Template, where: str, more: Iterable[str] = ()) -> None:
        if budget.growing(tree) and not budget.is_limited():
            return  # Jinja works out constants to find the names: looked at again under limits
        given = {*self._known, *self._plain.globals, *more}
        unknown = meta.find_undeclared_variables(tree) - given
        found = sorted(unknown | set(unknown_names(tree, self._known)))
        if found:
            raise ConfigurationError(
                *(Fault(where, f"nobody gives {name}{self._mend(name)}") for name in found)
            )

    def _mend(self, name: str) -> str:
        """What to do about a name that nobody gives."""
        known = [*self._known, *self._plain.globals]
        for whole, parts in self._known.items():
            known += [f"{whole}.{part}" for part in parts] if isinstance(parts, Mapping) else []
        return nearest(name, known) or (
            f"; correct the spelling, or add it to [facts] in {SETTINGS} and write "
            f"facts.{name.rpartition('.')[2]}"
        )

    def _pictures(self, values: Values) -> dict[str, Picture]:
        """Pictures that campaign.toml names, as the letter knows them."""
        if self._campaign.signature is None:
            return {}
        try:
            return {"signature": values.picture(**asdict(self._campaign.signature))}
        except ValueFaultError as error:
            raise ConfigurationError(Fault(str(self._settings), f"signature: {error}")) from error


_COMMENT = re.compile(r"<!--(?!\[if|<!\[endif).*?-->", re.DOTALL)
"""An HTML comment that is no condition for Outlook."""


def _without_comments(html: str) -> str:
    """HTML without its comments, on as many lines: whoever looks at a mail's source reads them."""
    return _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), html)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise ConfigurationError(Fault(str(path), f"cannot be read ({error.strerror})")) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(Fault(str(path), "is not UTF-8 text; save it as UTF-8")) from error
