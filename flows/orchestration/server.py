"""The Prefect server that the deployments talk to: the one configured, or one of our own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from flows.errors import ConfigurationError

OLDEST = (3, 8)
"""The oldest server whose forms and suspensions are known to work."""
_STARTUP_SECONDS = 180
_STOP_SECONDS = 30
_APP = "flows.orchestration.prefect_app:create_app"
_RECORD = "server.json"


@dataclass(slots=True)
class Server:
    """A Prefect server. ``process`` is None where it is not ours to start and to stop."""

    url: str
    """The API's address, as in http://127.0.0.1:4200/api."""
    home: Path | None = None
    process: psutil.Process | None = None

    @property
    def gone(self) -> bool:
        """Whether our own server has ended."""
        if self.process is None:
            return False
        try:
            return not self.process.is_running() or self.process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def restart(self) -> None:
        """Start our own server again on the same port. Raises ConfigurationError."""
        assert self.home
        _end(self.process)
        self.process = _started(self.home, _port(self.url))


@contextmanager
def running(home: Path, say: Callable[[str], None] = lambda line: None) -> Iterator[Server]:
    """The server that PREFECT_API_URL names, else one on the loopback with its files in ``home``.

    Our own ends with the block. One that a killed ``serve`` left behind is taken over, or ended
    where it does not answer; ``say`` is called with a line about it. Raises ConfigurationError:
    not reachable, too old, port taken.
    """
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_API_PORT

    if url := PREFECT_API_URL.value():
        need(url)
        yield Server(url)
        return
    port = PREFECT_SERVER_API_PORT.value()
    home = home.resolve()
    server = Server(f"http://127.0.0.1:{port}/api", home, _left_behind(home, port, say))
    if server.process is None:
        _need_free(port)
        server.process = _started(home, port)
    try:
        yield server
    finally:
        _end(server.process)
        (home / _RECORD).unlink(missing_ok=True)


def need(url: str) -> None:
    """Raise ConfigurationError unless a Prefect server of a known version answers at ``url``."""
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY

    headers = {}
    auth = PREFECT_API_AUTH_STRING.value()
    if key := PREFECT_API_KEY.value():
        headers["Authorization"] = f"Bearer {key}"
    basic = tuple(auth.partition(":")[::2]) if auth else None
    try:
        answer = httpx.get(f"{url}/admin/version", headers=headers, auth=basic, timeout=20)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConfigurationError(
            f"PREFECT_API_URL: no Prefect server answers at {url} ({error}); start it, correct the "
            "address, or leave the setting out for a server of this program's own"
        ) from error
    if answer.status_code in (401, 403):
        raise ConfigurationError(
            f"PREFECT_API_URL: the Prefect server at {url} wants a login: set "
            "PREFECT_API_AUTH_STRING to its PREFECT_SERVER_API_AUTH_STRING"
        )
    version = answer.text.strip().strip('"')
    try:
        known = tuple(int(part) for part in version.split(".")[:2])
    except ValueError:
        known = ()
    if answer.status_code != 200 or not known:
        raise ConfigurationError(f"PREFECT_API_URL: what answers at {url} is not a Prefect server")
    if known < OLDEST:
        raise ConfigurationError(
            f"PREFECT_API_URL: the Prefect server at {url} is too old ({version}); this program "
            f"needs {'.'.join(map(str, OLDEST))} or newer: upgrade it"
        )


def answers(url: str) -> bool:
    """Whether a Prefect server at ``url`` is up."""
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _port(url: str) -> int:
    return httpx.URL(url).port or 80


def _left_behind(home: Path, port: int, say: Callable[[str], None]) -> psutil.Process | None:
    """Our server whose ``serve`` was killed, where it still answers on this port."""
    record = home / _RECORD
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
        process = psutil.Process(told["pid"])
        # A number is used again by the system: the time of its start says whether it is the same.
        if abs(process.create_time() - told["started"]) > 1 or not process.is_running():
            return None
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    if told["port"] == port and answers(f"http://127.0.0.1:{port}/api"):
        say(f"Took over the Prefect server that an earlier serve left (process {process.pid}).")
        return process
    say(f"Ended a Prefect server that an earlier serve left (process {process.pid}).")
    _end(process)
    return None


def _need_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port} is taken by another program ({error.strerror}): set "
                "PREFECT_SERVER_API_PORT to a free one, or PREFECT_API_URL if a Prefect server is "
                "what runs there"
            ) from error


def _started(home: Path, port: int) -> psutil.Process:
    log = home / "server.log"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
        output = log.open("ab")
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or home}: cannot be written ({error.strerror}); set DEAR_MINISTER_VAR"
        ) from error
    command = (sys.executable, "-m", "uvicorn", "--factory", _APP, "--log-level", "warning")
    with output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env={
                **os.environ,
                "PREFECT_HOME": str(home),
                "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
                "PREFECT_SERVER_API_HOST": "127.0.0.1",
                "PREFECT_SERVER_API_PORT": str(port),  # the page asks at this port
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the runs first
            umask=0o077,  # its database holds names, and what a log says
        )
    found = psutil.Process(process.pid)
    record = {"pid": found.pid, "started": found.create_time(), "port": port}
    (home / _RECORD).write_text(json.dumps(record), encoding="utf-8")
    try:
        _await(process, f"http://127.0.0.1:{port}/api", log)
    except BaseException:
        _end(found)
        raise
    return found


def _await(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + _STARTUP_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if answers(url):
            return
        time.sleep(0.2)
    raise ConfigurationError(f"the Prefect server did not start; its words are in {log}")


def _end(process: psutil.Process | None) -> None:
    if process is None:
        return
    try:
        process.send_signal(signal.SIGTERM)
        process.wait(_STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
    except psutil.NoSuchProcess:
        pass
