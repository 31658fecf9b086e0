"""What came back, as pages in Prefect's UI: the figures, and a table of what waits for a person."""

from collections.abc import Iterator, Sequence

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.operations import came_back
from flows.operations.came_back import Desk
from flows.orchestration.artifacts import MOST_LINES, MOST_ROWS, plain
from flows.orchestration.links import form_of, page
from flows.post.inbox.items import Item
from flows.post.ledger.database import Ledger

KEY, WAITING_KEY = "replies", "replies-waiting"


def show(ledger: Ledger) -> int:
    """Renew both pages; returns how many items wait for a person."""
    found = came_back.desk(ledger)
    waiting = found.waiting
    table = create_table_artifact(
        [_row(item, found) for item in waiting[:MOST_ROWS]],
        key=WAITING_KEY,
        description=f"{len(waiting)} to be sorted, matched or confirmed: the deployments "
        "sort-reply and match-reply have a form for each",
    )
    create_markdown_artifact(
        summary(found, page(table), [*_to_do(waiting)]),
        key=KEY,
        description="What came back, by reader",
    )
    return len(waiting)


def _to_do(waiting: Sequence[Item]) -> Iterator[str]:
    """A line for each item that waits, with its forms filled in as far as they can be."""
    sort, match = form_of("sort-reply"), form_of("match-reply")
    for item in waiting[:MOST_LINES]:
        about = f"{item.sender_name or item.sender or item.source}: {item.subject}"[:100]
        number = str(item.id)
        matching = {"item": number} | (
            {"dispatch": item.candidates[0]} if len(item.candidates) == 1 else {}
        )
        forms = f"[sort]({sort(item=number)}), [match]({match(**matching)})"
        yield f"- {number}. {plain(about)}: {forms}"


def summary(found: Desk, table: str, to_do: Sequence[str]) -> str:
    """The figures, what is ``to_do``, and the readers who were heard from, in markdown; ``table``
    is a link."""
    everybody, kinds = found.numbers.everybody, found.numbers.kinds
    heard = [reader for reader in found.readers if reader.items]
    rate = f", {everybody.response_rate:.0%}" if everybody.response_rate is not None else ""
    days = everybody.median_working_days
    lines = [
        "# What came back",
        "",
        f"**{everybody.answered} of {everybody.letters} answered**{rate}"
        + (f", half of them within {days:g} working days." if days is not None else "."),
        "",
        f"[{len(found.waiting)} to be sorted, matched or confirmed]({table})",
        "",
        *to_do,
        "",
        "| What | How many |",
        "|---|---|",
        *(f"| {kind} | {count} |" for kind, count in kinds.items()),
        "",
        *(
            f"- {plain(reader.name)}: "
            + ", ".join(f"{item.kind} ({item.received_at[:10]})" for item in reader.items)
            for reader in heard[:MOST_LINES]
        ),
    ]
    if len(heard) > MOST_LINES:
        lines.append(f"- and {len(heard) - MOST_LINES} more: `dear-minister replies`")
    return "\n".join(lines)


def _row(item: Item, found: Desk) -> dict[str, str]:
    names = {reader.dispatch: reader.name for reader in found.readers}
    about = names.get(item.dispatch or "", "") or ", ".join(
        f"{names.get(dispatch, dispatch)} ({dispatch})" for dispatch in item.candidates[:5]
    )
    row = {
        "item": str(item.id),
        "came": item.received_at[:10],
        "from": item.sender_name or item.sender or item.source,
        "subject": item.subject[:100],
        "words": " ".join(item.words.split())[:200],
        "kind": item.kind.value,
        "why": (item.doubt or item.reason)[:200],
        "about": about[:300],
    }
    return {name: _cell(text) for name, text in row.items()}


def _cell(text: str) -> str:
    """A cell as both UIs show it: the older one would take a link or a picture for markdown, and
    a stranger's picture would be fetched."""
    return text.replace("](", "] (").replace("<", "‹").replace("][", "] [")
