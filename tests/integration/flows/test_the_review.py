"""What the chair is shown before signing: true to what was frozen, and as typed."""

import pytest

from flows.campaign import campaign
from flows.orchestration.artifacts import plain
from tests.integration.flows.flow_project import CAMPAIGN, READERS, FlowProject


def shown(project: FlowProject, page: str) -> str:
    return str(project.artifacts()[f"{CAMPAIGN}-{page}"])


def test_it_counts_readers_and_names_the_rows_handed_back_and_why(project: FlowProject) -> None:
    project.write(*READERS, "nobody,Alex Nobody,,,emperor,")
    campaign(CAMPAIGN, return_state=True)

    review = shown(project, "review")
    assert f"**{len(READERS)} letters**, frozen as mailing `{project.mailings[0].id}`" in review
    assert "| ministers | 1 |" in review
    assert f"| MPs | {len(READERS) - 1} |" in review
    assert "1 row handed back" in review
    assert plain("readers.csv:8: rank") in review
    (refused,) = project.artifacts()[f"{CAMPAIGN}-refused-rows"]
    assert (refused["column"], "emperor" in refused["reason"]) == ("rank", True)


def test_it_shows_a_letter_for_each_kind_of_reader_with_its_files(project: FlowProject) -> None:
    campaign(CAMPAIGN, return_state=True)

    specimens = shown(project, "specimens")
    for kind, opening in (
        ("minister", "Dear Secretary of State,"),
        ("knight or dame", "Dear Sir Edward,"),
        ("Privy Counsellor", "Dear Ms Clwyd,"),
    ):
        letter = next(one for one in specimens.split("\n## ") if kind in one.split("*")[1])
        assert plain(opening) in letter
    assert (
        f"\n- {plain('Reaffirm the United')}" in specimens
    )  # what is asked is a list, as in print
    folder = project.folder / "var" / "mailings" / project.mailings[0].id / "specimens"
    assert {"letter-hague.docx", "mail-hague.eml"} <= {one.name for one in folder.iterdir()}
    assert f"`{folder / 'letter-hague.docx'}`" in specimens


def test_it_tells_what_has_changed_since_the_last_mailing(project: FlowProject) -> None:
    campaign(CAMPAIGN, return_state=True)
    assert "This is the first mailing of this campaign" in shown(project, "review")

    begg = "begg,Anne Begg,Dame,,,"
    project.write(*(one for one in READERS if one != begg), "field,Frank Field,Mr,yes,,")
    text = project.templates / "email.txt"
    text.write_text(text.read_text(encoding="utf-8") + "\nP.S.\n", encoding="utf-8")
    first = project.mailings[0].id
    campaign(CAMPAIGN, return_state=True)

    review = shown(project, "review")
    assert f"Changed since mailing `{first}`" in review
    for line in (
        "contacts/readers.csv was edited",
        "email.txt was edited",
        "new reader: Rt Hon Frank Field MP",
        "no longer a reader: Dame Anne Begg MP",
        f"{len(READERS) - 1} letters to the same readers differ, 0 do not",
    ):
        assert plain(line) in review


@pytest.mark.parametrize("name", ["A*B* _C_ [d](http://e)", "<b>R&D</b> `x`", "| a | # b ~~c~~"])
def test_what_was_typed_is_text_on_the_page_and_never_markup(name: str) -> None:
    escaped = plain(name)
    for mark in "*_[]()<>&`|#~":
        assert escaped.count(mark) == escaped.count(f"\\{mark}") == name.count(mark)
    assert escaped.replace("\\", "") == name
