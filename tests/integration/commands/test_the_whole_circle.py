"""The whole circle with real servers: campaign, Postfix, mailboxes, what comes back, the chaser.

Postfix makes the bounce, Pigeonhole the answer of somebody who is away, a script the reply.
"""

import smtplib
import time
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from imap_tools import MailBoxUnencrypted, MailMessage

from tests.conftest import need
from tests.integration.commands.office import CAMPAIGN, Office
from tests.integration.commands.test_chase import later
from tests.servers.certificates import Certificates
from tests.servers.imap import Dovecot, dovecot
from tests.servers.postfix import Postfix, postfix
from tests.servers.programs import free_port

CHAIR = "chair@example.org"


class Post:
    """A mail server, and a mailbox for everyone at example.org."""

    def __init__(self, server: Postfix, boxes: Dovecot) -> None:
        self.server, self.boxes = server, boxes

    def wait(self, user: str, count: int, seconds: float = 30) -> list[MailMessage]:
        """The user's mails, as soon as there are so many."""
        deadline = time.monotonic() + seconds
        while True:
            with MailBoxUnencrypted("127.0.0.1", self.boxes.imap).login(
                user, self.boxes.password
            ) as box:
                found = list(box.fetch(mark_seen=False))
            if len(found) >= count:
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{user} has {len(found)} of {count} mails\n{self.server.log[-3000:]}"
                    f"\n{(self.boxes.folder / 'dovecot.log').read_text()[-3000:]}"
                )
            time.sleep(0.1)  # another process delivers; there is no event to wait for

    def send(self, mail: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.server.port) as connection:
            connection.send_message(mail)


@pytest.fixture
def post(certificates: Certificates) -> Iterator[Post]:
    need("postfix", "postfix")
    need("dovecot", "dovecot-imapd dovecot-lmtpd")
    need("sievec", "dovecot-sieve")
    port = free_port()
    with (
        dovecot(certificates, submission=port) as boxes,
        postfix(certificates, lmtp=boxes.lmtp, port=port) as server,
    ):
        yield Post(server, boxes)


def reply(to: MailMessage, text: str) -> EmailMessage:
    """What somebody types below the letter."""
    mail = EmailMessage()
    mail["From"] = "William Hague <hague@example.org>"
    mail["To"] = CHAIR
    mail["Subject"] = f"Re: {' '.join(to.subject.split())}"
    mail["In-Reply-To"] = to.headers["message-id"][0].strip()
    quoted = "\n".join(f"> {line}" for line in to.text.splitlines())
    mail.set_content(f"{text}\n\nOn Wednesday Eleanor Marchbank wrote:\n{quoted}\n")
    return mail


def test_a_campaign_goes_out_comes_back_and_is_followed_up(office: Office, post: Post) -> None:
    text = office.contacts.read_text(encoding="utf-8")
    office.contacts.write_text(text.replace("glyndwr@example.org", post.server.gone), "utf-8")
    post.boxes.away("lucas@example.org", "I am out of the office until Monday.")
    office.set(
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=post.server.port,
        SMTP_SECURITY="none",
        MAIL_FROM=CHAIR,
        MAIL_BOUNCES_TO=CHAIR,
        IMAP_HOST="127.0.0.1",
        IMAP_PORT=post.boxes.imap,
        IMAP_SECURITY="none",
        IMAP_USER=CHAIR,
        IMAP_PASSWORD=post.boxes.password,
    )
    made = office.prepare()
    office.approve(made)
    assert office.run("send", made["mailing"], "--live").code == 0

    (letter,) = post.wait("hague@example.org", 1)
    post.send(reply(letter, "Thank you. I agree with you and have asked officials to act on it."))
    post.wait(CHAIR, 3)  # Postfix's bounce, Pigeonhole's notice, the reply

    swept = office.json("inbox")
    assert swept["kinds"] == {"bounce": 1, "automatic": 1, "reply": 1}
    items = {item["kind"]: item for item in swept["items"]}
    assert (items["bounce"]["how"], items["bounce"]["status"]) == ("token", "5.1.1")
    assert items["automatic"]["how"] in ("message-id", "token")
    assert not any(item["doubt"] for item in swept["items"])
    document = office.json("replies", CAMPAIGN)
    assert document["numbers"]["everybody"]["answered"] == 1
    assert document["waiting"] == []
    sheet = office.json("replies", "corrections")["corrections"]
    assert [one["email"] for one in sheet] == [post.server.gone]

    later(office)
    chasers = office.json("chase", CAMPAIGN)
    assert chasers["due"] == ["lucas"]  # an answer that nobody wrote is no answer
    office.approve(chasers)
    assert office.run("send", chasers["mailing"], "--live").code == 0
    first, second = sorted(post.wait("lucas@example.org", 2), key=lambda mail: mail.subject)
    first, second = (first, second) if not first.headers.get("in-reply-to") else (second, first)
    assert second.headers["in-reply-to"] == first.headers["message-id"]
    assert [part.filename for part in second.attachments] == [
        "letter-lucas.docx",
        "first-letter-lucas.docx",
    ]
    assert office.run("inbox").code == 0
    assert office.run("verify").code == 0
