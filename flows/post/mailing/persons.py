"""Persons as the ledger knows them: by their ids, or by a salted hash once they were forgotten."""

import hashlib
import hmac
from collections.abc import Iterable

_PREFIX = "forgotten:"


def token(salt: str, person: str) -> str:
    """What stands for a forgotten person: enough to know them again by their id, not more."""
    if person.startswith(_PREFIX):
        return person
    digest = hmac.new(salt.encode(), person.encode(), hashlib.sha256).hexdigest()
    return f"{_PREFIX}{digest[:40]}"


class Persons(frozenset[str]):
    """Persons' ids, some of them as tokens; ``in`` finds an id by its token too."""

    salt: str

    def __new__(cls, salt: str, persons: Iterable[str]) -> "Persons":
        """``salt`` is the ledger's."""
        made = super().__new__(cls, persons)
        made.salt = salt
        return made

    def __contains__(self, person: object) -> bool:
        return super().__contains__(person) or (
            isinstance(person, str) and super().__contains__(token(self.salt, person))
        )
