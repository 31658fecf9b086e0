"""What one letter may cost: which templates can grow without end, and the limits of a process.

A template that only prints, chooses and repeats what it is given stays within its own size times
its data, and is filled where it is needed. One that pads, multiplies or builds text is filled in a
process of its own, which ends itself when a letter costs more than is allowed.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jinja2 import nodes

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

SECONDS = 10
"""For one letter with its mail; usual is half a thousandth."""
MEMORY = 512 * 2**20
"""Bytes for one letter, beyond what the process has when it begins."""

DEEPEST_LOOP = 3
LONGEST_BETWEEN = 20
"""Characters that ``join`` may put between its pieces."""
_FILTERS = frozenset(
    {"abs", "attr", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first"}
    | {"float", "forceescape", "int", "items", "join", "last", "length", "list", "lower", "map"}
    | {"max", "min", "reject", "rejectattr", "reverse", "round", "safe", "select", "selectattr"}
    | {"sort", "string", "striptags", "sum", "title", "trim", "truncate", "unique", "upper"}
    | {"wordcount", "money", "number", "percent", "day"}
)
"""Filters whose result is about as long as what they are given."""
_METHODS = frozenset(
    {"upper", "lower", "title", "capitalize", "strip", "lstrip", "rstrip", "startswith", "endswith"}
    | {"removeprefix", "removesuffix", "split", "rsplit", "splitlines", "partition", "rpartition"}
    | {"get", "keys", "values", "items", "cycle", "isdigit", "isupper", "islower", "find", "count"}
)
_FUNCTIONS = frozenset({"picture", "link", "rich", "listing"})
_GROWING = {
    nodes.Mul: "*",
    nodes.Pow: "**",
    nodes.Mod: "%",
    nodes.AssignBlock: "set ... endset",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.With: "with",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.NSRef: "namespace",
}


def growing(tree: nodes.Template) -> frozenset[str]:
    """What in a parsed template can make a letter grow beyond its data: {"ljust", "*"}."""
    return frozenset(_found(tree, 0))


def _found(node: nodes.Node, loops: int) -> Iterator[str]:
    if isinstance(node, nodes.For):
        loops += 1
        if node.recursive or loops > DEEPEST_LOOP:
            yield "for in for in for"
    elif isinstance(node, nodes.Filter):
        if node.name not in _FILTERS or (node.name == "join" and _join_grows(node)):
            yield node.name
    elif isinstance(node, nodes.Call):
        called = node.node
        if isinstance(called, nodes.Getattr) and called.attr not in _METHODS:
            yield called.attr
        elif isinstance(called, nodes.Name) and called.name not in _FUNCTIONS:
            yield called.name
        elif not isinstance(called, nodes.Getattr | nodes.Name):
            yield "call"
    elif isinstance(node, nodes.Assign):
        if any(True for _ in node.find_all((nodes.Concat, nodes.Add, nodes.Filter))):
            yield "set"
    elif type(node) in _GROWING:
        yield _GROWING[type(node)]
    for child in node.iter_child_nodes():
        yield from _found(child, loops)


def _join_grows(join: nodes.Filter) -> bool:
    """Whether a join puts more than a few characters between its pieces, or joins joined text."""
    between = [*join.args, *(given.value for given in join.kwargs)]
    if not all(
        isinstance(text, nodes.Const) and len(str(text.value)) <= LONGEST_BETWEEN
        for text in between
    ):
        return True
    inner = join.node
    while isinstance(inner, nodes.Filter):
        if inner.name == "join":
            return True
        inner = inner.node
    return False


_limited = False


def is_limited() -> bool:
    """Whether this process has been limited, so that any template may be filled in it."""
    return _limited


def limit_memory() -> None:
    """Let this process have MEMORY more than now, where the system can (Linux); it is limited."""
    global _limited
    _limited = True
    with suppress(OSError, ValueError, AttributeError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


@contextmanager
def limited_time() -> Iterator[None]:
    """End this process by SIGALRM if the block takes longer than SECONDS, where the system can."""
    if not hasattr(signal, "alarm"):  # Windows
        yield
        return
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
