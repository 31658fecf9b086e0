"""An adapter for tests: the real MPs and ministers of 4 September 2013 as a contact list."""

import csv
from pathlib import Path

_RANKS = {"PM": "pm", "DPM": "dpm", "SoS": "sos", "MoS": "mos", "PUSS": "puss"}
_LAW_OFFICERS = ("Attorney General", "Solicitor General", "Advocate General for Scotland")
_TITLES = {"male": "Mr", "female": "Ms"}
_GENDERS = {"male": "M", "female": "F"}
COLUMNS = (
    "id",
    "person",
    "name",
    "family",
    "title",
    "privy_counsellor",
    "gender",
    "house",
    "rank",
    "office",
    "department",
    "constituency",
    "party",
    "email",
)


def contact_list(data: Path, target: Path) -> list[dict[str, str]]:
    """Write everyone's posts to ``target`` as CSV, with example.org addresses; gives the rows."""
    rows = [*_ministers(data / "ifg" / "ministers_2013-09-04.csv")]
    rows += _members(data / "mps" / "mps_2013-09-04.csv")
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return rows


def _ministers(path: Path) -> list[dict[str, str]]:
    rows = []
    for number, post in enumerate(_read(path), 1):
        rank = _RANKS.get(post["rank"], "whip")
        law_officer = post["office"] in _LAW_OFFICERS
        rows.append(
            {
                "id": f"post-{number}",
                "person": post["parliament_id"],
                "name": post["name"].removeprefix("Sir "),
                "title": "Sir" if post["name"].startswith("Sir ") else "",
                "privy_counsellor": "yes" if rank in ("pm", "dpm", "sos") else "",
                "gender": post["gender"],
                "house": post["house"].lower(),
                "rank": "law-officer" if law_officer else rank,
                "office": post["office"],
                "department": post["department"],
                "constituency": post["constituency"],
                "party": post["party"],
                "email": f"minister.{post['parliament_id']}@example.org",
            }
        )
    return rows


def _members(path: Path) -> list[dict[str, str]]:
    return [
        {
            "id": f"mp-{member['person_id']}",
            "person": member["parliament_id"],
            "name": f"{member['first_name']} {member['last_name']}",
            "family": member["last_name"],
            "title": member["title"] or _TITLES[member["gender"]],
            "gender": _GENDERS[member["gender"]],
            "house": "commons",
            "constituency": member["constituency"],
            "party": member["party"],
            "email": f"mp.{member['person_id']}@example.org",
        }
        for member in _read(path)
    ]


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))
