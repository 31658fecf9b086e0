"""Everything that is wrong with a campaign's templates, found at once."""

import difflib
from collections.abc import Callable
from datetime import date
from typing import Any

from jinja2 import nodes

from flows.errors import ConfigurationError, Fault
from flows.letters import libreoffice, placeholders, readback
from flows.letters.campaign import HTML, LETTER, SETTINGS, TEXT, Campaign
from flows.letters.docx import fonts
from flows.letters.docx.template import DocxTemplate
from flows.letters.filler import Filler
from flows.letters.letter import Letter
from flows.letters.templates import Compiler

_ALIKE = 0.9
"""Least share of words that text and HTML have in common, in the same order."""


def check(campaign: Campaign, on: date | None = None) -> list[Fault]:
    """Faults of a campaign's templates and of this machine for them; [] where there are none."""
    found: list[Fault] = []
    compiler = Compiler(campaign, on or campaign.date or date.today())
    made: dict[str, Any] = {}
    for name in ("letter", "subject", "text", "html", "asks", "enclosures"):
        _tried(found, made, name, getattr(compiler, name))
    if not found:
        _tried(found, made, "filler", lambda: Filler(campaign, on or campaign.date or date.today()))
    where = str(campaign.folder / LETTER)
    if isinstance(made.get("letter"), DocxTemplate):
        found += _unused(campaign, made["letter"])
        read = compiler.letter_file
        found += [Fault(where, finding.what, finding.severity) for finding in read.findings]
        found += [_font(where, missing) for missing in fonts.missing(read.data)]
    found += placeholders.in_texts(campaign)
    if "filler" in made:
        found += _different(campaign, made["filler"].specimen("minister"))
    if campaign.letter != "docx" and not libreoffice.installed():
        try:
            libreoffice.find()
        except ConfigurationError as error:
            found.append(Fault(str(campaign.folder / SETTINGS), f"letter: {error}", "error"))
    return found


def _tried(found: list[Fault], made: dict[str, Any], name: str, make: Callable[[], object]) -> None:
    try:
        made[name] = make()
    except ConfigurationError as error:
        found += error.faults


def _unused(campaign: Campaign, letter: DocxTemplate) -> list[Fault]:
    used = {name.name for tree in letter.trees() for name in tree.find_all(nodes.Name)}
    where = str(campaign.folder / LETTER)
    found = []
    if campaign.asks and "asks" not in used:
        found.append(Fault(where, "does not print the asks of campaign.toml", "warning"))
    if campaign.signature and "signature" not in used:
        found.append(Fault(where, "does not print the signature: {{ signature }}", "warning"))
    return found


def _font(where: str, one: fonts.Missing) -> Fault:
    what = f"{one.font} is not installed; PDFs are set in {one.substitute}"
    if one.as_wide:
        return Fault(where, f"{what}, whose letters are as wide", "note")
    return Fault(where, f"{what}, and lines may break elsewhere", "warning")


def _different(campaign: Campaign, letter: Letter) -> list[Fault]:
    """Whether the mail says the same in text and HTML."""
    text, html = _words(readback.words(letter.text)), _words(readback.plain(letter.html))
    matcher = difflib.SequenceMatcher(None, text, html, autojunk=False)
    if matcher.ratio() >= _ALIKE:
        return []
    places = [place for place in matcher.get_opcodes() if place[0] != "equal"]
    _, start, stop, begin, end = max(places, key=lambda p: p[2] - p[1] + p[4] - p[3])
    only, side = (text[start:stop], TEXT) if stop - start > end - begin else (html[begin:end], HTML)
    return [
        Fault(
            str(campaign.folder / side),
            f'says what the other mail file does not: "{" ".join(only[:12])}"',
            "warning",
        )
    ]


def _words(text: str) -> list[str]:
    """Words alone: bullets and rules differ between text and HTML."""
    return [word for word in text.split() if any(map(str.isalnum, word))]
