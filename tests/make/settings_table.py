"""The table of settings in README.md, made of flows/settings.py.

    uv run python -m tests.make.settings_table

writes it between the two marks in README.md; a test holds the two against each other.
"""

import re
from pathlib import Path

from pydantic import SecretStr

from flows.settings import Settings

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- settings -->\n", "<!-- end of settings -->\n"


def table() -> str:
    """A row for each setting: name, what holds without it, what it is."""
    rows = ["| setting | default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "" if isinstance(default, SecretStr) or default in ("", None) else str(default)
        if name == "dear_minister_office":
            shown = ""
        elif isinstance(default, bool):
            shown = "yes" if default else "no"
        shown = f"`{shown}`" if shown else ""
        rows.append(f"| `{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """The README's text with the table as it is now."""
    return re.sub(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}{table()}{END}", text, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
