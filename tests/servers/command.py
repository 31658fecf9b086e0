"""The fault server as a process, so that client and server can be killed independently."""

import argparse
import signal
import ssl
from pathlib import Path

from tests.servers.fault import FaultServer
from tests.servers.script import behave, from_json


def main() -> None:
    """Serve until SIGTERM; the first line on stdout is the port."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.fault")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--store", type=Path, required=True, help="folder of copies, transcript")
    parser.add_argument("--script", type=Path, help="rules as JSON, see tests/servers/script.py")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--security", choices=("none", "starttls", "tls"), default="none")
    parser.add_argument("--certificate", type=Path, help="PEM with key and chain")
    parser.add_argument("--user", action="append", default=[], metavar="NAME:PASSWORD")
    chosen = parser.parse_args()
    context = None
    if chosen.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chosen.certificate)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with FaultServer(
        from_json(chosen.script) if chosen.script else behave,
        security=chosen.security,
        context=context,
        users=dict(pair.split(":", 1) for pair in chosen.user),
        latency=chosen.latency,
        store=chosen.store,
        port=chosen.port,
    ) as server:
        print(server.port, flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
