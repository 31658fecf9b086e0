"""A connection that looks for work while another one of the same worker is claiming it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flows.post.delivery import claims
from flows.post.delivery.claims import Claims
from flows.post.delivery.sending import Sending, Stop
from flows.post.ledger import workers
from tests.integration.faults.frozen_mailing import SENDER, FrozenMailing

READERS = [f"reader{n}@example.org" for n in range(1, 4)]


def test_it_finds_the_letters_that_are_being_claimed_and_does_not_end(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = FrozenMailing(ledger_url, READERS)
    looks, claimed = threading.Event(), threading.Event()
    looker = threading.local()
    read = frozen.ledger.read

    def slow_read() -> Any:
        if getattr(looker, "here", False):
            looks.set()
            claimed.wait(0.5)  # where the other one may claim meanwhile, it has
        return read()

    def look(ours: Claims) -> bool:
        looker.here = True
        return ours.due()

    monkeypatch.setattr(claims, "passing", lambda point: claimed.set())
    monkeypatch.setattr(frozen.ledger, "read", slow_read)
    with workers.hold(frozen.ledger) as holder, ThreadPoolExecutor(2) as pool:
        ours = Claims(frozen.ledger, Sending(frozen.mailing, SENDER), holder, 16, Stop())
        looking = pool.submit(look, ours)
        assert looks.wait(60)
        taking = pool.submit(ours.take)
        assert looking.result(60)
        assert taking.result(60) is not None
    frozen.ledger.close()
