"""Replacing a file whole: the old one stays until the new one is complete on the disk."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from flows.errors import ConfigurationError


def write(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write ``path`` as ``replace`` does, with this content. Raises ConfigurationError."""
    replace(path, lambda file: file.write(content), durable=durable)


def need_target(path: Path) -> None:
    """Raise ConfigurationError where somebody names a file to be written that cannot be: its folder
    is not there, or it is there and no regular file."""
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"{path}: there is no folder {path.parent}; make it, or name another file"
        )
    _need_regular(path)


def _need_regular(path: Path) -> None:
    if path.is_dir():
        raise ConfigurationError(f"{path}: this is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise ConfigurationError(
            f"{path}: is not a regular file, and is not replaced by one; name another file"
        )


def replace(path: Path, fill: Callable[[BinaryIO], object], *, durable: bool = True) -> None:
    """Write ``path`` through ``fill``, which gets a file beside it; then swap the two.

    When ``fill`` raises, the old file is untouched and nothing is left behind. Not ``durable``, as
    for a cache, it is swapped whole all the same, but may be lost by a power cut. Raises
    ConfigurationError when the folder cannot be written to, or ``path`` is there and no regular
    file: the swap would put one in the place of a device.
    """
    _need_regular(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            fill(file)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        # mkstemp makes files for their owner alone; a contact list is as readable as any other.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigurationError(
            f"{path}: cannot be written ({reason}); check the folder"
        ) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
