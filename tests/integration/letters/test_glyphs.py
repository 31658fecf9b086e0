"""A name that no font here draws is handed back before anything is frozen."""

from pathlib import Path

import pytest

from flows.errors import RowError
from flows.letters.filler import filled, laid_out
from flows.letters.letter import Letter
from flows.letters.pdf import glyphs
from flows.people.contact import RejectedRow
from tests.conftest import need
from tests.integration.letters.letter_templates import plain
from tests.unit.letters.small_campaign import TOML, filler, reader

ETHIOPIC, CHINESE = "አማርኛ", "日本"
"""Scripts of which the fonts that CI installs have nothing."""


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> list[Letter | RejectedRow]:
    need("soffice", "libreoffice-writer-nogui")
    toml = 'letter = "pdf"\n' + TOML
    made = filler(tmp_path_factory.mktemp("glyphs"), build=plain, toml=toml)
    names = [
        "Siân Glyndŵr",
        "Ελένη Παππά",
        f"Alex {CHINESE}",
        f"Sam {ETHIOPIC}",
        "R&D <b>x</b> {{ x }}",
    ]
    readers = [reader(id=f"r{n}", name=name, row=n + 2) for n, name in enumerate(names)]
    return list(laid_out(filled(made, readers), 1))


def test_names_that_are_drawn_are_frozen(laid: list[Letter | RejectedRow]) -> None:
    letters = [one.reader.contact.id for one in laid if isinstance(one, Letter)]
    assert letters == ["r0", "r1", "r4"]
    assert all(glyphs.undrawn(one.pdf) == "" for one in laid if isinstance(one, Letter))


def test_names_that_would_be_boxes_are_handed_back_with_the_characters(
    laid: list[Letter | RejectedRow],
) -> None:
    chinese, ethiopic = [one for one in laid if isinstance(one, RejectedRow)]
    assert (chinese.row, ethiopic.row) == (4, 5)
    assert "empty boxes" in chinese.reason
    assert set(CHINESE) <= set(chinese.reason)
    assert set(ETHIOPIC) <= set(ethiopic.reason)
    assert "fonts-noto" in chinese.reason


def test_a_letter_for_the_post_is_handed_back_before_it_is_printed(tmp_path: Path) -> None:
    need("fc-list", "fontconfig")
    made = filler(tmp_path, build=plain, toml='letter = "docx"\n' + TOML)
    made.fill(reader(name=f"Alex {CHINESE}"))  # by e-mail: the reader's own machine has fonts
    with pytest.raises(RowError, match=f"name: no font here draws {CHINESE}"):
        made.fill(reader(name=f"Alex {CHINESE}", email=""))
