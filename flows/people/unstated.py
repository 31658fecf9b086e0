"""What the lists leave unsaid of their people, as far as a letter would show it."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from flows.counted import counted
from flows.people.contact import Contact

ATTENDS = "attends-cabinet"
"""The tag of a minister who attends Cabinet without being of it."""
_MOST_NAMED = 5


def untitled(contacts: Iterable[Contact], imported: Collection[str]) -> frozenset[str]:
    """Return the files, of those ``imported`` from a source, in which no row has a title.

    Such a source makes no difference between Mr and Sir; a blank title in a list that has titles
    says that there is none.
    """
    titled = {contact.file for contact in contacts if contact.title}
    return frozenset(imported) - titled


def remarks(
    contacts: Collection[Contact], imported: Collection[str], without_titles: Collection[str]
) -> tuple[str, ...]:
    """Return a line for each thing unsaid: titles, and who is a Privy Counsellor, with counts.

    Of lists ``imported`` from a source; what an office left blank in a list of its own it knows.
    """
    files: dict[str, list[Contact]] = defaultdict(list)
    people: dict[str, list[Contact]] = defaultdict(list)
    for contact in contacts:
        if contact.house in ("commons", "lords") and contact.file in imported:
            files[contact.file].append(contact)
        people[contact.person].append(contact)
    lines = []
    for file, rows in files.items():
        bare = [
            row
            for row in rows
            if row.house == "commons"
            and all(one.file in without_titles for one in people[row.person])
        ]
        if file in without_titles and bare:
            lines.append(
                f"{file}: states no titles; {_count(bare)} without one, a knight or dame would lose"
                " Sir or Dame; a list that has titles, used beside this one, fills them in"
            )
        if not any(row.privy_counsellor for row in rows):
            lines.append(
                f"{file}: marks no row as a Privy Counsellor; Rt Hon will stand before the Cabinet"
                " and the Speaker alone"
            )
    sworn = {person for person, rows in people.items() if any(row.privy_counsellor for row in rows)}
    attending = {
        row.person: row
        for row in contacts
        if ATTENDS in row.tags and row.person not in sworn and row.rank not in ("pm", "dpm", "sos")
    }
    if attending:
        named = [f"{row.name} ({row.file}:{row.row})" for row in attending.values()]
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        lines.append(
            f"{len(named)} who attend Cabinet are not marked as Privy Counsellors, as nearly all of"
            f" them are: {', '.join(named[:_MOST_NAMED])}{more}; write yes in privy_counsellor"
        )
    return tuple(lines)


def _count(rows: Collection[Contact]) -> str:
    return counted(len({row.person for row in rows}), "person")
