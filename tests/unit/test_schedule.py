"""Schedules: what an agent is planned to do at a moment, whatever the order of telling; and who will be at work."""

from __future__ import annotations

from itertools import permutations

from streams import events as e
from streams.planning.roster import roster
from streams.schedule import MOST, Activity, activity_at, planned
from tests.support import DAY, HOUR, Floor, ms, state


def scheduled(
    agent: str, start: float, end: float, activity: e.AgentState = "available", *, told: float = -3_600
) -> e.AgentScheduled:
    return e.AgentScheduled(
        event_id=f"{agent} {start} {activity} {told}", occurred_at=ms(told), agent_id=agent, source="wfm",
        starts_at=ms(start), ends_at=ms(end), activity=activity,
    )  # fmt: skip


SHIFT = scheduled("ann", 0, 8 * HOUR)
LUNCH = scheduled("ann", 2 * HOUR, 2.5 * HOUR, "meal")
LATER_LUNCH = scheduled("ann", 2 * HOUR, 2.5 * HOUR, "available", told=-60)


def plans_of(*events: e.AgentScheduled) -> list[Activity]:
    plans: list[Activity] = []
    for event in events:
        plans = planned(plans, event)
    return plans


def test_lunch_is_within_the_shift_and_after_it_nobody_is_planned() -> None:
    plans = plans_of(SHIFT, LUNCH)

    assert [activity_at(plans, ms(hours * HOUR)) for hours in (-1, 0, 2, 2.5, 7.99, 8)] == [
        "signed_out", "available", "meal", "available", "available", "signed_out",
    ]  # fmt: skip


def test_a_change_of_plan_holds_whatever_is_told_first() -> None:
    found = {activity_at(plans_of(*events), ms(2.1 * HOUR)) for events in permutations([SHIFT, LUNCH, LATER_LUNCH])}

    assert found == {"available"}


def test_a_shift_is_called_off_by_signing_out_over_it() -> None:
    plans = plans_of(SHIFT, scheduled("ann", 0, 8 * HOUR, "signed_out", told=-60))

    assert activity_at(plans, ms(HOUR)) == "signed_out"


def test_told_twice_is_told_once() -> None:
    assert plans_of(SHIFT, SHIFT) == plans_of(SHIFT)


def test_without_an_activity_near_nothing_is_known() -> None:
    assert activity_at([], ms(0)) is None
    assert activity_at(plans_of(SHIFT), ms(8 * HOUR + 12 * HOUR)) is None


def test_what_is_long_over_is_forgotten_and_there_are_never_too_many() -> None:
    assert len(plans_of(SHIFT, scheduled("ann", 3 * DAY, 3 * DAY + 60, told=2 * DAY))) == 1
    many = plans_of(*(scheduled("ann", n * HOUR, n * HOUR + 60) for n in range(MOST + 5)))
    assert (len(many), many[0].start) == (MOST, ms(0))


def floor() -> Floor:
    """Ann goes home at 10:30 and cara comes at 10:45, as scheduled; bob has no schedule."""
    agents = [state("ann", 0, "available", queues=("billing",)), state("bob", 0, "on_contact", queues=("billing",))]
    away = state("cara", 0, "signed_out", queues=("billing",))
    plans = [scheduled("ann", -HOUR, 1_800), scheduled("cara", 2_700, 5 * HOUR)]
    return Floor().take(*agents, away, *plans)


def test_who_is_scheduled_comes_and_goes_and_who_is_not_stays_as_now() -> None:
    found = roster(floor().partitions, ms(600))

    assert {at - ms(0): queues["billing"].at_work for at, queues in found.items()} == {
        900_000: 2.0, 1_800_000: 1.0, 2_700_000: 2.0, 3_600_000: 2.0,
    }  # fmt: skip


def test_without_any_schedule_everybody_stays() -> None:
    assert roster(Floor().take(state("bob", 0, "available", queues=("billing",))).partitions, ms(600)) == {}


def test_a_schedule_survives_a_restart() -> None:
    before = floor()
    after = before.restarted()

    assert roster(after.partitions, ms(600)) == roster(before.partitions, ms(600)) != {}
