"""One mailing prepared in a process of its own, so that its time and memory are nobody else's.

``python -m tests.bench.preparing LIST READERS`` prints seconds and megabytes as JSON.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from flows.operations import draft, prepare
from flows.post.ledger.opening import open_ledger
from flows.settings import Settings

CAMPAIGN = Path(__file__).resolve().parents[2] / "templates" / "r2p-dialogue-2013"
EVERY = 1_000
"""Letters between two looks at the memory."""


class Memory:
    """The memory of this process and all below it, at its largest, in kB."""

    def __init__(self) -> None:
        self.most = 0

    def note(self, done: int = 0, total: int = 0) -> None:
        """Look, now and then: a page that several processes share counts once (proc(5), Pss)."""
        if done % EVERY and done != total:
            return
        processes = ["self", *_children()]
        self.most = max(self.most, sum(_field(one, "smaps_rollup", "Pss:") for one in processes))

    @property
    def megabytes(self) -> float:
        """At least what this process alone held at once, between two looks too."""
        return max(self.most, _field("self", "status", "VmHWM:")) / 1000


def _children() -> list[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [child for one in tasks for child in one.read_text().split()]


def _field(process: str, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
    except OSError:  # not Linux, or just ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def prepared(folder: Path, people: Path, memory: Memory) -> int:
    """Prepare a mailing for this list in a ledger of its own; gives the number of letters."""
    folder.mkdir()
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
    try:
        chosen = Settings(dear_minister_var=folder, mail_from="chair@example.org")
        brief = draft.draft(str(CAMPAIGN), [people])
        assert brief.campaign.letter == "docx"
        made = prepare.prepare(chosen, ledger, brief, memory.note)
        assert made.mailing is not None
        assert not made.refused
        return made.mailing.letters
    finally:
        ledger.close()


def main(people: Path, count: int) -> None:
    memory = Memory()
    with tempfile.TemporaryDirectory(prefix="dm-bench-") as name:
        began = time.perf_counter()
        assert prepared(Path(name) / "var", people, memory) == count
        seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "megabytes": memory.megabytes}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
