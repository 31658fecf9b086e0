"""What a letter's template can print beside text: pictures, links, rich text and listings.

Templates call them by name: ``{{ picture("seal.png", 30) }}``, ``{{r link("https://...", "our
site") }}``, ``{{r rich("urgent", bold=true) }}``, ``{{ listing(reader.personal) }}``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docx.image.exceptions import UnrecognizedImageError
from docx.image.image import Image

from flows.letters.docx.docxtpl_adapter import Link, Listing, Picture, RichText
from flows.letters.jinja_environment import ValueFaultError, inside

LARGEST_PICTURE = 5_000_000
"""Bytes: it goes into every letter."""

_PROPERTY = re.compile(r"[A-Za-z0-9 #:._-]*")


@dataclass(frozen=True, slots=True)
class Values:
    """The functions a template may call; files are the campaign's own."""

    folder: Path

    def functions(self) -> dict[str, Callable[..., Any]]:
        return {
            "picture": self.picture,
            "link": link,
            "rich": rich,
            "listing": Listing,
        }

    def picture(self, file: str, width: float = 0, height: float = 0) -> Picture:
        """A picture from the campaign's folder; width and height in millimetres, 0: its own."""
        path = inside(self.folder, file)
        try:
            if path.stat().st_size > LARGEST_PICTURE:
                raise ValueFaultError(f"{file} is larger than {LARGEST_PICTURE // 1_000_000} MB")
            Image.from_file(str(path))
        except OSError as error:
            raise ValueFaultError(f"{file} is not in the campaign's folder") from error
        except (UnrecognizedImageError, ValueError, KeyError, ArithmeticError) as error:
            raise ValueFaultError(f"{file} is not a picture; use PNG or JPEG") from error
        return Picture(path, float(width), float(height))


def link(url: str, text: str = "") -> Link:
    """A web or mail link; the address itself where there is no text."""
    if urlsplit(url).scheme.lower() not in {"http", "https", "mailto"}:
        raise ValueFaultError(f"{url!r} is not a web or mail link")
    return Link(url, text or url.removeprefix("mailto:"))


def rich(text: str, **properties: Any) -> RichText:
    """Text with docxtpl's RichText properties: bold, italic, color, size, font, style and so on."""
    for name, value in properties.items():
        if isinstance(value, str) and not _PROPERTY.fullmatch(value):
            raise ValueFaultError(f"rich: {name}={value!r} is not understood")
    return RichText(text, **properties)
