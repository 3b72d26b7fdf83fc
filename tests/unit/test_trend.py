"""The last quarter of an hour, as sparklines show it: literal numbers of a floor written by hand."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from streams.board.trend import gather, trend
from streams.lengths import longest_queues
from streams.partition import Partition
from streams.pieces import at_once
from streams.settings import Settings
from streams.slices import Span
from tests import floor_by_hand as by_hand
from tests.floor_by_hand import MINUTE, NOW, SECOND, TEN


def told(partitions: list[Partition], rules: Settings, now: int = NOW) -> dict[tuple[str, str], dict[str, Any]]:
    """The trend's rows, by kind and queue."""
    gathered = at_once(gather(partitions, rules, now))
    return {(row["kind"], row["queue"]): row for row in trend(gathered, rules, now)["rows"]}


def by_hand_floor() -> tuple[list[Partition], Settings]:
    rules = by_hand.settings()
    return list(by_hand.applied(rules).values()), rules


def test_the_most_that_waited_at_once_is_told_for_every_quarter_of_a_minute() -> None:
    row = told(*by_hand_floor())["queue", "billing"]

    since_two_minutes = [(at - TEN, n) for at, n in row["waiting"] if at >= TEN - 2 * MINUTE]
    assert [n for at, n in row["waiting"] if at < TEN - 2 * MINUTE] == [0] * 50
    assert since_two_minutes == [
        (-120 * SECOND, 2), (-105 * SECOND, 1), (-90 * SECOND, 1), (-75 * SECOND, 0),
        (-60 * SECOND, 3), (-45 * SECOND, 2), (-30 * SECOND, 1), (-15 * SECOND, 0),
        (0, 1), (15 * SECOND, 1), (30 * SECOND, 1),
    ]  # fmt: skip


def test_it_agrees_with_the_longest_queue_of_an_interval() -> None:
    partitions, rules = by_hand_floor()
    row = told(partitions, rules)["queue", "billing"]

    spans = [Span(at, at + 15 * SECOND) for at, _ in row["waiting"]]
    assert [n for _, n in row["waiting"]] == longest_queues(partitions, [("billing", "voice")], spans)


def test_the_service_level_is_that_of_the_wall_at_the_end_of_each_minute_and_null_over_nothing() -> None:
    levels = told(*by_hand_floor())["queue", "billing"]["service_level"]

    assert [at for at, _ in levels] == list(range(TEN - 14 * MINUTE, TEN + 1, MINUTE))
    assert [level for _, level in levels] == [None] * 13 + [0.5, 1 / 3]


def test_a_group_and_the_floor_have_the_sums_of_their_queues() -> None:
    rows = told(*by_hand_floor())

    assert rows["group", "phones"]["waiting"] == rows["floor", "ALL"]["waiting"] == rows["queue", "billing"]["waiting"]
    assert rows["floor", "ALL"]["service_level"] == rows["queue", "billing"]["service_level"]


def test_minutes_that_are_no_longer_kept_give_no_service_level() -> None:
    rules = structs.replace(by_hand.settings(), windows=("1h",))
    partitions = list(by_hand.applied(rules).values())

    levels = told(partitions, rules)["queue", "billing"]["service_level"]

    assert [at for at, level in levels if level is not None] == [TEN - MINUTE, TEN]
    assert told(partitions, rules, NOW + 14 * MINUTE)["queue", "billing"]["service_level"][0] == (TEN, None)


def test_nobody_and_nothing_is_an_empty_floor() -> None:
    assert told([], by_hand.settings()) == {
        ("group", "phones"): {
            "kind": "group", "queue": "phones", "channel": "", "waiting": [], "service_level": [],
        },
        ("floor", "ALL"): {
            "kind": "floor", "queue": "ALL", "channel": "", "waiting": [],
            "service_level": [(at, None) for at in range(TEN - 14 * MINUTE, TEN + 1, MINUTE)],
        },
    }  # fmt: skip
