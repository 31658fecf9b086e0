"""An empty ledger for each test."""

from tests.unit.post.conftest import blank, ledger

__all__ = ["blank", "ledger"]
