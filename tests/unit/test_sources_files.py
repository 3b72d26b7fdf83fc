"""JSON Lines, and logs that grow, rotate and are cut short."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import events as e
from streams.sources import Bad, rows_of
from streams.sources.csv_map import MapError
from streams.sources.files import Tail, source_of
from streams.sources.jsonl import JsonLines

OFFERED = b'{"type":"call.offered","event_id":"1","occurred_at":5,"contact_id":"c","queue":"q"}'


def test_a_json_line_is_its_event_and_a_wrong_one_says_why() -> None:
    rows = list(rows_of(JsonLines(), [OFFERED + b"\n", b"\n", b"{}\n", b"\xff\n", b"[" * 100_000 + b"\n"]))

    assert rows[0] == e.CallOffered(event_id="1", occurred_at=5, contact_id="c", queue="q")
    assert [row.line_number for row in rows[1:] if isinstance(row, Bad)] == [3, 4, 5]
    assert rows[1] == Bad(3, "Object missing required field `type`")


def test_csv_without_a_map_is_refused_with_the_mend() -> None:
    with pytest.raises(MapError, match="csv needs a map"):
        source_of("csv")


def test_a_line_is_given_when_it_is_complete(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\ntw")
    tail = Tail(str(log))

    first = tail.lines()
    waiting = tail.lines()
    with log.open("ab") as file:
        file.write(b"o\nthree\n")
    second = tail.lines()
    tail.close()

    assert (first, waiting, second) == ([b"one"], [], [b"two", b"three"])


def test_a_rotated_log_is_read_to_its_end_and_then_the_new_one(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\n")
    tail = Tail(str(log))
    assert tail.lines() == [b"one"]

    with log.open("ab") as old:
        log.rename(tmp_path / "log.1")
        nothing_by_that_name = tail.lines()
        old.write(b"last words")
        old.flush()
        log.write_bytes(b"new\n")
        rest = tail.lines() + tail.lines()
    new = tail.lines() + tail.lines()
    tail.close()

    assert nothing_by_that_name == []
    assert rest + new == [b"last words", b"new"]


def test_a_log_that_was_cut_short_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\ntwo\n")
    tail = Tail(str(log))
    tail.lines()

    log.write_bytes(b"new\n")
    noticed, read = tail.lines(), tail.lines()
    tail.close()

    assert (noticed, read) == ([], [b"new"])
