"""What a mail is: a table of rules, tried from top to bottom, each verdict with its reason.

The costliest error is a substantive reply taken for an automatic answer: nobody would read it, and
a chaser would follow. So whatever says "automatic" is overruled where the mail's own words read
like an answer, and what is not sure is left to a person.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from flows.post.inbox import signs
from flows.post.inbox.kinds import Kind
from flows.post.inbox.message import Mail
from flows.post.inbox.reports import Action, Report, from_a_mail_system

_SHORT = 90
"""Words; longer mails say more than one thing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a mail is, by which rule, and the words or the header that decided."""

    kind: Kind
    rule: str
    reason: str


@dataclass(frozen=True)
class Features:
    """What the rules look at. ``known`` says whether the mail belongs to one of our letters."""

    mail: Mail
    report: Report | None
    known: bool

    @cached_property
    def body(self) -> str:
        """The writer's own words on one line, typographic apostrophes made plain."""
        return " ".join(self.mail.body.replace("’", "'").split())

    @cached_property
    def own(self) -> str:
        """The same, with signature and disclaimer."""
        return " ".join(self.mail.own.replace("’", "'").split())

    @cached_property
    def words(self) -> int:
        return len(self.body.split())

    @cached_property
    def substance(self) -> tuple[str, ...]:
        """Words of an answer: opinions, policy, things done in Parliament. Each sign once."""
        return tuple(found for sign in signs.SUBSTANCE if (found := _found(sign, self.own)))

    @cached_property
    def boilerplate(self) -> tuple[str, ...]:
        """Words that offices' automatic answers are made of. Each sign once."""
        return tuple(found for sign in signs.BOILERPLATE if (found := _found(sign, self.own)))

    @cached_property
    def reads_like_an_answer(self) -> bool:
        """Whether a person should see it, whatever its headers say."""
        return len(self.substance) >= 2 and len(self.substance) > len(self.boilerplate)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: ``find`` gives the evidence, blank where the rule does not apply."""

    name: str
    kind: Kind
    reason: str
    """What the evidence means."""
    find: Callable[[Features], str]


def judge(mail: Mail, report: Report | None, *, known: bool) -> Verdict:
    """The first rule's verdict that applies; ``unsorted`` where none does."""
    features = Features(mail, report, known)
    for rule in RULES:
        if evidence := rule.find(features):
            return Verdict(rule.kind, rule.name, f"{rule.reason}: {_quoted(evidence)}")
    return Verdict(Kind.UNSORTED, "no rule", "no rule is sure of it")


def _quoted(evidence: str) -> str:
    short = " ".join(evidence.split())
    return f"“{short if len(short) <= 120 else f'{short[:119]}…'}”"


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[0] if match else ""


def _action(*actions: Action) -> Callable[[Features], str]:
    def find(one: Features) -> str:
        if one.report is None or one.report.action not in actions:
            return ""
        said = " ".join(part for part in (one.report.status, one.report.diagnostic) if part)
        return said or one.mail.subject or one.report.action.value

    return find


def _calendar(one: Features) -> str:
    return "text/calendar" if "text/calendar" in one.mail.media_types else ""


def _sealed(one: Features) -> str:
    hidden = {"application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"}
    if found := hidden & one.mail.media_types:
        return min(found)
    tnef = "application/ms-tnef" in one.mail.media_types and one.words < 5
    return "winmail.dat" if tnef else ""


def _newsletter(one: Features) -> str:
    listed = one.mail.headers.get("list-id") or one.mail.headers.get("list-unsubscribe", "")
    thread = bool(one.mail.references)
    return listed if listed and not thread and not one.reads_like_an_answer else ""


def _objection(one: Features) -> str:
    if len(one.boilerplate) >= 2 or _automatic_header(one) or not one.known:
        return ""
    return _found(signs.OBJECTION, one.body)


def _automatic_header(one: Features) -> str:
    """A header that says: no person wrote this (RFC 3834), or an older one that means the same."""
    headers = one.mail.headers
    said = headers.get("auto-submitted", "").lower()
    if said.startswith("auto-replied"):
        return f"Auto-Submitted: {said}"
    for name in (
        "x-autoreply",
        "x-autorespond",
        "x-autoresponse",
        "x-auto-reply",
        "x-mail-autoreply",
    ):
        if headers.get(name):
            return f"{name}: {headers[name]}"
    if headers.get("precedence", "").lower().replace("-", "_") == "auto_reply":
        return f"Precedence: {headers['precedence']}"
    if found := _found(signs.AUTOMATIC_SUBJECT, one.mail.subject):
        return f"Subject: {found}"
    return ""


def _overruled(one: Features) -> str:
    """Marked as automatic, and reads like an answer."""
    marked = _automatic_header(one)
    return f"{marked}; {one.substance[0]}" if marked and one.reads_like_an_answer else ""


def _automatic_text(one: Features) -> str:
    if one.reads_like_an_answer or len(one.substance) > len(one.boilerplate):
        return ""
    strong = _found(signs.AUTOMATIC_WORDS, one.own) or _found(
        signs.AUTOMATIC_WORDS, one.mail.subject
    )
    if strong and not one.substance:
        return strong
    if len(one.boilerplate) >= 3 or (strong and len(one.boilerplate) >= 2):
        return "; ".join(one.boilerplate[:3])
    away = _found(signs.AWAY_WORDS, one.body)
    return away if away and one.words <= _SHORT and not one.substance else ""


def _generated(one: Features) -> str:
    """A case system's own words, of which no other rule knew what they are."""
    said = one.mail.headers.get("auto-submitted", "").lower()
    plain = said.startswith("auto-generated") and not one.substance
    return f"Auto-Submitted: {said}" if plain else ""


def _written(one: Features) -> bool:
    """Whether a person may have written it, in answer to one of our letters."""
    return one.known and len(one.boilerplate) < 3


def _asks_for_address(one: Features) -> str:
    plain = _written(one) and len(one.substance) < 2 and one.words <= 2 * _SHORT
    return _found(signs.ADDRESS_ASKED, one.body) if plain else ""


def _asks_for_more(one: Features) -> str:
    plain = _written(one) and not one.substance and one.words <= _SHORT
    return _found(signs.MORE_ASKED, one.body) if plain else ""


def _passed_on(one: Features) -> str:
    if not _written(one) or len(one.substance) > 2:
        return ""
    for pattern in (signs.FALLS_TO, signs.PASSED):
        for match in pattern.finditer(one.body):
            if not signs.OWN_OFFICE.match(match["whom"]):
                return match["whom"].strip(" ,")
    return ""


def _reply_attached(one: Features) -> str:
    files = [file.name for file in one.mail.files if file.name.lower().endswith(signs.DOCUMENTS)]
    said = _found(signs.ATTACHED, one.body) if files and one.known else ""
    return f"{said}; {files[0]}" if said else ""


def _acknowledged(one: Features) -> str:
    plain = one.known and len(one.substance) < 2 and not (one.substance and one.words > _SHORT)
    return _found(signs.ACKNOWLEDGED, one.body) if plain else ""


def _answers(one: Features) -> str:
    if not one.known or one.words < 4 or from_a_mail_system(one.mail):
        return ""
    enough = 1 if one.mail.references or one.words <= _SHORT else 2
    return "; ".join(one.substance[:3]) if len(one.substance) >= enough else ""


RULES: tuple[Rule, ...] = (
    Rule(
        "server: failed",
        Kind.BOUNCE,
        "a mail server reports that it was not delivered",
        _action(Action.FAILED),
    ),
    Rule("server: delayed", Kind.DELAYED, "a mail server still tries", _action(Action.DELAYED)),
    Rule(
        "receipt", Kind.RECEIPT, "a receipt, no answer", _action(Action.DELIVERED, Action.DISPLAYED)
    ),
    Rule("calendar", Kind.UNSORTED, "an entry for a calendar; see what it is", _calendar),
    Rule("sealed", Kind.UNSORTED, "its words cannot be read here", _sealed),
    Rule("newsletter", Kind.UNSORTED, "sent to a list of readers", _newsletter),
    Rule("objection", Kind.OBJECTION, "asks not to be written to; confirm it", _objection),
    Rule("marked automatic, reads like an answer", Kind.UNSORTED, "read it", _overruled),
    Rule("automatic: header", Kind.AUTOMATIC, "no person wrote it", _automatic_header),
    Rule("automatic: words", Kind.AUTOMATIC, "an office's standing answer", _automatic_text),
    Rule("reply attached", Kind.REPLY, "the answer is attached", _reply_attached),
    Rule("asks for the address", Kind.ASKS_FOR_MORE, "the office waits for it", _asks_for_address),
    Rule("asks again", Kind.ASKS_FOR_MORE, "the office waits for something", _asks_for_more),
    Rule("passed on", Kind.PASSED_ON, "to", _passed_on),
    Rule("acknowledged", Kind.ACKNOWLEDGEMENT, "received, not answered", _acknowledged),
    Rule("answers", Kind.REPLY, "words of an answer", _answers),
    Rule("automatic: generated", Kind.AUTOMATIC, "a system's own words", _generated),
)
"""The table. The order matters: what a server says, what nobody can sort, who objects, what no
person wrote, what the office wants or did, and then what it answers."""
