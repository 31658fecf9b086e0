"""A letter's template: compiled once, then filled for each reader in a fraction of docxtpl's time.

What is filled, and how, is docxtpl's: the XML of every part is the same after C14N. Some things
differ on purpose: names that nobody gave are errors, properties are not escaped twice, "&" inside
a tag is "&", ``{_{`` in a value stays as typed, endnotes and the targets of links are filled too.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jinja2 import Template, nodes

from flows.errors import ConfigurationError, Fault, RowError
from flows.letters import budget
from flows.letters.docx import docxtpl_adapter, guard, ooxml, package, text
from flows.letters.docx.docxtpl_adapter import ENDNOTES, FOOTNOTES, Picture
from flows.letters.docx.links import Links
from flows.letters.docx.text import BETWEEN
from flows.letters.jinja_environment import (
    FILLING_FAULTS,
    Environment,
    ValueFaultError,
    explained,
    line_at_fault,
)

_DECLARATION = b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"
_TAG = re.compile(r"{{|{%|{#|{_{|{_%")
_UNESCAPED = "{{% autoescape false %}}{}{{% endautoescape %}}"
# Names they make would reach the parts that follow.
_LEAKING = (nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Import, nodes.FromImport)


class _Needs(threading.local):
    """What the values of the letter in hand ask for, noted while they are printed."""

    document = False
    """A picture or link of this letter's own: only docxtpl can put it into its document."""
    parsing = False
    """A value brought markup: the letter is parsed before it is kept."""


@dataclass(frozen=True, slots=True)
class Filled:
    """One filled letter."""

    docx: bytes
    parts: Mapping[str, bytes]
    """What was filled, by name: document, headers, footers."""


class DocxTemplate:
    """Any number of threads may fill it at once: nothing of a letter is kept in it."""

    def __init__(
        self,
        data: bytes,
        name: str,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        pictures: Mapping[str, Picture] | None = None,
        may_grow: bool = True,
        language: str = "en_GB",
    ) -> None:
        """Compile. ``functions`` and ``pictures`` are what the template may call and print by
        name; without ``may_grow``, one that ``growing`` names is only parsed. Raises
        ConfigurationError naming the file ``name`` and the words at fault.
        """
        opened = guard.check(data, name)
        self._links = Links(opened, name)
        if self._links.parts:
            data = package.ZipPackage(opened.parts(), ()).pack({})
        self._data, self.name = package.with_known_properties(data), name
        self.growing: frozenset[str] = frozenset()
        """What in it can make a letter grow beyond its data."""
        self._functions, self._pictures = functions or {}, pictures or {}
        self._environment = Environment(escape=True, finalize=self._finalize, language=language)
        self._language = language
        self._environment.globals |= self._functions
        self._environment.globals |= self._pictures
        self._needs = _Needs()
        self._placed: dict[Picture, dict[str, str]] = {}
        try:
            self._compile(docxtpl_adapter.Source(self._data), may_grow)
        except (AttributeError, KeyError, ValueError, SyntaxError) as error:
            raise ConfigurationError(
                Fault(name, f"cannot be read as a Word document ({error}); save it again from Word")
            ) from error

    def _compile(self, source: docxtpl_adapter.Source, may_grow: bool) -> None:
        head, body, tail = source.body()
        self._head, self._tail = head.encode(), tail.encode()
        self._main, self._core_part = source.main_name(), source.core_name()
        sources = {self._main: body}
        sources |= {part: xml for part, xml in source.edges() if _TAG.search(xml)}
        footnotes = {part: xml for part, xml in source.notes(FOOTNOTES) if _TAG.search(xml)}
        self._endnotes = {part: xml for part, xml in source.notes(ENDNOTES) if _TAG.search(xml)}
        if footnotes:
            self._need_one_section(source)
        sources |= footnotes | self._endnotes
        trees = [self._parsed(xml) for xml in sources.values()]
        self._properties = {
            name: _UNESCAPED.format(written)
            for name, written in source.properties().items()
            if _TAG.search(written)
        }
        properties = [self._parsed(written) for written in self._properties.values()]
        self._trees = [*trees, *properties, *self._links.trees()]
        self.growing = frozenset[str]().union(*map(budget.growing, self._trees))
        if self.growing and not may_grow:
            return
        for part, tree in zip(sources, trees, strict=True):
            for picture in self._constant_pictures(tree):
                self._placed.setdefault(picture, {})[part] = source.picture(part, picture)
        self._core = source.core({name: text.token(name) for name in self._properties})
        saved = package.parts(source.saved())
        self._relations = {
            name: content.decode() for name, content in saved if name in self._links.parts
        }
        changing = [*sources, *self._relations, *([self._core_part] if self._properties else [])]
        self._archive = package.ZipPackage(saved, changing)
        self._parses = not all(map(text.always_balanced, trees))
        self._groups = self._grouped(sources | self._properties)

    def _constant_pictures(self, tree: nodes.Template) -> Iterator[Picture]:
        """Pictures that are the same in every letter: they are put into the document once."""
        for name in tree.find_all(nodes.Name):
            if name.name in self._pictures:
                yield self._pictures[name.name]
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in self._functions:
                with suppress(nodes.Impossible):
                    given = [argument.as_const() for argument in call.args]
                    named = {given.key: given.value.as_const() for given in call.kwargs}
                    value = self._called(call.node.name, given, named)
                    if isinstance(value, Picture):
                        yield value

    def _called(self, name: str, given: list[Any], named: dict[str, Any]) -> Any:
        try:
            return self._functions[name](*given, **named)
        except FILLING_FAULTS as error:
            raise explained(error, self.name) from error

    def _need_one_section(self, source: docxtpl_adapter.Source) -> None:
        if source.sections() > 1:  # docxtpl would fill them once more for each
            raise ConfigurationError(
                Fault(
                    str(self.name),
                    "footnotes of a document with several sections cannot be filled "
                    "in; take the tags out of the footnotes, or use one section",
                )
            )

    def _grouped(self, sources: Mapping[str, str]) -> list[tuple[tuple[str, ...], Template]]:
        """All parts as one template, or each alone where one makes names of its own."""
        if any(next(tree.find_all(_LEAKING), None) for tree in self._trees):
            return [((part,), self._compiled(text)) for part, text in sources.items()]
        return [(tuple(sources), self._compiled(BETWEEN.join(sources.values())))]

    def _parsed(self, source: str) -> nodes.Template:
        try:
            return self._environment.parse(source)
        except FILLING_FAULTS as error:
            line = line_at_fault(error, source)
            raise explained(error, self.name, text.near(source, line)) from error

    def _compiled(self, source: str) -> Template:
        tree = self._parsed(source)
        for written in tree.find_all(nodes.TemplateData):
            written.data = docxtpl_adapter.joined(docxtpl_adapter.unescaped(written.data))
        try:
            return self._environment.from_string(tree)
        except FILLING_FAULTS as error:
            line = line_at_fault(error, source)
            raise explained(error, self.name, text.near(source, line)) from error

    def _finalize(self, value: Any) -> Any:
        if type(value) is str or not hasattr(value, "__html__"):
            return value
        if isinstance(value, Picture) and value in self._placed:
            return text.placed(list(self._placed).index(value))
        self._needs.parsing = True
        if docxtpl_adapter.needs_document(value):
            self._needs.document = True
            return ""
        return value

    @property
    def own_names(self) -> frozenset[str]:
        """Names it knows without being given them: functions and pictures."""
        return frozenset(self._environment.globals)

    def trees(self) -> Iterator[nodes.Template]:
        """The parsed parts, for checks that look further than names."""
        yield from self._trees

    def render(self, context: Mapping[str, Any]) -> bytes:
        """One filled DOCX; equal contexts give equal bytes. Raises as ``fill`` does."""
        return self.fill(context).docx

    def fill(self, context: Mapping[str, Any]) -> Filled:
        """One filled DOCX, with its filled parts for a reading-back.

        Raises ConfigurationError for a name the context lacks or a template that cannot be filled
        with it, RowError for text that no XML can hold or a link that leads nowhere.
        """
        self._needs.document = self._needs.parsing = False
        texts = self._texts(context)
        if self._needs.document:
            return self._by_docxtpl(context, texts)
        parses = self._parses or self._needs.parsing
        filled = {
            part: self._finished(part, xml, parses)
            for part, xml in texts.items()
            if part not in self._properties
        }
        filled |= self._core_and_links(context, texts)
        return Filled(
            self._archive.pack(filled),
            {part: xml for part, xml in filled.items() if part not in self._relations},
        )

    def _core_and_links(
        self, context: Mapping[str, Any], texts: Mapping[str, bytes]
    ) -> dict[str, bytes]:
        found = {
            name: self._links.filled(relations, context)
            for name, relations in self._relations.items()
        }
        if self._properties:
            properties = {name: texts[name].decode() for name in self._properties}
            found[self._core_part] = text.filled_core(self._core, properties, self.name)
        return found

    def _by_docxtpl(self, context: Mapping[str, Any], texts: Mapping[str, bytes]) -> Filled:
        """The letter as docxtpl makes it, but for what it leaves out or escapes twice."""
        functions = {**self._functions, **self._pictures}
        try:
            parts = docxtpl_adapter.render(self._data, context, functions, self._language)
        except ValueFaultError as error:
            raise RowError("picture", str(error)) from error
        except FILLING_FAULTS as error:
            raise explained(error, self.name) from error
        for name in self._relations:
            parts[name] = self._links.filled(parts[name].decode(), context)
        parts |= {part: self._finished(part, texts[part], True) for part in self._endnotes}
        properties = {name: texts[name].decode() for name in self._properties}
        parts[self._core_part] = text.filled_core(self._core, properties, self.name)
        wanted = {self._main, self._core_part, *self._archive.changing} - self._relations.keys()
        for name in wanted:
            guard.check_elements(ooxml.parsed(parts[name]), self.name)
        return Filled(
            package.ZipPackage(parts.items(), ()).pack({}),
            {name: part for name, part in parts.items() if name in wanted},
        )

    def _texts(self, context: Mapping[str, Any]) -> dict[str, bytes]:
        texts: dict[str, bytes] = {}
        for parts, template in self._groups:
            try:
                whole = template.render(context)
            except ValueFaultError as error:
                raise RowError("picture", str(error)) from error
            except FILLING_FAULTS as error:
                raise explained(error, self.name) from error
            content = text.printable(whole, len(parts))
            texts.update(zip(parts, content.split(BETWEEN.encode()), strict=True))
        return texts

    def _finished(self, part: str, xml: bytes, parses: bool) -> bytes:
        """A filled part, whole; ``parses``: whether only parsing tells that it is sound."""
        if docxtpl_adapter.has_breaks(xml):
            xml = docxtpl_adapter.finished_xml(xml.decode()).encode()
        if text.PICTURE.encode() in xml:
            xml = text.with_pictures(xml.decode(), part, list(self._placed.values())).encode()
        whole = _DECLARATION + xml if part != self._main else self._head + xml + self._tail
        if parses:
            text.need_well_formed(whole, self.name)
            guard.check_elements(ooxml.parsed(whole), self.name)
        if part != self._main:
            return whole
        if b"<w:tbl>" in whole and not text.grids_agree(whole.decode()):
            whole = _DECLARATION + docxtpl_adapter.repaired_tables(whole.decode()).encode()
        if b"<wp:docPr" in whole:
            whole = text.numbered_pictures(whole.decode()).encode()
        return whole
