"""A way to a server that is cut after so many octets of its answers, once."""

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def cut_after(octets: int, port: int) -> Iterator[int]:
    """The port of the way; the first connection is cut, later ones are not."""
    listening = socket.create_server(("127.0.0.1", 0))
    cut = threading.Event()

    def carry(source: socket.socket, target: socket.socket, limited: bool) -> None:
        left = octets
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if limited and not cut.is_set():
                    data = data[:left]
                    left -= len(data)
                    target.sendall(data)
                    if left <= 0:
                        cut.set()
                        break
                else:
                    target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection(("127.0.0.1", port))
                threading.Thread(target=carry, args=(client, server, False), daemon=True).start()
                threading.Thread(target=carry, args=(server, client, True), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
