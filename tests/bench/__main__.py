"""``python -m tests.bench [--quick] [--only NAME]``: every measurement in one table.

Ratios are medians over pairs measured back to back. Writes bench.json, bench.svg and bench.png
to var/bench/ (``--out``). Exit code 1 where a goal is not met.
"""

import argparse
import importlib
import importlib.util
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import plot
from tests.bench.measured import Measured

MODULES = ("lists", "letters", "prepare", "post", "workers", "flow", "inbox")
"""Modules beside this one; each that is there offers ``rows(quick) -> Iterator[Measured]``."""


def measured(quick: bool, only: str) -> Iterator[Measured]:
    """The lines of every module, as they are ready."""
    for name in MODULES:
        path = f"tests.bench.{name}"
        if (only and only != name) or importlib.util.find_spec(path) is None:
            continue
        rows = getattr(importlib.import_module(path), "rows", None)
        if rows is not None:
            yield from rows(quick)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--only", choices=MODULES, default="", help="one module's lines")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="folder for the files")
    options = parser.parse_args()
    table = Table("work", "against", "measured", "goal", "", "detail")
    done: list[Measured] = []
    console = Console()
    with console.status("measuring"):
        for row in measured(options.quick, options.only):
            done.append(row)
            sign = "<=" if row.at_most else ">="
            mark = "[green]met" if row.met else "[red]NOT MET"
            value, goal = f"{row.value:.1f} {row.unit}", f"{sign} {row.goal:g} {row.unit}"
            table.add_row(row.work, row.against, value, goal, mark, row.detail)
            console.log(f"{row.work}: {value}")
    console.print(table)
    options.out.mkdir(parents=True, exist_ok=True)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    record = {
        "quick": options.quick,
        "machine": machine,
        "rows": [{**asdict(row), "met": row.met} for row in done],
    }
    (options.out / "bench.json").write_text(json.dumps(record, indent=2), encoding="utf-8")
    plot.draw(done, options.out, f"Dear Minister: measured against its goals ({machine})")
    console.print(f"Written to {options.out}/: bench.json, bench.svg, bench.png")
    return 0 if all(row.met for row in done) else 1


if __name__ == "__main__":
    sys.exit(main())
