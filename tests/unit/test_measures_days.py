"""Our own counts by day: what is counted when, which periods are whole, and that nothing is counted twice."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from streams import events as e
from streams import snapshot
from streams.measures.days import KEPT_DAYS, OwnCounts
from streams.measures.latest import latest
from streams.measures.outcome import Number
from streams.measures.period import parse
from streams.measures.record import Measure, encode
from streams.measures.shelf import Shelf
from streams.partition import Record
from streams.settings import Settings, from_raw
from streams.snapshot import WorkerStatus
from tests.support import DAY, HOUR, Floor, Story, call, chat, heartbeat, ms, state, stored

UTC = ZoneInfo("UTC")
TEN = 10 * HOUR  # stories begin at ten o'clock of Monday 2026-03-02


def own(floor: Floor, until: str = "2026-03-31", zone: str = "UTC") -> OwnCounts:
    return OwnCounts([p.days for p in floor.partitions], date.fromisoformat(until), ZoneInfo(zone))


def counted(floor: Floor, period: str, until: str = "2026-03-31", zone: str = "UTC") -> dict[str, float] | None:
    found = own(floor, until, zone).get(parse(period))
    return None if found is None else {name: n for name, n in found.items() if n}


def since_sunday(settings: Settings | None = None) -> Floor:
    """A floor that has counted since before Monday."""
    return Floor(settings).take(heartbeat(-TEN - HOUR))


def rated(n: int, at: float, kind: str, score: float) -> e.Rated:
    return e.Rated(event_id=f"r{n}", occurred_at=ms(at), contact_id=f"r{n}", kind=kind, score=score)  # type: ignore[arg-type]


def test_calls_count_on_the_day_they_end_and_conversations_on_the_day_they_begin() -> None:
    floor = since_sunday().play(
        call("c1").offered(13 * HOUR).answered(13 * HOUR + 5).ended(15 * HOUR),  # ends on Tuesday at one
        call("c2").offered(0).answered(5).ended(60),
        chat("d1").queued(13 * HOUR).assigned(13 * HOUR + 60).resolved(15 * HOUR),
    )

    assert counted(floor, "2026-03-02") == {"calls": 1, "contacts": 2}
    assert counted(floor, "2026-03-03") == {"calls": 1, "contacts": 1, "resolutions": 1}
    assert counted(floor, "2026-W10") == {"calls": 2, "contacts": 3, "resolutions": 1}


def test_days_are_those_of_the_zone_in_the_configuration() -> None:
    sydney = from_raw({"measures": {"timezone": "Australia/Sydney"}}, {})
    floor = since_sunday(sydney).play(call("c1").offered(5 * HOUR).answered(5 * HOUR + 5).ended(6 * HOUR))

    assert counted(floor, "2026-03-03", zone="Australia/Sydney") == {"calls": 1, "contacts": 1}


def test_hours_at_work_are_split_at_midnight() -> None:
    floor = since_sunday().take(
        state("ann", 13 * HOUR, "on_contact", ["billing"]),
        state("ann", 15 * HOUR, "after_contact_work"),
        state("ann", 15.5 * HOUR, "break"),
        state("ann", 16 * HOUR, "available"),
    )

    assert counted(floor, "2026-03-02") == {"worked_hours": 1.0}
    assert counted(floor, "2026-03-03") == {"worked_hours": 1.5}


def test_answers_of_the_staff_survey_and_visits_to_the_help_centre_are_counted() -> None:
    floor = since_sunday().take(
        rated(1, 0, "satisfaction", 5.0),
        rated(2, 1, "satisfaction", 3.0),
        rated(3, 2, "engagement", 4.0),
        rated(4, 3, "csat", 5.0),
        e.HelpViewed(event_id="h1", occurred_at=ms(4)),
        e.HelpSearched(event_id="h2", occurred_at=ms(5), found=False),
    )

    assert own(floor)[parse("2026-03-02")] == {
        "calls": 0, "resolutions": 0, "contacts": 0, "employees_asked": 2, "employees_satisfied": 1,
        "engagement_answers": 1, "employees_engaged": 1, "help_visits": 1, "help_visits_alone": 0, "help_searches": 1,
        "help_searches_failed": 1,
    }  # fmt: skip


def test_a_survey_nobody_sent_is_missing_and_not_zero() -> None:
    assert own(since_sunday())[parse("2026-03-02")] == {"calls": 0, "resolutions": 0, "contacts": 0}


@pytest.mark.parametrize(
    ("period", "until", "whole"),
    [
        ("2026-03-02", "2026-03-03", True),
        ("2026-03-02", "2026-03-02", False),  # not over
        ("2026-03-01", "2026-03-03", False),  # counting began at 23:00 of it
        ("2026-03", "2026-04-01", False),  # the first is not known
        ("2026-W10", "2026-03-09", True),
    ],
)
def test_only_a_period_that_was_counted_from_its_beginning_to_its_end_has_a_count(
    period: str, until: str, whole: bool
) -> None:
    assert (counted(since_sunday(), period, until) is not None) is whole


def test_a_reopened_conversation_is_resolved_once_on_the_day_of_its_last_resolution() -> None:
    told = Story("d1", channel="chat", queue="help")
    told.tell(e.ConversationStarted, 0).tell(e.ConversationResolved, 60)
    told.tell(e.ConversationReopened, 15 * HOUR).tell(e.ConversationResolved, 16 * HOUR)

    floor = since_sunday().play(told)

    assert (counted(floor, "2026-03-02"), counted(floor, "2026-03-03")) == ({"contacts": 1}, {"resolutions": 1})


def test_a_change_that_a_stored_day_includes_is_not_counted_again() -> None:
    first = since_sunday()
    first.play(call("c1").offered(0).answered(5).ended(60))
    tallies_only = [
        pair for pair in stored(first.calls) if not pair[0].startswith((b"call-events|c|", b"call-events|m|"))
    ]
    again = Floor()
    for key, value in tallies_only:  # the worker died after the tallies
        again.calls.restore(key, value)
    again.calls.restored()

    again.take(heartbeat(-TEN - HOUR)).play(call("c1").offered(0).answered(5).ended(60))

    assert counted(again, "2026-03-02") == {"calls": 1, "contacts": 1}


def test_days_survive_a_restart_and_are_forgotten_when_they_are_old() -> None:
    floor = since_sunday().play(call("c1").offered(0).answered(5).ended(60)).restarted()

    assert counted(floor, "2026-03-02") == {"calls": 1, "contacts": 1}
    floor.take(heartbeat((KEPT_DAYS + 2) * DAY))
    assert [key for key, value in stored(floor.calls) if value is None and b"|d|" in key] == [
        b"call-events|d|1772409600000"
    ]
    assert dict(floor.calls.days.days()) == {}


def test_the_cost_of_a_contact_is_composed_of_what_was_given_and_what_was_counted() -> None:
    floor = since_sunday().play(call("c1").offered(0).answered(5).ended(60), call("c2").offered(9).abandoned(20))
    shelf = Shelf()
    shelf.take(Record(0, *encode(Measure(name="operating_cost", period="2026-03-02", value=90.0)), 0))
    shelf.complete = True

    taken = snapshot.take(floor.partitions, Settings(), WorkerStatus(), ms(DAY), shelf)
    part = snapshot.take(
        floor.partitions, Settings(), WorkerStatus(expected=frozenset({("call-events", 7)})), ms(DAY), shelf
    )

    (cost,) = latest(taken.given.book, taken.given.own, date(2026, 3, 3))
    assert (cost.name, cost.value) == ("cost_per_contact", 90.0)
    assert cost.inputs["contacts"] == Number(1, "counted")
    assert latest(part.given.book, part.given.own, date(2026, 3, 3)) == []
