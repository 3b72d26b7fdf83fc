"""What is said of a team's agents, how long the phone may ring, and what the backlog amounts to."""

from __future__ import annotations

from typing import Any

import pytest

from streams import api, snapshot, view
from streams import events as e
from streams.backlog import load
from streams.counts import Counts
from streams.exposition.floor import floor_families
from streams.exposition.worker import worker_families
from streams.kpis import REGISTRY, ring_in_band_ratio
from streams.settings import from_raw
from streams.slices import Span
from streams.snapshot import WorkerStatus
from streams.view import Window
from streams.windows import Windows
from tests.support import DAY, HOUR, Floor, call, chat, ms

TEAMS = from_raw({"teams": {"sales": ["ann", "bob"], "help": ["cara"]}, "windows": ["15m", "1h"]}, {})


def rated(n: int, score: float, kind: str = "agent_nps", **more: Any) -> e.Rated:
    scale = {"scale_min": 0.0, "scale_max": 10.0}
    return e.Rated(event_id=f"r{n}", occurred_at=ms(n), contact_id=f"r{n}", kind=kind, score=score, **scale, **more)  # type: ignore[arg-type]


def of_team(floor: Floor, team: str, kpi: str) -> float | None:
    counts = Windows().of_teams(floor.partitions, floor.settings, "1h", ms(600))[team].counts
    (function,) = [found.function for found in REGISTRY if found.name == kpi]
    return function(counts)


def test_a_rating_counts_for_the_team_of_the_agent_it_names() -> None:
    floor = Floor(TEAMS).take(
        rated(1, 10, agent_id="ann"), rated(2, 9, agent_id="bob"), rated(3, 0, agent_id="bob"),
        rated(4, 10, agent_id="cara"),
    )  # fmt: skip

    assert of_team(floor, "sales", "agent_nps") == pytest.approx(100 / 3)
    assert of_team(floor, "help", "agent_nps") == 100.0


def test_a_rating_that_names_no_agent_counts_for_the_team_of_who_had_the_conversation_last() -> None:
    told = chat("d1").queued(0).assigned(5, "ann").tell(e.ConversationTransferred, 10, to="chat")
    told.tell(e.ConversationAssigned, 20, agent_id="cara").tell(e.ConversationResolved, 60)
    told.tell(e.Rated, 90, kind="nps", score=10.0, scale_min=0.0, scale_max=10.0)

    floor = Floor(TEAMS).play(told)

    assert (of_team(floor, "help", "nps"), of_team(floor, "sales", "nps")) == (100.0, None)


def test_the_team_the_event_names_is_believed_before_that_of_the_agent() -> None:
    floor = Floor(TEAMS).take(rated(1, 10, agent_id="ann", team="help"))

    assert (of_team(floor, "help", "agent_nps"), of_team(floor, "sales", "agent_nps")) == (100.0, None)


def test_a_team_that_is_not_configured_is_not_counted_apart() -> None:
    floor = Floor(TEAMS).take(rated(1, 10, team="somebody", agent_id="dan"))

    assert {team: of_team(floor, team, "agent_nps") for team in TEAMS.teams} == {"sales": None, "help": None}


def test_reviews_count_for_the_team_and_no_answer_counts_twice_on_the_floor() -> None:
    review = e.Reviewed(event_id="v1", occurred_at=ms(5), contact_id="v1", kind="qa", score=0.8, agent_id="ann")
    floor = Floor(TEAMS).take(rated(1, 10, agent_id="ann"), review)

    assert of_team(floor, "sales", "qa_score_ratio") == 0.8
    everybody = floor.window("1h", view.FLOOR, "", now=600).told
    assert (everybody["agent_nps_ratings"], everybody["qa_reviews"]) == (1, 1)


def test_what_is_said_of_a_team_survives_a_restart() -> None:
    floor = Floor(TEAMS).take(rated(1, 10, agent_id="ann")).restarted().take(rated(2, 0, agent_id="ann"))

    assert of_team(floor, "sales", "agent_nps") == 0.0


def test_teams_are_in_the_answer_and_in_the_metrics_and_are_no_queues() -> None:
    floor = Floor(TEAMS).take(rated(1, 10, agent_id="ann"))
    for partition in floor.partitions:
        flush = partition.flush()
        if flush is not None:
            partition.flushed(flush)
    taken = snapshot.take(floor.partitions, TEAMS, WorkerStatus(), ms(600))

    answer = api.floor(taken)
    assert [row["queue"] for row in answer["queues"] if row["queue"]] == []
    assert [(team["team"], team["windows"]["1h"]["kpis"]["agent_nps"]) for team in answer["teams"]] == [
        ("sales", 100.0), ("help", None),
    ]  # fmt: skip
    (family,) = [family for family in floor_families(taken) if family.name == "team_agent_nps"]
    assert {(point.labels["team"], point.labels["window"], point.value) for point in family.points} == {
        ("sales", "15m", 100.0), ("sales", "1h", 100.0),
    }  # fmt: skip
    labels = [point.labels for family in worker_families(taken) for point in family.points]
    assert [found for found in labels if found.get("queue", "").startswith("@")] == []


def test_a_ring_is_too_quick_too_slow_or_within_the_band_whose_edges_are_within() -> None:
    band = {"ring_band_from_seconds": 2.0, "ring_band_to_seconds": 10.0}
    floor = Floor(from_raw({"defaults": band}, {}))
    for n, seconds in enumerate((1.9, 2.0, 10.0, 10.1)):
        floor.play(call(f"c{n}").offered(100 * n).alerting(100 * n).answered(100 * n + seconds).ended(100 * n + 60))

    counts = floor.total()

    assert (counts.rings, counts.rings_too_quick, counts.rings_too_slow) == (4, 1, 1)
    assert ring_in_band_ratio(counts) == 0.5


def window(hours: float, **counts: Any) -> Window:
    return Window(Span(ms(-hours * HOUR), ms(0)), Counts(**counts))


def test_the_backlog_is_open_times_handle_time_and_clears_at_the_pace_of_resolutions() -> None:
    windows = [
        window(1, segments=1, talk_ms=60_000, told={"resolutions": 50}),
        window(12, segments=4, talk_ms=7_200_000, told={"resolutions": 10}),
    ]

    assert load(20, windows, ms(0)) == (10.0, 1.0)  # 20 x half an hour; 20 at 10 in half a day


def test_a_backlog_nobody_handles_or_resolves_has_no_hours_and_no_days() -> None:
    assert load(20, [window(12, segments=3)], ms(0)) == (None, None)
    assert load(0, [window(12, segments=1, talk_ms=1_000, told={"resolutions": 1})], ms(0)) == (0.0, 0.0)


def test_the_load_of_the_backlog_is_in_the_answer_and_in_the_metrics() -> None:
    floor = Floor(from_raw({"windows": ["1h"]}, {})).play(
        chat("d1").queued(0).assigned(60).resolved(660), chat("d2").queued(700), chat("d3").queued(800)
    )
    taken = snapshot.take(floor.partitions, floor.settings, WorkerStatus(), ms(900))

    (row,) = api.floor(taken)["queues"]
    assert row["backlog"]["open"] == 2
    assert row["backlog"]["work_hours"] == pytest.approx(2 * 600 / 3600)
    shown = {
        family.name: point.value
        for family in floor_families(taken)
        for point in family.points
        if point.labels.get("queue") == "chat"
    }
    assert shown["backlog_work_seconds"] == pytest.approx(1_200)
    assert shown["backlog_clearing_seconds"] == pytest.approx(row["backlog"]["days_to_clear"] * DAY)
