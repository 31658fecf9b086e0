"""``dear-minister demo`` in a folder of its own: what a newcomer sees."""

import json
import subprocess
from pathlib import Path

from flows.post.ledger import events
from flows.post.ledger.opening import open_ledger
from tests.integration.served.served_project import ServedProject

LETTERS = 64


def demo(served: ServedProject, *options: str) -> "subprocess.CompletedProcess[str]":
    done = served.command("demo", *options)
    assert done.returncode == 0, done.stderr
    return done


def mails(served: ServedProject) -> list[Path]:
    return sorted((served.folder / "var/demo/mailbox").glob("*.eml"))


def test_the_demo_sends_each_letter_once_in_a_world_of_its_own(tmp_path: Path) -> None:
    # Whatever the user's own settings are, the demo has others.
    served = ServedProject(
        tmp_path,
        OFFICE_HOURS="nonsense",
        SMTP_HOST="mail.example.org",
        MAIL_REDIRECT_TO="me@example.org",
        PREFECT_API_URL="http://127.0.0.1:9/api",
    )
    (tmp_path / ".env").write_text("PREFECT_API_URL=http://127.0.0.1:9/api\n", encoding="utf-8")
    home = Path(served.environment["HOME"])
    home.mkdir()
    var = tmp_path / "var"
    (var / "demo").mkdir(parents=True)
    for stray in (var / "demo" / "old", var / "kept"):
        stray.write_text("x", encoding="utf-8")

    first = demo(served, "--fresh")

    assert len(mails(served)) == LETTERS
    assert len(list((var / "demo/letters").glob("letter-*.docx"))) == LETTERS
    for remark in ("Sign-off", "Prefect"):
        assert remark in first.stderr
    for result in (f"{LETTERS} of {LETTERS} letters sent", "letters (.docx)"):
        assert result in first.stdout
    for kind in ("reply", "acknowledgement", "automatic", "bounce"):
        assert f"   {kind} " in first.stdout
    assert f"1 of {LETTERS - 1} answered so far, 1 returned undelivered." in first.stdout
    assert "Traceback" not in first.stderr
    assert not (var / "demo" / "old").exists()
    assert (var / "kept").exists()
    assert list(home.iterdir()) == []

    assert "from an earlier run" not in first.stderr
    second = demo(served)
    assert "It is there from an earlier run and goes on from where that ended" in second.stderr
    assert "0 letters to send" in second.stderr
    document = json.loads(demo(served, "--json").stdout)
    assert document["counts"] == {"sent": LETTERS}
    assert {answer["kind"] for answer in document["answers"]} >= {"reply", "bounce"}
    assert f"1 of {LETTERS - 1} answered so far" in second.stdout
    assert len(mails(served)) == LETTERS

    ledger = open_ledger(f"sqlite:///{var / 'demo' / 'ledger.db'}")
    with ledger.read() as connection:
        assert events.verify(connection).ok
    ledger.close()
