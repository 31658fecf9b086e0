"""A fault SMTP server over raw sockets: it misbehaves on cue and counts the copies it stored.

``python -m tests.servers.fault --port 0 --store DIR`` runs it as a process of its own.
"""

import contextlib
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.copies import Copies
from tests.servers.script import PATIENCE, Phase, Rule, Script, script
from tests.servers.session import Session


class FaultServer:
    """Listens on 127.0.0.1; one thread a connection; ``with`` opens and closes it.

    ``security`` is none, starttls or tls (implicit), the latter two with ``context``. With
    ``users`` MAIL needs AUTH (PLAIN or LOGIN), with ``tokens`` XOAUTH2. ``largest`` (octets) is
    offered as SIZE. ``latency`` (seconds) passes before each final
    answer. ``window`` (octets) is the receive buffer: a small one makes the client feel a fault
    in mid-body instead of leaving the whole body to its kernel. ``store`` is a folder for copies
    and transcript.
    """

    def __init__(
        self,
        rules: Script | Iterable[Rule] = (),
        *,
        security: str = "none",
        context: ssl.SSLContext | None = None,
        users: dict[str, str] | None = None,
        tokens: dict[str, str] | None = None,
        largest: int = 0,
        latency: float = 0.0,
        store: Path | None = None,
        port: int = 0,
        window: int | None = None,
        smtputf8: bool = True,
        pipelining: bool = False,
    ) -> None:
        self.script: Script = rules if callable(rules) else script(rules)
        self.security = security
        self.context = context
        self.users = users or {}
        self.tokens = tokens or {}
        self.largest = largest
        self.latency = latency
        self.smtputf8 = smtputf8
        self.pipelining = pipelining
        self.copies = Copies(store)
        self.sessions: list[Session] = []
        self.transcript_file = store / "transcript.jsonl" if store else None
        self.closing = threading.Event()
        self._attempts: Counter[tuple[Phase, str]] = Counter()
        self._lock = threading.Lock()
        self._open = threading.Condition()
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if window is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(128)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="fault-accept", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, cut every connection, wait for their threads (10 s at most)."""
        self.closing.set()
        # close() alone leaves a thread that sits in accept() holding the port.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for session in list(self.sessions):
            session.cut()
        self.wait_idle()
        self.copies.close()

    def wait_idle(self, seconds: float = PATIENCE) -> bool:
        """Wait until no connection is open; False when one still is after ``seconds``."""
        with self._open:
            return self._open.wait_for(lambda: not any(s.alive for s in self.sessions), seconds)

    def wait_for(self, what: Phase, seconds: float = 2 * PATIENCE) -> bool:
        """Wait until some session has come to this phase."""
        with self._open:
            return self._open.wait_for(lambda: self.reached(what) > 0, seconds)

    def reached(self, phase: Phase) -> int:
        """How often any session has come to this phase."""
        with self._lock:
            return sum(n for (seen, _), n in self._attempts.items() if seen is phase)

    @property
    def recipients(self) -> list[str]:
        """Every address that reached RCPT, in order, refused ones too."""
        return [address for session in self.sessions for address in session.recipients_named]

    def next_attempt(self, phase: Phase, recipient: str) -> int:
        with self._lock:
            self._attempts[phase, recipient] += 1
            attempt = self._attempts[phase, recipient]
        self.notify()
        return attempt

    def notify(self) -> None:
        with self._open:
            self._open.notify_all()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = Session(self, connection, number=len(self.sessions) + 1)
            with self._open:
                self.sessions.append(session)
            threading.Thread(target=session.run, name="fault-session", daemon=True).start()


if __name__ == "__main__":
    from tests.servers.command import main

    main()
