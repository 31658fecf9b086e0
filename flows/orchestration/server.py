"""The Prefect server that the deployments talk to: the one configured, or one of our own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from flows.errors import ConfigurationError

OLDEST = (3, 8)
"""The oldest server whose forms and suspensions are known to work."""
_STARTUP_SECONDS = 180
_STOP_SECONDS = 20


@contextmanager
def running(home: Path) -> Iterator[str]:
    """The API's address: PREFECT_API_URL where it is set, else a server on the loopback.

    Our own keeps its files in ``home`` and ends with the block. Raises ConfigurationError: not
    reachable, too old, port taken.
    """
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_API_PORT

    if url := PREFECT_API_URL.value():
        need(url)
        yield url
        return
    port = PREFECT_SERVER_API_PORT.value()
    _need_free(port)
    url = f"http://127.0.0.1:{port}/api"
    with _started(home.resolve(), port, url):
        yield url


def need(url: str) -> None:
    """Raise ConfigurationError unless a Prefect server of a known version answers at ``url``."""
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY

    headers = {}
    auth = PREFECT_API_AUTH_STRING.value()
    if key := PREFECT_API_KEY.value():
        headers["Authorization"] = f"Bearer {key.get_secret_value()}"
    basic = tuple(auth.get_secret_value().partition(":")[::2]) if auth else None
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
            "PREFECT_API_AUTH_STRING"
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


@contextmanager
def _started(home: Path, port: int, url: str) -> Iterator[None]:
    log = home / "server.log"
    try:
        home.mkdir(parents=True, exist_ok=True)
        output = log.open("ab")
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or home}: cannot be written ({error.strerror}); set DEAR_MINISTER_VAR"
        ) from error
    command = [sys.executable, "-m", "prefect", "server", "start"]
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    with output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the deployments first
        )
    try:
        _await(process, url, log)
        yield
    finally:
        _end(process)


def _await(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + _STARTUP_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/health", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise ConfigurationError(f"the Prefect server did not start; its words are in {log}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
