"""``python -m tests.bench [--quick] [--only NAME]``: every measurement in one table.

Ratios are medians over pairs measured back to back. A goal is missed where a second try misses it
too. Of a machine that has other things to do, times taken alone are shown and not judged. Writes
bench.json, bench.svg and bench.png to var/bench/ (``--out``). Exit code 1 where a goal is missed.
"""

import argparse
import importlib
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import plot
from tests.bench.measured import Measured

MODULES = ("lists", "letters", "pdf", "prepare", "commands", "post", "workers", "flow", "inbox")
"""Modules beside this one; each that is there offers ``rows(quick) -> Iterator[Measured]``."""
LONG = ("pdf", "workers", "flow")
"""Modules too long for ``--quick``: LibreOffice, PostgreSQL and Prefect have to start."""


def measured(
    quick: bool, only: str, in_turmoil: bool, say: Callable[[str], object]
) -> Iterator[Measured]:
    """The lines of every module, measured once more where one of them misses its goal."""
    for name in MODULES:
        path = f"tests.bench.{name}"
        if (only and only != name) or importlib.util.find_spec(path) is None:
            continue
        if quick and not only and name in LONG:
            say(f"{name}: left out of --quick")
            continue
        rows = getattr(importlib.import_module(path), "rows", None)
        if rows is None:
            continue
        found = []
        for row in rows(quick):
            say(f"{row.work}: {row.value:.2f} {row.unit}")
            found.append(row)
        if any(missed(row, in_turmoil) for row in found):
            say(f"{name}: a goal was missed; measured once more")
            second = list(rows(quick))
            found = [
                row.again(other) if missed(row, in_turmoil) else row
                for row, other in zip(found, second, strict=True)
            ]
        yield from found


def busy() -> bool:
    """Whether other programs want more of the processors than this one can leave them."""
    return os.getloadavg()[0] > (os.cpu_count() or 1) * 0.75


def missed(row: Measured, in_turmoil: bool) -> bool:
    """Whether a line misses its goal, and not because others had the processors."""
    return not row.met and not (row.alone and in_turmoil)


def mark(row: Measured, in_turmoil: bool) -> str:
    """How a line did, in colour."""
    if row.met:
        return "[green]met" if row.tries == 1 else "[green]met, 2nd try"
    return "[red]NOT MET" if missed(row, in_turmoil) else "[yellow]busy"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--only", choices=MODULES, default="", help="one module's lines")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="folder for the files")
    options = parser.parse_args()
    table = Table("work", "against", "measured", "goal", "", "detail")
    console = Console()
    in_turmoil = busy()
    # No moving sign of life: it would be a thread, and prepare works otherwise beside one.
    done = list(measured(options.quick, options.only, in_turmoil, console.log))
    for row in done:
        sign = "<=" if row.at_most else ">="
        value, goal = f"{row.value:.2f} {row.unit}", f"{sign} {row.goal:g} {row.unit}"
        table.add_row(row.work, row.against, value, goal, mark(row, in_turmoil), row.detail)
    console.print(table)
    if in_turmoil:
        console.print("The machine was busy: pairs can be relied on, times taken alone cannot.")
    options.out.mkdir(parents=True, exist_ok=True)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    record = {
        "quick": options.quick,
        "machine": machine,
        "busy": in_turmoil,
        "rows": [{**asdict(row), "met": row.met} for row in done],
    }
    (options.out / "bench.json").write_text(json.dumps(record, indent=2), encoding="utf-8")
    plot.draw(done, options.out, f"Dear Minister: measured against its goals ({machine})")
    console.print(f"Written to {options.out}/: bench.json, bench.svg, bench.png")
    return 1 if any(missed(row, in_turmoil) for row in done) else 0


if __name__ == "__main__":
    sys.exit(main())
