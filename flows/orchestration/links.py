"""Addresses of pages in Prefect's UI."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound


def page(artifact: object) -> str:
    """Where an artifact is read, for a link within the UI."""
    return f"/v2/artifacts/artifact/{artifact}"


def run(identity: str) -> str:
    """Where a run is seen, or its id where there is no UI."""
    return f"{ui()}/v2/runs/flow-run/{identity}" if ui() else f"flow run {identity}"


def form(deployment: str, **values: str) -> str:
    """The form that starts a deployment, with these fields filled in; the deployment's name where
    there is no UI."""
    return form_of(deployment)(**values)


def to_form(text: str, deployment: str, **values: str) -> str:
    """The same as a link in markdown, or words where there is no UI."""
    address = form(deployment, **values)
    return f"[{text}]({address})" if address.startswith("http") else f"{text} ({address})"


def form_of(deployment: str) -> Callable[..., str]:
    """``form`` for many links to one deployment, which the server is asked for once."""
    if ui():
        with get_client(sync_client=True) as client, suppress(ObjectNotFound):
            found = client.read_deployment_by_name(f"{deployment}/{deployment}")
            page = f"{ui()}/v2/deployments/deployment/{found.id}/run"
            schema = found.parameter_openapi_schema or {}
            return lambda **values: filled_in(page, schema, values)
    return lambda **values: f"the deployment {deployment}"


def filled_in(form: str, schema: Mapping[str, Any], values: Mapping[str, str]) -> str:
    """A form's address at which these fields are filled in: with the choice that begins with the
    value, where the form's ``schema`` offers one."""
    if not values:
        return form
    chosen = {
        name: next(
            (choice for choice in _choices(schema, name) if choice.startswith(f"{value},")),
            value,
        )
        for name, value in values.items()
    }
    return f"{form}?parameters={quote(json.dumps(chosen))}"


def _choices(schema: Mapping[str, Any], field: str) -> Sequence[str]:
    return tuple(schema.get("properties", {}).get(field, {}).get("enum", ()))


def ui() -> str:
    """The UI's address without a path; blank where there is none."""
    from prefect.settings import PREFECT_UI_URL

    return str(PREFECT_UI_URL.value() or "").rstrip("/")


def mailing(identity: str) -> str:
    """Where a mailing is seen: its place on the desk page, or the command that shows it."""
    return f"{desk()}/mailing/{quote(identity)}" if desk() else f"dear-minister status {identity}"


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
