"""Jinja as every template of a campaign meets it: sandboxed, strict, unable to change data."""

import difflib
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import (
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
    UndefinedError,
    nodes,
)
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

from flows.errors import ConfigurationError, Fault
from flows.letters import budget, number_filters

_ALIKE = 0.6
"""Least likeness of a name proposed in place of a misspelt one."""
LARGEST_RANGE = 1_000
LARGEST_REPEAT = 100_000


class MissingEntryError(UndefinedError):
    """A template asks a table for an entry that it lacks; the text is the table's own."""


class ValueFaultError(ValueError):
    """A picture, link or file that a template asks for and that cannot be; the text says why."""


class DotDict(Mapping[str, Any]):
    """A read-only mapping whose entries templates reach by a dot.

    An entry wins over a method of the same name.
    """

    __slots__ = ("values_",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values_ = values

    def __reduce__(self) -> tuple[Any, ...]:
        return DotDict, (dict(self.values_),)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values_[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Any:
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)

    def lacks(self, name: str) -> str:
        """What to say where a template asks for an entry that is not there; blank: the usual."""
        return ""

    def __repr__(self) -> str:
        return f"DotDict({', '.join(self)})"


def dotted(value: Any) -> Any:
    """Tables, and tables inside them, as DotDict; lists as tuples."""
    if isinstance(value, Mapping):
        return DotDict({name: dotted(inner) for name, inner in value.items()})
    if isinstance(value, list | tuple):
        return tuple(dotted(inner) for inner in value)
    return value


class _FolderLoader(FileSystemLoader):
    """Loads what stands in the folder, not what a link in it leads to."""

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        try:
            inside(Path(self.searchpath[0]), template)
            return super().get_source(environment, template)
        except UnicodeDecodeError as error:
            raise ValueFaultError(f"{template} is not UTF-8 text; save it as UTF-8") from error


def inside(folder: Path, file: str) -> Path:
    """A file's path in the campaign's folder. Raises ValueFaultError for one outside, or reached
    by a link that leads outside."""
    try:
        path = (folder / file).resolve()
    except (OSError, ValueError) as error:
        raise ValueFaultError(f"{file[:60]!r} cannot be the name of a file") from error
    if not path.is_relative_to(folder.resolve()):
        raise ValueFaultError(f"{file} is outside the campaign's folder")
    return path


class Environment(ImmutableSandboxedEnvironment):
    """Sandboxed; and no template can fill the memory by multiplying."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(
        self,
        *,
        escape: bool,
        folder: Path | None = None,
        finalize: Callable[[Any], Any] | None = None,
        language: str = "en_GB",
    ) -> None:
        """``language``: the locale in which filters write numbers and days."""
        super().__init__(
            autoescape=escape,
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            loader=_FolderLoader(folder) if folder else None,
            finalize=finalize,
        )
        self.globals["range"] = _short_range
        self.filters |= number_filters.filters(language)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A plain mapping, since each filling copies it: names given later are not seen."""
        return {**self.globals, **(d or {})}

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, DotDict) and attribute in obj.values_:
            return obj.values_[attribute]
        return self._found(super().getattr(obj, attribute), obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._found(super().getitem(obj, argument), obj, argument)

    def _found(self, value: Any, obj: Any, name: Any) -> Any:
        if isinstance(value, Undefined) and isinstance(obj, DotDict) and (said := obj.lacks(name)):
            return self.undefined(said, obj, name, MissingEntryError)
        return value

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, str | list | tuple) and isinstance(other, int):
                _need_small(len(one) * other)
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            _need_small(left.bit_length() * right)
        return super().call_binop(context, operator, left, right)


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > LARGEST_RANGE:
        raise SecurityError(f"range() of more than {LARGEST_RANGE} numbers")
    return numbers


def _need_small(size: int) -> None:
    if size > LARGEST_REPEAT:
        raise SecurityError("a multiplication with a result too large for a letter")


def explained(error: Exception, where: str, words: str = "") -> ConfigurationError:
    """What Jinja or Python raised, in plain words: the file, the fault, the words around it."""
    near = f' (near "{words}")' if words else ""
    match error:
        case MissingEntryError():
            what = str(error.message)
        case UndefinedError():
            what = _undefined(str(error.message))
        case TemplateNotFound():
            what = f"{error.name} is not in the campaign's folder; add it or take the tag out"
        case TemplateSyntaxError():
            line = "" if words else f" in line {line_at_fault(error, error.source or '')}"
            what = f"a tag cannot be understood{line}{near}: {_syntax(str(error.message))}"
        case SecurityError():
            what = f"does what a template may not do: {_forbidden(str(error.message))}"
        case RecursionError():
            what = "calls itself without end; take the macro or include out that does"
        case ValueFaultError():
            what = str(error)
        case _:
            what = f"cannot be filled{_line_of(error)}: {_spoken(error)}"
    return ConfigurationError(Fault(where, what))


def _undefined(message: str) -> str:
    missing = re.search(r"has no (?:attribute|element) '?(\w+)'?$", message)
    if missing and missing[1].isdigit():
        return f"there is no number {missing[1]} in a list (counted from 0); ask for its length"
    name = missing or re.match(r"'([\w.]+)' is undefined", message)
    if name is None:
        return "prints what is not there; correct the name"
    return (
        f"there is no {name[1]!r} for this reader: correct the name, add it to campaign.toml, or "
        f"ask first with {{% if ... {name[1]} is defined %}}"
    )


_SYNTAX = (
    (r"No (filter|test) named '(\w+)'", "there is no {0} {1!r}{nearest}"),
    (r"Encountered unknown tag '(\w+)'", "there is no tag {0!r}{nearest}"),
    (r"innermost block that needs to be closed is '(\w+)'", "{{% {0} %}} has no {{% end{0} %}}"),
    (r"Unexpected end of template", "it ends before it is complete"),
    (r"expected token '(.+?)', got '(.+?)'", "{1!r} stands where {0!r} should"),
    (r"unexpected char '(.+?)' at", "{0!r} cannot stand in a tag"),
    (r"unexpected '(.+?)'", "{0!r} stands where nothing like it may"),
    (r"tag name expected", "the tag has no name"),
)
_TAGS = ("if", "elif", "else", "endif", "for", "endfor", "set", "include", "macro", "raw")


def _syntax(message: str) -> str:
    for pattern, said in _SYNTAX:
        if found := re.search(pattern, message):
            groups = [_TOKENS.get(group, group) for group in found.groups()]
            known = {"filter": FILTERS, "test": TESTS}.get(groups[0], _TAGS)
            return said.format(*groups, nearest=nearest(groups[-1], known))
    return "it is not complete, or a sign is missing"


_TOKENS = {"end of print statement": "}}", "end of statement block": "%}"}


def nearest(name: str, known: Iterable[str]) -> str:
    """ "; did you mean ...?" with the known name most like this one; blank where none is."""
    found = difflib.get_close_matches(name, list(known), 1, _ALIKE)
    return f"; did you mean {found[0]}?" if found else ""


def _forbidden(message: str) -> str:
    attribute = re.match(r"access to attribute '(\w+)' of", message)
    if attribute:
        return f"it uses {attribute[1]!r}"
    called = re.search(r"'(\w+)'[^']*is not safely callable", message)
    return f"it calls {called[1]!r}" if called else message


def _line_of(error: Exception) -> str:
    """Where in a text file a template failed while it was filled."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename in ("<template>", "<unknown>")
    ]
    return f" in line {lines[-1]}" if lines else ""


def _spoken(error: Exception) -> str:
    match error:
        case ZeroDivisionError():
            return "it divides by nought"
        case OverflowError():
            return "it counts further than can be counted"
        case ArithmeticError():
            return "a calculation has no result"
        case TypeError():
            return "it puts together what does not go together, such as a text and a number"
        case LookupError():
            return "it asks for what is not in a list or table"
        case ValueError():
            return "it needs another kind of value than it has"
    return "Jinja cannot work it out"


def line_at_fault(error: Exception, source: str) -> int | None:
    """The line to look at; for a block that never ends, where it begins."""
    line = getattr(error, "lineno", None)
    if not isinstance(error, TemplateSyntaxError) or "end of template" not in str(error.message):
        return line
    opened: list[tuple[str, int]] = []
    for tag in _BLOCK.finditer(source):
        word = tag[1]
        if word in _BLOCKS:
            opened.append((word, source.count("\n", 0, tag.start()) + 1))
        elif word.startswith("end") and opened and opened[-1][0] == word[3:]:
            opened.pop()
    return opened[-1][1] if opened else line


_BLOCK = re.compile(r"{%[-+]?\s*(\w+)")
_BLOCKS = frozenset({"for", "if", "macro", "call", "filter", "with", "raw", "autoescape", "block"})


FILLING_FAULTS = (
    TemplateError,
    ArithmeticError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a template can make Jinja raise while it is filled."""


def unknown_names(tree: nodes.Template, known: Mapping[str, Any]) -> Iterable[str]:
    """Dotted names that a template uses and nobody gives: "facts.daet".

    ``known`` maps each name to its own parts' mapping, or to None where anything may follow.
    A name that is only asked for (``is defined``, ``default``) is none of these. Branches that
    no sample would reach are read too.
    """
    asked = {
        _path(test.node)
        for test in tree.find_all(nodes.Test)
        if test.name in {"defined", "undefined"}
    } | {
        _path(chosen.node)
        for chosen in tree.find_all(nodes.Filter)
        if chosen.name in {"default", "d"} and chosen.node is not None
    }
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx in {"store", "param"}}
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        path = _path(node)
        if path and path[0] in known and path[0] not in own and path not in asked:
            unknown = _first_unknown(path, known)
            if unknown:
                yield unknown


def _path(node: nodes.Node) -> tuple[str, ...]:
    """("facts", "date") of ``facts.date`` or ``facts["date"]``; () where a part is computed."""
    parts: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            parts.append(node.attr)
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            parts.append(node.arg.value)
        else:
            return ()
        node = node.node
    return (node.name, *reversed(parts)) if isinstance(node, nodes.Name) else ()


def _first_unknown(path: tuple[str, ...], known: Mapping[str, Any]) -> str | None:
    level: Any = known
    for depth, part in enumerate(path):
        if not isinstance(level, Mapping):
            return None
        if part not in level:
            return None if hasattr(level, part) else ".".join(path[: depth + 1])
        level = level[part]
    return None


class TemplateText:
    """A text, with tags or without."""

    __slots__ = ("_template", "_text", "growing", "tree", "where")

    def __init__(self, source: str, where: str, environment: Environment) -> None:
        """Raises ConfigurationError for tags that cannot be understood."""
        self.where = where
        try:
            self.tree: nodes.Template = environment.parse(source)
            self.growing = budget.growing(self.tree)
            may_run = not self.growing or budget.is_limited()
            self._template = environment.from_string(source) if may_run else None
        except FILLING_FAULTS as error:
            raise explained(error, where) from error
        self._text = None if "{" in source else source

    @property
    def constant(self) -> bool:
        """Whether it is the same for every reader."""
        return self._text is not None

    def filled(self, context: Mapping[str, Any]) -> str:
        """The text for this context. Raises ConfigurationError as ``Filler.fill`` does."""
        if self._text is not None:
            return self._text
        assert self._template is not None, "a template that can grow is filled by Guarded"
        try:
            return self._template.render(context)
        except FILLING_FAULTS as error:
            raise explained(error, self.where) from error
