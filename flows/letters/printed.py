"""Which of a reader's fields a campaign's templates print whether they are blank or not."""

from collections.abc import Iterator
from datetime import date

from jinja2 import nodes

from flows.letters.campaign import Campaign
from flows.letters.templates import Compiler


def unguarded(campaign: Campaign, on: date) -> set[str]:
    """Return fields such as "committees" that are printed outside of a test that names them.

    Raises ConfigurationError for a template that cannot be compiled.
    """
    compiler = Compiler(campaign, on)
    trees = [
        *compiler.letter().trees(),
        compiler.subject().tree,
        compiler.text().tree,
        compiler.html().tree,
    ]
    return {field for tree in trees for field in _printed(tree, frozenset())}


def _printed(node: nodes.Node, tested: frozenset[str]) -> Iterator[str]:
    if isinstance(node, nodes.If | nodes.CondExpr):
        tested |= set(_fields(node.test))
    if isinstance(node, nodes.Output):
        for shown in node.nodes:
            # "{{ a or b }}" and "{{ a | default(b) }}" print something where a is blank.
            if not isinstance(shown, nodes.Or | nodes.CondExpr) and not _has_default(shown):
                yield from set(_fields(shown)) - tested
    for child in node.iter_child_nodes():
        yield from _printed(child, tested)


def _has_default(node: nodes.Node) -> bool:
    names = {one.name for one in node.find_all(nodes.Filter)}
    if isinstance(node, nodes.Filter):
        names.add(node.name)
    return bool(names & {"default", "d", "select", "join"})


def _fields(node: nodes.Node) -> Iterator[str]:
    """The x of every reader.x in an expression."""
    found = [*node.find_all(nodes.Getattr)]
    if isinstance(node, nodes.Getattr):
        found.append(node)
    for part in found:
        if isinstance(part.node, nodes.Name) and part.node.name == "reader":
            yield part.attr
