"""Addresses of pages in Prefect's UI."""

import os
from pathlib import Path
from urllib.parse import quote

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound


def page(artifact: object) -> str:
    """Where an artifact is read, for a link within the UI."""
    return f"/v2/artifacts/artifact/{artifact}"


def run(identity: str) -> str:
    """Where a run is seen, or its id where there is no UI."""
    return f"{ui()}/v2/runs/flow-run/{identity}" if ui() else f"flow run {identity}"


def form(deployment: str) -> str:
    """The form that starts a deployment; the deployment's name where there is no UI."""
    plain = f"the deployment {deployment}"
    if not ui():
        return plain
    with get_client(sync_client=True) as client:
        try:
            found = client.read_deployment_by_name(f"{deployment}/{deployment}")
        except ObjectNotFound:
            return plain
    return f"{ui()}/v2/deployments/deployment/{found.id}/run"


def ui() -> str:
    """The UI's address without a path; blank where there is none."""
    from prefect.settings import PREFECT_UI_URL

    return str(PREFECT_UI_URL.value() or "").rstrip("/")


DESK = "DEAR_MINISTER_DESK"
"""Set by ``serve`` for its runs: the address of its desk page."""


def desk(path: Path | None = None) -> str:
    """The desk page's address, or a file's on it; blank where there is no desk page."""
    from flows.settings import load

    address = os.environ.get(DESK, "").rstrip("/")
    if not address or path is None:
        return address
    try:
        return (
            f"{address}/files/{quote(path.resolve().relative_to(load().var.resolve()).as_posix())}"
        )
    except ValueError:
        return ""
