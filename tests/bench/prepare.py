"""How fast a mailing is prepared: contacts read, letters and mails filled, read back and frozen."""

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from docxtpl import DocxTemplate as Docxtpl

from flows.letters import attachment
from flows.letters.filler import Filler
from flows.letters.letter import Letter
from flows.operations import draft
from tests.bench.measured import Measured, faster, pairwise
from tests.bench.people import contact_list
from tests.bench.preparing import CAMPAIGN, Memory, prepared
from tests.conftest import ROOT

PARLIAMENT, FEW, EVERYONE = 650, 1_000, 46_000
_KIND, _, _SUBTYPE = attachment.DOCX_TYPE.partition("/")


def rows(quick: bool) -> Iterator[Measured]:
    yield parliament(quick)
    yield from everyone(4_000 if quick else EVERYONE, rounds=1 if quick else 3)


def parliament(quick: bool) -> Measured:
    """650 readers, all that ``prepare`` does, against the loop with documented calls."""
    with tempfile.TemporaryDirectory(prefix="dm-bench-") as name:
        folder = Path(name)
        people = contact_list(folder / "people.csv", PARLIAMENT)
        brief = draft.draft(str(CAMPAIGN), [people])
        filler = Filler(brief.campaign, brief.on)
        some = brief.readers[: 40 if quick else 200]
        # The loop is given for nothing what our forms of address and mail templates work out.
        given = [(filler.context(one), filler.fill(one)) for one in some]
        runs = iter(range(99))

        def ours() -> None:
            assert prepared(folder / str(next(runs)), people, Memory()) == PARLIAMENT

        def theirs() -> None:
            with people.open(newline="", encoding="utf-8") as file:
                list(csv.DictReader(file))
            for context, letter in given:
                by_hand(context, letter)

        measured = pairwise(ours, theirs, pairs=3 if quick else 7, units=(PARLIAMENT, len(given)))
    work = f"prepare, {PARLIAMENT} readers, DOCX only"
    return faster(work, "a loop: docxtpl, EmailMessage", 22, measured)


def by_hand(context: dict[str, Any], letter: Letter) -> bytes:
    """One turn of the loop that a user would write."""
    template = Docxtpl(CAMPAIGN / "letter.docx")
    template.render(dict(context), autoescape=True)
    filled = BytesIO()
    template.save(filled)
    contact = letter.reader.contact
    made = EmailMessage(policy=SMTP)
    made["From"] = "UNA Exampleshire <chair@example.org>"
    made["To"] = f"{contact.name} <{contact.email}>"
    made["Subject"] = letter.subject
    made.set_content(letter.text)
    made.add_alternative(letter.html, subtype="html")
    name = f"letter-{contact.id}.docx"
    made.add_attachment(filled.getvalue(), maintype=_KIND, subtype=_SUBTYPE, filename=name)
    return made.as_bytes()


def everyone(count: int, rounds: int) -> Iterator[Measured]:
    """Many readers against few, each in a process of its own."""
    ratios, times, peak = [], [], 0.0
    with tempfile.TemporaryDirectory(prefix="dm-bench-") as name:
        lists = [contact_list(Path(name) / f"{n}.csv", n) for n in (FEW, count)]
        for _ in range(rounds):
            few, many = _apart(lists[0], FEW), _apart(lists[1], count)
            times.append(seconds := many["seconds"])
            ratios.append(seconds / count / (few["seconds"] / FEW))
            peak = max(peak, many["megabytes"])
    work = f"prepare, {count:,} readers, DOCX only"
    detail = f"{seconds:.1f} s, {seconds / count * 1000:.2f} ms a reader"
    yield Measured(work, f"{FEW:,} readers, time a reader", median(ratios), "x", 1.1, True, detail)
    goal = 1 + 34 * count / EVERYONE  # a second to begin, whatever the length of the list
    yield Measured(work, "all of them", median(times), "s", goal, True, alone=True)
    detail = "all processes together, shared pages counted once (PSS)"
    yield Measured(work, "memory at its peak", peak, "MB", 300, True, detail)


def _apart(people: Path, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.preparing", str(people), str(count)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
