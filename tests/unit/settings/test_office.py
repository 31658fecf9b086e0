"""Which folder a command works in, and that all its paths begin there."""

from pathlib import Path

import pytest

from flows import settings
from flows.errors import ConfigurationError
from flows.office import VARIABLE
from flows.settings import load

Patch = pytest.MonkeyPatch


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A folder with a campaign."""
    folder = tmp_path / "office"
    (folder / "templates" / "letter").mkdir(parents=True)
    (folder / "templates" / "letter" / "campaign.toml").touch()
    (folder / ".env").write_text("SMTP_HOST=mail.example.org\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("below", [".", "templates", "templates/letter", "some/where/else"])
def test_it_is_the_nearest_folder_above_that_has_campaigns(
    office: Path, monkeypatch: Patch, below: str
) -> None:
    here = office / below
    here.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(here)
    found = load()
    assert found.smtp_host == "mail.example.org"
    assert found.office.templates.resolve() == office / "templates"
    assert found.var.resolve() == office / "var"
    assert found.ledger.startswith("sqlite:///")
    assert Path(found.ledger[10:]).resolve() == office / "var" / "ledger.db"


def test_where_nothing_above_has_campaigns_it_is_this_folder() -> None:
    assert load().office.folder == Path()
    assert load().var == Path("var")


def test_paths_of_the_office_one_stands_in_are_short(office: Path, monkeypatch: Patch) -> None:
    monkeypatch.chdir(office)
    assert str(load().var) == "var"
    assert str(load().office.suppression) == "contacts/suppression.csv"


def test_the_environment_names_another(office: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv(VARIABLE, str(office))
    monkeypatch.setenv("DEAR_MINISTER_VAR", "/elsewhere/var")
    monkeypatch.setenv("LEDGER_URL", "sqlite:///ledgers/one.db")
    assert load().smtp_host == "mail.example.org"
    assert load().var == Path("/elsewhere/var")
    assert load().ledger == f"sqlite:///{office}/ledgers/one.db"


def test_a_whole_path_to_the_ledger_is_kept(office: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv(VARIABLE, str(office))
    monkeypatch.setenv("LEDGER_URL", "sqlite:////srv/one.db")
    assert load().ledger == "sqlite:////srv/one.db"


def test_a_folder_that_is_not_there_is_named(monkeypatch: Patch) -> None:
    monkeypatch.setenv(VARIABLE, "/nowhere/at/all")
    with pytest.raises(ConfigurationError, match=r"/nowhere/at/all: .* dear-minister init"):
        load()


def test_a_folder_that_is_somebody_elses_is_passed_over(office: Path, monkeypatch: Patch) -> None:
    inside = office / "mine"
    inside.mkdir()
    monkeypatch.chdir(inside)
    monkeypatch.setattr("os.getuid", lambda: office.stat().st_uid + 1)
    assert load().smtp_host == ""


def test_the_records_name_files_from_the_office_folder(office: Path, monkeypatch: Patch) -> None:
    monkeypatch.chdir(office / "templates")
    found = settings.office()
    assert found.name(Path("letter/campaign.toml")) == "templates/letter/campaign.toml"
    assert found.name(found.contacts / "mps.csv") == "contacts/mps.csv"
    assert found.name(Path("/srv/lists/mps.csv")) == "/srv/lists/mps.csv"
