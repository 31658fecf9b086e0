"""One workbook, as XLSX and as LibreOffice saves it as ODS and CSV: the same contacts."""

import subprocess
from pathlib import Path

import pytest
import xlsxwriter

from flows.people.lists.loading import load
from tests.conftest import missing, need

PACKAGE = "libreoffice-calc-nogui"
# The codes and values on which Excel and LibreOffice agree: no dates before March 1900.
FORMATS = {
    "amount": ('"£"#,##0.00', 1234.5),
    "accounts": ('_-"£"* #,##0.00_-;-"£"* #,##0.00_-', -1234.5),
    "share": ("0%", 0.25),
    "joined": ("d mmmm yyyy", 41521),
    "weekday": ("dddd, d mmm yy", 41521),
    "at": ("h:mm", 0.6041666666666666),
    "noon": ("h:mm AM/PM", 0.5),
    "hours": ("[h]:mm", 1.5),
    "phone": ("000 0000 0000", 2079460114),
    "members": ("#,##0", 12345),
    "ratio": ("0.00", 1 / 3),
    "power": ("0.00E+00", 99.995),
    "half": ("# ?/?", 1.5),
    "loss": ("#,##0;(#,##0)", -1234),
    "nil": ('0;-0;"nil"', 0),
    "thousands": ('0.0,"k"', 1500),
}


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "people.xlsx"
    with xlsxwriter.Workbook(path) as book:
        old = book.add_worksheet("Old")
        old.write_row(0, 0, ["id", "name"])
        old.write_row(1, 0, ["old", "Old Reader"])
        old.hide()
        page = book.add_worksheet("Readers")
        page.activate()
        page.set_column(0, 40, 40)
        heading = ["id", "name", "department", "address", "email", "privy_counsellor"]
        page.write_row(0, 0, [*heading, *FORMATS])
        wrapped = book.add_format({"text_wrap": True})
        for at, name in enumerate(("Siân Lee", "Zoë Glyndŵr", "R&D <b>Ek</b>"), start=1):
            page.write_row(at, 0, [f"p{at}", name])
            page.write_string(at, 3, "1 High Street\nLowton", wrapped)
            page.write_formula(at, 4, f'="p{at}@example.org"', None, f"p{at}@example.org")
            page.write_boolean(at, 5, at == 1)
            for column, (code, value) in enumerate(FORMATS.values(), start=len(heading)):
                page.write_number(at, column, value, book.add_format({"num_format": code}))
        page.merge_range(1, 2, 2, 2, "Department of Health")
        page.write_string(3, 2, "Home Office")
    return path


def converted(path: Path, to: str, filter_: str = "") -> Path:
    folder = path.parent / "converted"
    subprocess.run(
        [need("soffice", PACKAGE), "--headless", "--convert-to", to + filter_,
         f"-env:UserInstallation=file://{path.parent}/profile", "--outdir", str(folder), str(path)],
        check=False,
        capture_output=True,
        timeout=180,
    )  # fmt: skip
    if not list(folder.glob(f"*.{to}")):
        # Writer alone is installed, which opens no workbook.
        missing(f"LibreOffice Calc is missing: apt-get install --no-install-recommends {PACKAGE}")
    return folder / f"{path.stem}.{to}"


def test_ods_and_csv_of_libreoffice_say_what_the_workbook_says(workbook: Path) -> None:
    ods = converted(workbook, "ods")
    ours, theirs = load([workbook]), load([ods])
    assert not ours.refused
    assert not theirs.refused
    assert len(ours.contacts) == 3
    assert [one.name for one in ours.contacts] == ["Siân Lee", "Zoë Glyndŵr", "R&D <b>Ek</b>"]
    assert ours.contacts[1].department == "Department of Health"
    assert ours.contacts[0].address == ("1 High Street", "Lowton")
    for one, other in zip(ours.contacts, theirs.contacts, strict=True):
        expected = {name: " ".join(text.split()) for name, text in one.columns.items()}
        assert {name: " ".join(text.split()) for name, text in other.columns.items()} == expected
        for column in ("id", "name", "department", "address", "email", "privy_counsellor"):
            assert getattr(one, column) == getattr(other, column), column
    assert ours.contacts[0].columns["joined"] == "4 September 2013"
    assert len(theirs.remarks) == len(ours.remarks) == 1

    # "Save cell contents as shown", of the second sheet, in UTF-8 and British English.
    shown = ":Text - txt - csv (StarCalc):44,34,76,1,,2057,false,true,true,false,false,2"
    made = converted(workbook, "csv", shown)
    (text,) = made.parent.glob("*.csv")
    for one, other in zip(ours.contacts, load([text]).contacts, strict=True):
        assert (one.name, one.email, one.address) == (other.name, other.email, other.address)
        expected = {name: " ".join(value.split()) for name, value in one.columns.items()}
        assert {name: " ".join(text.split()) for name, text in other.columns.items()} == expected
