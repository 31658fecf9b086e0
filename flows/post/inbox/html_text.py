"""The words of an HTML mail, as lines of text. Nothing of it is ever rendered or fetched."""

from lxml import etree, html

_SKIPPED = frozenset(("script", "style", "head", "title", "noscript", "template", "svg", "object"))
_BLOCK_NAMES = (
    "address article aside blockquote br dd div dl dt footer h1 h2 h3 h4 h5 h6 header hr li ol p "
    "pre section table td th tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split(" "))
_MOST_NODES = 50_000


def text(markup: str) -> str:
    """Block by block on lines of their own; what is quoted (``blockquote``) behind ``> ``."""
    try:
        tree = html.document_fromstring(f"<html>{markup.replace(chr(0), '')}</html>")
    except (etree.LxmlError, ValueError, AssertionError):
        return ""
    lines: list[str] = [""]
    depth = skipping = 0

    def add(words: str | None) -> None:
        if words and not skipping:
            lines[-1] += " ".join(words.split("\n")).replace("\xa0", " ")

    def new_line() -> None:
        if lines[-1].strip(" >"):
            lines.append("> " * min(depth, 3))
        else:
            lines[-1] = "> " * min(depth, 3)

    for number, (event, node) in enumerate(
        etree.iterwalk(tree, events=("start", "end", "comment"))
    ):
        if number > _MOST_NODES:
            break
        tag = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            if tag in _SKIPPED:
                skipping += 1
            depth += tag == "blockquote"
            if tag in _BLOCKS:
                new_line()
            add(node.text)
            continue
        if event == "end":
            skipping -= tag in _SKIPPED
            depth -= tag == "blockquote"
            if tag in _BLOCKS:
                new_line()
        add(node.tail)
    return "\n".join(" ".join(line.split()) for line in lines).strip()
