"""Reports: known files through the worker's own core give known numbers, every one of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from streams.exact import By
from streams.report import Report, UnknownZoneError, as_json, report, show
from streams.settings import QueueSettings, Settings

DATA = Path(__file__).parent.parent / "data"
BANK_MAP = DATA / "bank_1999.toml"


def of_calls(by: By = "hour", **more: Any) -> Report:
    return report(str(DATA / "calls.tsv"), form="csv", settings=Settings(), map_path=BANK_MAP, by=by, **more)


def of_log(path: Path = DATA / "queue_log", by: By = "hour", **more: Any) -> Report:
    return report(str(path), form="asterisk-queue-log", settings=Settings(), by=by, **more)


def pick(row: dict[str, Any], *keys: str) -> list[Any]:
    return [row[key] for key in keys]


# --- our own small files ---------------------------------------------------------------------------------------------


def test_an_hour_counts_the_calls_that_arrived_in_it() -> None:
    at_seven, at_eight, *_ = of_calls().rows

    assert pick(at_seven, "queue", "channel", "start") == ["bank", "voice", "1999-03-01T07:00:00+02:00"]
    assert pick(at_seven, "rows", "offered", "answered", "answered_wait_seconds_sum") == [1, 1, 1, 12.0]
    assert at_eight["start"] == "1999-03-01T08:00:00+02:00"
    assert pick(at_eight, "rows", "ignored", "offered", "answered", "abandoned") == [7, 1, 6, 4, 2]


def test_every_number_of_an_hour() -> None:
    row = of_calls().rows[1]

    assert {key: value for key, value in row.items() if key not in ("queue", "channel", "start", "service_level")} == {
        "rows": 7,
        "ignored": 1,
        "offered": 6,
        "answered": 4,
        "abandoned": 2,
        "short_abandoned": 2,
        "flowed_out": 0,
        "flowed_out_by_reason": {},
        "orphaned": 0,
        "answered_wait_seconds_sum": 180.0,
        "abandoned_wait_seconds_sum": 4.0,
        "asa_seconds": 45.0,
        "abandon_time_seconds": 2.0,
        "max_wait_answered_seconds": 130.0,
        "abandonment_ratio": pytest.approx(2 / 6),
        "abandonment_ratio_long": 0.0,
        "answered_within": {"20": 2, "30": 3, "60": 3, "120": 3},
        "abandoned_within": {"5": 2, "10": 2, "20": 2},
        "handle_segments": 4,
        "handle_seconds_sum": 93.0,
        "aht_seconds": 23.25,
        "p50_handle_seconds": 16.5,
        "max_queue_length": 3,
    }


def test_service_levels_by_every_preset_stand_side_by_side() -> None:
    levels = of_calls().rows[1]["service_level"]

    assert len(levels) == 10
    assert levels["answered_only"] == 0.5
    assert levels["all_abandons_against"] == pytest.approx(2 / 6)
    assert levels["short_abandons_excluded"] == 0.5
    assert levels["abandons_in_t_credit"] == pytest.approx(4 / 6)


def test_a_call_that_crosses_midnight_counts_where_it_arrived_and_waits_on_both_days() -> None:
    first, second = of_calls("day").rows

    assert pick(first, "start", "rows", "answered", "abandoned") == ["1999-03-01T00:00:00+02:00", 10, 6, 3]
    assert pick(second, "start", "rows", "answered", "abandoned") == ["1999-03-02T00:00:00+02:00", 1, 0, 1]
    assert pick(first, "max_queue_length", "handle_seconds_sum") == [3, 513.0]
    assert second["max_queue_length"] == 2


def test_nothing_to_count_is_null_and_not_zero() -> None:
    row = of_calls("day").rows[1]

    assert (
        pick(row, "answered", "answered_wait_seconds_sum", "asa_seconds", "max_wait_answered_seconds")
        == [0] + [None] * 3
    )
    assert pick(row, "handle_seconds_sum", "aht_seconds", "p50_handle_seconds") == [None, None, None]
    assert row["answered_within"] == {"20": None, "30": None, "60": None, "120": None}
    assert row["service_level"]["answered_only"] is None
    assert row["service_level"]["all_abandons_against"] == 0.0


def test_attribution_and_zone_can_be_chosen() -> None:
    rows = of_calls("hour", attribution="event_time", zone="Asia/Kolkata").rows

    assert [(row["start"][5:16], row["offered"], row["answered"], row["abandoned"]) for row in rows] == [
        ("03-01T11:00", 6, 4, 2),
        ("03-01T12:00", 1, 1, 0),
        ("03-02T03:00", 2, 1, 1),
        ("03-02T12:00", 1, 0, 1),
    ]


def test_the_whole_file_is_one_row_per_queue_and_all_of_them_one_floor() -> None:
    sales, support = of_log(by="all").rows
    (floor,) = of_log(by="all", queue="ALL").rows

    assert pick(sales, "queue", "offered", "answered", "abandoned", "flowed_out") == ["sales", 11, 3, 1, 7]
    assert pick(support, "queue", "offered", "answered", "abandoned", "flowed_out") == ["support", 1, 1, 0, 0]
    assert pick(floor, "queue", "channel", "start") == ["ALL", "voice", "2023-11-14T00:00:00+00:00"]
    assert pick(floor, "offered", "answered", "abandoned", "flowed_out") == [12, 4, 1, 7]
    assert floor["answered_wait_seconds_sum"] == 7 + 12 + 0 + 12
    assert floor["handle_seconds_sum"] == 60 + 9 + 30 + 6
    assert floor["flowed_out_by_reason"] == {
        "timeout": 1,
        "key": 1,
        "closed": 1,
        "full": 1,
        "no_agents": 2,
        "diverted": 1,
    }


def test_one_queue_can_be_asked_for() -> None:
    assert [row["queue"] for row in of_log(by="all", queue="support").rows] == ["support"]
    assert of_log(by="all", queue="nobody's").rows == []


def test_thresholds_are_those_of_the_queue() -> None:
    strict = Settings(queues={"sales": QueueSettings(service_level_threshold_seconds=7.0, short_abandon_seconds=3.0)})
    (row,) = report(str(DATA / "queue_log"), form="asterisk-queue-log", settings=strict, by="all", queue="sales").rows

    assert row["service_level"]["answered_only"] == pytest.approx(2 / 3)
    assert row["short_abandoned"] == 0


def test_unreadable_and_ignored_rows_are_counted_and_shown() -> None:
    result = of_log(by="all")
    shown = StringIO()

    show(result, Console(file=shown, width=160))

    assert result.ignored == {"QUEUESTART": 1, "CONFIGRELOAD": 1, "unknown_event": 1}
    assert [bad.line_number for bad in result.bad] == [34]
    assert "ignored: CONFIGRELOAD 1, QUEUESTART 1, unknown_event 1" in shown.getvalue()
    assert "line 34: 1 fields between bars, at least 5 expected" in shown.getvalue()


def test_an_unknown_zone_is_refused_with_the_mend() -> None:
    with pytest.raises(UnknownZoneError, match="unknown time zone 'Mars/Base': name one as Europe/Berlin or UTC"):
        of_calls(zone="Mars/Base")


def test_a_table_keeps_every_number_where_there_is_no_terminal() -> None:
    shown = StringIO()

    show(of_calls("day"), Console(file=shown, width=40))

    assert shown.getvalue().splitlines()[1].split() == (
        ["1999-03-01", "00:00", "bank", "voice", "10", "9", "6", "3", "0", "43.7", "33.3%", "85.5", "3"]
    )


def test_json_is_one_array_of_rows() -> None:
    result = of_calls()

    assert json.loads(as_json(result)) == result.rows


def test_an_event_sent_twice_counts_once(tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.write_text((DATA / "queue_log").read_text() * 2)

    once, twice = of_log(by="all").rows, of_log(log, by="all").rows

    assert twice == once


# --- a bank's week, and another product's tables ---------------------------------------------------------------------

BANK_KEYS = {
    "rows": "rows",
    "answered": "answered",
    "abandoned": "abandoned",
    "phantom": "ignored",
    "sum_wait_answered": "answered_wait_seconds_sum",
    "asa": "asa_seconds",
    "max_wait_answered": "max_wait_answered_seconds",
    "sum_service": "handle_seconds_sum",
    "aht": "aht_seconds",
    "p50_service": "p50_handle_seconds",
    "sum_wait_abandoned": "abandoned_wait_seconds_sum",
    "mean_wait_abandoned": "abandon_time_seconds",
    "abandon_rate": "abandonment_ratio",
}


def bank_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """A row of ours under the names of the expected file, rounded as there."""
    numbers = {theirs: row[ours] for theirs, ours in BANK_KEYS.items()}
    for which in ("answered", "abandoned"):
        numbers |= {f"{which}_le_{limit}": n for limit, n in row[f"{which}_within"].items()}
    digits = {"asa": 4, "aht": 4, "mean_wait_abandoned": 4, "abandon_rate": 6}
    return {key: round(value, digits.get(key, 9)) for key, value in numbers.items() if value is not None}


@pytest.mark.parametrize(("by", "expected_key"), [("day", "by_date"), ("hour", "by_date_hour")])
def test_every_number_of_a_banks_week_is_right(shared_data: Callable[[str], Path], by: By, expected_key: str) -> None:
    expected = json.loads(shared_data("bank_1999_02_week1_expected.json").read_text())
    calls = shared_data("bank_1999_02_week1.tsv")

    rows = report(str(calls), form="csv", settings=Settings(), map_path=BANK_MAP, by=by, queue="ALL").rows

    def name(row: dict[str, Any]) -> str:
        day = row["start"][2:10].replace("-", "")
        return day if by == "day" else f"{day} {row['start'][11:13]}"

    assert {name(row): bank_numbers(row) for row in rows} == expected[expected_key]
    if by == "day":
        assert {name(row): row["max_queue_length"] for row in rows} == expected["max_queue_length_by_date"]


SCENARIOS = (
    "Statistics for calls distributed to two queues at the boundaries of a xivo-stat deletion limit",
    "Generate stats for received/abandoned calls",
    "Generate stats for received/answered calls",
    "Generate stats for received/blocking calls",
    "Generate stats for closed queue",
    "Generate stats for saturated calls",
    "Generate stats for answered rate with calls on closed queue",
    "Answered rate when all calls are closed should be empty",
    "Generate stats for partial answered call logs",
    "First week of 2014",
)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_queue_log_gives_the_table_that_users_of_another_product_expect(
    shared_data: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    """Theirs from ours. Different on purpose, and so computed here: they show an empty cell where we say null; blocked,
    closed and saturated calls are flow-outs of ours, each by its reason, and are in our offered; their answered rate
    leaves the closed ones out; their mean wait (AWT) is of answered and abandoned together, in whole seconds.
    """
    scenarios = json.loads(shared_data("asterisk_queue_log_scenarios.json").read_text())
    (scenario,) = (each for each in scenarios if each["scenario"] == name)
    log = tmp_path / "queue_log"
    log.write_text("".join(map(_log_line, scenario["queue_log"])))
    for table in scenario["expected"]:
        weekly = "weekly" in table["step"]
        queue, first_day = table["step"].split('"')[1], table["step"].split('"')[3]

        rows = of_log(log, by="day" if weekly else "hour", queue=queue).rows

        named = {_their_name(row["start"], first_day, weekly): row for row in rows}
        (total,) = of_log(log, by="all", queue=queue).rows
        for line in table["rows"]:
            row = total if line[0] == "Total" else named.pop(line[0], None)
            assert [line[0], *_their_cells(row, table["header"][1:])] == line
        assert named == {}


def _log_line(row: dict[str, str]) -> str:
    micros = (datetime.fromisoformat(row["time"]).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )
    data = "|".join(row[f"data{n}"] for n in range(1, 6))
    stamp = f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
    return f"{stamp}|{row['callid']}|{row['queuename']}|{row['agent']}|{row['event']}|{data}\n"


def _their_name(start: str, first_day: str, weekly: bool) -> str:
    local = datetime.fromisoformat(start)
    if weekly:
        return f"{local:%A} {local.day}"
    assert start.startswith(first_day)
    return f"{local.hour}h-{local.hour + 1}h"


def _their_cells(row: dict[str, Any] | None, header: list[str]) -> list[str]:
    return [_their_cell(row, column) for column in header]


def _their_cell(row: dict[str, Any] | None, column: str) -> str:
    if row is None:
        return "" if column in ("AWT", "Answered rate", "QoS") else "0"
    by_reason = row["flowed_out_by_reason"]
    waited = row["answered"] + row["abandoned"]
    match column:
        case "Received":
            return str(row["offered"])
        case "Answered" | "Abandoned":
            return str(row[column.lower()])
        case "Closed":
            return str(by_reason.get("closed", 0))
        case "Blocking":
            return str(by_reason.get("no_agents", 0))
        case "Saturated":
            return str(by_reason.get("full", 0) + by_reason.get("diverted", 0))
        case "AWT":
            total = (row["answered_wait_seconds_sum"] or 0) + (row["abandoned_wait_seconds_sum"] or 0)
            return str(timedelta(seconds=int(total / waited))).zfill(8)
        case "Answered rate":
            open_calls = row["offered"] - by_reason.get("closed", 0)
            return f"{100 * row['answered'] // open_calls} %" if open_calls else ""
        case "QoS":
            level = row["service_level"]["answered_only"]
            return "" if level is None else f"{level:.0%}".replace("%", " %")
    raise AssertionError(column)
