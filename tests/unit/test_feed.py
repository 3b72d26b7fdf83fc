"""A simulation to lines, and when each record is due."""

from __future__ import annotations

import io

from streams.feed import Pace, write_lines
from streams.simulate import Faults, demo, simulate, spoil

NOON = 1_767_614_400_000


def test_lines_are_the_records_in_publish_order() -> None:
    items = list(simulate(demo(NOON, 60), 7))
    file = io.BytesIO()

    written = write_lines(items, file)

    assert written == (len(items), 0)
    assert file.getvalue().splitlines() == [item.value for item in items]


def test_malformed_records_are_left_out_of_a_file_and_counted() -> None:
    clean = list(simulate(demo(NOON, 60), 7))
    spoilt = list(spoil(clean, Faults(malformed=0.5), 7))
    file = io.BytesIO()

    written = write_lines(spoilt, file)

    assert written == (len(clean), len(spoilt) - len(clean))
    assert written.left_out > 0


def test_at_ten_times_the_speed_a_minute_takes_six_seconds() -> None:
    assert Pace(NOON, 100.0, 10.0).due(NOON + 60_000) == 106.0


def test_what_lies_before_the_origin_is_overdue() -> None:
    assert Pace(NOON, 100.0).due(NOON - 30_000) == 70.0
