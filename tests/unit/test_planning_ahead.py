"""The next hour of a live queue: what is gathered from the state of a floor, and what is foreseen from it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from streams import snapshot
from streams.exposition.floor import floor_families
from streams.planning import can_be_planned
from streams.planning.ahead import Ahead, ahead, floor_soon
from streams.planning.given import Given, gather
from streams.settings import QueueSettings, Settings
from streams.snapshot import Snapshot, WorkerStatus
from streams.staffing.estimate import Staff
from streams.staffing.forecast import Counted
from tests.support import DAY, Call, Floor, call, ms, state

MINUTES = 60


def taken(floor: Floor, seconds: float) -> Snapshot:
    return snapshot.take(floor.partitions, floor.settings, WorkerStatus(), ms(seconds))


def given_of(floor: Floor, seconds: float, **roster: float) -> Given:
    found = taken(floor, seconds)
    row = next(row for row in found.rows if row.queue == "billing")
    later = {ms(float(name[1:])): {"billing": Staff(agents)} for name, agents in roster.items()}
    return gather(floor.partitions, found, row, later)


def answered(name: str, every: int, seconds: Iterable[int], *, now: int = 10**9) -> list[Call]:
    """A call every so many seconds, answered after 10 s, over after 240 s more where that is before ``now``."""
    found = []
    for at in (at for at in seconds if at % every == 0):
        told = call(f"{name}{at}").offered(at=at).answered(at=at + 10, ring_ms=0)
        found.append(told.ended(at=at + 250) if at + 250 <= now else told)
    return found


def busy(agents: int = 10) -> Floor:
    """From ten on a call every 30 s, each 240 s long, eight in hand at 10:30; and two that wait."""
    floor = Floor(Settings(defaults=QueueSettings(service_level_target_ratio=0.8)))
    waiting = [call("w1").offered(at=1_781), call("w2").offered(at=1_795)]
    staff = [state(f"agent {n}", 0, "available", queues=("billing",)) for n in range(agents)]
    return floor.play(*answered("c", 30, range(1_780), now=1_800), *waiting).take(*staff)


def test_what_is_given_is_what_was_counted() -> None:
    given = given_of(busy(), 1_800)

    assert given.waited == (19.0, 5.0)
    assert given.handled == (52, 52 * 240_000)
    assert given.gave_up == 0
    assert given.waited_ms == 60 * 10_000 + 24_000
    assert given.today[-2:] == (30, 32)
    assert given.weeks == ()
    assert given.last == Counted(28, 28)


def test_the_hour_is_cut_at_the_quarters_and_what_is_left_of_this_one_has_the_agents_of_now() -> None:
    given = given_of(busy(), 2_000, a2700=7.0, a3600=3.0)

    assert [(one.span.end - one.span.start) // 1000 for one in given.coming] == [700, 900, 900, 900, 200]
    assert [one.agents for one in given.coming] == [10.0, 7.0, 3.0, 10.0, 10.0]
    assert [one.quarter for one in given.coming] == [42, 43, 44, 45, 46]


def test_last_week_is_the_usual_and_today_scales_it() -> None:
    week_ago = answered("o", 20, range(-7 * DAY - 3 * 900, -7 * DAY + 5_400))
    today = answered("t", 40, range(-2_700, 0))
    floor = Floor().play(*week_ago, *today)
    given = given_of(floor, 0)

    assert given.today[-3:] == (22, 23, 22)
    assert [week[40:44] for week in given.weeks] == [(45, 45, 45, 45)]
    found = ahead(given)
    assert found.arrivals_from == "usual"
    assert found.intervals[0].arrivals_per_hour == pytest.approx(180 * (67 + 25) / (135 + 25))


def test_the_hours_of_last_week_before_counting_began_today_say_nothing_of_today() -> None:
    week_ago = answered("o", 20, range(-7 * DAY - 8 * 900, -7 * DAY + 5_400))  # two hours, of which today has 45 min
    found = ahead(given_of(Floor().play(*week_ago, *answered("t", 40, range(-2_700, 0))), 0))

    assert found.intervals[0].arrivals_per_hour == pytest.approx(180 * (67 + 25) / (135 + 25))


def test_a_week_that_was_counted_in_part_is_not_the_usual() -> None:
    week_ago = answered("o", 60, range(-7 * DAY - 120, -7 * DAY + 60))
    today = answered("t", 30, range(-2_700, 0))

    assert given_of(Floor().play(*week_ago, *today), 0).weeks == ()


def test_more_agents_are_better_and_fewer_are_warned_of() -> None:
    many, few = ahead(given_of(busy(14), 1_800)), ahead(given_of(busy(6), 1_800))

    assert many.horizons[15].service_level is not None
    assert few.horizons[15].service_level is not None
    assert many.horizons[15].service_level > 0.88 > few.horizons[15].service_level
    assert [one.gap for one in few.intervals] == [6 - one.required.agents for one in few.intervals]
    assert many.p_breach is not None
    assert few.p_breach is not None
    assert many.p_breach < 0.05
    assert few.p_breach > 0.45
    assert (many.watch.warned, few.watch.warned) == (False, True)
    assert many.level_soon is not None
    assert few.level_soon is not None
    assert many.level_soon > few.level_soon


def test_agents_who_leave_at_the_quarter_are_missed_only_from_then_on() -> None:
    stay, leave = ahead(given_of(busy(14), 1_800)), ahead(given_of(busy(14), 1_800, a2700=2.0, a3600=2.0, a4500=2.0))

    assert stay.horizons[15].service_level == pytest.approx(leave.horizons[15].service_level, abs=1e-4)
    assert stay.horizons[60].service_level > leave.horizons[60].service_level  # type: ignore[operator]
    assert [round(one.staffed) for one in leave.intervals] == [14, 2, 2, 2]


def test_nobody_calls_a_closed_queue() -> None:
    settings = Settings(queues={"billing": QueueSettings(opening_hours={"mon": ("08:00-10:45",)})})
    floor = Floor(settings).play(*answered("c", 30, range(1_700)))
    floor.take(state("ann", 0, "available", queues=("billing",)))

    found = ahead(given_of(floor, 1_800))

    assert [one.arrivals_per_hour > 0 for one in found.intervals] == [True, False, False, False]


def test_a_queue_whose_agents_nobody_tells_of_is_not_planned() -> None:
    told = busy()
    untold = Floor().play(*answered("c", 30, range(1_780)))
    served_unseen = (
        Floor().play(*answered("c", 30, range(1_780), now=1_800)).take(state("zoe", 0, "available", queues=("x",)))
    )
    rows = [(found := taken(floor, 1_800), found.rows[0]) for floor in (told, untold, served_unseen)]

    assert [can_be_planned(*row) for row in rows] == [True, False, False]


def test_part_of_an_agent_is_somebody() -> None:
    floor = busy(0).take(state("ann", 0, "available", queues=("billing", "b", "c", "d", "e")))

    found = ahead(given_of(floor, 1_800))

    assert found.horizons[15].in_time > 0
    assert found.intervals[0].staffed == 0.2


def test_the_floor_in_ten_minutes_is_its_queues_together() -> None:
    one = ahead(given_of(busy(), 1_800))
    other = one._replace(key=("sales", "voice"), soon=(0.0, one.soon[1]))

    assert floor_soon({one.key: one, other.key: other}) == pytest.approx((one.level_soon or 0) / 2)
    assert floor_soon({}) is None


def test_the_forecasts_are_in_the_metrics_and_absent_without_one() -> None:
    floor = busy(5)
    found, seen = taken(floor, 1_805), ahead(given_of(floor, 1_800))
    forecasts: dict[tuple[str, str], Ahead] = {seen.key: seen}
    metrics = {
        (family.name, point.labels.get("queue"), point.labels.get("ahead")): point.value
        for family in floor_families(found, forecasts)
        for point in family.points
    }

    assert metrics["forecast_service_level_ratio", "billing", "30m"] == seen.horizons[30].service_level
    assert metrics["forecast_agents_required", "billing", "60m"] == seen.intervals[-1].required.agents
    assert metrics["forecast_age_seconds", "billing", None] == 5.0
    assert metrics["breach_forecast", "billing", None] == 1.0
    assert metrics["breach_chance_ratio", "billing", None] == seen.p_breach
    assert metrics["service_level_in_10m_ratio", "ALL", None] == metrics["service_level_in_10m_ratio", "billing", None]
    names = {family.name for family in floor_families(found)}
    assert not {name for name in names if name.startswith(("forecast_", "breach_", "service_level_in"))}
