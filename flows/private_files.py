"""Files that only their owner can read: the ledger, letters, previews, all that is written here.

They hold names, addresses and letters that nobody has signed off.
"""

import os
from contextlib import suppress
from pathlib import Path

_OTHERS = 0o077


def begin() -> None:
    """From here on everything that this process and its children write is its owner's alone."""
    os.umask(_OTHERS)


def keep(folder: Path) -> None:
    """Make the folder, or take the rights that others have on it and on all that is in it.

    Does nothing to what belongs to somebody else. Raises OSError where it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not folder.stat().st_mode & _OTHERS:
        return  # nobody else gets in, so nothing in it has to be looked at
    for path in (*folder.rglob("*"), folder):
        with suppress(OSError):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o700)
