"""What every test can rely on: real servers, the shared data, and no way off the loopback."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests.parallel import (
    SERVED,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)
from tests.servers import guard
from tests.servers.certificates import Certificates
from tests.servers.fault import FaultServer
from tests.servers.imap import Dovecot, dovecot
from tests.servers.postfix import Postfix, postfix
from tests.servers.postgres import Postgres, postgres
from tests.servers.programs import find
from tests.servers.sink import sink

__all__ = ["pytest_xdist_auto_num_workers", "pytest_xdist_make_scheduler"]

ROOT = Path(__file__).resolve().parent.parent

# Before anything imports Prefect: its server would report to a host outside.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
guard.install()

# How busy the machine is must not decide whether a test passes.
settings.register_profile(
    "dear-minister", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("dear-minister")


def all_required() -> bool:
    """Whether nothing may be skipped: in CI, or with CI_REQUIRE_ALL=1."""
    return os.environ.get("CI_REQUIRE_ALL") == "1"


def missing(line: str) -> NoReturn:
    """Skip with the line that installs what is missing; fail where nothing may be skipped.

    In CI it is a fault of .ci/run, not a reason to test less.
    """
    if all_required():
        pytest.fail(line)
    pytest.skip(line)


def need(program: str, package: str) -> str:
    """The program's path; ``missing`` where there is none."""
    path = find(program)
    if path is None:
        missing(f"{program} is missing: apt-get install --no-install-recommends {package}")
    return path


FIGURES = "figures"
"""A property that a test records: a line for the end of the run, from whichever process."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == FIGURES and report.when == "call":
                terminalreporter.write_line(str(line))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What serves takes minutes."""
    for item in items:
        if item.nodeid.startswith(SERVED):
            item.add_marker(pytest.mark.minutes)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What takes minutes runs in CI alone, and where it is asked for."""
    if item.get_closest_marker("minutes") and not all_required():
        place = item.path.relative_to(ROOT).as_posix()
        pytest.skip(f"takes minutes, runs in CI: CI_REQUIRE_ALL=1 uv run pytest {place}")


def shared_data() -> Path:
    """The folder of real public data beside the project; skips where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "SOURCES.md").exists():
        pytest.skip("../shared/data is not there: this test needs the real public data")
    return folder


@pytest.fixture(name="shared_data")
def shared_data_fixture() -> Path:
    return shared_data()


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """A command sets the umask of its process, which here is that of all tests."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    yield
    tried = ", ".join(guard.attempts)
    guard.attempts.clear()
    # The error itself may have been swallowed in a thread.
    assert not tried, f"reached for hosts outside: {tried}"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def fault_server() -> Iterator[Callable[..., FaultServer]]:
    """Start fault servers (arguments as FaultServer's); all are closed when the test ends."""
    with ExitStack() as opened:

        def start(*rules: Any, **options: Any) -> FaultServer:
            return opened.enter_context(FaultServer(*rules, **options))

        yield start


@pytest.fixture
def smtp_sink(tmp_path: Path) -> Iterator[int]:
    """The port of a running smtp-sink."""
    need("smtp-sink", "postfix")
    with sink(tmp_path) as port:
        yield port


@pytest.fixture(scope="session")
def dovecot_server(certificates: Certificates) -> Iterator[Dovecot]:
    need("dovecot", "dovecot-imapd dovecot-lmtpd")
    with dovecot(certificates) as instance:
        yield instance


@pytest.fixture(scope="session")
def postfix_server(certificates: Certificates, dovecot_server: Dovecot) -> Iterator[Postfix]:
    need("postfix", "postfix")
    with postfix(certificates, dovecot_server.sasl) as instance:
        yield instance


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with postgres(tmp_path_factory.mktemp("runtime")) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty ledger; the test runs once on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.fresh()
