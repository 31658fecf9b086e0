"""Access tokens for XOAUTH2, which Microsoft 365 and Gmail want in place of a password.

The office's own tool fetches and renews them; here they are read, from a file or from a command's
output, whenever a connection is opened.
"""

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from flows.errors import ConfigurationError

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class TokenSource:
    """Where an access token comes from: ``file``, or ``command`` where that is None."""

    setting: str
    """What its settings begin with in messages: SMTP or IMAP."""
    file: Path | None = None
    command: str = ""

    def token(self) -> str:
        """The token, as it is now. Raises ConfigurationError; its text never has the token."""
        text, where = self._from_file() if self.file else self._from_command()
        found = text.strip()
        if not found or not found.isascii() or not found.isprintable() or " " in found:
            raise ConfigurationError(
                f"{where}: gives no access token; it has to be one line with the token alone"
            )
        return found

    def _from_file(self) -> tuple[str, str]:
        where = f"{self.setting}_TOKEN_FILE: {self.file}"
        assert self.file is not None
        try:
            return self.file.read_text(encoding="utf-8"), where
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise ConfigurationError(f"{where}: cannot be read ({why})") from error

    def _from_command(self) -> tuple[str, str]:
        where = f"{self.setting}_TOKEN_COMMAND"
        try:
            ended = subprocess.run(
                shlex.split(self.command),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{where}: cannot be started ({error})") from error
        except subprocess.TimeoutExpired as error:
            raise ConfigurationError(
                f"{where}: has not ended after {_SECONDS:.0f} seconds; it must not ask anything"
            ) from error
        if ended.returncode:
            said = " ".join(ended.stderr.decode("utf-8", "replace").split())[:200]
            raise ConfigurationError(
                f"{where}: ended with exit code {ended.returncode} ({said or 'it said nothing'})"
            )
        return ended.stdout.decode("utf-8", "replace"), where
