"""The Prefect server of ``serve`` answers its own pages, and no other site's."""

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from flows.orchestration.prefect_app import create_app

HERE = "http://127.0.0.1:4200"
ELSEWHERE = "https://elsewhere.example.org"


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("PREFECT_UI_URL", "")
    return TestClient(create_app(), base_url=HERE)


@pytest.mark.parametrize("headers", [{}, {"origin": HERE}, {"host": "localhost:4200"}])
def test_the_operators_own_page_and_the_runs_are_answered(
    browser: TestClient, headers: dict[str, str]
) -> None:
    assert browser.get("/api/health", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ELSEWHERE},
        {"origin": "null"},
        {"origin": "http://["},
        {"host": "elsewhere.example.org:4200"},  # a name that is made to lead here
    ],
)
def test_a_page_of_another_site_reads_nothing_and_starts_nothing(
    browser: TestClient, headers: dict[str, str]
) -> None:
    assert browser.get("/api/health", headers=headers).status_code == 403
    started = browser.post("/api/deployments/0/create_flow_run", headers=headers, json={})
    assert started.status_code == 403
    asked = {"access-control-request-method": "POST", **headers}
    assert browser.options("/api/flow_runs/", headers=asked).status_code == 403


def test_nor_does_it_listen_to_what_happens(browser: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        browser.websocket_connect("/api/events/out", headers={"origin": ELSEWHERE}),
    ):
        pass
