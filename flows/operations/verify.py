"""Verify: the ledger against itself, and against what its witnesses have seen."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flows.errors import ConfigurationError
from flows.post import audit
from flows.post.ledger import witness, witness_file
from flows.post.ledger.database import Ledger
from flows.post.ledger.events import Verdict
from flows.post.ledger.witness_file import Head


def head(ledger: Ledger) -> Head:
    """How far the ledger has come. Raises LedgerUnavailableError."""
    with ledger.read() as connection:
        return witness.head(connection)


def verify(ledger: Ledger, files: Sequence[Path] = ()) -> Verdict:
    """Replay the log, and hold the ledger against its own witnesses and those in ``files``.

    Raises ConfigurationError where a file is no witness, LedgerUnavailableError.
    """
    with ledger.read() as connection:
        found = audit.verify(connection)
        differences = []
        for file in files:
            seen = witness_file.read(file)
            if seen is None:
                raise ConfigurationError(f"{file}: there is no such file")
            if words := witness.disagreement(connection, seen):
                differences.append(f"{file}: {words}")
    differences += witness.differences(ledger)
    if found.ok and differences:
        return replace(found, ok=False, why="; ".join(differences))
    return found
