"""A DNS server on the loopback with a zone that a test writes down."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Mapping[str, list[str]]]
"""Records by name and kind: {"example.org": {"MX": ["10 mail.example.org."], "TXT": ['"x"']}}."""


@dataclass
class DnsServer:
    """Where it listens, and the names that it was asked for."""

    address: str
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def dns_server(zone: Zone, *, silent: bool = False) -> Iterator[DnsServer]:
    """Serve the zone over UDP; ``silent``: read the questions and answer none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        server = DnsServer(f"127.0.0.1:{listening.getsockname()[1]}")

        def serve() -> None:
            while True:
                try:
                    octets, client = listening.recvfrom(4096)
                except OSError:
                    return
                if not octets:
                    return
                question = dns.message.from_wire(octets)
                name = question.question[0].name.to_text(omit_final_dot=True).lower()
                kind = dns.rdatatype.to_text(question.question[0].rdtype)
                server.asked.append(f"{name} {kind}")
                if not silent:
                    listening.sendto(_answer(zone, question, name, kind).to_wire(), client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waking:
                host, _, port = server.address.partition(":")
                waking.sendto(b"", (host, int(port)))
            thread.join(5)


def _answer(zone: Zone, question: dns.message.Message, name: str, kind: str) -> dns.message.Message:
    answer = dns.message.make_response(question)
    answer.flags |= dns.flags.RA
    if name not in zone:
        below = any(known.endswith(f".{name}") for known in zone)
        answer.set_rcode(dns.rcode.NOERROR if below else dns.rcode.NXDOMAIN)
    elif records := zone[name].get(kind):
        answer.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", kind, records))
    return answer
