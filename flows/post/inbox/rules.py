"""What a mail is: a table of rules, tried from top to bottom, each verdict with its reason.

The costliest error is a substantive reply taken for an automatic answer: nobody would read it, and
a chaser would follow. So whatever says "automatic" is overruled where the mail's own words read
like an answer, and what is not sure is left to a person.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

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
        return tuple(found for sign in _SUBSTANCE if (found := _found(sign, self.own)))

    @cached_property
    def boilerplate(self) -> tuple[str, ...]:
        """Words that offices' automatic answers are made of. Each sign once."""
        return tuple(found for sign in _BOILERPLATE if (found := _found(sign, self.own)))

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


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in patterns), re.IGNORECASE)


# ------------------------------------------------------------------ words
_OFFICE = (
    r"(?:the |our |my )?(?:(?:right )?hon(?:ourable)? )?(?:[A-Z][\w'-]+ ){0,4}"
    r"(?:department|ministry|office|treasury|dfid|fco|fcdo|mod|defra|hmrc|council|commission"
    r"|government|committee|agency|secretariat|division|directorate|colleagues?|minister\b|mp\b)"
)
_TO_ACT = (
    r"raise|raised|press|pressing|pressed|tabled?|tabling|sign(?:ed)?"
    r"|writ(?:e|ten|ing) to(?! (?:thank|acknowledge|you))"
    r"|ask(?:ed|ing)?"
    r"|support(?:ed|ing)?|oppose[ds]?|vot(?:e[ds]?|ing)|urge[ds]?"
    r"|call(?:ed|ing)? (?:for|on)|put down|meet|met|speak"
    r"|spoke|argue[ds]?|seek|sought|propose[ds]?"
)
_SUBSTANCE = (
    _any(
        r"\bI (?:do not |don't |cannot |fully |entirely |strongly |also |very much )*(?:agree"
        r"|disagree|support"
        r"|oppose|share|believe|think that|voted|welcome|accept|sympathi[sz]e|regret|remain of"
        r"|am persuaded"
        r"|am not persuaded|am content|am opposed|am in favour)\b"
    ),
    _any(
        rf"\bI(?: have| had|'ve)?(?: also| already| now"
        rf"| just)? (?:{_TO_ACT})\b(?!.{{0,20}}\b(?:office|team|you)\b)",
        rf"\b(?:I|we)(?: will|'ll| shall| would| am| are| intend to| be)+(?: also| not| be"
        rf"| certainly)* (?:{_TO_ACT})\b",
    ),
    _any(
        r"\b(?:the |this |Her Majesty's |HM |UK |British |Irish |Welsh )Government(?:'s)? (?:is"
        r"|are|remains?|will|has|have|does"
        r"|do|did|believes?|attach|attaches|welcomes?|continues?|recogni[sz]es?|supports?|should"
        r"|ought|position|policy|response"
        r"|takes?|agrees?|decided)",
        r"\bMinisters (?:are|have|will|do|believe|agree|were)\b",
        r"\bthe United Kingdom (?:will|has|is|played|supports|remains|continues|takes)\b",
        r"\b(?:Ireland|Wales|Scotland|the UK|our Permanent Representative) (?:has|will|is|played"
        r"|supports?)\b",
    ),
    _any(
        r"\bwe (?:do not |also |fully |will (?:not )?|have |are |shall )*(?:believe|welcome"
        r"|intend|support|oppose|agree|encourage"
        r"|press|committed|publish|attach great|continue to|take the view|urge|raise"
        r"|recogni[sz]e|emphasi[sz]e|set out)\b"
    ),
    _any(
        r"\b(?:written|oral|parliamentary) (?:question|answer|statement)s?\b",
        r"\bearly day motion\b|\bHansard\b|\badjournment debate\b|\bdebate\b"
        r"|\bat question time\b|\bput down a motion\b",
    ),
    _any(
        r"\b(?:our|UK|the) (?:statement|policy|position|strategy|view)\b.{0,60}\b(?:is|will|remains"
        r"|on|that|covers|refer)"
    ),
    _any(
        r"\b(?:I|we)(?: have| had)? (?:considered|read) your (?:letter|points|proposals)\b",
        r"\bthe (?:points|issues) (?:that )?you (?:make|raise)\b",
    ),
    _any(
        r"\b(?:happy|pleased|glad|willing|delighted|unable|sorry (?:that )?(?:I|we) cannot)"
        r" (?:to )?(?:meet|attend|speak|sign|support|help|take part)\b"
    ),
    _any(
        r"\basked officials\b|\bofficials would be glad\b|\bour statement\b|\bI am replying\b"
        r"|\bI have been asked to reply\b|\breplying on behalf\b"
    ),
    _any(
        r"\b(?:I|we) (?:can |would like to |want to )?(?:assure|reassure) you\b|\b(?:I"
        r"|we) appreciate (?:your|the) concerns?\b"
        r"|\b(?:I am|we are|I remain|we remain) (?:deeply |very |also |fully |clear "
        r"|absolutely )*(?:concerned|committed|clear that|determined|aware of the)\b"
    ),
    _any(r"\bcytuno\b|\bysgrifennu at y\b|\baontaím\b"),
)
_AUTOMATIC_WORDS = _any(
    r"\bthis is an auto(?:mated|matic|mated,)[\w ,]*(?:reply|response|acknowledge?ment|message"
    r"|email|e-mail)",
    r"\bauto(?:mated|matic)(?:ally)?[ -](?:reply|response|acknowledge?ment|generated|message)\b",
    r"\b(?:sent|generated) automatically\b|\bsystem[ -]generated message\b"
    r"|\bautomatically generated\b",
    r"\bneges awtomatig\b|\b(?:ateb|ymateb) awtomatig\b|\bfreagra uathoibr[ií]och\b"
    r"|\bteachtaireacht uathoibr[ií]och\b",
    r"\bautomatische (?:antwort|nachricht)\b|\bréponse automatique\b|\bmessage automatique\b",
)
_AWAY_WORDS = _any(
    r"\bI(?: am|'m| will be)(?: currently| now)? (?:out of|away from|not in) (?:the |my )?office\b",
    r"\bI(?: am|'m)(?: currently| now)? (?:on (?:annual |maternity |paternity |sick )?leave|away"
    r"|abroad|on holiday)\b",
    r"\b(?:office|mailbox|inbox) is (?:closed|not monitored|unattended|no longer)\b",
    r"\bwill (?:be )?(?:return(?:ing)?|back) (?:to the office )?on\b",
    r"\ballan o'r swyddfa\b|\bi ffwrdd o'r swyddfa\b|\bas (?:an )?oifig\b",
    r"\babsente? (?:du bureau|jusqu)|\bnicht im büro\b|\bnicht erreichbar\b"
    r"|\bab dem .{3,30} wieder\b",
)
_AUTOMATIC_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{1,30}\]\s*)?(?:auto(?:matic|mated)?[ -]?(?:reply|response"
    r"|acknowledge?ment)\b|auto(?:reply)?\s*:"
    r"|out[ -]of[ -](?:the )?office\b|on (?:annual )?leave\b|away from (?:the |my )?office\b"
    r"|vacation\b"
    r"|abwesenheits|automatische antwort|réponse automatique|absen(?:t|ce) du bureau"
    r"|message d'absence"
    r"|ateb awtomatig|ymateb awtomatig|allan o'r swyddfa|freagra uathoibr|as (?:an )?oifig\b"
    r"|respuesta autom|risposta automatica)",
    re.IGNORECASE,
)
_BOILERPLATE = (
    _AUTOMATIC_WORDS,
    _any(r"\bplease do not (?:reply|respond) to this\b"),
    _any(
        r"\bif you (?:are|live)[\w ]{0,20} (?:a |my |in (?:the|my) )constituen",
        r"\bif you live in\b",
        r"\bos ydych yn etholwr\b",
    ),
    _any(r"\b(?:strict )?(?:parliamentary |strict )(?:protocol|convention)\b|\bown constituents\b"),
    _any(
        r"\b(?:hundreds|thousands|a (?:very )?(?:large|high) (?:volume|number)|several hundred"
        r"|number|high volume) of (?:e-?mails|letters|correspondence)\b"
    ),
    _any(
        r"\byour (?:e-?mail|message|correspondence) has been(?: safely)? received\b"
        r"|\bemail has been received\b|\bmessage has been(?: safely)? received\b"
    ),
    _any(
        r"\bif (?:the matter|your (?:enquiry|query|matter)|it) is urgent\b"
        r"|\burgent\b.{0,40}\b(?:call|ring|telephone|phone)\b"
    ),
    _any(
        r"\b(?:aim|try|endeavour) to (?:reply|respond)\b|\bwill be dealt with in due course\b"
        r"|\bbear with us\b"
    ),
    _any(
        r"\bfull (?:postal )?(?:name|address)\b.{0,30}\bpostcode\b|\bfull name, address\b"
        r"|\bname, address and postcode\b|\bcod post\b|\bpostal address please resend\b"
    ),
    _any(
        r"\bcampaign (?:e-?mails?|responses?)\b|\bpublished on (?:my|our|the) website\b"
        r"|\bon (?:\w+'s|my|our) website\b|\bsurger(?:y|ies)\b"
    ),
    _any(
        r"\bmailbox is monitored\b|\bread by a member of (?:my |the )?staff\b|\bmonitored (?:Monday"
        r"|between|during)\b"
    ),
    _any(r"\bdiary (?:manager|secretary)\b|\binvited? .{1,40} to an event\b"),
)
_OBJECTION = _any(
    r"\b(?:please |kindly |would you |could you |asked that (?:he|she|they|we|I) be "
    r"|be )(?:remove[d]?|take[n]?|delete[d]?|unsubscribed?)"
    r"\b.{0,60}\b(?:list|database|records|circulation|mailings?)",
    r"\bplease (?:remove|unsubscribe|delete) (?:me|us|him|her|this (?:office|address)|my|our)\b",
    r"\b(?:do not|don't|never|please stop|stop|cease) (?:ever )?(?:writ(?:e|ing)|e-?mail(?:ing)?"
    r"|contact(?:ing)?|send(?:ing)?) (?:to )?(?:me|us|him|her|this office)\b",
    r"\b(?:not|no longer) (?:wish|want|be contacted|to be contacted)\b.{0,40}\b(?:receive"
    r"|contacted|further|future|again|e-?mails)\b",
    r"\b(?:prefer|wish|ask) not to be (?:contacted|written to)\b|\bwe object to the processing\b"
    r"|\bI object to the processing\b",
    r"^unsubscribe\b.{0,40}$|^(?:please )?(?:take|remove) (?:me|us|him|her) (?:off|from)\b",
)
_ADDRESS_ASKED = _any(
    r"\b(?:could|can|would|will|please|may|let)\b.{0,80}\b(?:your|an?) (?:full |home |postal "
    r"|complete |own )*(?:address|postcode)\b",
    r"\b(?:confirm|check|verify|establish)\b.{0,60}\b(?:constituent|you live|constituency"
    r"|resident|postcode)\b",
    r"\bneed (?:to know |to have )?your (?:full |home |postal )*(?:address|postcode)\b"
    r"|\bare you a constituent\b|\bwhat is your (?:full |home |postal )*(?:address|postcode)\b",
)
_MORE_ASKED = _any(
    r"\b(?:attachment|letter|document|file|pdf)\b.{0,40}\b(?:would|did|could|will|does)(?: not"
    r"|n't) (?:open|arrive|be opened)\b",
    r"\b(?:send|resend|forward) (?:it|the (?:attachment|letter|document)"
    r"|your letter)(?: to (?:me|us))? again\b",
    r"\bcould you (?:please )?(?:clarify|tell (?:me|us) (?:which|what)|provide (?:further"
    r"|more) (?:details|information))\b",
)
_PASSED = re.compile(
    rf"\b(?:passed|forwarded|transferred|referred|redirected|sent|passing|forwarding"
    rf"|transferring)\b(?: (?:on|your|it|this|the|a copy of)\b)?"
    rf"[\w ,]{{0,60}}? (?:on )?to (?P<whom>{_OFFICE}[\w ,-]{{0,60}}?)"
    rf"(?=[.;:,]|$| (?:who|which|for|and|so|to|as|because)\b)",
    re.IGNORECASE,
)
_FALLS_TO = re.compile(
    rf"\b(?:falls? (?:within|to|under)|rests? with|responsibility of|(?:a )?matters? for"
    rf"|led by) (?P<whom>{_OFFICE}[\w ,-]{{0,60}}?)"
    rf"(?=[.;:,]|$| (?:who|which|for|and|so|to|as|because|I|we)\b).{{0,80}}\b(?:passed|forwarded"
    rf"|transferred|referred|sent)\b",
    re.IGNORECASE,
)
_OWN_OFFICE = _any(
    r"^(?:the |our |my )?(?:private office|(?:ministerial )?correspondence|team|office)\b"
)
_ACKNOWLEDGED = _any(
    r"\bhas asked me to (?:thank|acknowledge)\b|\bI am writing to (?:acknowledge|thank)\b"
    r"|^received with thanks\b"
    r"|\backnowledge (?:receipt|your)\b",
    r"\b(?:case |your |the |our )?reference(?: number)?(?: is|:)? ?[A-Z0-9][\w/-]*\d"
    r"|\blogged under\b|\bgiven the reference\b",
    r"\b(?:is|are) receiving attention\b|\b(?:full |substantive )?(?:reply"
    r"|response) (?:will be sent|within|as soon as|in due course|to you shortly)\b",
    r"\b(?:aims?|hope|will|should|endeavour) (?:to )?(?:send|receive|provide|reply|respond"
    r"|have)\b.{0,60}\b(?:working days|in due course|as soon as|shortly|within)\b",
    r"\b(?:will|shall|can) (?:make sure|ensure|see)(?: that)? .{1,40} sees?\b|\bbring (?:it|this"
    r"|your \w+) to (?:\w+ ){1,4}attention\b",
    r"\b(?:be )?back in touch\b|\bcome back to you\b|\bget back to you\b|\bhas (?:been )?noted\b"
    r"|\bnoted (?:with|your|the)\b",
    r"\bpassed (?:it|this|your \w+)(?: on)? to (?:him|her|them|[A-Z][a-z]+\b)"
    r"|\bdrawn? .{1,40} to (?:his|her|the \w+'s) attention\b",
    r"\b(?:we|I) have received your\b|\bthank you for your (?:letter|e-?mail|message"
    r"|correspondence),? which (?:we|I|was|has)\b",
)
_ATTACHED = _any(
    r"\b(?:attach(?:ed|ing|ment)?|enclos(?:ed|e|ing))\b.{0,60}\b(?:reply|response|letter|answer)\b",
    r"\b(?:reply|response|letter|answer)\b.{0,40}\b(?:is |are |please find )?(?:attached"
    r"|enclosed)\b",
)
_DOCUMENTS = (".pdf", ".docx", ".doc", ".odt", ".rtf", ".tif", ".tiff")


# ------------------------------------------------------------------ the tests of the rules
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
    return _found(_OBJECTION, one.body)


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
    if found := _found(_AUTOMATIC_SUBJECT, one.mail.subject):
        return f"Subject: {found}"
    return ""


def _overruled(one: Features) -> str:
    """Marked as automatic, and reads like an answer."""
    marked = _automatic_header(one)
    return f"{marked}; {one.substance[0]}" if marked and one.reads_like_an_answer else ""


def _automatic_text(one: Features) -> str:
    if one.reads_like_an_answer or len(one.substance) > len(one.boilerplate):
        return ""
    strong = _found(_AUTOMATIC_WORDS, one.own) or _found(_AUTOMATIC_WORDS, one.mail.subject)
    if strong and not one.substance:
        return strong
    if len(one.boilerplate) >= 3 or (strong and len(one.boilerplate) >= 2):
        return "; ".join(one.boilerplate[:3])
    away = _found(_AWAY_WORDS, one.body)
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
    return _found(_ADDRESS_ASKED, one.body) if plain else ""


def _asks_for_more(one: Features) -> str:
    plain = _written(one) and not one.substance and one.words <= _SHORT
    return _found(_MORE_ASKED, one.body) if plain else ""


def _passed_on(one: Features) -> str:
    if not _written(one) or len(one.substance) > 2:
        return ""
    for pattern in (_FALLS_TO, _PASSED):
        for match in pattern.finditer(one.body):
            if not _OWN_OFFICE.match(match["whom"]):
                return match["whom"].strip(" ,")
    return ""


def _reply_attached(one: Features) -> str:
    files = [file.name for file in one.mail.files if file.name.lower().endswith(_DOCUMENTS)]
    said = _found(_ATTACHED, one.body) if files and one.known else ""
    return f"{said}; {files[0]}" if said else ""


def _acknowledged(one: Features) -> str:
    plain = one.known and len(one.substance) < 2 and not (one.substance and one.words > _SHORT)
    return _found(_ACKNOWLEDGED, one.body) if plain else ""


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
