"""Which letter a mail is about: by the sturdiest sign that it carries, never by a guess.

A report is matched by the token of its envelope sender, then the original Message-ID, then the
recipient; an answer by the thread it stands in, our reference, the writer's address, the writer's
name. Where several letters fit, or the domain alone does, they are shown as candidates. What does
not fit together (a token of another reader, an answer from elsewhere, a letter that was never sent)
is matched, and shown as doubtful.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flows.post.inbox.kinds import How
from flows.post.inbox.message import Mail
from flows.post.inbox.reports import Report
from flows.post.mailing import return_path
from flows.post.states import State

MOST_CANDIDATES = 20
_HAS_LEFT = (State.SENT, State.UNCERTAIN, State.HANDING_OVER)
_TITLE_WORDS = (
    "rt hon the right honourable mr mrs ms miss mx dr prof professor sir dame lord lady baroness "
    "baron viscount earl bishop mp mla msp td office of cllr senator deputy kc qc cbe obe mbe kcmg "
    "pc bt"
)
_TITLES = frozenset(_TITLE_WORDS.split(" "))
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_REFERENCE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*/\d+/[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]+)?"
)
_PUBLIC_SUFFIX_PARTS = frozenset({"co", "ac", "gov", "org", "com", "net", "edu", "nhs", "police"})


@dataclass(frozen=True, slots=True)
class Letter:
    """What a match needs to know of a live dispatch."""

    dispatch: str
    mailing: str
    campaign: str
    edition: int
    person: str
    contact: str
    name: str
    """As the envelope has it."""
    email: str
    copies: tuple[str, ...]
    message_id: str
    reference: str
    token: str
    state: State
    sent_at: str
    """RFC 3339 in UTC; blank where it has not left."""

    @property
    def has_left(self) -> bool:
        """Whether the letter may have reached anybody."""
        return self.state in _HAS_LEFT or bool(self.sent_at)


@dataclass(frozen=True, slots=True)
class Match:
    """The letter that a mail is about, or those it may be about."""

    letter: Letter | None = None
    how: How = How.NONE
    candidates: tuple[Letter, ...] = ()
    """Letters that it may be about where ``letter`` is None, the likeliest first."""
    doubt: str = ""
    """What does not fit; blank where all does."""


class Index:
    """Every live letter, found by each sign of it."""

    def __init__(self, letters: Iterable[Letter], bounces: str = "") -> None:
        """``bounces`` is MAIL_BOUNCES_TO, bare; blank: no tokens are looked for."""
        self._bounces = bounces
        self._tokens: dict[str, Letter] = {}
        self._ids: dict[str, Letter] = {}
        self._references: defaultdict[str, list[Letter]] = defaultdict(list)
        self._emails: defaultdict[str, list[Letter]] = defaultdict(list)
        self._domains: defaultdict[str, list[Letter]] = defaultdict(list)
        self._names: defaultdict[frozenset[str], list[Letter]] = defaultdict(list)
        self._first_sent_at = ""
        for letter in letters:
            if letter.sent_at and (letter.sent_at < self._first_sent_at or not self._first_sent_at):
                self._first_sent_at = letter.sent_at
            self._tokens[letter.token] = letter
            if letter.message_id:
                self._ids[letter.message_id] = letter
            self._references[letter.reference.casefold()].append(letter)
            if letter.email:
                self._emails[letter.email.casefold()].append(letter)
                self._domains[letter.email.rpartition("@")[2].casefold()].append(letter)
            if len(words := name_words(letter.name)) > 1:
                self._names[words].append(letter)

    @property
    def first_sent_at(self) -> str:
        """When the first letter left, RFC 3339 in UTC; blank where none has."""
        return self._first_sent_at

    def ours(self, mail: Mail) -> bool:
        """Whether the mail is one of our own letters: a copy for the archive."""
        return mail.message_id in self._ids

    def match(self, mail: Mail, report: Report | None, received_at: str) -> Match:
        """The letter that this mail is about. ``received_at`` is RFC 3339 in UTC."""
        if report is not None:
            found = self._of_report(mail, report, received_at)
        else:
            found = self._of_answer(mail, received_at)
        letter = found.letter
        if letter is None or found.doubt:
            return found
        if not letter.has_left:
            return _doubtful(found, f"that letter was never sent: it is {letter.state}")
        if other := self._contradiction(mail, report, letter):
            return _doubtful(found, other)
        if report is None:
            return _doubtful(found, self._stranger(mail, letter))
        return _doubtful(found, _other_recipient(report, letter))

    def _contradiction(self, mail: Mail, report: Report | None, letter: Letter) -> str:
        """Another letter that the mail's token or thread names; blank where they agree."""
        ids = (*(report.original_ids if report else ()), *mail.references)
        named = [self._by_token(mail), *(self._ids.get(identity) for identity in ids)]
        other = next((other for other in named if other and other.person != letter.person), None)
        return (
            f"it carries the sign of another letter too, the one to {other.name}" if other else ""
        )

    def _of_report(self, mail: Mail, report: Report, received_at: str) -> Match:
        if letter := self._by_token(mail):
            return Match(letter, How.TOKEN)
        for identity in (*report.original_ids, *mail.references):
            if letter := self._ids.get(identity):
                return Match(letter, How.MESSAGE_ID)
        for address in report.recipients:
            if found := self._emails.get(address.casefold()):
                return self._chosen(found, How.RECIPIENT, received_at)
        return Match()

    def _of_answer(self, mail: Mail, received_at: str) -> Match:
        for identity in mail.references:
            if letter := self._ids.get(identity):
                return Match(letter, How.MESSAGE_ID)
        if letter := self._by_token(mail):
            return Match(letter, How.TOKEN)
        named = [
            letter
            for reference in _REFERENCE.findall(f"{mail.subject}\n{mail.text}")[:200]
            for letter in self._references.get(reference.rstrip(".").casefold(), ())
        ]
        if named:
            return self._chosen(named, How.REFERENCE, received_at)
        if found := self._emails.get(mail.sender):
            return self._chosen(found, How.ADDRESS, received_at)
        words = name_words(mail.sender_name)
        if len(words) > 1 and (found := self._names.get(words)):
            return self._chosen(found, How.NAME, received_at)
        return self._by_domain(mail)

    def _by_token(self, mail: Mail) -> Letter | None:
        if not self._bounces:
            return None
        for token in return_path.tokens(self._bounces, mail.recipients):
            if letter := self._tokens.get(token):
                return letter
        return None

    def _by_domain(self, mail: Mail) -> Match:
        found = self._domains.get(mail.sender.rpartition("@")[2], [])
        people = {letter.person: letter for letter in sorted(found, key=lambda one: one.sent_at)}
        if not people or len(people) > MOST_CANDIDATES:
            return Match()
        return Match(None, How.CANDIDATES, _likeliest_first(people.values(), mail))

    def _chosen(self, found: Sequence[Letter], how: How, received_at: str) -> Match:
        """The newest letter to the one person, before the mail came; several persons or several
        campaigns are candidates."""
        left = [letter for letter in found if letter.has_left] or list(found)
        before = [
            letter for letter in left if not letter.sent_at or letter.sent_at <= received_at
        ] or left
        newest = sorted(before, key=lambda one: one.sent_at, reverse=True)
        if (
            len({(letter.person, letter.campaign.partition(".chase-")[0]) for letter in newest})
            == 1
        ):
            return Match(newest[0], how)
        return Match(None, How.CANDIDATES, tuple(newest[:MOST_CANDIDATES]))

    def _stranger(self, mail: Mail, letter: Letter) -> str:
        """What is odd about the writer of an answer; blank where nothing is."""
        writer, reader = mail.sender.casefold(), letter.email.casefold()
        if not writer:
            return "it names no sender"
        if not reader or writer == reader or writer in map(str.casefold, letter.copies):
            return ""
        theirs, ours = (address.rpartition("@")[2] for address in (writer, reader))
        if _organisation(theirs) == _organisation(ours):
            return ""
        return f"it comes from {mail.sender}; the letter went to {letter.email}"


def name_words(name: str) -> frozenset[str]:
    """The words of a person's name, titles left out, accents and capitals made alike."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark)).casefold()
    plain = (
        plain.partition(" of ")[0]
        if re.match(r"\s*(the )?(lord|baroness|lady|earl)\b", plain)
        else plain
    )
    return frozenset(word for word in _WORD.findall(plain) if word not in _TITLES)


def _organisation(domain: str) -> str:
    """The part of a domain that one organisation has: "parliament.uk", "fco.gov.uk"."""
    labels = domain.casefold().rstrip(".").split(".")
    take = 3 if len(labels) > 2 and labels[-2] in _PUBLIC_SUFFIX_PARTS else 2
    return ".".join(labels[-take:])


def _other_recipient(report: Report, letter: Letter) -> str:
    """What is odd about whom a report is about; blank where nothing is."""
    addresses = {address.casefold() for address in report.recipients}
    if not addresses or letter.email.casefold() in addresses:
        return ""
    if addresses & {address.casefold() for address in letter.copies}:
        return "it is about a copy's address, not the reader's"
    return f"it is about {report.recipients[0]}; the letter went to {letter.email or 'the post'}"


def _doubtful(found: Match, doubt: str) -> Match:
    return Match(found.letter, found.how, found.candidates, doubt)


def _likeliest_first(found: Iterable[Letter], mail: Mail) -> tuple[Letter, ...]:
    """Letters whose reader the mail names, before the others."""
    words = name_words(f"{mail.sender_name} {mail.text[:2000]}")
    return tuple(sorted(found, key=lambda one: (-len(name_words(one.name) & words), one.name)))
