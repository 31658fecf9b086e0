"""Contact lists through the commands: read through, checked, suppressed, brought in."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import python_calamine
import xlsxwriter

from flows.cli import main
from flows.operations import draft
from flows.people import reshuffle
from tests.conftest import ROOT
from tests.integration.people.members_server import MembersServer, recorded, serving

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The program in a folder with the samples; gives exit code, stdout, stderr."""
    for name in ("templates", "contacts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEAR_MINISTER_VAR", "var")

    def program(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["dear-minister", *arguments])
        try:
            main.main()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return program


def test_address_prints_envelope_opening_and_close_of_every_row(run: Run) -> None:
    code, out, _ = run(
        "contacts", "address", "contacts/ministers.csv", "--as-of", "2013-09-04", "--json"
    )
    lines = {one["id"]: one for one in json.loads(out)}
    assert code == 0
    assert lines["hague-fco"] == {
        "id": "hague-fco",
        "envelope": "Rt Hon William Hague MP, "
        "Secretary of State for Foreign and Commonwealth Affairs",
        "salutation": "Dear Secretary of State",
        "close": "Yours sincerely",
    }


def test_address_says_why_a_row_cannot_be_addressed(run: Run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("id,name,house\na,Alex Smith,commons\nb,,commons\n")
    code, out, _ = run("contacts", "address", str(people), "--json")
    refused = {one["id"]: one["refused"] for one in json.loads(out)}
    assert code == 1
    assert set(refused) == {"a", "b"}
    assert refused["b"].startswith("name: ")


def test_check_hands_refused_rows_back_as_a_spreadsheet(run: Run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("id,name,email\na,Ann Lee,ann@example.org\nb,Bo Lee,bo@@example.org\n")
    code, out, _ = run("contacts", "check", str(people), "--json")
    report = json.loads(out)
    assert code == 1
    assert report["counts"]["refused"] == 1
    rows = python_calamine.load_workbook(report["refused_file"]).get_sheet_by_index(0).to_python()
    assert "bo@@example.org" in rows[1]


def test_who_names_the_rule_that_kept_somebody_out(run: Run, tmp_path: Path) -> None:
    campaign = tmp_path / "templates/r2p-dialogue-2013/campaign.toml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(
        text.replace("[audience]\n", '[audience]\nhouses = ["lords"]\n'), encoding="utf-8"
    )
    code, out, _ = run("contacts", "who", "r2p-dialogue-2013", "--json")
    who = json.loads(out)
    assert code == 0
    assert {one["role"] for one in who["in"]} <= {"minister", "peer"}
    assert all(one["rule"].startswith("not asked for: houses") for one in who["out"])


def test_suppressing_a_person_whom_no_list_has_is_kept_and_said_to_look_like_a_slip(
    run: Run,
) -> None:
    code, _, err = run("contacts", "suppress", "--person", "hauge", "--reason", "asked us not to")
    assert code == 0
    assert "no list in contacts/ has hauge; a slip?" in err
    _, _, err = run(
        "contacts", "suppress", "--person", "william-hague", "--reason", "asked us not to"
    )
    assert "slip" not in err


def test_a_suppressed_reader_gets_no_letter_and_one_suppressed_after_the_freeze_is_withdrawn(
    run: Run,
) -> None:
    _, out, _ = run("contacts", "who", "r2p-dialogue-2013", "--json")
    everyone = json.loads(out)["in"]
    first, second = everyone[0], everyone[1]
    run("contacts", "suppress", "--person", first["person"], "--reason", "asked us not to")
    _, out, _ = run("prepare", "r2p-dialogue-2013", "--json")
    prepared = json.loads(out)
    assert prepared["ready"] == len(everyone) - 1
    run("contacts", "suppress", "--person", second["person"], "--reason", "wrote to us today")
    run("send", prepared["mailing"])
    _, out, _ = run("status", prepared["mailing"], "--json")
    status = json.loads(out)
    withdrawn = [one["person"] for one in status["dispatches"] if one["state"] == "withdrawn"]
    assert withdrawn == [second["person"]]
    assert status["counts"]["sent"] == len(everyone) - 2


def test_an_import_brings_the_offices_for_the_reshuffle_check(
    run: Run, shared_data: Path, tmp_path: Path
) -> None:
    raw = str(shared_data / "ifg" / "raw")
    to = "contacts/imported.csv"
    code, out, err = run(
        "contacts", "import", "--from", "ifg", raw, "--as-of", "2013-09-04", "--to", to
    )
    assert (code, "137 contacts" in out) == (0, True), err
    _, out, _ = run("check", "r2p-dialogue-2013", "--as-of", "2014-09-04", "--json")
    told = [one for one in json.loads(out)["problems"] if "office: listed as" in one["what"]]
    assert any("Philip Hammond" in one["what"] for one in told)


def test_a_campaign_can_make_a_stale_office_fatal_to_its_row(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = "Secretary of State for Foreign and Commonwealth Affairs"
    held = reshuffle.Tenure(office, "", "p", "Someone Else", date(2012, 9, 4), None)
    reshuffle.save([held], tmp_path / "contacts/offices.csv")
    campaign = tmp_path / "templates/r2p-dialogue-2013/campaign.toml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(
        text.replace("[audience]\n", '[audience]\nstale_offices = "refuse"\n'), encoding="utf-8"
    )
    order = draft.draft("r2p-dialogue-2013")
    assert [(one.column, "Someone Else" in one.reason) for one in order.refused] == [
        ("office", True)
    ]
    assert "hague-fco" not in {one.contact.id for one in order.readers}


def test_two_rows_that_may_be_one_person_both_wait(run: Run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "id,name,title,house,email\n"
        "a,Ann Lee,Ms,commons,ann@example.org\n"
        "b,Ann LEE,Ms,commons,Ann@example.org\n"
    )
    found = draft.draft("r2p-dialogue-2013", [people])
    assert found.readers == ()
    assert [(row.row, row.column) for row in found.refused] == [(2, "person"), (3, "person")]
    assert "Write the same person in both rows" in found.refused[0].reason


OFFICE = (
    "Members of the group\n"
    "First name,Surname,Where,Chamber,E-mail address,Shoe size\n"
    "Ann,Lee,Otherton,Commons,ann@example.org,5\n"
    "Bo,Ek,Exampleton,Commons,bo@example.org,6\n"
)


def test_an_office_s_sheet_is_told_its_command_imported_corrected_and_imported_again(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "office.csv").write_text(OFFICE)
    code, _, err = run("contacts", "check", "office.csv")
    command = "dear-minister contacts import office.csv --to contacts/office.csv"
    assert (code, command in err.replace("\n", " ")) == (2, True), err
    code, out, err = run(*command.split()[1:], "--map", "Where=constituency")
    assert code == 0, err
    assert "used: First name, Surname, Where, Chamber, E-mail address\n" in out
    assert "not used: Shoe size\n" in out
    assert "1 row above the heading passed over: Members of the group" in err
    written = tmp_path / "contacts/office.csv"
    with written.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(one["id"], one["constituency"]) for one in rows] == [
        ("ann-lee", "Otherton"),
        ("bo-ek", "Exampleton"),
    ]
    written.write_text(written.read_text().replace("ann@example.org", "ann.lee@example.org"))
    sheet = OFFICE.replace("ann@", "anna@").replace("Exampleton", "Newton")
    (tmp_path / "office.csv").write_text(sheet)
    before = written.read_bytes()
    code, out, _ = run(*command.split()[1:], "--dry-run")
    assert "bo-ek: constituency: Exampleton -> Newton\n" in out
    assert "ann.lee@example.org stays as corrected by hand; the source says anna@" in out
    assert "nothing is written" in out
    assert written.read_bytes() == before
    code, out, _ = run(*command.split()[1:], "--json")
    changes = json.loads(out)["changes"]
    assert code == 0
    assert changes["changed"] == [
        {"id": "bo-ek", "column": "constituency", "before": "Exampleton", "after": "Newton"}
    ]
    assert "ann.lee@example.org" in written.read_text()
    assert "map Where = constituency" in (tmp_path / "contacts/office.csv.source").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--map", "Where=constituency", "--map", "Surname=constituency"], "twice, for"),
        (["--map", "Where=constituencie"], "did you mean 'constituency'?"),
        (["--from", "twfy", "--house", "lords"], "are for a sheet, not for --from twfy"),
        (["--to", "contacts/office.xlsx"], "the list is written as CSV"),
        (["--sheet", "x"], "a text has no sheets"),
        (["--house", "senate"], "'senate' is not known; use one of commons"),
    ],
)
def test_an_import_that_cannot_be_meant_is_one_line_and_writes_nothing(
    run: Run, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "office.csv").write_text(OFFICE.replace("Commons", ""))
    before = sorted((tmp_path / "contacts").iterdir())
    code, out, err = run("contacts", "import", "office.csv", *arguments)
    assert code == 2, err
    assert out == ""
    assert says in err
    assert sorted((tmp_path / "contacts").iterdir()) == before


def test_a_hundred_rows_of_one_cause_are_one_line(run: Run, tmp_path: Path) -> None:
    rows = "".join(f"p{number},Person Name{number},Ms\n" for number in range(116))
    (tmp_path / "people.csv").write_text(f"id,name,title\n{rows}")
    _, out, err = run("contacts", "check", "people.csv")
    assert len(out.splitlines()) < 6
    assert "people.csv: 116 rows (2, 3, 4, ...): house: no letter: " in out
    assert "import the list with --house commons" in err


def test_hidden_rows_are_said_by_every_command_that_reads_the_list(
    run: Run, tmp_path: Path
) -> None:
    with xlsxwriter.Workbook(tmp_path / "people.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["id", "name", "title", "house", "email"])
        page.write_row(1, 0, ["a", "Ann Lee", "Ms", "commons", "ann@example.org"])
        page.write_row(2, 0, ["b", "Bo Ek", "Mr", "commons", "bo@example.org"])
        page.set_row(2, None, None, {"hidden": True})
    said = "1 row is hidden in the sheet"
    campaign = ("r2p-dialogue-2013", "--contacts", "people.xlsx")
    for command in (
        ("contacts", "check", "people.xlsx"),
        ("contacts", "who", *campaign),
        ("check", *campaign),
        ("prepare", *campaign),
    ):
        _, out, err = run(*command)
        assert said in out + err, command


def test_members_of_a_list_from_before_the_last_poll_stop_with_the_reason(
    run: Run, tmp_path: Path
) -> None:
    people = tmp_path / "mps.csv"
    people.write_text("id,name,title,house\na,Ann Lee,Ms,commons\nb,Lord Ek,,lords\n")
    people.with_name("mps.csv.source").write_text("twfy x as-of 2023-08-15 imported 2023-08-16\n")
    who = ("contacts", "who", "r2p-dialogue-2013", "--contacts", str(people), "--json", "--as-of")
    code, out, _ = run(*who, "2024-10-29")
    found = json.loads(out)
    assert (code, len(found["in"]) + len(found["out"])) == (1, 1)
    assert "a general election on 2024-07-04 lies between" in found["refused"][0]["reason"]
    assert run(*who, "2023-09-01")[0] == 0


def test_dated_data_beside_any_list_is_found(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "offices.csv").write_text(
        "office,department,person,name,start,end\nMinister for Trade,X,parl-2,Bo Ek,2013-01-01,\n"
    )
    (folder / "people.csv").write_text(
        "id,name,gender,house,rank,office\na,Ann Lee,F,commons,mos,Minister for Trade\n"
    )
    _, out, _ = run(
        "prepare", "r2p-dialogue-2013", "--contacts", str(folder / "people.csv"), "--json"
    )
    assert "that office was held by Bo Ek" in json.loads(out)["stale"][0]


def test_two_holders_of_one_office_are_shown(run: Run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "id,name,gender,house,rank,office\n"
        "a,Ann Lee,F,commons,sos,Secretary of State for Defence\n"
        "b,Bo Ek,M,commons,sos,Secretary of State for Defence\n"
    )
    _, out, _ = run("prepare", "r2p-dialogue-2013", "--contacts", str(people), "--json")
    (line,) = json.loads(out)["stale"]
    assert "two persons are listed as Secretary of State for Defence: Ann Lee" in line


def test_who_says_how_many_go_by_mail_and_how_many_by_post(run: Run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "id,name,title,house,email,address\n"
        "a,Ann Lee,Ms,commons,ann@example.org,\n"
        "b,Bo Ek,Mr,commons,,1 Low Street|London\n"
    )
    campaign = ("r2p-dialogue-2013", "--contacts", "people.csv")
    _, out, _ = run("contacts", "who", *campaign)
    assert "2 in (1 by mail, 1 by post), 0 out, 0 refused, 0 merged" in out
    _, out, _ = run("contacts", "who", *campaign, "--json")
    found = json.loads(out)
    assert (found["by_mail"], found["by_post"]) == (1, 1)


@pytest.fixture
def members(shared_data: Path) -> Iterator[MembersServer]:
    few = recorded(shared_data / "members-api")
    few.members = [*few.members[:3], *few.members[-2:]]
    with serving(few) as server:
        yield server


def test_refresh_writes_the_lists_and_says_where(
    run: Run, members: MembersServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MEMBERS_API_URL", members.url)
    code, out, err = run("contacts", "refresh", "--from", "members-api")
    assert code == 0, err
    used, unused = (line.partition(": ")[2].split(", ") for line in out.splitlines()[:2])
    assert {"nameDisplayAs", "gender", "postHolders"} <= set(used)
    assert "nameAddressAs" in unused
    for name in ("members-mps.csv", "members-peers.csv", "members-ministers.csv"):
        assert name in out
        with (tmp_path / "contacts" / name).open(newline="", encoding="utf-8") as file:
            assert list(csv.DictReader(file))


def test_a_heading_spelled_almost_like_ours_is_asked_about(run: Run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("id,name,house,emial,portfolio\na,Ann Lee,commons,ann@example.org,Post\n")
    _, _, err = run("contacts", "check", "people.csv")
    assert "the column 'emial' is kept as one of your own: was 'email' meant?" in err
    assert "portfolio" not in err


def test_who_names_every_row_that_is_the_same_person_as_another(run: Run, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "id,person,name,title,house,email\n"
        "a,,Ann Lee,Ms,commons,ann@example.org\n"
        "b,a,Ann Lee,Ms,commons,ann@example.org\n"
    )
    _, out, _ = run("contacts", "who", "r2p-dialogue-2013", "--contacts", "people.csv")
    assert "merged people.csv:3 into people.csv:2: the same person by id" in out
    assert "1 in (1 by mail, 0 by post), 0 out, 0 refused, 1 merged" in out


def test_a_list_that_is_new_says_how_a_campaign_names_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ours.csv").write_text("Name,E-mail\nAnn Lee,ann@example.org\n", encoding="utf-8")
    line = 'campaign.toml:  contacts = ["contacts/ours.csv"]'
    assert line in run("contacts", "import", "ours.csv", "--to", "contacts/ours.csv")[2]
    assert line not in run("contacts", "import", "ours.csv", "--to", "contacts/ours.csv")[2]
