"""Contact lists are read in whatever shape offices keep them, and say what is wrong with a row."""

from pathlib import Path

import pytest

from flows.errors import ConfigurationError
from flows.people.lists.loading import load
from tests.unit.people.list_fixtures import archive, csv_file, ods, xlsx

LIST = "id;name;house;note to us\nsian;Siân James;commons;tea at “four”\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_reads_csv_in_every_usual_encoding_and_delimiter(
    tmp_path: Path, encoding: str, delimiter: str, newline: str
) -> None:
    text = LIST.replace(";", delimiter).replace("\n", newline)
    loaded = load([csv_file(tmp_path, text, encoding)])
    assert not loaded.refused
    assert loaded.contacts[0].name == "Siân James"
    assert loaded.contacts[0].columns == {"note_to_us": "tea at “four”"}
    assert loaded.contacts[0].row == 2


def test_takes_the_delimiter_from_the_heading_not_from_cells_full_of_commas(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id;name;constituency\na;Ann Lee;Sheffield, Hallam, and, more\n")
    assert load([path]).contacts[0].constituency == "Sheffield, Hallam, and, more"


def test_understands_the_line_in_which_excel_states_the_delimiter(tmp_path: Path) -> None:
    loaded = load([csv_file(tmp_path, "sep=;\nid;name\na;Ann Lee\n")])
    assert [(one.name, one.row) for one in loaded.contacts] == [("Ann Lee", 3)]


def test_reads_headings_in_any_case_with_blanks_or_hyphens(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "ID, Name ,E-mail,Privy Counsellor\na,Ann Lee,a@example.org,Yes\n")
    (one,) = load([path]).contacts
    assert (one.email, one.privy_counsellor) == ("a@example.org", True)


def test_reads_xlsx_with_numbers_truth_values_and_line_breaks(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "list.xlsx",
        [
            ["id", "name", "privy_counsellor", "address", "member since"],
            [379, "William Hague", True, "King Charles Street\nLondon", 1989.5],
        ],
    )
    (one,) = load([path]).contacts
    assert (one.id, one.privy_counsellor) == ("379", True)
    assert one.address == ("King Charles Street", "London")
    assert one.columns == {"member_since": "1989.5"}


def test_reads_ods(tmp_path: Path) -> None:
    path = ods(tmp_path / "list.ods", [["id", "name"], ["", ""], ["a", "Glyndŵr Ellis"]])
    (one,) = load([path]).contacts
    assert (one.name, one.row) == ("Glyndŵr Ellis", 3)


def test_keeps_every_column_in_its_form(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "id,person,name,family,title,honours,gender,house,rank,address,postcode,committees,"
        "personal,salutation,envelope,tags\n"
        'a,p,Iain Duncan  Smith,Duncan Smith,Mr,CBE,male,Commons,Law Officer,"1 Low St | London",'
        'SW1A 2AH,Defence; Health ;,"One.\r\nTwo.","Dear Iain,",A | B,r2p  dialogue\n',
    )
    (one,) = load([path]).contacts
    assert one.name == "Iain Duncan Smith"
    assert (one.person, one.gender, one.house, one.rank) == ("p", "M", "commons", "law-officer")
    assert one.address == ("1 Low St", "London")
    assert one.committees == ("Defence", "Health")
    assert one.personal == "One.\nTwo."
    assert one.salutation == "Dear Iain"
    assert one.tags == ("r2p", "dialogue")


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        (",Ann Lee,,,,", "id", "empty"),
        ("a,,,,,", "name", "empty"),
        ("a, ,,,,", "name", "empty"),
        ("a,---,,,,", "name", "no letter"),
        ("../../etc,Ann Lee,,,,", "id", "cannot name files"),
        ("ä,Ann Lee,,,,", "id", "cannot name files"),
        ("a,Ann Lee,nobody,,,", "email", "no e-mail address"),
        ("a,Ann Lee,a@example.org b@example.org,,,", "email", "more than one address"),
        ("a,Ann Lee,a@example.org;b@example.org,,,", "email", "more than one address"),
        ("a,Ann Lee,Ann <a@example.org>,,,", "email", "no e-mail address"),
        ("a,Ann Lee,,king,,", "rank", "'king' is not known; use one of pm, dpm"),
        ("a,Ann Lee,,,senate,", "house", "'senate' is not known"),
        ("a,Ann Lee,,,,Q", "gender", "'Q' is none of M, F"),
        ('a,"Ann\nLee",,,,', "name", "control character U+000A"),
        ('a,"Ann\rLee",,,,', "name", "control character U+000D"),
        ("a,Ann\x00Lee,,,,", "name", "control character U+0000"),
        ("a,Ann\u2028Lee,,,,", "name", "U+2028 (LINE SEPARATOR)"),
        ("a,Ann\u202eLee,,,,", "name", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        ("a,Ann\u2066Lee,,,,", "name", "U+2066"),
        ("a,Ann\tLee,,,,", "name", "U+0009"),
        ("a,Ann\ufeffLee,,,,", "name", "U+FEFF"),
        ("a,Ann\ufffdLee,,,,", "name", "U+FFFD"),
        ("a,Ann Lee,,,,,,oops", "row", "8 cells under 6 headings"),
        ("a,Ann L", "row", "ends after 2 of 6 cells"),
        ("a," + "Ann " * 200 + ",,,,", "name", "at most 300"),
    ],
)
def test_refuses_a_bad_row_with_file_row_column_and_reason(
    tmp_path: Path, row: str, column: str, says: str
) -> None:
    path = csv_file(tmp_path, f"id,name,email,rank,house,gender\n{row}\nok,Bo Ek,,,,\n")
    loaded = load([path])
    assert [one.id for one in loaded.contacts] == ["ok"]
    (refused,) = loaded.refused
    assert str(refused).startswith(f"{path}:2: {column}: ")
    assert says in refused.reason


def test_control_characters_in_unknown_columns_are_refused_too(tmp_path: Path) -> None:
    (refused,) = load([csv_file(tmp_path, "id,name,pet\na,Ann Lee,cat\x1b[2J\n")]).refused
    assert refused.column == "pet"


def test_line_breaks_are_separators_only_in_address_and_personal(tmp_path: Path) -> None:
    text = 'id,name,address,personal\na,Ann Lee,"1 Low St\r\n\r\nLondon","One.\n\nTwo."\n'
    (one,) = load([csv_file(tmp_path, text)]).contacts
    assert one.address == ("1 Low St", "London")
    assert one.personal == "One.\n\nTwo."


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org",
        "a@xn--exmple-cua.org",
        "firstname.o'name@parliament.example",
        "jörg@example.org",
        "a+b@exämple.org",
    ],
)
def test_accepts_every_valid_address(tmp_path: Path, address: str) -> None:
    (one,) = load([csv_file(tmp_path, f"id,name,email\na,Ann Lee,{address}\n")]).contacts
    assert one.email == address


@pytest.mark.parametrize("name", ["R&D", "<b>Bo</b>", "Ann O'Brien", "{{ 7*7 }} x", "Zöe Glyndŵr"])
def test_odd_names_stay_as_typed(tmp_path: Path, name: str) -> None:
    (one,) = load([csv_file(tmp_path, f"id,name\na,{name}\n")]).contacts
    assert one.name == name


def test_no_break_spaces_stay_and_other_blanks_are_one_space(tmp_path: Path) -> None:
    text = "id,name,constituency\na, Iain  Duncan\u00a0Smith\u00a0,Ynys\u202fMôn\n"
    (one,) = load([csv_file(tmp_path, text)]).contacts
    assert (one.name, one.constituency) == ("Iain Duncan\u00a0Smith", "Ynys\u202fMôn")


def test_the_second_row_with_an_id_is_refused_and_names_the_first(tmp_path: Path) -> None:
    first = csv_file(tmp_path, "id,name\nAnn,Ann Lee\n", name="first.csv")
    second = csv_file(tmp_path, "id,name\nANN,Ann Other\n", name="second.csv")
    loaded = load([first, second])
    assert [one.name for one in loaded.contacts] == ["Ann Lee"]
    (refused,) = loaded.refused
    assert f"taken by {first}:2" in refused.reason


def test_blank_rows_are_passed_over_and_still_counted(tmp_path: Path) -> None:
    loaded = load([csv_file(tmp_path, "\nid,name\n\n,\na,Ann Lee\n")])
    assert [(one.id, one.row) for one in loaded.contacts] == [("a", 5)]


def test_a_utf8_file_with_one_broken_byte_loses_that_row_only(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("id,name\na,Siân\nb,Zöe\n".encode() + b"c,J\xf6rg\n")
    loaded = load([path])
    assert [one.name for one in loaded.contacts] == ["Siân", "Zöe"]
    assert "not text in the encoding" in loaded.refused[0].reason


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("blank.csv", b"\n\n,,\n", "the file is empty"),
        ("heading.csv", b"id,name\n", "a heading and no rows"),
        ("columns.csv", b"name,email\nAnn Lee,\n", "required column missing: id (found: name, em"),
        ("twice.csv", b"id,name,Name\na,b,c\n", "two columns are called 'name'"),
        ("nameless.csv", b"id,name,\na,Ann Lee,?\n", "column 3 has cells but no heading"),
        ("quote.csv", b'id,name\na,"Ann Lee\n', "quotation mark that is never closed"),
        ("cut.csv", "id,name\na,Siân".encode()[:-2], "breaks off in the middle of a letter"),
        ("other.csv", b"id,name\na,\x81\x8d\x90\n", "neither UTF-8 nor Windows-1252"),
        ("wide.csv", "id,name\na,b\n".encode("utf-16-le"), "every other byte is NUL"),
        ("zip.csv", archive({"a": b"b"}), "a ZIP archive, not text"),
        ("letter.docx", archive({"word/document.xml": b""}), "unknown kind of file '.docx'"),
        ("letter.xlsx", archive({"word/document.xml": b""}), "no XLSX spreadsheet"),
        ("text.xlsx", b"id,name\n", "not a readable spreadsheet"),
        ("hollow.xlsx", archive({"xl/workbook.xml": b"<"}), "not a readable spreadsheet"),
        ("hollow.ods", archive({"content.xml": b"<"}), "not a readable spreadsheet"),
    ],
)
def test_a_file_that_is_no_list_stops_the_run_with_one_clear_line(
    tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ConfigurationError) as error:
        load([path])
    assert says in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_names_a_missing_file_a_folder_and_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        load([tmp_path / "none.csv"])
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigurationError, match="this is a folder"):
        load([tmp_path / "folder.csv"])
    with pytest.raises(ConfigurationError, match="no contact list is named"):
        load([])


def test_a_spreadsheet_cut_in_half_is_refused(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "list.xlsx", [["id", "name"], *([f"a{n}", "Ann"] for n in range(99))])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ConfigurationError, match="damaged or cut short"):
        load([path])


def test_a_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(archive({"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": bytes(1 << 24)}))
    with pytest.raises(ConfigurationError, match="absurd size"):
        load([path])


def test_a_sheet_with_one_cell_far_away_is_refused_before_memory_is_reserved(
    tmp_path: Path,
) -> None:
    rows: list[list[object]] = [["id", "name"], ["a", "Ann"]]
    path = xlsx(tmp_path / "far.xlsx", rows)
    with pytest.raises(ConfigurationError, match="cells; copy the list alone"):
        load([ods(tmp_path / "far.ods", [["id", "name"]], repeat=9_000_000)])
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write(1_048_575, 16_383, "x")
    with pytest.raises(ConfigurationError, match="cells; copy the list alone"):
        load([path])


@pytest.mark.parametrize(
    ("house", "party", "office", "rank", "chair"),
    [
        ("commons", "Speaker", "", "speaker", "Speaker of the House of Commons"),
        ("commons", "SPK", "", "speaker", "Speaker of the House of Commons"),
        ("commons", "CWM", "", "speaker", "Chairman of Ways and Means"),
        ("commons", "Labour", "Speaker of the House of Commons", "speaker",
         "Speaker of the House of Commons"),
        ("lords", "", "Lord Speaker", "speaker", "Lord Speaker"),
        ("commons", "Labour", "", "", ""),
        ("lords", "Speaker", "", "", ""),
    ],
)  # fmt: skip
def test_who_is_in_the_chair_is_known_by_party_or_office(
    tmp_path: Path, house: str, party: str, office: str, rank: str, chair: str
) -> None:
    text = f"id,name,house,party,office\na,Ann Lee,{house},{party},{office}\n"
    (found,) = load([csv_file(tmp_path, text)]).contacts
    assert (found.rank, found.office) == (rank, chair)
