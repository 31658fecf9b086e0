"""A sender in a process of its own that starts in milliseconds: forked from a server process."""

import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess

from flows.errors import ConfigurationError, DearMinisterError
from flows.post.delivery.rate import RateLimiter, Schedule
from flows.post.delivery.sender import Sender
from flows.post.delivery.sending import Sending
from flows.post.ledger.opening import open_ledger
from flows.post.mailing import approval
from flows.post.mailing import mailing as mailings
from flows.post.smtp.server import Server

REFUSED, FAILED = 2, 3


def send(url: str, mailing: str, port: int) -> None:
    """What ``send --live`` does, as far as the ledger and the server can see."""
    ledger = open_ledger(url)
    server = Server("127.0.0.1", port, "none", timeout=20)
    try:
        found = mailings.get(ledger, mailing)
        approval.need_signed_off(ledger, found, dict)
        with Sender(
            ledger,
            Sending(mailing, found.sender),
            server,
            limiter=RateLimiter(ledger, server.name, 0),
            schedule=Schedule((0.0,), 5),
        ) as sender:
            sender.run()
    except ConfigurationError:
        os._exit(REFUSED)
    except DearMinisterError:
        os._exit(FAILED)
    finally:
        ledger.close()


def start(url: str, mailing: str, port: int) -> BaseProcess:
    """Start one; it ends by itself, or by ``kill``."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=send, args=(url, mailing, port))
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
