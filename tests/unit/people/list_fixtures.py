"""Scenes for the tests of flows/people: contacts, lists in any encoding, spreadsheets."""

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

from flows.people.contact import Contact

_MANIFEST = (
    '<?xml version="1.0"?><m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<m:file-entry m:full-path="content.xml" m:media-type="text/xml"/></m:manifest>'
)
DAY = datetime.date(2013, 9, 4)


def contact(name: str = "William Hague", **columns: Any) -> Contact:
    columns.setdefault("id", "one")
    columns.setdefault("person", columns["id"])
    return Contact(name=name, **columns)


def csv_file(folder: Path, text: str, encoding: str = "utf-8", name: str = "list.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def xlsx(path: Path, rows: list[list[Any]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(at, column, value)
    return path


def ods(path: Path, rows: list[list[str]], *, repeat: int = 1) -> Path:
    def cell(value: str) -> str:
        if not value:
            return "<table:table-cell/>"
        lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in value.split("\n"))
        return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'

    body = "".join(
        f'<table:table-row table:number-rows-repeated="{repeat}">'
        f"{''.join(map(cell, row))}</table:table-row>"
        for row in rows
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        "<office:body><office:spreadsheet>"
        f'<table:table table:name="List">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
        archive.writestr("content.xml", content)
    return path


def archive(parts: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return data.getvalue()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def raw_xlsx(
    path: Path,
    *sheets: str,
    hidden: tuple[int, ...] = (),
    folder: str = "xl",
    main: str = MAIN,
    relations: str = _RELATIONS,
    parts: dict[str, str] | None = None,
) -> Path:
    """A workbook whose sheets hold exactly this XML, "<sheetData>...", without shared strings."""
    listed = "".join(
        f'<sheet name="S{at}" sheetId="{at}" r:id="r{at}" state="{_state(at in hidden)}"/>'
        for at in range(1, len(sheets) + 1)
    )
    related = "".join(
        f'<Relationship Id="r{at}" Type="{relations}/worksheet" Target="worksheets/s{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    made = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="x"'
        f' Type="{relations}/officeDocument" Target="{folder}/workbook.xml"/></Relationships>',
        f"{folder}/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}">'
        f"<sheets>{listed}</sheets></workbook>",
        f"{folder}/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{related}'
        f'<Relationship Id="st" Type="{relations}/styles" Target="styles.xml"/></Relationships>',
        **{
            f"{folder}/worksheets/s{at}.xml": f'<worksheet xmlns="{main}">{xml}</worksheet>'
            for at, xml in enumerate(sheets, start=1)
        },
        **(parts or {}),
    }
    path.write_bytes(archive({name: xml.encode() for name, xml in made.items()}))
    return path


def _state(hidden: bool) -> str:
    return "hidden" if hidden else "visible"


def inline(*cells: str, row: str = "") -> str:
    """A row of a raw sheet, each cell a text."""
    texts = (
        f'<c t="inlineStr"><is><t xml:space="preserve">{escape(one)}</t></is></c>' for one in cells
    )
    return f"<row{row}>{''.join(texts)}</row>"


def raw_ods(path: Path, tables: str, styles: str = "") -> Path:
    """An ODS workbook that holds exactly these tables."""
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces}'
        ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    path.write_bytes(archive({"content.xml": content.encode()}))
    return path


def ods_row(*cells: str, attributes: str = "") -> str:
    """A row of a raw table, each cell a text; a cell that begins with "<" as it stands."""
    made = (
        one
        if one.startswith("<")
        else f'<table:table-cell office:value-type="string"><text:p>{escape(one)}</text:p>'
        "</table:table-cell>"
        for one in cells
    )
    return f"<table:table-row{attributes}>{''.join(made)}</table:table-row>"
