"""LibreOffice as a converter that may hang, crash or write nonsense, and is then left behind."""

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from flows.errors import ConfigurationError, Fault

PROGRAMS = ("soffice", "libreoffice")
PACKAGE = "libreoffice-writer-nogui"

LARGEST_OUTPUT = 1_000_000_000
"""Bytes of any one file it may write, so that a runaway does not fill the disk."""

_OPTIONS = {
    # Where letters begin and end (bundle); what is written does not change the pages.
    "ExportBookmarksToPDFDestination": True,
    # An empty page between letters exists on paper only: the print pack adds its own.
    "IsSkipEmptyPages": True,
    "UseLosslessCompression": True,
    "ReduceImageResolution": False,
    "ExportBookmarks": False,
}


# LibreOffice takes and returns a page's picture again and again; kept by the C library instead of
# the kernel, the same memory serves a third faster (mallopt(3)); kept by the thread for small
# things too, by another twentieth ("Memory Allocation Tunables" in the C library's manual).
_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "2147483647",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=2000:glibc.malloc.tcache_max=4096",
}
_ROOM = "dear-minister-office-"
"""What the names of the folders in TMPDIR begin with."""
_WATCH = """
group=
while read -r line; do group=$line; done
[ -z "$group" ] || kill -9 "-$group"
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"""
"""For a shell: its input ends with the process that writes to it, however that is killed. What is
just being killed may make one file more."""
_LOOK_SECONDS = 0.02
"""Between two looks at what is done."""


# A profile that never greets, tests no graphics (a second at each start, as long as it does not
# know that this version has run before) and follows nothing outside the document.
_SETTINGS = (
    ("Setup/Product", "ooSetupLastVersion", "99.9"),
    ("Office.Common/Misc", "FirstRun", "false"),
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Common/Save/Document", "CreateBackup", "false"),
)
_REGISTRY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
    + "".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, name, value in _SETTINGS
    )
    + "</oor:items>\n"
)


def find(program: str = "") -> str:
    """LibreOffice's path; ``program`` instead of the usual names where given.

    Raises ConfigurationError, with the package to install, where there is none.
    """
    for name in (program,) if program else PROGRAMS:
        path = shutil.which(name)
        if path:
            return path
    raise ConfigurationError(
        f'LibreOffice is not installed, so there are no PDFs: write letter = "docx" in '
        f"campaign.toml, or install it: apt-get install --no-install-recommends {PACKAGE}"
    )


def installed() -> bool:
    """Whether there is a LibreOffice."""
    return any(shutil.which(name) for name in PROGRAMS)


def clear_away() -> int:
    """Remove folders of this account whose processes were killed, with the letters in them; how
    many. Those of living processes, of other accounts, and links stay."""
    removed = 0
    for path in Path(tempfile.gettempdir()).glob(f"{_ROOM}*"):
        with suppress(OSError):
            if path.lstat().st_uid != os.getuid():
                continue
            held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
                removed += 1
            finally:
                os.close(held)
    return removed


class Office:
    """One LibreOffice at a time, with a profile and folders of its own that vanish with it."""

    def __init__(self, program: str) -> None:
        clear_away()
        self._program = program
        self._running: subprocess.Popen[bytes] | None = None
        made = Path(tempfile.mkdtemp(prefix=f".{_ROOM}"))
        # Held from before it has the name by which it could be cleared away.
        self._held = os.open(made, os.O_RDONLY)
        with suppress(OSError):  # a file system without locks: then nobody clears away either
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._room = made.rename(made.with_name(made.name[1:]))
        end, self._watched = os.pipe()
        with open(end, "rb") as groups:
            self._watch = subprocess.Popen(
                ["sh", "-c", _WATCH, "sh", str(self._room)],
                stdin=groups,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._room, ignore_errors=True)
        os.close(self._watched)
        self._watch.wait()
        os.close(self._held)

    def converted(
        self, documents: Mapping[str, Callable[[], bytes | None]], seconds: float
    ) -> Iterator[tuple[str, bytes]]:
        """Name and PDF of each of those documents that could be converted in this time, as soon as
        it is done: LibreOffice is busy with the next one meanwhile.

        ``documents``: by plain name what makes the DOCX, or None where there is none; the first
        is made before LibreOffice starts, the others while it does, which takes it longer. Kills
        LibreOffice with its children when the time is over; what is missing in the answer failed
        or was not reached. Raises ConfigurationError where there is no room for the files.
        """
        try:
            yield from self._converted(documents, seconds)
        except OSError as error:
            raise ConfigurationError(
                Fault(
                    str(self._room),
                    f"cannot be written ({error.strerror}); make room on this disk, or "
                    "name another folder in TMPDIR",
                )
            ) from error

    def stop(self) -> None:
        """Kill what is running, from any thread."""
        running = self._running
        if running is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(running.pid, signal.SIGKILL)

    def _converted(
        self, documents: Mapping[str, Callable[[], bytes | None]], seconds: float
    ) -> Iterator[tuple[str, bytes]]:
        source, target = self._room / "in", self._room / "out"
        for folder in (source, target):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        written = _written(documents, source)
        if next(written, None) is None:
            return
        waiting = list(documents)
        began = time.monotonic()
        with self._running_with([str(source / f"{name}.docx") for name in documents], target) as it:
            list(written)
            while (code := it.poll()) is None and time.monotonic() < began + seconds:
                yield from _done(waiting, target)
                with suppress(subprocess.TimeoutExpired):
                    it.wait(_LOOK_SECONDS)
        if code != 0:
            # A profile that was in use when it was killed may greet the next start with questions.
            shutil.rmtree(self._room / "profile", ignore_errors=True)
        yield from _done(waiting, target)

    @contextmanager
    def _running_with(self, files: list[str], target: Path) -> Iterator["subprocess.Popen[bytes]"]:
        """LibreOffice at work on these files; it is gone afterwards."""
        profile = self._room / "profile"
        if not profile.exists():
            (profile / "user").mkdir(parents=True)
            (profile / "user" / "registrymodifications.xcu").write_text(_REGISTRY, "utf-8")
        values = {name: {"type": "boolean", "value": value} for name, value in _OPTIONS.items()}
        home = self._room / "home"
        home.mkdir(exist_ok=True)
        command = [
            self._program,
            f"-env:UserInstallation={profile.as_uri()}",
            *("--headless", "--invisible", "--nologo", "--nodefault", "--norestore"),
            *("--nolockcheck", "--nofirststartwizard"),
            *("--convert-to", f"pdf:writer_pdf_Export:{json.dumps(values)}"),
            *("--outdir", str(target), *files),
        ]
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._room,
            env={**kept, **_MEMORY, "HOME": str(home), "TMPDIR": str(self._room)},
            start_new_session=True,
        )
        self._running = process
        with suppress(AttributeError, OSError, ValueError):  # Linux alone has prlimit
            limits = (LARGEST_OUTPUT, LARGEST_OUTPUT)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        self._say(str(process.pid))
        try:
            yield process
        finally:
            self.stop()
            self._say("")  # before the number may be another's
            process.wait()
            self._running = None

    def _say(self, group: str) -> None:
        """Tell the watch which processes to end."""
        with suppress(OSError):  # somebody killed it
            os.write(self._watched, f"{group}\n".encode())


def _written(documents: Mapping[str, Callable[[], bytes | None]], folder: Path) -> Iterator[str]:
    """Names of the documents that could be made, each whole in its file."""
    for name, make in documents.items():
        if data := make():
            new = folder / name
            new.write_bytes(data)
            new.rename(folder / f"{name}.docx")
            yield name


def _done(waiting: list[str], folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and PDF of those that are there by now, which then wait no longer."""
    for name in tuple(waiting):
        if pdf := _whole(folder / f"{name}.pdf"):
            waiting.remove(name)
            yield name, pdf


def _whole(path: Path) -> bytes:
    """The PDF; b"" where there is none, or not all of it."""
    data = path.read_bytes() if path.is_file() else b""
    return data if data.startswith(b"%PDF-") and b"%%EOF" in data[-1024:] else b""
