"""JSON files of other people, read without trusting them."""

import json
from pathlib import Path
from typing import Any

from flows.errors import ConfigurationError
from flows.people.lists.encoding import decode
from flows.people.lists.table import read_bytes

MAXIMUM_BYTES = 256 * 1024 * 1024
"""parlparse's people.json, the largest file of its kind, is a quarter of this."""


def read(path: Path) -> Any:
    """Return the document in ``path``.

    Raises ConfigurationError: no such file, unreadable, above MAXIMUM_BYTES, not JSON, cut short,
    nested beyond reason.
    """
    data = read_bytes(path, MAXIMUM_BYTES)
    if data.startswith(b"PK\x03\x04"):
        raise ConfigurationError(f"{path}: a ZIP archive, not JSON; unpack it first")
    if not data.strip():
        raise ConfigurationError(f"{path}: the file is empty")
    try:
        return json.loads(decode(data, str(path)).text)
    except RecursionError:
        raise ConfigurationError(f"{path}: nested beyond reason; not such a file") from None
    except ValueError as error:
        raise ConfigurationError(
            f"{path}: not JSON, or cut short ({error}); fetch it again"
        ) from None
