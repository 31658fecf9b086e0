"""The Members API on the loopback: recorded responses, and the documented shapes around them."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class MembersServer:
    """What the server says and what it was asked; tests change both."""

    members: list[dict[str, Any]]
    posts: list[dict[str, Any]]
    departments: list[dict[str, Any]]
    documents: dict[str, Any]
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    faults: dict[str, list[tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)
    """Answers given instead, one after the other, by path."""

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == "/api/Members/Search":
            house, skip = int(query["House"][0]), int(query["skip"][0])
            assert query["IsCurrentMember"] == ["true"]
            take = min(int(query["take"][0]), 20)
            sitting = [m for m in self.members if m["latestHouseMembership"]["house"] == house]
            page = [{"value": one, "links": []} for one in sitting[skip : skip + take]]
            return {"items": page, "totalResults": len(sitting), "skip": skip, "take": take}
        if path == "/api/Posts/GovernmentPosts":
            return self.posts
        if path == "/api/Posts/Departments/0":
            return self.departments
        return self.documents.get(path)


def member(number: int, name: str, house: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "nameListAs": more.get("listed"),
        "nameDisplayAs": name,
        "nameFullTitle": more.get("full", name),
        "nameAddressAs": None,
        "latestParty": {"id": 1, "name": more.get("party", "Labour")},
        "gender": more.get("gender", "M"),
        "latestHouseMembership": {
            "membershipFrom": more.get("seat"),
            "house": house,
            "membershipEndDate": None,
        },
    }


def post(number: int, name: str, holder: dict[str, Any], department: dict[str, Any]) -> Any:
    return {
        "value": {
            "id": number,
            "type": 0,
            "name": name,
            "hansardName": None,
            "order": 1,
            "createdWhen": "2024-07-05T00:00:00",
            "governmentDepartments": [department],
            "postHolders": [
                {
                    "member": {"value": member(9999, "Sir Ex Holder", 1)},
                    "startDate": "2022-10-25T00:00:00",
                    "endDate": "2024-07-05T00:00:00",
                },
                {
                    "member": {"value": holder},
                    "startDate": "2024-07-05T00:00:00",
                    "endDate": None,
                },
            ],
        },
        "links": [],
    }


def recorded(folder: Path) -> MembersServer:
    """Everyone of the recorded list of MPs, the recorded documents of one, and two peers."""
    flat = json.loads((folder / "current_mps_2024-10-29.json").read_text("utf-8"))
    commons = [
        member(
            one["id"],
            one["nameDisplayAs"],
            1,
            party=one["party"],
            gender=one["gender"],
            seat=one["membershipFrom"],
        )
        for one in flat
    ]
    recorded_pm = json.loads((folder / "members_search.json").read_text("utf-8"))["items"][0][
        "value"
    ]
    commons = [recorded_pm if one["id"] == recorded_pm["id"] else one for one in commons]
    lords = [
        member(1, "Lord Hague of Richmond", 2, full="The Rt Hon. the Lord Hague of Richmond"),
        member(2, "Baroness Smith of Basildon", 2, gender="F"),
    ]
    return MembersServer(
        members=commons + lords,
        posts=[
            post(1267, "Prime Minister and First Lord of the Treasury", recorded_pm, {"id": 7}),
            post(
                55,
                "Minister of State (Foreign, Commonwealth and Development Office)",
                lords[1],
                {"id": 8, "name": "Foreign, Commonwealth & Development Office"},
            ),
        ],
        departments=[{"id": 7, "name": "Prime Minister's Office", "url": None}],
        documents={
            "/api/Members/4514/Contact": json.loads(
                (folder / "member_4514_contact.json").read_text("utf-8")
            ),
            "/api/Members/4514/Biography": json.loads(
                (folder / "member_4514_biography.json").read_text("utf-8")
            ),
            "/api/Members/172/Biography": {
                "value": {
                    "committeeMemberships": [
                        {"name": "Home Affairs Committee", "endDate": None},
                        {"name": "Liaison Committee", "endDate": "2015-01-01T00:00:00"},
                    ]
                }
            },
        },
    )


@contextmanager
def serving(server: MembersServer) -> Iterator[MembersServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            server.asked[self.path] += 1
            headers: dict[str, str] = {"ETag": '"abc"'}
            if queued := server.faults.get(parts.path):
                status, headers, body = queued.pop(0)
                if status == 0:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
            else:
                document = server.answer(parts.path, parse_qs(parts.query))
                status = 404 if document is None else 200
                body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """The test shows what matters."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
