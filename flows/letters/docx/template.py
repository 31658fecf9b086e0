"""A letter's template: compiled once, then filled for each reader in a fraction of docxtpl's time.

What is filled, and how, is docxtpl's: the XML of every part is the same after C14N. Four things
differ on purpose: names that nobody gave are errors, properties are not escaped twice, "&" inside
a tag is "&", and text that looks like ``{_{`` stays as typed unless the template itself uses that
spelling.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jinja2 import Template, nodes

from flows.errors import ConfigurationError, Fault, RowError
from flows.letters.docx import docxtpl_adapter, guard, package, text
from flows.letters.docx import text as docxtext
from flows.letters.docx.docxtpl_adapter import Picture
from flows.letters.docx.text import BETWEEN
from flows.letters.jinja_environment import (
    FILLING_FAULTS,
    Environment,
    ValueFaultError,
    explained,
    line_at_fault,
)

_DECLARATION = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"
_TAG = re.compile(r"{{|{%|{#")
_UNESCAPED = "{{% autoescape false %}}{}{{% endautoescape %}}"
# Names they make would reach the parts that follow.
_LEAKING = (nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Import, nodes.FromImport)


class _NeedsDocxtplError(Exception):
    """A value that only docxtpl can put into its document: a picture or link for one letter."""


class _DoubtError(Exception):
    """A value brought markup of its own: from now on every letter is parsed before it is kept."""


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
    ) -> None:
        """Compile. ``functions`` and ``pictures`` are what the template may call and print by
        name. Raises ConfigurationError naming the file ``name`` and the words at fault.
        """
        guard.check(data, name)
        self._data, self._name = package.with_known_properties(data), name
        self._functions, self._pictures = functions or {}, pictures or {}
        self._environment = Environment(escape=True, finalize=self._finalize)
        self._environment.globals |= self._functions
        self._environment.globals |= self._pictures
        self._parses = True
        self._placed: dict[Picture, dict[str, str]] = {}
        try:
            self._compile(docxtpl_adapter.Source(self._data))
        except (AttributeError, KeyError, ValueError, SyntaxError) as error:
            raise ConfigurationError(
                Fault(name, f"cannot be read as a Word document ({error}); save it again from Word")
            ) from error

    def _compile(self, source: docxtpl_adapter.Source) -> None:
        self._head, body, self._tail = source.body()
        self._main, self._core_part = source.main_name(), source.core_name()
        self._unescapes = "{_{" in body or "{_%" in body
        sources = {self._main: body}
        sources |= {part: xml for part, xml in source.edges() if _TAG.search(xml)}
        for part, xml in source.footnotes():
            if _TAG.search(xml):
                self._need_one_section(source)
                sources[part] = xml
        self._trees = [self._parsed(text) for text in sources.values()]
        for part, tree in zip(sources, self._trees, strict=True):
            for picture in self._constant_pictures(tree):
                self._placed.setdefault(picture, {})[part] = source.picture(part, picture)
        self._properties = {
            name: _UNESCAPED.format(text)
            for name, text in source.properties().items()
            if _TAG.search(text)
        }
        self._core = source.core({name: docxtext.token(name) for name in self._properties})
        changing = [*sources, *([self._core_part] if self._properties else [])]
        self._archive = package.ZipPackage(package.parts(source.saved()), changing)
        balanced = all(map(text.always_balanced, self._trees))
        self._trees += [self._parsed(text) for text in self._properties.values()]
        self._groups = self._grouped(sources | self._properties)
        self._parses = not balanced

    def _constant_pictures(self, tree: nodes.Template) -> Iterator[Picture]:
        """Pictures that are the same in every letter: they are put into the document once."""
        for name in tree.find_all(nodes.Name):
            if name.name in self._pictures:
                yield self._pictures[name.name]
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in self._functions:
                with suppress(nodes.Impossible):
                    given = [one.as_const() for one in call.args]
                    named = {one.key: one.value.as_const() for one in call.kwargs}
                    value = self._called(call.node.name, given, named)
                    if isinstance(value, Picture):
                        yield value

    def _called(self, name: str, given: list[Any], named: dict[str, Any]) -> Any:
        try:
            return self._functions[name](*given, **named)
        except FILLING_FAULTS as error:
            raise explained(error, self._name) from error

    def _need_one_section(self, source: docxtpl_adapter.Source) -> None:
        if source.sections() > 1:  # docxtpl would fill them once more for each
            raise ConfigurationError(
                Fault(
                    str(self._name),
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
            raise explained(error, self._name, docxtext.near(source, line)) from error

    def _compiled(self, source: str) -> Template:
        try:
            return self._environment.from_string(source)
        except FILLING_FAULTS as error:
            line = line_at_fault(error, source)
            raise explained(error, self._name, docxtext.near(source, line)) from error

    def _finalize(self, value: Any) -> Any:
        if type(value) is str or not hasattr(value, "__html__"):
            return value
        if isinstance(value, Picture) and value in self._placed:
            return docxtext.placed(list(self._placed).index(value))
        if docxtpl_adapter.needs_document(value):
            raise _NeedsDocxtplError
        if not self._parses:
            raise _DoubtError
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
        with it, RowError for text that no XML can hold.
        """
        try:
            texts = self._texts(context)
        except _DoubtError:
            self._parses = True
            return self.fill(context)
        except _NeedsDocxtplError:
            return self._by_docxtpl(context)
        properties = {name: texts.pop(name) for name in self._properties}
        filled = {part: self._finished(part, text) for part, text in texts.items()}
        if self._properties:
            filled[self._core_part] = docxtext.filled_core(self._core, properties, self._name)
        return Filled(self._archive.pack(filled), filled)

    def _by_docxtpl(self, context: Mapping[str, Any]) -> Filled:
        """The letter as docxtpl makes it, but for the properties, which it escapes twice."""
        functions = {**self._functions, **self._pictures}
        try:
            parts = dict(package.parts(docxtpl_adapter.render(self._data, context, functions)))
            properties = {
                name: self._environment.from_string(text).render(context)
                for name, text in self._properties.items()
            }
        except ValueFaultError as error:
            raise RowError("picture", str(error)) from error
        except FILLING_FAULTS as error:
            raise explained(error, self._name) from error
        parts[self._core_part] = docxtext.filled_core(self._core, properties, self._name)
        wanted = {self._main, self._core_part, *self._archive.changing}
        return Filled(
            package.ZipPackage(parts.items(), ()).pack({}),
            {name: part for name, part in parts.items() if name in wanted},
        )

    def _texts(self, context: Mapping[str, Any]) -> dict[str, str]:
        texts: dict[str, str] = {}
        for parts, template in self._groups:
            try:
                whole = template.render(context)
            except ValueFaultError as error:
                raise RowError("picture", str(error)) from error
            except FILLING_FAULTS as error:
                raise explained(error, self._name) from error
            docxtext.need_printable(whole, len(parts))
            texts.update(zip(parts, whole.split(BETWEEN), strict=True))
        return texts

    def _finished(self, part: str, xml: str) -> bytes:
        xml = docxtpl_adapter.finished_xml(
            docxtpl_adapter.unescaped(xml) if self._unescapes else xml
        )
        if docxtext.PICTURE in xml:
            xml = docxtext.with_pictures(xml, part, list(self._placed.values()))
        if part != self._main:
            xml = _DECLARATION + xml
            return docxtext.need_well_formed(xml, self._name) if self._parses else xml.encode()
        xml = f"{self._head}{xml}{self._tail}"
        if self._parses:
            docxtext.need_well_formed(xml, self._name)
        if "<w:tbl>" in xml and not text.grids_agree(xml):
            xml = _DECLARATION + docxtpl_adapter.repaired_tables(xml)
        if "<wp:docPr" in xml:
            xml = text.numbered_pictures(xml)
        return xml.encode()
