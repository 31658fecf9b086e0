"""Whom a refusal is about: the reader, the letter, or the account that sends.

A refusal of the account says nothing about the letter in hand: every further letter would be
refused too, so the run stops and the letter waits. Enhanced codes decide first, then the words in
which servers in use say it. Sources:

- RFC 3463 and IANA's "SMTP Enhanced Status Codes" registry; RFC 5321 4.2; RFC 4954 (530, 534, 535,
  538); RFC 7372 (authentication of mail); RFC 6710;
- Google: "Gmail SMTP errors and codes";
- Microsoft: "Email non-delivery reports and SMTP errors in Exchange Online", "Fix issues with
  printers, scanners, and LOB applications that send email";
- Postfix: SMTPD_ACCESS_README, postconf(5) (relay_domains, reject_sender_login_mismatch,
  reject_rbl_client); Exim: specification, chapters 43 (access control lists, ratelimit) and 33;
  cPanel: "max emails per hour".
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from flows.post.smtp.reply import Reply


class Concern(StrEnum):
    """Whom a refusal is about."""

    READER = "reader"
    LETTER = "letter"
    ACCOUNT = "account"
    UNKNOWN = "unknown"


class Fault(StrEnum):
    """What is wrong with the account, or with the server's view of it."""

    RELAY = "relay"
    LOGIN = "login"
    SENDER = "sender"
    QUOTA = "quota"
    BLOCKLIST = "blocklist"
    POLICY = "policy"
    SYSTEM = "system"


REMEDIES = {
    Fault.RELAY: "the server passes on no mail for this login; check SMTP_HOST, SMTP_PORT and "
    "SMTP_USER (submission is port 465 or 587)",
    Fault.LOGIN: "the server wants a login, or another kind of login; check SMTP_USER, "
    "SMTP_PASSWORD, SMTP_AUTH and SMTP_SECURITY",
    Fault.SENDER: "this login may not send as MAIL_FROM; use the address that belongs to it, or "
    "have the right to send as MAIL_FROM added",
    Fault.QUOTA: "the account has sent as much as it may; wait until its limit begins anew, set "
    "MAIL_RATE below the limit, or ask for a higher one",
    Fault.BLOCKLIST: "this machine or account is on a blocklist; have it taken off the list that "
    "the server names, or send through another server",
    Fault.POLICY: "the sender's domain fails SPF, DKIM or DMARC; correct its DNS records "
    "(dear-minister check CAMPAIGN shows them) or set MAIL_DKIM_KEY",
    Fault.SYSTEM: "the mail server itself is full or takes no mail; wait, or make room where the "
    "server is yours",
}
"""What to do about each."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """Whom a refusal is about; ``fault`` where it is about the account."""

    concern: Concern
    fault: Fault | None = None


_READER, _LETTER = Meaning(Concern.READER), Meaning(Concern.LETTER)
_UNKNOWN = Meaning(Concern.UNKNOWN)
_RELAY, _LOGIN, _SENDER, _QUOTA, _BLOCKLIST, _POLICY, _SYSTEM = (
    Meaning(Concern.ACCOUNT, fault) for fault in Fault
)

CODES = {
    530: _LOGIN,  # RFC 4954 6, RFC 3207 4
    534: _LOGIN,
    535: _LOGIN,
    538: _LOGIN,
}
"""Basic codes with one meaning, whatever their enhanced code."""

ENHANCED = {
    # RFC 3463 3.2, IANA
    "1.1": _READER,  # bad destination mailbox address
    "1.2": _READER,  # bad destination system address
    "1.3": _READER,  # bad destination mailbox address syntax
    "1.4": _READER,  # destination mailbox address ambiguous
    "1.6": _READER,  # mailbox has moved
    "1.7": _SENDER,  # bad sender's mailbox address syntax
    "1.8": _SENDER,  # bad sender's system address; Exchange: bad outbound sender
    "1.10": _READER,  # recipient address has null MX; Exchange: recipient not found
    "1.90": _QUOTA,  # Exchange: daily limit for message recipients reached
    # RFC 3463 3.3: the reader's mailbox
    "2.1": _READER,
    "2.2": _READER,
    "2.3": _LETTER,  # longer than this mailbox takes
    "2.4": _READER,
    "2.252": _SENDER,  # Exchange: SendAsDenied
    # RFC 3463 3.4
    "3.1": _SYSTEM,  # mail system full
    "3.2": _SYSTEM,  # system not accepting network messages
    "3.4": _LETTER,  # message too big for system
    "5.4.5": _QUOTA,  # Gmail: daily user sending limit exceeded; 4.4.5 is a server that is busy
    # RFC 3463 3.7: media and conversion
    "6.0": _LETTER,
    "6.1": _LETTER,
    "6.2": _LETTER,
    "6.3": _LETTER,
    "6.4": _LETTER,
    "6.5": _LETTER,
    "6.6": _LETTER,
    "6.7": _READER,  # RFC 6531: non-ASCII addresses not permitted
    "6.9": _LETTER,
    # RFC 3463 3.8, IANA
    "7.2": _READER,  # mailing list expansion prohibited
    "7.3": _LOGIN,  # Exchange: authentication unsuccessful
    "7.8": _LOGIN,  # authentication credentials invalid
    "7.9": _LOGIN,  # authentication mechanism too weak; Gmail: application-specific password
    "7.10": _LOGIN,  # encryption needed
    "7.11": _LOGIN,  # encryption required for this mechanism
    "7.13": _READER,  # user account disabled
    "7.14": _LOGIN,  # trust relationship required
    "7.17": _READER,  # mailbox owner has changed
    "7.18": _READER,  # domain owner has changed
    "7.20": _POLICY,  # no passing DKIM signature (RFC 7372)
    "7.21": _POLICY,  # no acceptable DKIM signature
    "7.22": _POLICY,  # no valid author-matched DKIM signature
    "7.23": _POLICY,  # SPF validation failed
    "7.24": _POLICY,  # SPF validation error
    "7.25": _BLOCKLIST,  # reverse DNS validation failed
    "7.26": _POLICY,  # multiple authentication checks failed: DMARC
    "7.27": _SENDER,  # sender address has null MX (RFC 7505)
    "7.28": _QUOTA,  # mail flood detected
    # Exchange Online
    "7.54": _RELAY,  # unable to relay recipient in non-accepted domain
    "7.57": _LOGIN,  # client was not authenticated to send anonymous mail
    "7.60": _SENDER,  # client does not have permission to send as this sender
    "7.64": _RELAY,  # TenantAttribution; relay access denied
    "7.124": _READER,  # sender not in the recipient's allowed-senders list
    "7.133": _READER,  # sender not authenticated for group
    "7.134": _READER,
    "7.135": _READER,
    "7.136": _READER,
    "7.139": _LOGIN,  # SmtpClientAuthentication is disabled
    "7.230": _QUOTA,
    "7.232": _QUOTA,  # tenant exceeded its daily limit for external recipients
    "7.233": _QUOTA,
    "7.501": _BLOCKLIST,  # access denied, spam abuse detected
    "7.502": _BLOCKLIST,
    "7.503": _BLOCKLIST,  # banned sender
    "7.508": _QUOTA,
    "7.509": _POLICY,  # sending domain does not pass DMARC
    "7.511": _BLOCKLIST,  # banned sender
    "7.705": _QUOTA,  # tenant has exceeded threshold
    "7.708": _BLOCKLIST,  # traffic not accepted from this IP
    "7.750": _SENDER,  # client blocked from sending from unregistered domains
}
"""Enhanced codes, without their class where it makes no difference. Those that say too little
(X.0.0, X.2.0, X.7.0, X.7.1 ...) are not in it: the words decide."""

_BANNED_IP = re.compile(r"7\.6(0[1-9]|[1-4]\d)")
"""Exchange Online's 5.7.601 to 5.7.649: access denied, banned sending IP."""


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


_PLAIN_WORDS = (
    # These leave no doubt, whatever the code: Exchange's quota comes as 5.2.0, relaying as 5.4.1.
    (
        _any(
            r"relay(ing)?( access)? (is )?(denied|prohibited|not (permitted|allowed))",
            r"unable to relay|(do|does) not relay|not (permitted|allowed) to relay",
        ),
        _RELAY,
    ),
    (
        _any(
            r"SubmissionQuota",
            r"\b(sending|outgoing|outbound|submission|relay|send) (rate |message |mail )?"
            r"(limit|quota|threshold)",
            r"daily (user |email |mail |message )?(sending |smtp relay )?(limit|quota)",
            r"(e?-?mails?|messages|recipients) (per|an?|each) (second|minute|hour|day)",
            r"\b(e?-?mail|message) quota (was |has been )?(exceeded|reached)",
            r"sender rate\b|rate limit(ed)? .{0,40}sender",
            r"too many (messages|e?-?mails) (from|sent by) (you|this)",
        ),
        _QUOTA,
    ),
    (_any(r"\bDMARC\b", r"\bSPF\b", r"\bDKIM\b", r"unauthenticated e?-?mail"), _POLICY),
    (_any(r"recipient thread limit"), _READER),
    (_any(r"SendAsDenied", r"not owned by user"), _SENDER),
    (_any(r"OutboundSpam"), _BLOCKLIST),
)

_ABOUT_READER = _any(
    r"recipient address rejected|user unknown|unknown (user|recipient|mailbox)",
    r"no such (user|recipient|mailbox|person|address)|invalid (recipient|mailbox)",
    r"(mailbox|recipient|user)( \S+)? (is )?(unavailable|disabled|inactive|full|not found)",
    r"over ?quota|mailbox .{0,60}(quota|full)|(does|do) not exist|unrouteable",
    r"blocked by (the )?(recipient|user|mailbox)|receiving mail (too|at a rate)",
    r"user .{0,20}not local",
)
_ABOUT_LETTER = _any(
    r"message (size )?(exceeds|too (big|large|long))|size (limit|exceeds)|too large",
    r"\b(virus|malware|attachment|content|uri|url|link|surbl)\b|scored|spam (score|points|filter)",
    r"\bheaders?\b|line (is )?too long",
)
_WORDS = (
    # Consulted where the code says too little.
    (
        _any(
            r"sender( address)? (rejected|denied|refused|not (allowed|permitted|authori[sz]ed))",
            r"(not|n't) (allowed|permitted|authori[sz]ed) to send|sender verif\w+ failed",
            r"mail sending denied|(from|sender)[^.;]{0,30}(not allowed|does not resolve)",
            r"sender\b[^.;]{0,30}\b(is )?not (valid|accepted|registered|verified)",
            r"domain of sender address",
        ),
        _SENDER,
    ),
    (
        _any(
            r"(authenticat\w*|smtp[- ]auth|login|log in)[^.;]{0,20} (required|needed|first)",
            r"not (authenticated|logged in)|(must|need to) (authenticate|issue a? ?starttls)",
            r"turn on smtp auth",
        ),
        _LOGIN,
    ),
    (
        _any(
            r"(quota|limit|rate|threshold)s? (\S+ ){0,4}(exceeded|reached)",
            r"(exceed\w*|reached)[^.;]{0,40}(quota|limit|rate|threshold)",
            r"too many (messages|e?-?mails|connections|concurrent)",
            r"unusual rate|rate limit|throttl",
        ),
        _QUOTA,
    ),
    (
        _any(
            r"block ?list|black ?list|block(ed)? (using|by|from)|\b(dns|r)bl\b|spamhaus|spamcop",
            r"barracuda|banned|(bad|poor|low) reputation|listed (at|by|in|on)\b",
            r"client (host|address|ip)[^.;]{0,60}(blocked|rejected|denied)",
            r"(bad|not in) (outbound )?sender|spam abuse",
        ),
        _BLOCKLIST,
    ),
)


def meaning(reply: Reply) -> Meaning:
    """Whom a refusal, temporary or permanent, is about. Cached by the words without addresses."""
    return _meaning(reply.code, reply.enhanced or "", reply.text)


@lru_cache(maxsize=256)
def _meaning(code: int, enhanced: str, text: str) -> Meaning:
    if code in CODES:
        return CODES[code]
    if found := _first(_PLAIN_WORDS, text):
        return found
    status = enhanced.partition(".")[2]
    if known := ENHANCED.get(enhanced) or ENHANCED.get(status):
        return known
    if _BANNED_IP.fullmatch(status):
        return _BLOCKLIST
    if _ABOUT_READER.search(text):
        return _READER
    if _ABOUT_LETTER.search(text):
        return _LETTER
    return _first(_WORDS, text) or _UNKNOWN


def _first(table: tuple[tuple[re.Pattern[str], Meaning], ...], text: str) -> Meaning | None:
    return next((meant for pattern, meant in table if pattern.search(text)), None)


_VARYING = re.compile(
    r"<[^<>\s]*>"  # an address, or a Message-ID
    r"|[^\s<>\"'(]+@[^\s<>\"')]+"
    r"|\[[^\]\s]*\]"  # a host's number
    r"|\b(?=[\w-]*\d)[\w.:-]{6,}"  # a session's or a queue's name, a time
)


def same_words(reply: Reply) -> str:
    """The reply without what differs from letter to letter: addresses, numbers, queue names."""
    enhanced = reply.enhanced or ""
    words = _VARYING.sub("*", reply.text.removeprefix(enhanced))
    return " ".join((str(reply.code), enhanced, *words.split()))
