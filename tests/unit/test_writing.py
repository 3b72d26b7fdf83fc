"""No room, or no right to write: a sentence that says what, where and what to do, code 1, and nothing half left."""

from __future__ import annotations

import asyncio
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams import state_file
from streams.broker import embedded_broker
from streams.broker.__main__ import main as broker
from streams.cli import explain
from streams.settings import Settings
from streams.writing import NoPlaceError
from tests.unit.test_cli import run

ROOM_BYTES = 4_096
MEND = "Temporary files need a folder with room that may be written to: set TMPDIR to one."


@contextmanager
def little_room() -> Iterator[None]:
    """A disk on which no file may be larger than 4 KiB; no fixture, for pytest itself may write to a longer file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def no_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files should go, which is below a file: nobody may write there, root neither."""
    occupied = tmp_path / "a file, not a folder"
    occupied.write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(occupied / "tmp"))
    return occupied / "tmp"


@pytest.fixture
def drained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of a floor, drained: more than there is room for."""

    async def read(_settings: Settings) -> list[dict[bytes, bytes]]:
        return [{b"call-events|c|c1": os.urandom(2 * ROOM_BYTES)}]

    monkeypatch.setattr(state_file, "drained", read)


@pytest.mark.usefixtures("drained")
def test_a_state_for_which_there_is_no_room_is_told_by_its_name_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="File too large") as error, little_room():
        asyncio.run(state_file.save(Settings(), tmp_path / "floor.state"))

    assert explain(error.value) == (
        f"{tmp_path}/floor.state: file too large. It is not written, or not whole: make room there, or choose another "
        "place."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("drained")
def test_a_state_that_may_not_be_written_there_is_told_by_its_name() -> None:
    with pytest.raises(OSError, match=r"/proc/floor\.state") as error:
        asyncio.run(state_file.save(Settings(), Path("/proc/floor.state")))

    assert explain(error.value) == "/proc/floor.state: no such file or directory. Check the path and its rights."


@pytest.mark.parametrize("option", ["--out", "--oracle"])
def test_simulated_events_or_totals_that_find_no_room_are_told_by_their_name(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("--out", "/dev/null") if option == "--oracle" else ()

    with little_room():
        code = run("simulate", *out, option, str(tmp_path / "day"), "--duration", "300")

    assert code == 1
    assert f"queuepulse: {tmp_path}/day: file too large. It is not written, or not whole" in capsys.readouterr().err


def test_a_schema_that_finds_no_room_is_told_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with little_room():
        code = run("schema", "--write", "--folder", str(tmp_path))

    assert code == 1
    assert f"queuepulse: {tmp_path}/events.schema.json: file too large. It is" in capsys.readouterr().err


def test_a_schema_for_a_folder_that_there_cannot_be_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    occupied = tmp_path / "a file, not a folder"
    occupied.write_text("")

    assert run("schema", "--write", "--folder", str(occupied / "schemas")) == 1

    assert f"queuepulse: {occupied}/schemas: not a directory. Check the path" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["demo"], ["worker", "--embedded-broker"]])
def test_what_brings_a_broker_says_where_it_has_no_place_for_it(
    command: list[str], no_temporary_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command) == 1

    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"queuepulse: {no_temporary_folder}/queuepulse-")
    assert last.endswith(f": not a directory. {MEND}")


@pytest.mark.usefixtures("no_temporary_folder")
@pytest.mark.parametrize("kind", ["apache", "embedded"])
def test_a_broker_to_try_with_says_where_it_has_no_place(
    kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.broker.apache.java", lambda: "java")
    monkeypatch.setattr("streams.broker.apache.kafka_jars", lambda: "jars")

    assert broker([kind]) == 1

    assert capsys.readouterr().err.endswith(f": not a directory. {MEND}\n")


def test_a_machine_without_any_place_for_temporary_files_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc"])

    with pytest.raises(NoPlaceError) as error, embedded_broker():
        pytest.fail("it has a place")

    assert explain(error.value) == f"no usable temporary directory found in ['/proc']. {MEND}"
