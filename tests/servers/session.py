"""One connection to the fault server: the SMTP dialogue, with the script asked at every phase."""

import base64
import binascii
import contextlib
import json
import re
import select
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from tests.servers.copies import message_id
from tests.servers.script import Action, Answer, Call, Drop, Moment, Phase, Raw, Reset, Stall

if TYPE_CHECKING:
    from tests.servers.fault import FaultServer

END = b"\r\n.\r\n"


class _Over(Exception):  # noqa: N818 - an end, not an error
    """The connection has come to its end, as the script, the client or QUIT would have it."""


class Session:
    """What was said on one connection is in ``commands`` (credentials left out) and ``replies``."""

    def __init__(self, server: "FaultServer", connection: socket.socket, number: int) -> None:
        self.number = number
        self.commands: list[str] = []
        self.replies: list[str] = []
        self.recipients_named: list[str] = []
        self.alive = True
        self.tls = False
        self._server = server
        self._socket = connection
        self._read = bytearray()
        self._greeted = self._authenticated = False
        self._forget()

    def run(self) -> None:
        try:
            if self._server.security == "tls":
                self._start_tls()
            self._say(Phase.GREETING, 220, "fault.example.org ESMTP")
            while True:
                self._obey(self._line().decode("utf-8", "replace"))
        except (_Over, OSError):
            pass
        finally:
            self.cut()
            self._socket.close()
            self._write_transcript()
            self.alive = False
            self._server.notify()

    def cut(self) -> None:
        """End the connection, from any thread; its own thread closes the socket."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _obey(self, command: str) -> None:
        verb, _, rest = command.partition(" ")
        verb = verb.upper()
        self.commands.append(verb if verb == "AUTH" else command)
        obey: dict[str, Callable[[str], None]] = {
            "EHLO": self._ehlo,
            "HELO": self._ehlo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": lambda _: self._reply(250, "2.0.0 Ok"),
            "QUIT": self._quit,
        }
        obey.get(verb, lambda _: self._reply(500, "5.5.2 unknown command"))(rest)

    def _ehlo(self, rest: str) -> None:
        lines = ["fault.example.org", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self._server.smtputf8:
            lines.append("SMTPUTF8")
        if self._server.pipelining:
            lines.append("PIPELINING")
        if self._server.security == "starttls" and not self.tls:
            lines.append("STARTTLS")
        elif self._server.users or self._server.tokens:
            offered = ["PLAIN", "LOGIN"] if self._server.users else []
            lines.append(
                " ".join(["AUTH", *offered, *(["XOAUTH2"] if self._server.tokens else [])])
            )
        if self._server.largest:
            lines.append(f"SIZE {self._server.largest}")
        self._greeted = self._say(Phase.EHLO, 250, *lines)

    def _starttls(self, rest: str) -> None:
        if self._server.security != "starttls" or self.tls:
            self._reply(503, "5.5.1 no STARTTLS here")
        elif self._say(Phase.STARTTLS, 220, "2.0.0 go ahead"):
            self._start_tls()
            self._greeted = False

    def _start_tls(self) -> None:
        if self._server.context is None:
            raise ValueError("a server with TLS needs a context")
        self._at(Phase.HANDSHAKE)
        secured = self._server.context.wrap_socket(
            self._socket, server_side=True, do_handshake_on_connect=False
        )
        self._socket = secured
        try:
            secured.do_handshake()
        except OSError:
            self.commands.append("(TLS handshake failed)")
            raise
        self.tls = True

    def _auth(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() == "XOAUTH2":
            self._xoauth2(initial)
            return
        try:
            if mechanism.upper() == "PLAIN":
                _, user, password = self._ask("", initial).split("\0")
            else:
                user = self._ask("Username:", initial)
                password = self._ask("Password:")
        except (binascii.Error, ValueError):
            self._reply(501, "5.5.2 cannot decode")
            return
        if user in self._server.users and self._server.users[user] == password:
            self._authenticated = self._say(Phase.AUTH, 235, "2.7.0 welcome")
        elif not self._at(Phase.AUTH):
            self._reply(535, "5.7.8 wrong user or password")

    def _xoauth2(self, initial: str) -> None:
        """As Google and Microsoft do it: a refusal is a challenge that the client answers."""
        user, token = re.fullmatch(
            "user=(.*)\x01auth=Bearer (.*)\x01\x01", base64.b64decode(initial).decode()
        ).groups()  # type: ignore[union-attr]
        if self._server.tokens.get(user) == token:
            self._authenticated = self._say(Phase.AUTH, 235, "2.7.0 welcome")
            return
        self._reply(334, base64.b64encode(b'{"status":"400","schemes":"Bearer"}').decode())
        if self._line() == b"":
            self._reply(535, "5.7.3 Authentication unsuccessful")

    def _ask(self, challenge: str, initial: str = "") -> str:
        if not initial:
            self._reply(334, base64.b64encode(challenge.encode()).decode())
            initial = self._line().decode("ascii")
        return base64.b64decode(initial, validate=True).decode()

    def _mail(self, rest: str) -> None:
        if self._server.security == "starttls" and not self.tls:
            self._reply(530, "5.7.0 STARTTLS first")
        elif (self._server.users or self._server.tokens) and not self._authenticated:
            self._reply(530, "5.7.0 AUTH first")
        elif not self._greeted:
            self._reply(503, "5.5.1 EHLO first")
        else:
            self._forget()
            sender = _address(rest)
            if self._say(Phase.MAIL, 250, "2.1.0 Ok"):
                self._sender = sender

    def _rcpt(self, rest: str) -> None:
        recipient = _address(rest)
        self.recipients_named.append(recipient)
        if self._sender is None:
            self._reply(503, "5.5.1 MAIL first")
        elif self._say(Phase.RCPT, 250, "2.1.5 Ok", recipient=recipient):
            self._recipients.append(recipient)

    def _data(self, rest: str) -> None:
        if not self._recipients:
            self._reply(503, "5.5.1 RCPT first")
            return
        reader = self._recipients[0]
        if not self._say(Phase.DATA, 354, "end with a dot", recipient=reader):
            return
        content = self._body(reader)
        self.commands.append(".")
        known = {"recipient": reader, "message_id": message_id(content)}
        if not self._at(Phase.DOT, **known):
            queue_id = self._server.copies.store(self._sender or "", self._recipients, content)
            self._server.closing.wait(self._server.latency)
            self._say(Phase.STORED, 250, f"2.0.0 Ok: queued as {queue_id}", **known)
        self._at(Phase.ANSWERED, **known)
        self._forget()

    def _body(self, reader: str) -> bytes:
        """The message as the client's program had it: no dot-stuffing, CRLF at its end."""
        if not self._read:
            self._receive()
        self._at(Phase.BODY, recipient=reader)
        self._read[:0] = b"\r\n"  # so that a body of nothing but the dot ends too
        searched = 0
        while (end := self._read.find(END, searched)) < 0:
            searched = max(0, len(self._read) - len(END) + 1)
            self._receive()
        content = bytes(self._read[2 : end + 2])
        del self._read[: end + len(END)]
        return re.sub(rb"(?m)^\.", b"", content)

    def _rset(self, rest: str) -> None:
        self._forget()
        self._reply(250, "2.0.0 Ok")

    def _quit(self, rest: str) -> NoReturn:
        self._say(Phase.QUIT, 221, "2.0.0 Bye")
        raise _Over

    def _forget(self) -> None:
        self._sender: str | None = None
        self._recipients: list[str] = []

    def _say(
        self, phase: Phase, code: int, *texts: str, recipient: str = "", message_id: str = ""
    ) -> bool:
        """Give the regular answer unless the script has its own; True when the answer was a yes."""
        action = self._at(phase, recipient=recipient, message_id=message_id)
        if action is None:
            self._reply(code, *texts)
            return True
        return isinstance(action, Answer) and action.code < 400

    def _at(self, phase: Phase, *, recipient: str = "", message_id: str = "") -> Action | None:
        """Ask the script and do as it says; what was said in place of an answer is returned."""
        attempt = self._server.next_attempt(phase, recipient)
        moment = Moment(phase, self.number, attempt, recipient, self._sender or "", message_id)
        action = self._server.script(moment)
        while isinstance(action, Call):
            action = action.function(moment)
        match action:
            case Answer(code, texts, close):
                self._reply(code, *texts)
                if close or code == 421:
                    raise _Over
            case Raw(octets, close):
                self.replies.append(repr(octets))
                self._socket.sendall(octets)
                if close:
                    raise _Over
            case Drop():
                raise _Over
            case Reset():
                linger = struct.pack("ii", 1, 0)
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self._socket.close()
                raise _Over
            case Stall():
                self._stall(action)
                return None
        return action

    def _stall(self, stall: Stall) -> None:
        if stall.reached is not None:
            stall.reached.set()
        watch = select.poll()
        watch.register(self._socket, select.POLLRDHUP)
        while stall.until is None or not stall.until.is_set():
            if watch.poll(20) or self._server.closing.is_set():
                raise _Over

    def _reply(self, code: int, *texts: str) -> None:
        lines = [f"{code}-{text}" for text in texts[:-1]] + [f"{code} {texts[-1]}"]
        self.replies.extend(lines)
        self._socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def _line(self) -> bytes:
        while b"\n" not in self._read:
            self._receive()
        line, _, rest = bytes(self._read).partition(b"\n")
        self._read[:] = rest
        return line.rstrip(b"\r")

    def _receive(self) -> None:
        octets = self._socket.recv(65536)
        if not octets:
            raise _Over
        self._read += octets

    def _write_transcript(self) -> None:
        path = self._server.transcript_file
        if path is not None:
            line = {"session": self.number, "tls": self.tls, "commands": self.commands}
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def _address(rest: str) -> str:
    found = re.search(r"<([^>]*)>", rest)
    return found[1] if found else ""
