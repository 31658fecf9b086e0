"""The corpus of mails that come back, with what each is and the letters that they are about.

``known`` was looked at while the rules were written. ``set_aside`` was written before there were
rules; it is for the figures, not to be tuned to.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from flows.post.inbox import reports, rules
from flows.post.inbox.matching import Index, Letter, Match
from flows.post.inbox.message import Mail, parse
from flows.post.inbox.rules import Verdict
from flows.post.mailing import return_path
from flows.post.states import State

FOLDER = Path(__file__).parent / "corpus"
MAILING, HASH = "dialogue-1-abcd1234", "b" * 64
BOUNCES = "bounce@campaign.example.org"
SENT_AT = "2013-09-04T09:00:00.000000Z"
RECEIVED_AT = "2013-09-05T12:00:00.000000Z"
READERS = {
    "hague": ("Rt Hon William Hague MP", "hague@fco.example.org"),
    "lucas": ("Caroline Lucas MP", "caroline.lucas.mp@parliament.example.org"),
    "begg": ("Dame Anne Begg MP", "begga@parliament.example.org"),
    "glyndwr": ("Siân Glyndŵr-O'Brien MS", "glyndwr@senedd.example.org"),
    "oneill": ("Éamon Ó Néill TD", "eamon.oneill@oireachtas.example.org"),
    "warsi": ("The Baroness Warsi", "warsi@fco.example.org"),
    "greening": ("Rt Hon Justine Greening MP", "justine.greening@dfid.example.org"),
    "bradshaw": ("Ben Bradshaw MP", "bradshawb@parliament.example.org"),
    "nuttall": ("Peter Nuttall MP", "peter.nuttall.mp@parliament.example.org"),
    "leigh": ("Sir Edward Leigh MP", "edward.leigh.mp@parliament.example.org"),
    "hammond": ("Rt Hon Philip Hammond MP", "correspondence@mod.example.org"),
    "francois": ("Mark Francois MP", "correspondence@mod.example.org"),
    "wallace": ("The Lord Wallace of Saltaire", "wallace@fco.example.org"),
}
"""By person: as on the envelope, and the address. Nothing was ever sent to ``wallace``."""


@dataclass(frozen=True)
class Expected:
    """What one mail of the corpus is."""

    file: str
    kind: str
    person: str
    how: str
    doubtful: bool
    raw: bytes


@dataclass(frozen=True)
class Found:
    """What the program makes of it."""

    mail: Mail
    match: Match
    verdict: Verdict

    @property
    def person(self) -> str:
        return self.match.letter.person if self.match.letter else ""


def expected(part: str) -> list[Expected]:
    """The mails of ``known`` or ``set_aside``."""
    with (FOLDER / "expected.csv").open(encoding="utf-8", newline="") as file:
        return [
            Expected(
                row["file"],
                row["kind"],
                row["dispatch"],
                row["how"],
                row["doubtful"] == "yes",
                (FOLDER / row["file"]).read_bytes(),
            )
            for row in csv.DictReader(file)
            if row["file"].startswith(part)
        ]


def letter(person: str, **fields: object) -> Letter:
    """The letter to one of the readers."""
    name, email = READERS[person]
    number = list(READERS).index(person) + 1
    given = {
        "dispatch": f"{MAILING}:{number}",
        "mailing": MAILING,
        "campaign": "dialogue",
        "edition": 1,
        "person": person,
        "contact": person,
        "name": name,
        "email": email,
        "copies": (),
        "message_id": f"<{person}.dialogue@campaign.example.org>",
        "reference": f"dialogue/1/{person}",
        "token": return_path.token(HASH, f"{MAILING}:{number}"),
        "state": State.READY if person == "wallace" else State.SENT,
        "sent_at": "" if person == "wallace" else SENT_AT,
    }
    return Letter(**{**given, **fields})  # type: ignore[arg-type]


def index() -> Index:
    """The index of all letters of the corpus."""
    return Index(map(letter, READERS), BOUNCES)


def judged(raw: bytes, among: Index | None = None) -> Found:
    """What the program makes of this mail."""
    mail = parse(raw)
    report = reports.report(mail)
    match = (among or index()).match(mail, report, RECEIVED_AT)
    known = bool(match.letter or match.candidates)
    return Found(mail, match, rules.judge(mail, report, known=known))
