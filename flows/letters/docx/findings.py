"""What is found in a letter's Word file, in words with the place and the remedy."""

import re
from dataclasses import dataclass
from typing import Literal

from flows.letters.docx.ooxml import Element, W

Severity = Literal["error", "warning", "note"]

# Of a template: as it stands in text; as it begins in an attribute, percent-encoded or not.
TAG = re.compile(r"{{|}}|{%|%}|{#|#}")
CODED_TAG = re.compile(r"{{|{%|(?:%7b){2}|%7b%25", re.IGNORECASE)
# Values that switch a property off (ECMA-376, 17.17.4).
OFF = frozenset({"0", "false", "off"})
NEAR = 60
"""Characters of the words shown near a fault."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``error``: no letter may go out like this; ``warning``: was made safe, should be mended."""

    severity: Severity
    what: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One place of one kind of fault."""

    element: Element


def near(element: Element) -> str:
    """The words of the paragraph around an element, shortened; blank where there are none."""
    around = element
    while around is not None and around.tag not in (f"{W}p", f"{W}tr", f"{W}comment"):
        around = around.getparent()
    return short(text_of(element if around is None else around))


def text_of(tree: Element) -> str:
    """The words of an element, deleted ones too, with single spaces."""
    return " ".join("".join(written(element) for element in tree.iter()).split())


def written(element: Element) -> str:
    """What one element adds to the words; paragraphs, breaks and tabs a space."""
    if element.tag in (f"{W}t", f"{W}delText"):
        return element.text or ""
    return " " if element.tag in (f"{W}p", f"{W}br", f"{W}tab") else ""


def short(text: str) -> str:
    """The text, cut where it is longer than NEAR."""
    return text if len(text) <= NEAR else f"{text[: NEAR - 1].rstrip()}…"


def said(seen: list[Seen], one: str, many: str, mend: str) -> str:
    """ "3 comments, the first near "..."; what to do"."""
    words = near(seen[0].element) if seen[0].element is not None else ""
    where = f'near "{words}"' if words else "in an empty place"
    if len(seen) == 1:
        return f"{one}, {where}; {mend}"
    return f"{len(seen)} {many}, the first {where}; {mend}"
