"""Eight-bit text tables: read in the encoding whose letters make names, else the row comes back."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.errors import ConfigurationError
from flows.people import sources
from flows.people.lists.encoding import decode
from flows.people.lists.loading import load
from flows.people.sources import provenance
from tests.unit.people.list_fixtures import csv_file

NAMES = (
    *("Siân Brown", "Seán O’Dea", "Béal Feirste", "Ynys Môn", "José", "Zoë", "Öpik", "Úna"),
    *("Íde Ó Cuív", "Micheál Ó Siadhail", "Mairéad Farrell", "Éamon", "Jörg Müller", "Hélène"),
    *("Muñoz", "Ærø", "André", "“four” tea", "it’s", "D’Arcy", "Paris–London", "£1,000"),
    *("François", "Iain Duncan\u00a0Smith", "Ó", "Straße", "Château d’Eau", "Señor Núñez"),
    *("MÜLLER", "SIÂN", "Åsa Öberg", "Malmö", "plain … text", "Órla", "déjà vu", "Ráchel"),
)
EIGHT_BIT = ("cp1252", "cp850", "cp437", "mac_roman")


def has(encoding: str, text: str) -> bool:
    return text.encode(encoding, "ignore").decode(encoding) == text


def lost(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)


@pytest.mark.parametrize(
    ("name", "encoding"), [(one, code) for one in NAMES for code in EIGHT_BIT if has(code, one)]
)
def test_a_name_alone_is_read_right_or_handed_back_never_another_name(
    name: str, encoding: str
) -> None:
    found = decode(f"id,name\na,{name}\n".encode(encoding), "x.csv").text
    assert found == f"id,name\na,{name}\n" or lost(found)


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac_roman"])
def test_one_plain_name_tells_the_encoding_of_the_whole_list(tmp_path: Path, encoding: str) -> None:
    people = "\n".join(f"p{at},{name}" for at, name in enumerate(("Hélène Béal", "Zoë", "Órla")))
    loaded = load([csv_file(tmp_path, f"id,name\n{people}\n", encoding)])
    assert [contact.name for contact in loaded.contacts] == ["Hélène Béal", "Zoë", "Órla"]
    assert len(loaded.remarks) == (encoding != "cp1252")


def test_a_letter_that_could_be_two_hands_its_row_back_and_no_other(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,name\na,Ann Lee\nb,Lembit Öpik\n", "cp1252")
    loaded = load([path])
    assert [contact.name for contact in loaded.contacts] == ["Ann Lee"]
    (row,) = loaded.refused
    assert (row.row, row.column) == (3, "name")
    assert 'could be several letters (type it anew, or save the list as "CSV UTF-8")' in row.reason


def test_an_unusual_encoding_is_said(tmp_path: Path) -> None:
    loaded = load([csv_file(tmp_path, "id,name\na,Siân Brown\nb,Béal\n", "cp850")])
    assert loaded.remarks[0].endswith(
        "list.csv: read as MS-DOS (code page 850), for letters that would make no names otherwise"
    )


@pytest.mark.parametrize("marks", [1, 2, 3])
def test_byte_order_marks_are_taken_off_however_many(tmp_path: Path, marks: int) -> None:
    path = csv_file(tmp_path, "\ufeff" * marks + '"id",name\na,Ann Lee\n\ufeffb,Bo Ek\n\x1a')
    assert [contact.id for contact in load([path]).contacts] == ["a", "b"]


def test_joined_files_are_read_as_one_list(tmp_path: Path) -> None:
    one = "\ufeffid,name\na,Ann Lee\n"
    path = csv_file(tmp_path, one + "\ufeffid,name\nb,Bo Ek\n")
    loaded = load([path])
    assert [contact.id for contact in loaded.contacts] == ["a", "b"]
    assert loaded.remarks == (f"{path}: a row repeats the heading and is passed over",)


def test_a_heading_of_bytes_that_are_no_text_is_named_without_them(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("nom,prénom\nSiân,Zöe\n".encode() + b"J\xf6rg,\n")
    with pytest.raises(ConfigurationError, match="required column missing: id, name"):
        load([path])


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_a_plain_refusal(data: bytes) -> None:
    try:
        decode(data, "x.csv")
    except ConfigurationError as error:
        assert str(error).startswith("x.csv: ")  # noqa: PT017  # many are refused


# a quotation mark that runs rows together


def test_rows_run_together_by_a_quotation_mark_come_back_one_by_one(tmp_path: Path) -> None:
    rows = (
        "id,name,title,personal,tags\n"
        "a,Ann Lee,Ms,,x\n"
        'b,Bo Ek,Mr,"Hello,x\n'
        "c,Cy Fox,Mr,,\n"
        'd,Di Gay,Ms,and goodbye",y\n'
        "e,Ed Hay,Mr,,z\n"
    )
    loaded = load([csv_file(tmp_path, rows)])
    assert [(one.id, one.row) for one in loaded.contacts] == [("a", 2), ("e", 6)]
    assert [(row.row, row.cells.get("name")) for row in loaded.refused] == [
        (3, "Bo Ek"),
        (4, "Cy Fox"),
        (5, "Di Gay"),
    ]
    assert loaded.refused[0].reason == (
        "lines 3 to 5 run together: a quotation mark opens in line 3 and is closed in line 5;"
        " take it out, or close it in its cell"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('b,Bo Ek,Mr,,"x', 'c",Cy Fox,Mr,,y'),  # more cells than headings: those were cut off
        ('"b,Bo Ek,Mr,,x', 'c",Cy Fox,Mr,,y'),  # the first cell holds a whole row
        ('b,Bo Ek,"Mr,,x', 'c,Cy Fox,Mr",,y'),
    ],
)
def test_no_row_goes_that_a_mark_in_another_row_runs_into_its_own(
    tmp_path: Path, first: str, second: str
) -> None:
    rows = f"id,name,title,personal,tags\na,Ann Lee,Ms,,x\n{first}\n{second}\nd,Di Gay,Ms,,z\n"
    path = csv_file(tmp_path, rows)
    loaded = load([path])
    assert [(one.id, one.row) for one in loaded.contacts] == [("a", 2), ("d", 5)]
    day = date(2026, 1, 1)
    found = sources.read("sheet", [path], day, day, provenance.NO_OPTIONS, provenance.NO_OPTIONS)
    assert [one.name for one in found.contacts] == ["Ann Lee", "Di Gay"]
    for refused in (loaded.refused, found.refused):
        assert [row.row for row in refused] == [3, 4]
        assert {"Bo Ek", "Cy Fox"} <= {cell for row in refused for cell in row.cells.values()}
        assert all("lines 3 to 4 run together" in row.reason for row in refused)


def test_a_heading_of_several_lines_below_a_title_is_whole(tmp_path: Path) -> None:
    loaded = load(
        [csv_file(tmp_path, 'Our list\nid,name,title,"e-\nmail",notes\na,Ann Lee,Ms,,\n')]
    )
    assert [one.id for one in loaded.contacts] == ["a"]


def test_a_paragraph_of_several_lines_is_no_run_of_rows(tmp_path: Path) -> None:
    text = "One, two, three, four.\n\nFive, six; seven,\n1,000 and 2,000"
    rows = f'id,name,title,personal,tags\na,Ann Lee,Ms,"{text}",x\nb,Bo Ek,Mr,"1 Low St\nLondon",\n'
    loaded = load([csv_file(tmp_path, rows)])
    assert not loaded.refused
    assert loaded.contacts[0].personal == text


def test_a_mark_that_is_never_closed_names_the_line_it_may_be_in(tmp_path: Path) -> None:
    path = csv_file(tmp_path, 'id,name\na,Ann Lee\nb,"Bo Ek\nc,Cy Fox\n')
    with pytest.raises(ConfigurationError, match=r"list.csv:4: .*never closed, from line 3 on"):
        load([path])
