"""A PDF of many letters, taken apart into one PDF each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pikepdf

from flows.letters.docx import bundle

# LibreOffice adds "Copy 1" to a bookmark in a paragraph that it makes a frame of.
_MARK = re.compile(r"/?(letter(?:start|end)\d+x)")


_NAME = re.compile(rb"/[^\s/<>\[\](){}%]+")
_KINDS = frozenset({"/ColorSpace", "/ExtGState", "/Font", "/Pattern", "/Shading", "/XObject"})


class SplitError(Exception):
    """The pages cannot be told apart with certainty; the text says why."""


@dataclass(frozen=True, slots=True)
class About:
    """What a PDF's properties say (ISO 32000-1, table 317); blank: nothing."""

    title: str = ""
    author: str = ""
    subject: str = ""
    keywords: str = ""


def split(data: bytes, abouts: Sequence[About]) -> list[bytes]:
    """One PDF for each letter of a bundle, in its order.

    Raises SplitError unless the bookmarks divide the pages without gap or overlap.
    """
    with _opened(data) as whole:
        starts = _places(whole)
        total = len(whole.pages)
        spans = []
        expected = 0
        for place in range(len(abouts)):
            first, last = starts.get(bundle.start(place)), starts.get(bundle.end(place))
            if first is None or last is None or first != expected or last < first:
                raise SplitError(f"letter {place + 1} of {len(abouts)} has no pages of its own")
            spans.append((first, last + 1))
            expected = last + 1
        if expected != total:
            raise SplitError("there are pages that belong to no letter")
        return [_cut(whole, *span, about) for span, about in zip(spans, abouts, strict=True)]


def alone(data: bytes, about: About) -> bytes:
    """A PDF of one letter, with our own properties and nothing that differs from run to run."""
    with _opened(data) as whole:
        return _cut(whole, 0, len(whole.pages), about)


def _opened(data: bytes) -> pikepdf.Pdf:
    try:
        return pikepdf.Pdf.open(BytesIO(data))
    except pikepdf.PdfError as error:
        raise SplitError(f"LibreOffice wrote a PDF that cannot be read ({error})") from error


def _places(whole: pikepdf.Pdf) -> dict[str, int]:
    """Bookmark -> index of its page."""
    numbers = {page.obj.objgen: index for index, page in enumerate(whole.pages)}
    found: dict[str, int] = {}
    for name, target in _destinations(whole).items():
        mark = _MARK.match(name)
        if mark:
            place = target["/D"] if isinstance(target, pikepdf.Dictionary) else target
            found[mark[1]] = numbers[place[0].objgen]
    return found


def _destinations(whole: pikepdf.Pdf) -> dict[str, Any]:
    if "/Dests" in whole.Root:
        return dict(whole.Root["/Dests"].items())
    if "/Names" in whole.Root and "/Dests" in whole.Root["/Names"]:
        tree = pikepdf.NameTree(whole.Root["/Names"]["/Dests"])
        return {str(name): target for name, target in tree.items()}
    return {}


def _keep_used(page: pikepdf.Page) -> None:
    """Leave the page no resource that it does not name: LibreOffice gives all pages all of them.

    As ``remove_unreferenced_resources`` does, in a tenth of its time.
    """
    page.contents_coalesce()
    named = {name.decode("latin-1") for name in _NAME.findall(page.Contents.read_bytes())}
    resources = page.resources
    page.obj["/Resources"] = pikepdf.Dictionary(
        {
            kind: pikepdf.Dictionary(
                {name: value for name, value in of_kind.items() if name in named}
            )
            if kind in _KINDS
            else of_kind
            for kind, of_kind in resources.items()
        }
    )


def _cut(whole: pikepdf.Pdf, first: int, after: int, about: About) -> bytes:
    for page in whole.pages[first:after]:
        _keep_used(page)
    letter = pikepdf.Pdf.new()
    letter.pages.extend(whole.pages[first:after])
    for name, text in (
        ("/Title", about.title),
        ("/Author", about.author),
        ("/Subject", about.subject),
        ("/Keywords", about.keywords),
    ):
        if text:
            letter.docinfo[name] = text
    if "/Lang" in whole.Root:
        letter.Root["/Lang"] = whole.Root["/Lang"]
    letter.Root["/ViewerPreferences"] = pikepdf.Dictionary(DisplayDocTitle=bool(about.title))
    buffer = BytesIO()
    letter.save(buffer, deterministic_id=True)
    return buffer.getvalue()
