import datetime
from pathlib import Path

import pytest

from flows.errors import ConfigurationError
from flows.letters import campaign
from tests.unit.letters.small_campaign import TOML, folder


def test_a_campaign_is_read_with_its_defaults(tmp_path: Path) -> None:
    found = campaign.load(folder(tmp_path))
    assert (found.key, found.title, found.edition) == ("clean-rivers", "Clean rivers", 1)
    assert (found.country, found.language, found.date) == ("uk", "en_GB", None)
    assert found.sender.address == ("1 Mill Lane", "Exampleton")
    assert found.facts == {"region": "Exampleshire"}
    assert [ask.key for ask in found.asks] == ["test", "press"]
    assert found.asks[0].roles == ("minister",)


def test_a_date_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    made = folder(tmp_path, toml="\ufeffdate = 2013-09-04\n" + TOML)
    assert campaign.load(made).date == datetime.date(2013, 9, 4)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("date = 25/11/2026\n" + TOML, r"TOML in line 1: write a date as 2013-09-04"),
        ("date = 25-11-2026\n" + TOML, r"TOML in line 1: write a date as 2013-09-04"),
        ("title =\n" + TOML, r"campaign\.toml: cannot be read as TOML in line 1: put straight"),
        (TOML.replace('title = "Clean rivers"', ""), r"campaign\.toml: title is missing"),
        ("titel = 'x'\n" + TOML, r"campaign\.toml: titel: there is no such key; was title meant\?"),
        ("edition = '2'\n" + TOML, r"edition: '2' will not do; it should be a whole number"),
        ("edition = 0\n" + TOML, r"edition: 0 will not do"),
        ("date = '4 September'\n" + TOML, r"date: '4 September' is not a date; write 2013-09-04"),
        ("letter = 'odt'\n" + TOML, r"letter: 'odt' is not one of 'docx', 'pdf' or 'both'"),
        ("language = 'english!'\n" + TOML, r"language: 'english!' is not a language"),
        ("contacts = 'a.csv'\n" + TOML, r"contacts: 'a\.csv' will not do; it should be a list"),
        (TOML.replace('key = "press"', 'key = "test"'), r"asks: two have the key 'test'"),
        (TOML.replace('["mp"]', '["lord"]'), r"asks\[2\]\.roles\[1\]: 'lord' is not one of"),
        (TOML.replace('name = "Ada Example"', ""), r"sender\.name is missing"),
        (
            TOML.replace('name = "Ada', 'nmae = "Ada'),
            r"sender\.nmae: there is no such key; was name meant",
        ),
        (TOML + "[forms]\nlordships = 'x'\n", r"campaign\.toml: \[forms\]"),
        (TOML.replace("region", "items"), r"facts\.items: templates need this word"),
        (f"x = {'[' * 20_000}\n{TOML}", r"campaign\.toml: has tables in tables .* without end"),
        (f"facts.{'a.' * 5_000}b = 1\n", r"campaign\.toml: has tables in tables"),
        (f"edition = {'9' * 5_000}\n{TOML}", r"campaign\.toml: cannot be read as TOML"),
        ("#" * 1_000_001 + TOML, r"campaign\.toml: is larger than 1 MB"),
        (TOML.replace("Exampleshire", "a\\u0000b"), r"facts\.region: holds a control character"),
        (TOML.replace("Clean rivers", "a\\u202eb"), r"title: holds a control character"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_key(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        campaign.load(folder(tmp_path, toml=toml))


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)edition: .*\n.*colour: "):
        campaign.load(folder(tmp_path, toml="edition = 'x'\ncolour = 1\n" + TOML))


@pytest.mark.parametrize("name", ["campaign.toml", "letter.docx", "email.html", "email.txt"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    made = folder(tmp_path)
    (made / name).unlink()
    with pytest.raises(ConfigurationError, match=rf"{name}: this file is missing"):
        campaign.load(made)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere: there is no such campaign folder"):
        campaign.load(tmp_path / "nowhere")


def test_a_folder_whose_name_cannot_be_part_of_a_reference_is_refused(tmp_path: Path) -> None:
    made = folder(tmp_path).rename(tmp_path / "my letter")
    with pytest.raises(ConfigurationError, match="rename the folder"):
        campaign.load(made)


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "campaign.toml").write_bytes(b'title = "Si\xe2n"')
    with pytest.raises(ConfigurationError, match="save it as UTF-8"):
        campaign.load(made)


def test_the_fingerprint_changes_with_every_file_and_name_but_not_with_office_locks(
    tmp_path: Path,
) -> None:
    made = folder(tmp_path)
    seen = {campaign.fingerprint(made)}
    for change in (
        lambda: (made / "~$letter.docx").write_bytes(b"lock"),
        lambda: (made / ".~lock.letter.docx#").write_bytes(b"lock"),
    ):
        change()
        assert campaign.fingerprint(made) in seen
    for change in (
        lambda: (made / "email.txt").write_text("other"),
        lambda: (made / "annex").mkdir() or (made / "annex" / "briefing.pdf").write_bytes(b"%PDF"),
        lambda: (made / "annex" / "briefing.pdf").rename(made / "annex" / "paper.pdf"),
    ):
        change()
        assert campaign.fingerprint(made) not in seen
        seen.add(campaign.fingerprint(made))
