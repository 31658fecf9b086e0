"""Ids out of what sources give: short, ASCII, fit to name files."""

import re
import unicodedata

LONGEST = 64


def slug(text: str) -> str:
    """Return ``text`` in lower-case ASCII letters, digits and hyphens, "" where nothing is left."""
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_.casefold()).strip("-")[:LONGEST].strip("-")
