"""The doctor looks at everything and names, for each fault, the line that mends it."""

import socket
import sqlite3
from typing import Any

import pytest

from tests.integration.commands.office import Office

CLOSED = "127.0.0.1"


def findings(office: Office) -> dict[str, dict[str, Any]]:
    found = office.json("doctor")["findings"]
    return {finding["what"]: finding for finding in found}


@pytest.fixture
def closed_port() -> int:
    """A port at which nobody answers."""
    with socket.socket() as free:
        free.bind((CLOSED, 0))
        return int(free.getsockname()[1])


def test_a_machine_in_order_is_exit_0_and_says_what_it_has(office: Office) -> None:
    done = office.run("doctor")
    assert done.code == 0, done.out
    found = findings(office)
    assert {"program", "office folder", "settings", "ledger", "disk", "time zone"} <= {
        what for what, finding in found.items() if finding["state"] == "ok"
    }
    assert found["office folder"]["found"].startswith(str(office.folder))
    assert "Prefect 3.8" in found["Prefect"]["found"]


def test_each_fault_has_a_line_that_mends_it(office: Office, closed_port: int) -> None:
    office.set(
        SMTP_HOST=CLOSED,
        SMTP_PORT=closed_port,
        SMTP_SECURITY="none",
        IMAP_HOST=CLOSED,
        IMAP_PORT=closed_port,
        IMAP_SECURITY="none",
    )
    office.patch.setenv("PREFECT_API_URL", f"http://{CLOSED}:{closed_port}/api")
    (office.folder / "ledger.db").write_bytes(b"not a database, but quite long enough to be one")
    office.set(LEDGER_URL="sqlite:///ledger.db")
    done = office.run("doctor")
    assert done.code == 1
    found = findings(office)
    for what, mend in {
        "mail server": "SMTP_HOST",
        "IMAP, answers": "IMAP_HOST",
        "IMAP, sent mails": "IMAP_HOST",
        "Prefect": "PREFECT_API_URL",
        "ledger": "LEDGER_URL",
    }.items():
        assert found[what]["state"] in ("warning", "error"), found[what]
        assert mend in found[what]["mend"]
        assert f"{what}: " in done.out


def test_a_line_of_env_at_fault_is_found_and_the_rest_is_looked_at_all_the_same(
    office: Office,
) -> None:
    (office.folder / ".env").write_text("SMTP_HSOT=mail\n", encoding="utf-8")
    found = findings(office)
    assert found["settings"]["found"].startswith(".env:1: SMTP_HSOT is not a setting")
    assert "LibreOffice" in found


def test_a_ledger_that_somebody_changed_is_found(prepared: tuple[Office, Any]) -> None:
    office, _ = prepared
    with sqlite3.connect(office.folder / "var/ledger.db") as database:
        database.execute("update event set what = 'other' where seq = 2")
    assert "dear-minister verify" in findings(office)["ledger"]["mend"]


def test_a_folder_without_campaigns_is_told_how_to_get_some(
    office: Office, tmp_path_factory: pytest.TempPathFactory
) -> None:
    office.patch.chdir(tmp_path_factory.mktemp("empty"))
    assert "dear-minister init" in findings(office)["office folder"]["mend"]
