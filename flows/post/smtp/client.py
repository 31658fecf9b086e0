"""The SMTP dialogue: smtplib's client, strict about phases, silent towards anyone not allowed.

smtplib writes body and final dot in one buffer and cannot tell a connection lost at MAIL from one
lost after the dot. Here the phase is known at every moment, the ledger speaks between body and
dot, and RCPT is written only for addresses that this run may write to.
"""

import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, cast

from flows.errors import DearMinisterError
from flows.people.email_address import for_the_wire
from flows.post.smtp.token import TokenSource

_MAX_LINE = 8192
_PLAIN = re.compile(r"[\w.+=-]+@[\w.-]+", re.ASCII)
# The dot first, which base64 has none of: three times as fast as to look for both.
_DOT_OF_A_LINE = re.compile(rb"\.(?<=\n\.)")


class Phase(StrEnum):
    """How far a dialogue has come."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "body"
    DOT = "dot"
    QUIT = "QUIT"


TIMEOUTS = {
    Phase.CONNECT: 300.0,
    Phase.GREETING: 300.0,
    Phase.EHLO: 300.0,
    Phase.STARTTLS: 300.0,
    Phase.AUTH: 300.0,
    Phase.MAIL: 300.0,
    Phase.RCPT: 300.0,
    Phase.DATA: 120.0,
    Phase.BODY: 180.0,
    Phase.DOT: 600.0,
    Phase.QUIT: 5.0,  # the letter is in; nothing hangs on this answer
}
"""Seconds (RFC 5321 4.5.3.2)."""

_COMMANDS = {
    "ehlo": Phase.EHLO,
    "helo": Phase.EHLO,
    "starttls": Phase.STARTTLS,
    "auth": Phase.AUTH,
    "mail": Phase.MAIL,
    "rcpt": Phase.RCPT,
    "data": Phase.DATA,
    "quit": Phase.QUIT,
}


class _UTF8(str):
    """Text that smtplib, which asks for ASCII, gets in UTF-8 (RFC 4616, 2)."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return super().encode("utf-8", errors)


_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
"""By preference: the connection is encrypted, or does not leave this machine."""


class ForbiddenRecipientError(DearMinisterError):
    """The last gate: code above asked for an address that this run may not write to."""


class Dialogue(smtplib.SMTP):
    """An SMTP client that knows its phase. ``allowed`` decides who may be named in RCPT.

    ``timeout`` caps every phase's own time-out, in seconds; ``token`` logs in by XOAUTH2.
    """

    phase = Phase.CONNECT

    def __init__(
        self,
        host: str,
        port: int | str,
        *,
        allowed: Callable[[str], bool],
        timeout: float,
        token: TokenSource | None = None,
        **options: Any,
    ) -> None:
        self.allowed = allowed
        self._token = token
        self._offered: list[str] = []
        self.cap = timeout
        self._received = b""
        name = socket.gethostname()  # getfqdn() would ask the network
        super().__init__(
            host,
            int(port),
            local_hostname=name if "." in name else "[127.0.0.1]",
            timeout=self._seconds(Phase.CONNECT),
            **options,
        )

    def _seconds(self, phase: Phase) -> float:
        return min(TIMEOUTS[phase], self.cap)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        if self.sock is not None:
            self.sock.settimeout(self._seconds(phase))

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        # A mail is several small writes; Nagle's algorithm would hold each back for an ACK.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.phase = Phase.GREETING
        return made

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Write a command and enter its phase."""
        self._enter(_COMMANDS.get(cmd.lower(), self.phase))
        super().putcmd(cmd, args)

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply: (code, text); code -1 where the lines are not those of RFC 5321 4.2, or
        do not agree on a code.

        The phase's time-out bounds the whole reply. Raises SMTPServerDisconnected.
        """
        deadline = time.monotonic() + self._seconds(self.phase)
        lines: list[bytes] = []
        first = b""
        while True:
            line = self._line(deadline)
            code, rest = line[:3], line[3:4]
            first = first or code
            if not (code.isdigit() and rest in (b"", b" ", b"-")) or code[:1] not in b"2345":
                return -1, line
            if code != first:  # a letter may be in by the one and not by the other
                return -1, b"%s, then %s" % (first, line)
            lines.append(line[4:].strip())
            if rest != b"-":
                return int(code), b"\n".join(lines)

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._received:
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected("the connection is closed")
            left = deadline - time.monotonic()
            try:
                if left <= 0:
                    raise TimeoutError("no answer in time")
                self.sock.settimeout(left)
                got = self.sock.recv(_MAX_LINE)
            except OSError as error:
                self.close()
                raise smtplib.SMTPServerDisconnected(
                    "no answer in time" if isinstance(error, TimeoutError) else str(error)
                ) from error
            if not got or len(self._received) + len(got) > 4 * _MAX_LINE:
                self.close()
                raise smtplib.SMTPServerDisconnected("the server closed the connection")
            self._received += got
        line, _, self._received = self._received.partition(b"\n")
        return line.rstrip(b"\r")

    def unasked(self) -> bool:
        """Whether the server has spoken, or hung up, without having been asked."""
        if self._received or self.sock is None:
            return True
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return True
        if not hasattr(select, "poll"):  # Windows
            return bool(select.select([self.sock], [], [], 0)[0])
        # Not select: a process with many connections has descriptors beyond 1,024.
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
        return bool(poll.poll(0))

    def ehlo(self, name: str = "") -> tuple[int, bytes]:
        """EHLO; a temporary no raises SMTPResponseException, not to pass for an old server."""
        code, text = super().ehlo(name)
        if 400 <= code <= 499 or code == -1:
            raise smtplib.SMTPResponseException(code, text)
        # smtplib would offer a refused password again by every mechanism there is.
        self._offered = self.esmtp_features.get("auth", "").upper().split()
        if chosen := next((name for name in _MECHANISMS if name in self._offered), None):
            self.esmtp_features["auth"] = chosen
        return code, text

    def starttls(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        """STARTTLS; words sent before the encryption began are not believed (CVE-2011-0411)."""
        answer: tuple[int, bytes] = super().starttls(*args, **options)
        if self._received:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server spoke out of turn at STARTTLS")
        return answer

    def login(self, user: str, password: str, **options: Any) -> tuple[int, bytes]:
        """AUTH: XOAUTH2 where there is a token, else by password, in letters outside ASCII too.

        Raises SMTPNotSupportedError, SMTPAuthenticationError, ConfigurationError (no token).
        """
        if self._token is not None:
            return self._log_in_by_token(user, self._token.token())
        answer: tuple[int, bytes] = super().login(_UTF8(user), _UTF8(password), **options)
        return answer

    def _log_in_by_token(self, user: str, token: str) -> tuple[int, bytes]:
        """SASL XOAUTH2, as Google and Microsoft document it."""
        self.ehlo_or_helo_if_needed()
        if "XOAUTH2" not in self._offered:
            raise smtplib.SMTPNotSupportedError(
                "the server does not offer XOAUTH2 (SMTP_AUTH); set SMTP_AUTH=password;"
            )
        credentials = f"user={user}\1auth=Bearer {token}\1\1"
        # A refusal comes as a challenge with the reason, which a blank line answers.
        return self.auth("XOAUTH2", lambda challenge=None: "" if challenge else credentials)

    def auth(self, mechanism: str, authobject: Any, **options: Any) -> tuple[int, bytes]:
        """One mechanism of ``login``, its answers in UTF-8."""

        def answering(*challenge: bytes) -> str | None:
            given = authobject(*challenge)
            return None if given is None else _UTF8(given)

        answer: tuple[int, bytes] = super().auth(mechanism, cast(Any, answering), **options)
        return answer

    def rcpt(self, recip: str, options: Any = ()) -> tuple[int, bytes]:
        """RCPT, for allowed addresses alone; ForbiddenRecipientError before a byte is written."""
        if not self.allowed(recip):
            raise ForbiddenRecipientError("this run may not write to that address")
        return super().rcpt(for_the_wire(recip), options)

    def mail(self, sender: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """MAIL, the sender's domain in ASCII."""
        answer: tuple[int, bytes] = super().mail(for_the_wire(sender), options)
        return answer

    def transaction(
        self, sender: str, recipient: str, options: Sequence[str], meanwhile: Callable[[], None]
    ) -> list[tuple[int, bytes]]:
        """MAIL, RCPT and DATA in one write (RFC 2920), and their replies in that order; fewer
        where one is 421 or makes no sense.

        ``meanwhile`` is called while the server makes up its answers; what it raises is passed on.
        Raises ForbiddenRecipientError, SMTPServerDisconnected.
        """
        if not self.allowed(recipient):
            raise ForbiddenRecipientError("this run may not write to that address")
        words = " ".join(("", *options))
        commands = (
            f"mail FROM:{_quoted(for_the_wire(sender))}{words}",
            f"rcpt TO:{_quoted(for_the_wire(recipient))}",
            "data",
        )
        if any("\r" in command or "\n" in command for command in commands):
            raise ForbiddenRecipientError("an address has a line break in it")
        self._enter(Phase.MAIL)
        self.send("\r\n".join((*commands, "")))
        meanwhile()
        replies: list[tuple[int, bytes]] = []
        for phase in (Phase.MAIL, Phase.RCPT, Phase.DATA):
            self._enter(phase)
            replies.append(self.getreply())
            if replies[-1][0] in (-1, 421):
                break
        return replies

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Not to be used: the body goes by ``body``, the dot by ``dot``."""
        raise ForbiddenRecipientError("a letter goes out only through body() and dot()")

    def body(self, lines: bytes) -> None:
        """The message after 354, as ``body_lines`` made it."""
        self._enter(Phase.BODY)
        self.send(lines)

    def dot(self) -> None:
        """The final dot. Once this is called, the server may have the letter."""
        self._enter(Phase.DOT)
        self.send(b".\r\n")


def body_lines(content: bytes) -> bytes:
    """A message as it is written after 354: dots doubled (RFC 5321 4.5.2), without the final
    dot."""
    lines = _DOT_OF_A_LINE.sub(b"..", content)
    if lines.startswith(b"."):
        lines = b"." + lines
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _quoted(address: str) -> str:
    """The address as MAIL and RCPT name it; smtplib's own way takes 30 microseconds."""
    return f"<{address}>" if _PLAIN.fullmatch(address) else smtplib.quoteaddr(address)


class DialogueOverTLS(Dialogue, smtplib.SMTP_SSL):
    """The same with TLS from the first byte (RFC 8314)."""
