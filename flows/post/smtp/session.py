"""One open, authenticated connection to the mail server, through yagmail, and letters over it.

yagmail opens and authenticates; nothing else of it is used, because its ``send()`` repeats a
letter after a lost connection. This is the only module that imports it.
"""

import binascii
import logging
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import yagmail

from flows.errors import ConfigurationError, DearMinisterError
from flows.people.email_address import for_the_wire
from flows.post.failpoints import passing
from flows.post.smtp.client import Dialogue, DialogueOverTLS, Phase, body_lines
from flows.post.smtp.refusals import Concern, Fault, meaning
from flows.post.smtp.reply import Reply, after_dot, before_dot
from flows.post.smtp.server import Server
from flows.post.states import State


class UnavailableError(DearMinisterError):
    """The server cannot be talked to now; ``answered`` tells whether anything was there at all."""

    def __init__(self, text: str, *, answered: bool) -> None:
        super().__init__(text)
        self.answered = answered


class LoginRefusedError(ConfigurationError):
    """535: wrong name or password."""


class _Yagmail(yagmail.SMTP):  # type: ignore[misc]
    """yagmail with our client class in place of smtplib's."""

    def __init__(self, server: Server, allowed: Callable[[str], bool]) -> None:
        encrypted = server.security != "none"  # loading the authorities takes 40 ms
        context = (server.context or ssl.create_default_context()) if encrypted else None
        options: dict[str, Any] = {"context": context} if server.security == "tls" else {}
        self._client = partial(
            DialogueOverTLS if server.security == "tls" else Dialogue,
            allowed=allowed,
            timeout=server.timeout,
            token=server.token,
            **options,
        )
        super().__init__(
            user=server.user or "nobody",
            password=server.password,
            host=server.host,
            port=server.port,
            smtp_ssl=server.security == "tls",
            smtp_starttls={"context": context} if server.security == "starttls" else False,
            smtp_skip_login=not server.user,
            soft_email_validation=False,
        )
        # yagmail would write the dialogue, password included, at DEBUG.
        self.log = logging.getLogger("flows.post.yagmail.silent")
        self.log.disabled = True
        self.user = server.user  # as typed: yagmail takes "name <address>" apart

    @property
    def connection(self) -> Any:
        return self._client


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: the state it leads to, and the words that say why."""

    state: State
    """READY where the server refused the account for good, and so said nothing of the letter."""
    reply: Reply
    back_off: bool = False
    """The server wants to be left alone (421) or the connection is gone."""
    fault: Fault | None = None
    """What is wrong with the account, where the reply is about it."""


_NO_SMTPUTF8 = Reply(
    0,
    "the address has letters outside ASCII before the @, and this mail server does not offer "
    "SMTPUTF8: ask for an address in ASCII, or send by post",
)


class HungUpError(DearMinisterError):
    """The server closed a connection between two letters; nothing was said of the next one."""


class Session:
    """An open connection. Not shared between threads."""

    def __init__(self, server: Server, allowed: Callable[[str], bool]) -> None:
        """Connect, encrypt, authenticate.

        Raises UnavailableError where waiting may help, ConfigurationError (certificate,
        STARTTLS missing, login) where it will not.
        """
        self.server = server
        client = _Yagmail(server, allowed)
        try:
            client.login()
            client.smtp.ehlo_or_helo_if_needed()
        except DearMinisterError:
            _abandon(client)
            raise
        except Exception as error:
            _abandon(client)
            raise _opening(server, error) from error
        self.client: Dialogue = client.smtp
        self._yagmail = client
        self.open = True
        self._used = False
        """Whether a letter has gone over this connection."""
        self._pipelining = self.client.has_extn("pipelining")
        size = self.client.esmtp_features.get("size", "").strip()
        self.largest = int(size) if size.isdecimal() else 0
        """Octets of the largest mail that the server takes (RFC 1870); 0 where it does not say."""
        self._without: list[str] = []
        """Copies that the server would not take of the letter in hand."""

    def deliver(
        self,
        sender: str,
        recipients: tuple[str, ...],
        content: bytes,
        before_the_dot: Callable[[], None],
        before_the_body: Callable[[], None] = lambda: None,
    ) -> Outcome:
        """One letter to its reader, and to those who get a copy, in one transaction.

        ``before_the_body`` has time while the server answers MAIL, RCPT and DATA.
        ``before_the_dot`` must make ``handing_over`` durable. Whatever they raise closes the
        connection and is passed on: nothing of the body, or no dot, is written then. Raises
        HungUpError where a connection that has carried a letter is closed before MAIL is answered:
        try again over a new one.
        """
        lines = b""

        def prepare() -> None:
            nonlocal lines
            before_the_body()
            lines = body_lines(content)

        self._without = []
        # 8-bit text is in a mail only where a mailbox in its header is not ASCII (RFC 6532).
        named = (sender, *recipients)
        utf8 = not (content.isascii() and all(for_the_wire(address).isascii() for address in named))
        if utf8 and not self.client.has_extn("smtputf8"):
            before_the_body()
            return Outcome(State.REFUSED, _NO_SMTPUTF8)
        try:
            options = ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
            at_once = self._pipelining and not utf8 and len(recipients) == 1
            begin = self._at_once if at_once else self._step_by_step
            if self._used and self.client.unasked():
                raise self._hung_up()
            if (ended := begin(sender, recipients, options, prepare)) is not None:
                return ended
            self.client.body(lines)
        except smtplib.SMTPServerDisconnected as error:
            if self._used and self.client.phase is Phase.MAIL:
                raise self._hung_up() from error
            return self._lost(f"connection lost at {self.client.phase}: {error}")
        except DearMinisterError:
            self.close()
            raise
        finally:
            self._used = True
        return self._hand_over(before_the_dot)

    def _hung_up(self) -> HungUpError:
        self.close()
        return HungUpError(f"{self.server.name} closed the connection between two letters")

    def _step_by_step(
        self,
        sender: str,
        recipients: tuple[str, ...],
        options: list[str],
        prepare: Callable[[], None],
    ) -> Outcome | None:
        """MAIL, RCPT, DATA; None where the server waits for the body."""
        prepare()
        reader, *others = recipients
        reply = Reply.read(*self.client.mail(sender, options))
        if not reply.accepted:
            return self._no_to_mail(reply)
        reply = Reply.read(*self.client.rcpt(reader))
        if not reply.recipient_accepted:
            return self._no(reply)
        for address in others:
            # The reader's letter does not wait for a full archive; a closing channel ends both.
            answer = Reply.read(*self.client.rcpt(address))
            if answer.closing:
                return self._no(answer)
            if not answer.recipient_accepted:
                self._without.append(f"no copy to {address}: {answer}")
        self.client.putcmd("data")
        reply = Reply.read(*self.client.getreply())
        return None if reply.code == 354 else self._no(reply)

    def _at_once(
        self,
        sender: str,
        recipients: tuple[str, ...],
        options: list[str],
        prepare: Callable[[], None],
    ) -> Outcome | None:
        """The same in one write, for servers that offer PIPELINING."""
        answers = self.client.transaction(sender, recipients[0], options, prepare)
        replies = [Reply.read(*answer) for answer in answers]
        mail, *rest = replies
        taken = mail.accepted and bool(rest) and rest[0].recipient_accepted
        if len(replies) == 3 and replies[2].code == 354:
            if taken:
                return None
            # The server wants a body although it took no recipient: a dot might count as a letter.
            self.close()
        if not mail.accepted:
            return self._no_to_mail(mail)
        return self._no(rest[0] if rest and not rest[0].recipient_accepted else replies[-1])

    def _hand_over(self, before_the_dot: Callable[[], None]) -> Outcome:
        if self.client.unasked():
            return self._spoke_out_of_turn()
        try:
            passing("before-handing-over")
            before_the_dot()
            passing("after-handing-over")
            if self.client.unasked():  # while the ledger wrote: it cannot be about the dot either
                return self._spoke_out_of_turn()
        except BaseException:
            self.close()
            raise
        try:
            self.client.dot()
            passing("after-dot")
            reply = Reply.read(*self.client.getreply())
        except smtplib.SMTPServerDisconnected as error:
            self.close()
            return Outcome(State.UNCERTAIN, Reply(0, f"no answer to the dot: {error}"), True)
        passing("after-answer")
        state = after_dot(reply)
        if state is State.SENT:
            if self._without:
                reply = Reply(reply.code, "; ".join((reply.text, *self._without)))
            return Outcome(state, reply)
        if state is State.UNCERTAIN:
            self.close()
            return Outcome(state, Reply(0, f"no sense in the answer to the dot: {reply}"), True)
        if reply.closing:
            self.close()
        return self._refusal(reply, state)

    def _spoke_out_of_turn(self) -> Outcome:
        """Something came before the dot was written: it cannot be an answer to the dot."""
        try:
            reply = Reply.read(*self.client.getreply())
        except smtplib.SMTPServerDisconnected as error:
            return self._lost(f"connection lost in the body: {error}")
        return self._lost(f"the server spoke before the dot: {reply}")

    def _no_to_mail(self, reply: Reply) -> Outcome:
        """A no to MAIL is about the sender, unless it says that the letter is at fault."""
        if reply.closing and self._used:
            raise self._hung_up()
        about = meaning(reply)
        about_the_letter = (
            reply.code == 552
            or (reply.enhanced or "").startswith("5.3.")
            or about.concern is Concern.LETTER
        )
        if before_dot(reply) is State.REFUSED and not about_the_letter and 500 <= reply.code <= 599:
            self.quit()
            return Outcome(State.READY, reply, fault=about.fault or Fault.SENDER)
        return self._no(reply)

    def _no(self, reply: Reply) -> Outcome:
        """A no before the dot; the transaction is given up (RSET), the connection kept."""
        if reply.closing or not 400 <= reply.code <= 599:
            self.close()
            shown = reply if reply.closing else Reply(0, f"no sense in the answer: {reply}")
            return Outcome(State.DEFERRED, shown, back_off=True)
        outcome = self._refusal(reply, before_dot(reply))
        if not self.open:
            return outcome
        if outcome.fault:
            self.quit()
            return outcome
        try:
            if not Reply.read(*self.client.docmd("rset")).accepted:
                self.close()
        except smtplib.SMTPException:
            self.close()
        return outcome

    def _refusal(self, reply: Reply, state: State) -> Outcome:
        """A refusal of the letter, or of the account, which leaves the letter where it was."""
        fault = None if reply.closing else meaning(reply).fault
        if state is State.REFUSED and fault:
            state = State.READY
        return Outcome(state, reply, back_off=reply.closing, fault=fault)

    def _lost(self, text: str) -> Outcome:
        self.close()
        return Outcome(State.DEFERRED, Reply(0, text), back_off=True)

    def quit(self) -> None:
        """QUIT; whatever is answered, or not, changes nothing."""
        if self.open:
            passing("before-quit")
            try:
                self.client.quit()
            except (smtplib.SMTPException, OSError):
                self.close()
            self._shut()

    def close(self) -> None:
        """Hang up without a word: an open transaction is void (RFC 5321 4.1.1.5)."""
        self.client.close()
        self._shut()

    def _shut(self) -> None:
        self.open = False
        self._yagmail.is_closed = True  # else yagmail says QUIT when collected


def _abandon(client: _Yagmail) -> None:
    if client.smtp is not None:
        client.smtp.close()
    client.is_closed = True


def _opening(server: Server, error: Exception) -> DearMinisterError:
    """Why a connection could not be opened, as the error to raise."""
    name = server.name
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConfigurationError(
            f"{name}: the server's certificate is not to be trusted ({error.verify_message}); "
            "nothing was sent; correct SMTP_HOST or have the certificate renewed"
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return UnavailableError(f"{name}: connection lost at the TLS handshake", answered=True)
    if isinstance(error, ssl.SSLError):
        return ConfigurationError(
            f"{name}: no TLS ({error.reason or error}); check SMTP_PORT and SMTP_SECURITY "
            "(tls is port 465, starttls port 587)"
        )
    if isinstance(error, smtplib.SMTPAuthenticationError):
        reply = Reply.read(error.smtp_code, _raw(error))
        if before_dot(reply) is State.REFUSED and reply.code >= 500:
            secret = "SMTP_PASSWORD"
            if server.token:
                secret = "the token (SMTP_TOKEN_FILE, SMTP_TOKEN_COMMAND): it may have expired"
            return LoginRefusedError(
                f"{name}: login refused ({reply}); check SMTP_USER and {secret}"
            )
        return UnavailableError(f"{name}: login not possible now: {reply}", answered=True)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return ConfigurationError(
            f"{name}: {str(error).rstrip('.')}; nothing was sent: check SMTP_SECURITY and SMTP_USER"
        )
    if isinstance(error, smtplib.SMTPResponseException):
        reply = Reply.read(error.smtp_code, _raw(error))
        return UnavailableError(f"{name}: {reply}", answered=before_dot(reply) is State.DEFERRED)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return UnavailableError(f"{name}: connection lost: {error}", answered=True)
    if isinstance(error, smtplib.SMTPException):
        return ConfigurationError(
            f"{name}: {error}; check SMTP_SECURITY, SMTP_USER and SMTP_AUTH "
            "(Microsoft 365 and Gmail want xoauth2)"
        )
    if isinstance(error, socket.gaierror):
        return UnavailableError(f"{name}: no such host (SMTP_HOST)", answered=False)
    if isinstance(error, TimeoutError):
        return UnavailableError(f"{name}: no answer in time", answered=False)
    if isinstance(error, binascii.Error):  # an AUTH challenge that is not base64 (RFC 4954)
        return UnavailableError(f"{name}: no sense in the server's answers", answered=True)
    if isinstance(error, OSError):
        why = error.strerror or str(error)
        return UnavailableError(f"{name}: {why} (SMTP_HOST, SMTP_PORT)", answered=False)
    if isinstance(error, UnicodeError):  # what Python's resolver says of "mail..example.org"
        return ConfigurationError(f"{name}: not the name of a host; correct SMTP_HOST")
    raise error


def _raw(error: smtplib.SMTPResponseException) -> bytes:
    text: bytes | str = error.smtp_error
    return text if isinstance(text, bytes) else text.encode()
