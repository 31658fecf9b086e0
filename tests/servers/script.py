"""What a fault server does instead of behaving: phases of an SMTP session, actions, and rules."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Event
from typing import Any


class Phase(StrEnum):
    """A point of the session at which the script is asked; the comment says when that is."""

    GREETING = "greeting"  # in place of 220
    EHLO = "ehlo"  # in place of the answer to EHLO or HELO
    STARTTLS = "starttls"  # in place of the answer to STARTTLS
    HANDSHAKE = "handshake"  # before the TLS handshake, implicit or after STARTTLS
    AUTH = "auth"  # in place of 235 or 535
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # in place of 354
    BODY = "body"  # once the first octets of the body are read, before the rest is
    DOT = "dot"  # the final dot is read, nothing is stored; an answer given here is the final one
    STORED = "stored"  # the copy is durable, nothing is answered yet
    ANSWERED = "answered"  # the final answer is written
    QUIT = "quit"  # in place of 221


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a session stands when the script is asked."""

    phase: Phase
    session: int
    """Number of the connection, from 1."""
    attempt: int
    """How often this recipient has come to this phase (before RCPT: anyone has), from 1."""
    recipient: str = ""
    """Known from RCPT on."""
    sender: str = ""
    message_id: str = ""
    """Known from DOT on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Reply with a code; several texts make a reply of several lines. 421 closes the connection."""

    code: int
    texts: tuple[str, ...] = ("scripted",)
    close: bool = False


@dataclass(frozen=True, slots=True)
class Raw:
    """Write these octets in place of a reply: garbage, half a line, nothing."""

    octets: bytes
    close: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection in the ordinary way (FIN)."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Close with SO_LINGER 0: the client sees ECONNRESET."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Say nothing until released, then go on as if nothing was; ends when the client leaves."""

    until: Event | None = None
    reached: Event | None = None
    """Set when the stall begins, so that a test need not guess."""


@dataclass(frozen=True, slots=True)
class Call:
    """Run a function at this point, then behave, or do what the function returned."""

    function: "Callable[[Moment], Action | None]"


Action = Answer | Raw | Drop | Reset | Stall | Call
PATIENCE = 30
"""Seconds that a client waits for an answer that does come, however busy the machine."""


def patience(action: Action) -> float:
    """Seconds that a client waits: few only where the server never answers."""
    return 1 if isinstance(action, Stall) else PATIENCE


Script = Callable[[Moment], Action | None]
"""None means: behave."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a script: at this phase, for these recipients and attempts, do this."""

    phase: Phase
    action: Action
    to: str = "*"
    """A recipient or a pattern of fnmatch; only ``*`` can match before RCPT."""
    attempts: frozenset[int] | None = None
    """None means every attempt."""

    def matches(self, moment: Moment) -> bool:
        return (
            moment.phase is self.phase
            and (self.attempts is None or moment.attempt in self.attempts)
            and fnmatchcase(moment.recipient.lower(), self.to.lower())
        )


def once(phase: Phase, action: Action, to: str = "*") -> Rule:
    """The fault happens at the first attempt and is gone at the second."""
    return Rule(phase, action, to, frozenset({1}))


def always(phase: Phase, action: Action, to: str = "*") -> Rule:
    return Rule(phase, action, to)


def script(rules: Iterable[Rule]) -> Script:
    """The first rule that matches decides."""
    kept = tuple(rules)

    def decide(moment: Moment) -> Action | None:
        return next((rule.action for rule in kept if rule.matches(moment)), None)

    return decide


def behave(moment: Moment) -> Action | None:
    return None


def from_json(path: Path) -> Script:
    """A script for a server in a process of its own.

    A list of objects with ``phase`` and ``do`` (answer, raw, drop, reset, stall), and as needed
    ``to``, ``attempts``, ``code``, ``texts``, ``octets``, ``close``.
    """
    return script(_rule(entry) for entry in json.loads(path.read_text(encoding="utf-8")))


def _rule(entry: dict[str, Any]) -> Rule:
    close = bool(entry.get("close", False))
    actions: dict[str, Callable[[], Action]] = {
        "answer": lambda: Answer(entry["code"], tuple(entry.get("texts", ("scripted",))), close),
        "raw": lambda: Raw(entry["octets"].encode("latin-1"), close),
        "drop": Drop,
        "reset": Reset,
        "stall": Stall,
    }
    attempts = entry.get("attempts")
    return Rule(
        phase=Phase(entry["phase"]),
        action=actions[entry["do"]](),
        to=entry.get("to", "*"),
        attempts=None if attempts is None else frozenset(attempts),
    )
