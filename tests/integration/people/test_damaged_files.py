"""Files cut, emptied, swollen, misnamed or recoded: one clear line, and the old list untouched."""

import datetime
import io
import random
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.errors import ConfigurationError
from flows.people import sources
from flows.people.lists.loading import load
from flows.people.sources.saving import save
from tests.unit.people.list_fixtures import xlsx

TODAY = datetime.date(2026, 11, 23)
FILES = [
    ("twfy", "twfy/mps_2023-08-15.csv", "2023-08-15"),
    ("csv", "mps/mps_2013-09-04.csv", "2013-09-04"),
    ("csv", "parlparse/lords_2013-09-04.csv", "2013-09-04"),
    ("popolo", "everypolitician/commons-term56.popolo.json", "2016-01-01"),
    ("members-json", "members-api/current_mps_2024-10-29.json", "2024-10-29"),
    ("ifg", "ifg/raw", "2013-09-04"),
]
Damage = Callable[[bytes], bytes]


def zipped(data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data", data)
    return target.getvalue()


DAMAGES: dict[str, Damage] = {
    "empty": lambda data: b"",
    "blank": lambda data: b"\n \n",
    "a zip in disguise": zipped,
    "zeros": lambda data: bytes(5000),
    "another alphabet": lambda data: data.decode("utf-8").encode("utf-16-le"),
    "a web page": lambda data: b"<!doctype html><title>Not found</title>",
    "random": lambda data: random.Random(5).randbytes(5000),
    "first column renamed": lambda data: data.replace(b"person", b"nosrep").replace(
        b"name", b"eman"
    ).replace(b"Name", b"Eman").replace(b"First", b"Tsrif"),
}  # fmt: skip


def prepared(shared_data: Path, folder: Path, name: str) -> tuple[Path, Path]:
    """The source copied, the file in it that is damaged; and an old list beside them."""
    source = shared_data / name
    target = folder / source.name
    if source.is_dir():
        shutil.copytree(source, target)
        target.chmod(0o755)
        victim = target / "person.csv"
    else:
        shutil.copyfile(source, target)
        victim = target
    victim.chmod(0o644)
    return target, victim


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(("kind", "name", "day"), FILES)
def test_a_damaged_file_is_one_clear_line_and_the_old_list_stays(
    shared_data: Path, tmp_path: Path, kind: str, name: str, day: str, damage: str
) -> None:
    target, victim = prepared(shared_data, tmp_path, name)
    old = tmp_path / "old.csv"
    on = datetime.date.fromisoformat(day)
    save(sources.read(kind, [target], on, TODAY), old)
    before = old.read_bytes()
    victim.write_bytes(DAMAGES[damage](victim.read_bytes()))
    with pytest.raises(ConfigurationError) as error:
        save(sources.read(kind, [target], on, TODAY), old)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600
    assert old.read_bytes() == before


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
@pytest.mark.parametrize(("kind", "name", "day"), FILES)
def test_a_file_cut_short_is_one_clear_line(
    shared_data: Path, tmp_path: Path, kind: str, name: str, day: str, share: float
) -> None:
    target, victim = prepared(shared_data, tmp_path, name)
    on = datetime.date.fromisoformat(day)
    data = victim.read_bytes()
    victim.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ConfigurationError) as error:
        sources.read(kind, [target], on, TODAY)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("kind", "name", "day"), FILES[:3])
def test_a_file_cut_between_two_rows_does_not_replace_the_whole_list(
    shared_data: Path, tmp_path: Path, kind: str, name: str, day: str
) -> None:
    target, victim = prepared(shared_data, tmp_path, name)
    old = tmp_path / "old.csv"
    on = datetime.date.fromisoformat(day)
    save(sources.read(kind, [target], on, TODAY), old)
    before = old.read_bytes()
    victim.write_bytes(b"".join(victim.read_bytes().splitlines(keepends=True)[:300]))
    half = sources.read(kind, [target], on, TODAY)
    with pytest.raises(ConfigurationError, match="would become 299; the old list stays"):
        save(half, old)
    assert old.read_bytes() == before
    save(half, old, fewer=True)
    assert len(load([old]).contacts) == 299


@pytest.mark.parametrize(
    ("kind", "name"),
    [("twfy", "mps.csv"), ("csv", "mps.csv"), ("popolo", "people.json"),
     ("members-json", "mps.json"), ("list", "mps.csv"), ("list", "mps.xlsx")],
)  # fmt: skip
def test_two_gigabytes_are_refused_at_once_and_without_memory(
    tmp_path: Path, kind: str, name: str
) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)

    def read() -> object:
        return load([path]) if kind == "list" else sources.read(kind, [path], TODAY, TODAY)

    tracemalloc.start()
    with pytest.raises(ConfigurationError, match=r"larger than .* MB"):
        read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 1024 * 1024


def test_a_spreadsheet_with_any_byte_changed_is_read_or_refused_never_a_traceback(
    tmp_path: Path,
) -> None:
    path = xlsx(
        tmp_path / "list.xlsx",
        [["id", "name"], *([f"p{number}", f"Ann Lee{number}"] for number in range(50))],
    )
    data = path.read_bytes()
    rng = random.Random(7)
    for _ in range(150):
        spoilt = bytearray(data)
        for _ in range(rng.randrange(1, 5)):
            spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        path.write_bytes(bytes(spoilt[: rng.choice([len(spoilt), rng.randrange(len(spoilt))])]))
        try:
            load([path])
        except ConfigurationError as error:
            assert "\n" not in str(error)  # noqa: PT017  # most of the spoilt files are refused


def test_json_nested_beyond_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000 + "]" * 200_000)
    with pytest.raises(ConfigurationError, match="nested beyond reason"):
        sources.read("popolo", [path], TODAY, TODAY)


def test_unknown_kinds_and_no_files_are_named() -> None:
    with pytest.raises(ConfigurationError, match="--from xml: no such source; use sheet, ifg"):
        sources.read("xml", [Path("x")], TODAY, TODAY)
    with pytest.raises(ConfigurationError, match="no file to import"):
        sources.read("csv", [], TODAY, TODAY)
