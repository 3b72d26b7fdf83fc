"""A workforce schedule as CSV: what it becomes, and every line that can't be used with its mend."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from streams.cli import main
from streams.sources.schedule import Problem, Schedule, read_schedule

VIENNA = ZoneInfo("Europe/Vienna")
EIGHT = 1_772_434_800_000  # Monday 2026-03-02, 08:00 in Vienna
HOUR = 3_600_000


def read(*lines: str, header: str = "agent,start,end,activity,paid") -> Schedule:
    return read_schedule([header, *lines], VIENNA, EIGHT - HOUR)


def test_a_shift_and_its_lunch_are_two_activities_with_times_of_the_zone() -> None:
    found = read("ann,2026-03-02T08:00,2026-03-02T16:00,,", "ann,2026-03-02T12:00,2026-03-02T12:30,meal,no")

    assert found.problems == []
    assert [(e.agent_id, e.starts_at, e.ends_at, e.activity, e.paid) for e in found.events] == [
        ("ann", EIGHT, EIGHT + 8 * HOUR, "available", True),
        ("ann", EIGHT + 4 * HOUR, EIGHT + 4 * HOUR + HOUR // 2, "meal", False),
    ]
    assert {e.occurred_at for e in found.events} == {EIGHT - HOUR}
    assert len({e.event_id for e in found.events}) == 2


def test_a_time_with_an_offset_is_that_instant_and_columns_come_in_any_order() -> None:
    found = read("2026-03-02T16:00+01:00,yes,2026-03-02T07:00Z,bob", header="end,paid,start,agent")

    assert [(e.agent_id, e.starts_at, e.ends_at) for e in found.events] == [("bob", EIGHT, EIGHT + 8 * HOUR)]


def test_a_night_shift_over_the_change_of_the_clock_is_as_long_as_it_is() -> None:
    spring, autumn = read("ann,2026-03-28T22:00,2026-03-29T06:00,,", "ann,2026-10-24T22:00,2026-10-25T06:00,,").events

    assert (spring.ends_at - spring.starts_at, autumn.ends_at - autumn.starts_at) == (7 * HOUR, 9 * HOUR)


def test_the_same_line_twice_is_one_event() -> None:
    assert len(read("ann,2026-03-02T08:00,2026-03-02T16:00,,", "ann,2026-03-02T08:00,2026-03-02T16:00,,").events) == 1


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (",2026-03-02T08:00,2026-03-02T16:00,,", "agent is empty"),
        ("ann,8 o'clock,2026-03-02T16:00,,", "start is no time"),
        ("ann,2026-03-02T08:00,,,", "end is no time"),
        ("ann,2026-03-02T16:00,2026-03-02T08:00,,", "end is not after start"),
        ("ann,2026-03-02T08:00,2026-03-02T16:00,lunch,", "activity is none of"),
        ("ann,2026-03-02T08:00,2026-03-02T16:00,meal,perhaps", "paid is neither"),
    ],
)
def test_a_line_that_cannot_be_used_is_told_with_its_number(line: str, what: str) -> None:
    found = read("ann,2026-03-02T08:00,2026-03-02T16:00,,", line)

    (problem,) = found.problems
    assert (problem.line, problem.what.startswith(what)) == (3, True), problem


def test_a_file_without_a_column_that_is_needed_says_which() -> None:
    assert read("ann,2026-03-02T08:00", header="agent,start").problems == [
        Problem(1, "there is no column end: the first line names agent, start, end, activity, paid")
    ]


def test_a_file_with_a_wrong_line_is_refused_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "week.csv"
    file.write_text("agent,start,end\nann,2026-03-02T08:00,2026-03-02T16:00\nbob,tomorrow,never\n", "utf-8")

    with pytest.raises(SystemExit) as ended:
        main(["schedule", "load", str(file)])

    assert ended.value.code == 2
    assert "nothing was published" in capsys.readouterr().err
