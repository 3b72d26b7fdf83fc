"""Real calls of a real bank, through Apache Kafka and a worker: every number, also when the worker is killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.replay import Speed, Summary, replay
from streams.report import report
from streams.settings import Settings
from tests.integration.line import Line, Metrics, worker_on

DATA = Path(__file__).parent.parent / "data"
BANK_MAP = DATA / "bank_1999.toml"
BANK = {
    "clock": "stream",
    "defaults__timezone": "Asia/Jerusalem",
    "defaults__attribution": "contact_arrival",
    "defaults__service_level_threshold_seconds": "20",
    "retention__coarse_days": "9",
}
ZONE_OFFSET = "+02:00"
THEIRS = {
    "answered": "answered",
    "abandoned": "abandoned",
    "sum_wait_answered": "answered_wait_seconds_sum",
    "asa": "asa_seconds",
    "max_wait_answered": "max_wait_answered_seconds",
    "sum_service": "handle_seconds_sum",
    "aht": "aht_seconds",
    "sum_wait_abandoned": "abandoned_wait_seconds_sum",
    "mean_wait_abandoned": "abandon_time_seconds",
    "abandon_rate": "abandonment_ratio",
}
"""Our names of the bank's numbers; ``rows`` and ``phantom`` are about the file."""
DIGITS = {"asa": 4, "aht": 4, "mean_wait_abandoned": 4, "abandon_rate": 6}
APPROXIMATE = "p50_service"


def send(file: Path, settings: Settings, speed: Speed = "max") -> Summary:
    return replay(str(file), form="csv", broker=settings.broker, map_path=BANK_MAP, speed=speed)


async def bank_rows(line: Line, by: str, queue: str = "ALL") -> list[dict[str, Any]]:
    span = {"from": f"1999-02-01T00:00:00{ZONE_OFFSET}", "to": f"1999-03-08T00:00:00{ZONE_OFFSET}"}
    rows: list[dict[str, Any]] = await line.json("/api/intervals", by=by, queue=queue, **span)
    return rows


def bank_name(row: dict[str, Any], by: str) -> str:
    day = row["start"][2:10].replace("-", "")
    return day if by == "day" else f"{day} {row['start'][11:13]}"


def bank_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """A row of ours under the names of the expected file, rounded as there; the median is looked at apart."""
    numbers = {theirs: row[ours] for theirs, ours in THEIRS.items()}
    for which in ("answered", "abandoned"):
        numbers |= {f"{which}_le_{limit}": n for limit, n in row[f"{which}_within"].items()}
    return {key: round(value, DIGITS.get(key, 9)) for key, value in numbers.items() if value is not None}


async def check_every_number(line: Line, expected: dict[str, Any]) -> None:
    """By day and by hour all counts, sums, means and maxima; the median of a day within 5 %."""
    for by, key in (("day", "by_date"), ("hour", "by_date_hour")):
        rows = {bank_name(row, by): row for row in await bank_rows(line, by)}
        theirs = {
            name: {what: value for what, value in numbers.items() if what not in ("rows", "phantom", APPROXIMATE)}
            for name, numbers in expected[key].items()
            if numbers["rows"] > numbers["phantom"]
        }
        ours = {name: bank_numbers(row) for name, row in rows.items() if row["offered"]}
        assert ours == theirs
        assert {name: rows[name]["offered"] for name in theirs} == {
            name: expected[key][name]["rows"] - expected[key][name]["phantom"] for name in theirs
        }
    days = {bank_name(row, "day"): row for row in await bank_rows(line, "day")}
    assert {name: row["max_queue_length"] for name, row in days.items()} == expected["max_queue_length_by_date"]
    for name, numbers in expected["by_date"].items():
        assert days[name]["p50_handle_seconds"] == pytest.approx(numbers[APPROXIMATE], rel=0.05)


def check_the_weeks_totals(found: Metrics, expected: dict[str, Any]) -> None:
    """The counters of all partitions together are the week."""
    week = {
        name: sum(day.get(name, 0) for day in expected["by_date"].values())
        for name in expected["by_date"]["990201"]
    }  # fmt: skip
    assert found.net("offered") == week["rows"] - week["phantom"]
    assert found.net("answered") == week["answered"]
    assert found.net("abandoned") == week["abandoned"]
    assert found.net("answered_wait_seconds") == week["sum_wait_answered"]
    assert found.net("abandoned_wait_seconds") == week["sum_wait_abandoned"]
    assert found.net("answered_in_threshold") == week["answered_le_20"]
    assert found.net("abandoned_in_threshold") == week["abandoned_le_20"]
    handled = sum(found.net(f"{part}_seconds") for part in ("talk", "hold", "wrap"))
    assert handled == week["sum_service"]
    assert found.sum("rejected_total") == found.sum("waiting") == found.sum("conservation_residual") == 0


async def kill_twice(line: Line, records: int) -> None:
    """Kill the worker when it has counted a quarter, and again at five eighths, of what is being published."""
    for share in (2 / 8, 5 / 8):
        await line.counted(int(records * share))
        await line.kill()
        await line.start()


@pytest.fixture
def bank(shared_data: Callable[[str], Path]) -> tuple[Path, dict[str, Any]]:
    """The bank's file and the numbers it must give."""
    expected = json.loads(shared_data("bank_1999_02_week1_expected.json").read_text())
    return shared_data("bank_1999_02_week1.tsv"), expected


async def test_every_number_of_a_banks_week_is_right_through_kafka_and_a_worker(
    bank: tuple[Path, dict[str, Any]], settings: Settings, tmp_path: Path
) -> None:
    file, expected = bank
    async with worker_on(settings.broker, tmp_path, **BANK) as line:
        summary = await asyncio.to_thread(send, file, settings)
        found = await line.counted(sum(summary.records.values()))

        await check_every_number(line, expected)
        check_the_weeks_totals(found, expected)
        assert await line.leave() == 0
    assert line.complaints == []


async def test_every_number_of_a_banks_week_is_right_when_the_worker_is_killed_twice_while_it_is_replayed(
    bank: tuple[Path, dict[str, Any]], settings: Settings, tmp_path: Path
) -> None:
    file, expected = bank
    async with worker_on(settings.broker, tmp_path, **BANK) as line:
        replaying = asyncio.create_task(asyncio.to_thread(send, file, settings, 60_000.0))  # a week in ten seconds
        await kill_twice(line, 40_000)
        summary = await replaying
        found = await line.counted(sum(summary.records.values()))

        await check_every_number(line, expected)
        check_the_weeks_totals(found, expected)


async def test_a_small_file_gives_through_kafka_and_a_worker_what_the_report_gives_without(
    settings: Settings, tmp_path: Path
) -> None:
    file = DATA / "calls.tsv"
    async with worker_on(settings.broker, tmp_path, **BANK) as line:
        summary = await asyncio.to_thread(send, file, settings)
        await line.counted(sum(summary.records.values()))

        for by in ("hour", "day"):
            for queue in ("ALL", "bank"):
                rows = {row["start"]: row for row in await bank_rows(line, by, queue) if row["offered"]}
                exact = report(str(file), form="csv", settings=Settings(), map_path=BANK_MAP, by=by, queue=queue).rows
                assert list(rows) == [row["start"] for row in exact]
                for row in exact:
                    assert_same(rows[row["start"]], row)


def assert_same(ours: dict[str, Any], exact: dict[str, Any]) -> None:
    """Every number both have is the same; the median of few calls lies anywhere between two of them."""
    assert {"offered", "asa_seconds", "max_queue_length", "answered_within"} <= ours.keys() & exact.keys()
    for name in (ours.keys() & exact.keys()) - {"queue", "channel", "p50_handle_seconds"}:
        assert ours[name] == exact[name], name
