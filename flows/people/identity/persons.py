"""The persons behind the rows of all lists: who is one, on what evidence, and who may be."""

from array import array
from bisect import bisect
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations, count

from flows.people import email_address
from flows.people.contact import Contact, RejectedRow
from flows.people.identity import evidence, likeness
from flows.people.identity.spelling import fold, peerage, seat_key, surnames
from flows.people.lists import rows

Pair = frozenset[str]
"""Two persons, each by one of their ids, that somebody said are different."""
_MOST_HOLDERS = 50
"""Rows kept for a key; what comes after them meets one of these."""
_BUCKETS = 1 << 22
"""Of words, a byte each; nine for each word of a list of 46,000."""
_MOST_COMPARED = 400
"""Rows with one surname in common; more of them are compared by first letter alone."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A row that is the same person as another, and on what evidence."""

    row: Contact
    into: Contact
    why: str

    def __str__(self) -> str:
        return (
            f"{self.row.file}:{self.row.row}: {self.row.name} is {self.into.name} in "
            f"{self.into.file}:{self.into.row}: {self.why}"
        )


@dataclass(frozen=True, slots=True)
class Persons:
    """The rows with one ``person`` for each person, and the rows that wait or stop.

    ``contacts`` keep their order; ``aliases`` of each hold every id of the person.
    """

    contacts: tuple[Contact, ...]
    merges: tuple[Merge, ...] = ()
    """Rows that came together under different ids; those with one id already are not named."""
    refused: tuple[RejectedRow, ...] = ()
    """Rows that contradict another: two persons in one seat, one id for two persons."""
    doubles: tuple[RejectedRow, ...] = ()
    """Rows that may be one person: all of them wait until somebody says."""


def identify(
    contacts: Sequence[Contact],
    different: frozenset[Pair] = frozenset(),
    days: Mapping[str, date | None] | None = None,
) -> Persons:
    """Return who is one person, by shared ids, by seat and surname, or by peerage.

    ``different`` are pairs that a person listed as different; they are neither merged nor asked
    about again. ``days`` say of what day each file is: lists of two days may give one member two
    seats, for a boundary review renames them. Nothing is merged on likeness of names alone.
    """
    groups, why = _grouped(contacts)
    refused = _contradictions(contacts, groups, different)
    stopped = {index for index, _ in refused}
    doubles = [
        (index, reason)
        for index, reason in _possible_doubles(contacts, groups, different, days or {})
        if index not in stopped
    ]
    waiting = stopped | {index for index, _ in doubles}
    named: list[Contact] = []
    merges: list[Merge] = []
    person: dict[int, tuple[str, tuple[str, ...]]] = {}
    taken: set[str] = set()
    for members in groups:
        ids = tuple(sorted({text for index in members for text in _ids(contacts[index])}))
        first = contacts[members[0]]
        chosen = next((text for text in ids if text.startswith("parl-")), first.person)
        if chosen.casefold() in taken:  # two lists that number their rows alike
            chosen = _free(chosen, taken)
        taken.add(chosen.casefold())
        for index in members:
            person[index] = (chosen, ids)
            if index in why and index not in waiting:
                merges.append(Merge(contacts[index], first, why[index]))
    for index, contact in enumerate(contacts):
        if index not in waiting:
            chosen, known = person[index]
            if (contact.person, contact.aliases) != (chosen, known):
                contact = replace(contact, person=chosen, aliases=known)
            named.append(contact)
    return Persons(
        tuple(named),
        tuple(merges),
        tuple(_rejected(contacts[index], reason) for index, reason in sorted(refused)),
        tuple(_rejected(contacts[index], reason) for index, reason in sorted(doubles)),
    )


def _free(identity: str, taken: Collection[str]) -> str:
    numbered = (f"{identity}-{number}" for number in count(2))
    return next(other for other in numbered if other.casefold() not in taken)


def _ids(contact: Contact) -> tuple[str, ...]:
    return (contact.person, *contact.aliases)


def _grouped(contacts: Sequence[Contact]) -> tuple[list[list[int]], dict[int, str]]:
    """Rows by person, each group in the order of the lists; why a row joined rows before it."""
    parent = list(range(len(contacts)))
    why: dict[int, str] = {}

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    holders: dict[str, list[int]] = defaultdict(list)
    for index, contact in enumerate(contacts):
        for key in evidence.keys(contact):
            for other in holders[key]:
                if root(other) == root(index) or not _may_meet(key, contacts[other], contact):
                    continue
                first, second = sorted((root(other), root(index)))
                parent[second] = first
                if contacts[other].person != contact.person:
                    why[index] = evidence.said(key, contacts[other])
                break
            if len(holders[key]) < _MOST_HOLDERS:
                holders[key].append(index)
    groups: dict[int, list[int]] = defaultdict(list)
    for index in range(len(contacts)):
        groups[root(index)].append(index)
    return list(groups.values()), why


def _may_meet(key: str, one: Contact, other: Contact) -> bool:
    """Whether a key may bring two rows together: an id always, else where nothing is against it.

    An id that an office gave by itself, as its list's numbering, counts between two lists only
    with a word of the surname. A seat counts where one of the two says that it is in the Commons:
    in the Dáil, and in councils, several of one surname sit for one place.
    """
    if key.startswith("id "):
        numbering = one.id == one.person and other.id == other.person and one.file != other.file
        known = key.startswith(("id parl-", "id twfy-", "id wikidata-"))
        return known or not numbering or bool(surnames(one) & surnames(other))
    if key.startswith("seat ") and "commons" not in (one.house, other.house):
        return False
    return not evidence.told_apart(one, other)


def _contradictions(
    contacts: Sequence[Contact], groups: Iterable[Sequence[int]], different: frozenset[Pair]
) -> list[tuple[int, str]]:
    """Rows that cannot all be right, each with the reason."""
    found: dict[int, str] = {}
    seats: dict[str, list[Sequence[int]]] = defaultdict(list)
    for members in groups:
        for one, other in _far_apart(contacts, members):
            apart = evidence.told_apart(contacts[one], contacts[other])
            if listed(contacts[one], contacts[other], different):
                apart = "they are listed as different"
            if not apart and not likeness.share(contacts[one], contacts[other]):
                apart = "not one word of the names is the same"
            if apart:
                for index, against in ((one, other), (other, one)):
                    found.setdefault(
                        index,
                        f"the same person as {_place(contacts[against])} by id, but {apart}; "
                        "correct one of the two rows",
                    )
        held = {
            seat_key(contacts[index].constituency)
            for index in members
            if contacts[index].house == "commons" and contacts[index].constituency
        }
        for seat in held:
            seats[seat].append(members)
    for holders in seats.values():
        if len(holders) > 1:
            for members in holders:
                rival = next(others[0] for others in holders if others is not members)
                for index in members:
                    found.setdefault(
                        index,
                        f"{contacts[index].name} and {_place(contacts[rival])} are both "
                        f"given the seat {contacts[index].constituency}, which one person holds; "
                        "correct or delete one of the two",
                    )
    return list(found.items())


def _far_apart(contacts: Sequence[Contact], members: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Pairs of one group's rows that say something different of the person; none as a rule."""
    if len(members) == 1:
        return ()
    told = {
        (
            *sorted(evidence.identifiers(contacts[index])),
            contacts[index].house,
            seat_key(contacts[index].constituency),
            contacts[index].gender,
            contacts[index].name,
        ): index
        for index in reversed(members)
    }
    return combinations(sorted(told.values()), 2) if len(told) < 40 else ()


def _possible_doubles(
    contacts: Sequence[Contact],
    groups: Iterable[Sequence[int]],
    different: frozenset[Pair],
    days: Mapping[str, date | None],
) -> list[tuple[int, str]]:
    """Rows of two persons that may be one, each with the reason."""
    found: dict[int, str] = {}
    by_group = {index: members for members in groups for index in members}
    seats = [seat_key(contact.constituency) for contact in contacts]
    names = [fold(contact.name) for contact in contacts]
    for block, what in _blocks(contacts, groups):
        for one, other in _pairs(block, seats, names):
            if by_group[one] is by_group[other]:
                continue
            if one in found and other in found:  # each with all rows of its group
                continue
            ours, theirs = contacts[one], contacts[other]
            if what == "name" and not likeness.alike(ours, theirs):
                continue
            if _known_apart(contacts, by_group[one], by_group[other], different, days):
                continue
            words = "much the same name" if what == "name" else "the same e-mail"
            for members, against in ((by_group[one], theirs), (by_group[other], ours)):
                for index in members:
                    found.setdefault(
                        index,
                        f"may be {_place(against)}: {words}. Write the same person in both rows, "
                        "or, if they are two persons: dear-minister contacts distinct "
                        f"{contacts[index].person} {against.person}",
                    )
    return list(found.items())


def _pairs(
    block: Sequence[int], seats: Sequence[str], names: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """The pairs of a block, in its order, but for those that two seats tell apart: most of a
    Parliament, and a long list has too many of them to be looked at one by one. ``seats`` and
    ``names``, folded, are those of all rows."""
    without, near = [], defaultdict(list)
    for place, index in enumerate(block):
        if not seats[index]:
            without.append(place)
            continue
        near["seat", seats[index]].append(place)
        near["name", names[index]].append(place)
    for place, index in enumerate(block):
        others: Iterable[int] = range(place + 1, len(block))
        if seats[index]:
            alike = (*near["seat", seats[index]], *near["name", names[index]])
            others = sorted({*without[bisect(without, place) :], *alike})
        yield from ((index, block[other]) for other in others if other > place)


def _blocks(
    contacts: Sequence[Contact], groups: Iterable[Sequence[int]]
) -> Iterable[tuple[list[int], str]]:
    """Rows worth comparing: one for each person and spelling, by surname and by e-mail."""
    for block in _sharing(
        (word, index)
        for members in groups
        for index in {contacts[index].name: index for index in reversed(members)}.values()
        for word in _surnames(contacts[index])
    ):
        yield from ((part, "name") for part in _small(contacts, block))
    for block in _sharing(
        (email_address.key(email), members[0])
        for members in groups
        for email in {contacts[index].email for index in members} - {""}
    ):
        yield block, "e-mail"


def _surnames(contact: Contact) -> Collection[str]:
    """A surname with what may be slips of it."""
    if style := peerage(contact):
        return (style[1].split(" of ")[0],)
    return {*surnames(contact), *likeness.spellings(contact)}


def _sharing(found: Iterable[tuple[str, int]]) -> Iterator[list[int]]:
    """The rows that have a word in common, by words in the order in which they first come.

    A long list's words would fill the memory, and most are one row's alone: kept are their hashes,
    and rows only where another word fell into the same bucket. Two words of one hash are compared
    for nothing.
    """
    words, places, met = array("q"), array("q"), bytearray(_BUCKETS)
    for word, index in found:
        number = hash(word)
        words.append(number)
        places.append(index)
        if met[number % _BUCKETS] < 2:
            met[number % _BUCKETS] += 1
    first: dict[int, int] = {}
    shared: dict[int, list[int]] = {}
    for number, index in zip(words, places, strict=True):
        if met[number % _BUCKETS] > 1 and first.setdefault(number, index) != index:
            shared.setdefault(number, [first[number]]).append(index)
    yield from (shared[number] for number in first if number in shared)


def _small(contacts: Sequence[Contact], block: list[int]) -> Iterable[list[int]]:
    if len(block) <= _MOST_COMPARED:
        return (block,)
    parts: Mapping[str, list[int]] = defaultdict(list)
    for index in block:
        parts[contacts[index].name[:2].casefold()].append(index)
    return parts.values()


def _known_apart(
    contacts: Sequence[Contact],
    ones: Sequence[int],
    others: Sequence[int],
    different: frozenset[Pair],
    days: Mapping[str, date | None],
) -> bool:
    return any(
        evidence.told_apart(
            contacts[one],
            contacts[other],
            seats=_on_one_day(contacts[one], contacts[other], days),
        )
        or listed(contacts[one], contacts[other], different)
        for one in ones
        for other in others
    )


def _on_one_day(one: Contact, other: Contact, days: Mapping[str, date | None]) -> bool:
    """Whether two seats are two persons' for sure: in one list, in lists of one day, or where the
    names differ too. Between two lists the same name may have a seat under its old name."""
    if one.file == other.file or fold(one.name) != fold(other.name):
        return True
    day = days.get(one.file)
    return day is not None and day == days.get(other.file)


def listed(one: Contact, other: Contact, different: frozenset[Pair]) -> bool:
    """Say whether somebody listed the persons of two rows as different."""
    if not different:
        return False
    return any(
        frozenset({ours, theirs}) in different
        for ours in evidence.identifiers(one)
        for theirs in evidence.identifiers(other)
    )


def _place(contact: Contact) -> str:
    return f"{contact.name} in {contact.file}:{contact.row}"


def _rejected(contact: Contact, reason: str) -> RejectedRow:
    return RejectedRow(contact.file, contact.row, "person", reason, rows.cells(contact))
