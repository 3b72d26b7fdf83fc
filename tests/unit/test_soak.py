"""The soak judges: what is flat passes, what grows is named; its floor knows its own truth."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from benchmarks.soak import Floor, Look, Waited, verdict

MIB = 2**20


def looks(resident: int = 0, changelog: int = 0, waited: float = 0.0) -> list[Look]:
    """Three hundred seconds, one look each; what is given is by how much a value grows in all that time."""
    return [
        Look(at, 0.4 + waited * at / 300, (200 + resident * at // 300) * MIB, (90 + changelog * at // 300) * MIB)
        for at in range(300)
    ]


def test_what_stays_as_it_is_is_flat() -> None:
    assert verdict(looks(), 300.0) == []


@pytest.mark.parametrize(
    ("grown", "said"),
    [
        (looks(resident=300), "resident: 499 MiB in the last third, 399 in the second"),
        (looks(changelog=300), "changelog: 389 MiB in the last third, 289 in the second"),
        (looks(waited=6.0), "waited: 5.39 s in the last third, 3.39 s in the second (medians)"),
    ],
)
def test_what_grows_is_named(grown: list[Look], said: str) -> None:
    assert [line for line in verdict(grown, 300.0) if line.startswith(said[:6])] == [said]


def test_a_rate_that_the_machine_does_not_take_is_named_for_what_it_is() -> None:
    assert verdict([look._replace(waited=500.0) for look in looks()], 300.0) == [
        "behind by 500 s: this machine does not take the rate, and what expires is lost"
    ]


def test_a_run_of_a_moment_judges_nothing() -> None:
    assert verdict(looks()[:3], 300.0) == ["too short to judge"]


def test_the_oldest_record_that_is_not_committed_says_how_long_it_has_waited() -> None:
    waited = Waited()
    for second in range(10):
        waited.sent(float(second), 100 * (second + 1))

    assert [waited.now(9.5, committed) for committed in (0, 99, 100, 950, 1_000)] == [9.5, 9.5, 8.5, 0.5, 0.0]


def test_the_events_of_the_floor_are_its_truth_and_one_in_a_hundred_comes_twice() -> None:
    floor, events, ids = Floor(2_000, 0), Counter[tuple[str, str]](), Counter[str]()
    for tick in range(2_000):
        for _, _, value in floor.tick(calls=tick < 200):
            event = json.loads(value)
            ids[event["event_id"]] += 1
            if ids[event["event_id"]] == 1:
                events[event["type"].removeprefix("call."), event["queue"]] += 1

    assert not floor.open
    assert {key: n for key, n in events.items() if key[0] != "ended"} == {
        key: n for key, n in floor.truth.items() if key[0] != "talk_ms"
    }
    assert 0.008 < sum(n == 2 for n in ids.values()) / len(ids) < 0.012
    assert floor.published == ids.total()
