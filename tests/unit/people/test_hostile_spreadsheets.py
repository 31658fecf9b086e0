"""Workbooks that claim what no list needs: read or refused in one line, at once, without memory.

DEAR_MINISTER_EXAMPLES=10000 tries as many made-up workbooks; otherwise a hundred.
"""

import os
import resource
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.errors import ConfigurationError
from flows.people.lists.loading import load
from tests.conftest import ROOT
from tests.unit.people.list_fixtures import (
    archive,
    csv_file,
    inline,
    ods_row,
    raw_ods,
    raw_xlsx,
)

EXAMPLES = int(os.environ.get("DEAR_MINISTER_EXAMPLES", "100"))
HEAD = inline("id", "name")
GOOD = inline("a", "Ann Lee")
MEMORY = 256 * 1024 * 1024


def refused_or_read(path: Path, *, traced: bool = True) -> str:
    """The line that refuses the file, or "" for one that is read; ``traced``, memory is counted."""
    if traced:
        tracemalloc.start()
    began = time.perf_counter()
    try:
        load([path])
    except ConfigurationError as error:
        said = str(error)
        assert "\n" not in said
        assert len(said) < 600
    else:
        said = ""
    took = time.perf_counter() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert took < 15
    assert peak < MEMORY
    return said


FAR = (
    "r='XFD1048576'",
    'r="XFD1048576"',
    "R='XFD1048576'",
    'r = "xfd1048576"',
    'r="$XFD$1048576"',
    "r='&#88;FD1048576'",
)


@pytest.mark.parametrize("reference", FAR)
@pytest.mark.parametrize("folder", ["xl", "Other/place"])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_one_cell_far_away_reserves_nothing(
    tmp_path: Path, reference: str, folder: str, prefix: str
) -> None:
    space = ' xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"' if prefix else ""
    far = (
        f"<row r='1048576'><{prefix}c{space} {reference}><{prefix}v>1</{prefix}v></{prefix}c></row>"
    )
    data = f"<sheetData>{HEAD}{GOOD}{far}</sheetData>"
    said = refused_or_read(raw_xlsx(tmp_path / "x.xlsx", data, folder=folder))
    if "R=" not in reference:
        assert "row 1048576 has a cell in column XFD, far beyond a list's cells" in said


def test_a_sheet_that_claims_everything_but_holds_a_list_is_read(tmp_path: Path) -> None:
    data = (
        '<dimension ref="A1:XFD1048576"/><cols><col min="1" max="16384" hidden="1"/></cols>'
        f"<sheetData>{HEAD}{GOOD}<row r='1048576'><c r='XFD1048576'/></row></sheetData>"
        '<mergeCells><mergeCell ref="C1:XFD1048576"/><mergeCell ref="A2:A1048576"/></mergeCells>'
    )
    assert refused_or_read(raw_xlsx(tmp_path / "x.xlsx", data)) == ""


@pytest.mark.parametrize(
    "xml",
    [
        "<c t='s'><v>99999999999999999999</v></c>",
        "<c t='s'><v>-1</v></c>",
        "<c s='99999999999999999999'><v>1</v></c>",
        "<c><v>1e999</v></c>",
        "<c><v>nan</v></c>",
        "<c><v>٣</v></c>",
        "<c r='A1048577999'><v>1</v></c>",
        "<c r=''><v>1</v></c>",
        "<c><v>" + "9" * 5000 + "</v></c>",
        "<c t='inlineStr'><is><t>_xD800__x0000_</t></is></c>",
        "<c t='inlineStr'><is><t>" + "x" * 40_000 + "</t></is></c>",
        "<c><is/><c><v>1</v></c></c>",
    ],
)
def test_an_absurd_cell_is_read_or_refused(tmp_path: Path, xml: str) -> None:
    data = f"<sheetData>{HEAD}{GOOD}<row r='9'>{xml}</row></sheetData>"
    refused_or_read(raw_xlsx(tmp_path / "x.xlsx", data))


@pytest.mark.parametrize("row", ["r='0'", "r='-5'", "r='1'", "r='x'", "r='99999999999999999999'"])
def test_an_absurd_row_number_is_read_or_refused(tmp_path: Path, row: str) -> None:
    refused_or_read(
        raw_xlsx(tmp_path / "x.xlsx", f"<sheetData>{HEAD}<row {row}>{GOOD}</row></sheetData>")
    )
    data = f"<sheetData>{HEAD}{GOOD.replace('<row>', f'<row {row}>')}</sheetData>"
    refused_or_read(raw_xlsx(tmp_path / "x.xlsx", data))


def test_xml_entities_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    data = f"{bomb}<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'/>"
    path = raw_xlsx(tmp_path / "x.xlsx", "", parts={"xl/worksheets/s1.xml": data})
    assert "defines XML entities" in refused_or_read(path)


def test_elements_nested_a_million_deep_are_read_or_refused(tmp_path: Path) -> None:
    deep = "<x>" * 200_000 + "</x>" * 200_000
    refused_or_read(raw_xlsx(tmp_path / "x.xlsx", f"<sheetData>{HEAD}{deep}</sheetData>"))
    refused_or_read(raw_ods(tmp_path / "x.ods", f"<table:table>{deep}</table:table>"))


@pytest.mark.parametrize(
    "row",
    [
        "<table:table-cell><text:p>x<text:s text:c='1000000000'/></text:p></table:table-cell>",
        "<table:table-cell><text:p>" + "<text:s text:c='9999'/>" * 20_000
        + "</text:p></table:table-cell>",
        "<table:table-cell table:number-columns-repeated='1000000000'><text:p>x</text:p>"
        "</table:table-cell>",
        "<table:table-cell table:number-columns-repeated=\"99999999999999999999\"/>"
        "<table:table-cell><text:p>x</text:p></table:table-cell>",
        "<table:table-cell office:value-type='float' office:value='1e400'/>",
    ],
)  # fmt: skip
def test_an_ods_cell_that_repeats_without_end_is_refused(tmp_path: Path, row: str) -> None:
    rows = ods_row("id", "name", "personal") + ods_row("a", "Ann Lee", row)
    path = raw_ods(tmp_path / "x.ods", f"<table:table>{rows}</table:table>")
    said = refused_or_read(path)
    assert "repeated" not in row or "copy the list alone into a new spreadsheet" in said


@pytest.mark.parametrize("quote", ["'", '"'])
def test_ods_rows_that_repeat_without_end_are_refused_and_blank_ones_read(
    tmp_path: Path, quote: str
) -> None:
    times = f" table:number-rows-repeated = {quote}1000000000{quote}"
    head = ods_row("id", "name")
    many = f"<table:table>{head}{ods_row('a', 'Ann Lee', attributes=times)}</table:table>"
    assert "copy the list alone" in refused_or_read(raw_ods(tmp_path / "x.ods", many))
    blank = ods_row("<table:table-cell/>", attributes=times)
    few = f"<table:table>{head}{ods_row('a', 'Ann Lee')}{blank}</table:table>"
    assert refused_or_read(raw_ods(tmp_path / "x.ods", few)) == ""


def test_a_million_columns_are_refused_at_once(tmp_path: Path) -> None:
    heading = ",".join(f"column{number}" for number in range(1_000_000))
    said = refused_or_read(csv_file(tmp_path, f"id,name,{heading}\na,Ann Lee\n"), traced=False)
    assert "a heading of 1,000,002 cells; a list has at most 1,000 columns" in said
    said = refused_or_read(csv_file(tmp_path, "id,name\n" + "," * 6_000_000 + "x\n"), traced=False)
    assert "more than 5,000,000 cells" in said
    said = refused_or_read(
        csv_file(tmp_path, "id,name\n" + "\n" * 1_100_000 + "a,Ann Lee\n"), traced=False
    )
    assert "more than 1,048,576 lines" in said


def test_a_long_text_that_many_cells_share_is_counted_for_each(tmp_path: Path) -> None:
    repeated = "<table:table-cell table:number-columns-repeated='900'>"
    cells = f"{repeated}<text:p>{'x' * 30_000}</text:p></table:table-cell>"
    rows = ods_row("id", "name") + ods_row(cells, attributes=" table:number-rows-repeated='5000'")
    said = refused_or_read(raw_ods(tmp_path / "x.ods", f"<table:table>{rows}</table:table>"))
    assert "copy the list alone" in said


@pytest.mark.parametrize("parts", [{}, {"xl/workbook.xml": b""}, {"a" * 60_000: b""}])
def test_an_archive_that_holds_no_workbook_is_refused(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    for ending in ("xlsx", "ods"):
        path = tmp_path / f"x.{ending}"
        path.write_bytes(archive(parts))
        assert refused_or_read(path)


def test_a_process_with_little_memory_and_no_resource_module_reads_them_too(
    tmp_path: Path,
) -> None:
    """What used to abort the process: a C allocator asked for what the file claims."""
    far = "<row><c r='XFD1048576'><v>1</v></c></row>"
    path = raw_xlsx(tmp_path / "x.xlsx", f"<sheetData>{HEAD}{GOOD}{far}</sheetData>")
    code = (
        "import sys; sys.modules['resource'] = None\n"
        "from pathlib import Path\n"
        "from flows.cli import main\n"
        f"sys.argv = ['dear-minister', 'contacts', 'check', {str(path)!r}]\n"
        "main.main()\n"
    )

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert "copy the list alone into a new spreadsheet" in ended.stderr
    assert "Traceback" not in ended.stderr


NAMES = st.sampled_from(["row", "c", "v", "f", "is", "t", "si", "col", "mergeCell", "rPh", "x"])
VALUES = st.sampled_from(
    ["", "A1", "XFD1048576", "B2:A1", "A1:XFD9", "-1", "0", "1", "7", "s", "e", "b", "str", "true",
     "inlineStr", "d", "n", "99999999999", "nan", "1e308", "#N/A", "é", "\u202e", "id", "name"]
)  # fmt: skip
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["r", "s", "t", "ref", "min", "max", "hidden"]), VALUES, max_size=3
)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(NAMES)
    attributes = "".join(f' {key}="{value}"' for key, value in draw(ATTRIBUTES).items())
    inner = draw(VALUES) if depth == 0 else "".join(draw(st.lists(trees(depth - 1), max_size=3)))
    return f"<{name}{attributes}>{inner}</{name}>"


@settings(max_examples=EXAMPLES)
@given(st.lists(trees(), max_size=4))
def test_any_xlsx_is_read_or_refused_in_one_line(rows: list[str]) -> None:
    with TemporaryDirectory() as folder:
        data = f"<sheetData>{HEAD}{GOOD}{''.join(rows)}</sheetData>"
        refused_or_read(raw_xlsx(Path(folder) / "x.xlsx", data))


ODS_NAMES = st.sampled_from(
    ["table:table", "table:table-row", "table:table-cell", "table:covered-table-cell", "text:p",
     "text:s", "text:span", "text:line-break", "office:annotation", "table:table-row-group",
     "table:table-column", "text:note", "table:shapes"]
)  # fmt: skip
ODS_ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        ["table:number-rows-repeated", "table:number-columns-repeated", "text:c", "office:value",
         "table:number-rows-spanned", "table:number-columns-spanned", "office:value-type",
         "table:formula", "table:visibility", "table:display", "office:date-value"]
    ),
    st.sampled_from(
        ["1", "2", "0", "-3", "1000000000", "float", "date", "collapse", "false", "x", "1e999",
         "2013-09-04"]
    ),
    max_size=3,
)  # fmt: skip


@st.composite
def ods_trees(draw: st.DrawFn, depth: int = 4) -> str:
    name = draw(ODS_NAMES)
    attributes = "".join(f' {key}="{value}"' for key, value in draw(ODS_ATTRIBUTES).items())
    inner = "x" if depth == 0 else "".join(draw(st.lists(ods_trees(depth - 1), max_size=3)))
    return f"<{name}{attributes}>{inner}</{name}>"


@settings(max_examples=EXAMPLES)
@given(st.lists(ods_trees(), max_size=4))
def test_any_ods_is_read_or_refused_in_one_line(rows: list[str]) -> None:
    with TemporaryDirectory() as folder:
        head = ods_row("id", "name") + ods_row("a", "Ann Lee")
        tables = f"<table:table>{head}{''.join(rows)}</table:table>"
        refused_or_read(raw_ods(Path(folder) / "x.ods", tables))


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_under_the_name_of_a_list_are_read_or_refused_in_one_line(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        for name in ("x.csv", "x.xlsx", "x.ods"):
            path = Path(folder) / name
            path.write_bytes(b"id,name\n" + data if name == "x.csv" else data)
            refused_or_read(path)


PIECES = st.sampled_from(["a", "Ann", ",", '"', "\n", "\r\n", ";", "'", "\ufeff", "=", "é", " "])


@settings(max_examples=EXAMPLES)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_csv_is_read_or_refused_in_one_line(text: str) -> None:
    with TemporaryDirectory() as folder:
        refused_or_read(csv_file(Path(folder), f"id,name,personal\n{text}"))
