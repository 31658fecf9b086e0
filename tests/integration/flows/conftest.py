"""A Prefect API for all tests of this folder, and a project to run campaigns in."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.testing.utilities import prefect_test_harness

from tests.integration.flows.engine import Engine, no_heartbeat
from tests.integration.flows.flow_project import FlowProject


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prefect server that lives as long as the tests."""
    from prefect.settings import PREFECT_API_URL

    with prefect_test_harness(server_startup_timeout=180), no_heartbeat():
        url = PREFECT_API_URL.value()
        assert url
        yield url


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """What executes the runs of deployments."""
    with Engine() as made:
        yield made


@pytest.fixture
def project(
    prefect_api: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FlowProject]:
    """A project folder to work in, with its own settings and ledger."""
    for name in [one for one in os.environ if one.startswith(("SMTP_", "MAIL_", "LEDGER_"))]:
        monkeypatch.delenv(name)
    made = FlowProject(tmp_path, prefect_api, engine)
    monkeypatch.chdir(tmp_path)
    for name, value in made.settings.items():
        monkeypatch.setenv(name, value)
    yield made
    made.close()
