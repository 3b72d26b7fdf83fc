"""What if, asked of a live floor: literal questions, refusals in words, and who could move from where."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from streams import snapshot
from streams.planning.printed import remarks, show
from streams.planning.whatif import Question, QuestionError, UnknownQueueError, answer, crews, parse
from streams.settings import QueueSettings, Settings
from streams.snapshot import WorkerStatus
from streams.staffing.erlang import Demand
from streams.staffing.mend import deal
from streams.staffing.required import Goal, step_of
from streams.staffing.whatif import Change, Changes
from tests.support import Floor, call, ms, state

NOW = 1_800


def floor(both: int = 0, billing: int = 6, sales: int = 12) -> Floor:
    """In half an hour 60 calls of 240 s for billing and 30 for sales; so many agents of each queue, and of both."""
    found = Floor(Settings(defaults=QueueSettings(service_level_target_ratio=0.8)))
    calls = [
        call(f"{queue}{at}").offered(at=at, queue=queue).answered(at=at + 5, ring_ms=0).ended(at=at + 245)
        for queue, every in (("billing", 30), ("sales", 60))
        for at in range(0, NOW, every)
    ]
    crew = [(("billing",), billing), (("sales",), sales), (("billing", "sales"), both)]
    agents = [
        state(f"{'+'.join(queues)} {n}", 0, "available", queues=queues)
        for queues, number in crew
        for n in range(number)
    ]
    return found.play(*calls).take(*agents)


def asked(of: Floor, **parameters: str) -> dict[str, Any]:
    taken = snapshot.take(of.partitions, of.settings, WorkerStatus(), ms(NOW))
    return answer(taken, parse(parameters), crews(of.partitions, taken.now))


def test_changes_are_read_and_a_plus_that_arrived_as_a_space_is_a_plus() -> None:
    question = parse({"queue": "billing", "agents": " 2", "aht": "-10%", "arrivals": "120"})

    assert question == Question(
        "billing", "", Changes(Change("add", 2), Change("scale", -0.1), Change("set", 120.0), None)
    )


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "queue is missing: what if in which queue?"),
        ({"queue": "billing", "agent": "+2"}, "There is no parameter 'agent'; there are queue, channel, agents, aht,"),
        ({"queue": "billing", "aht": "10%"}, "aht: '10%' may mean two things: write +10% or -10%."),
        ({"queue": "billing", "agents": "two"}, "agents: 'two' is no change: write +2, -10% or the new value."),
        ({"queue": "billing", "aht": "0"}, "handling cannot take no time."),
        ({"queue": "billing", "agents": "+1000000"}, "That is more than 10000 agents or the work of so many: ask for"),
        ({"queue": "biling"}, "There is no queue 'biling' here; there are: billing, sales."),
        ({"queue": "ALL"}, "There is no queue 'ALL' here; there are: billing, sales."),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_sentence(parameters: dict[str, str], words: str) -> None:
    with pytest.raises(QuestionError, match="^" + words.replace("+", r"\+").replace("?", r"\?")):
        asked(floor(), **parameters)


def test_a_queue_nobody_called_and_one_whose_agents_are_not_told_of_say_so() -> None:
    later = floor()
    taken = snapshot.take(later.partitions, later.settings, WorkerStatus(), ms(6 * 3_600))

    with pytest.raises(UnknownQueueError, match="Nobody came to 'billing' in the last half hour"):
        answer(taken, parse({"queue": "billing"}), Counter())
    with pytest.raises(UnknownQueueError, match="No source tells of the agents of 'billing'"):
        asked(floor(billing=0, sales=0), queue="billing")


def test_two_more_agents_and_shorter_calls_are_what_the_formulas_say() -> None:
    found = asked(floor(), queue="billing", agents="+2", aht="-10%")
    before, after = found["before"], found["after"]
    demand = Demand(after["arrivals_per_hour"] / 3600, 216.0, after["patience_seconds"])

    assert (before["agents"], after["agents"]) == (6.0, 8.0)
    assert (before["aht_seconds"], after["aht_seconds"]) == (240.0, pytest.approx(216.0))
    assert after["service_level"] == pytest.approx(step_of(demand, 8, Goal(0.8, 20.0, 5.0)).service_level)
    assert before["service_level"] < 0.5 < after["service_level"]
    assert after["gap"] == 8 - after["required"]


def test_who_serves_both_moves_to_the_queue_that_misses_its_goal_and_the_cost_is_told() -> None:
    found = asked(floor(both=8, billing=6, sales=4), queue="billing")
    moves = found["mend"]["moves"]

    assert moves
    assert {(move["from"], move["to"]) for move in moves} == {("sales", "billing")}
    assert all(move["from_service_level"][1] >= 0.8 for move in moves)
    assert all(move["won_per_hour"] > move["lost_per_hour"] >= 0 for move in moves)
    assert moves[-1]["to_service_level"][1] >= 0.8
    assert found["mend"]["missing"] == {}


def test_agents_who_are_added_spare_the_moves_and_those_taken_away_are_missed() -> None:
    crew = {"both": 8, "billing": 6, "sales": 4}

    assert asked(floor(**crew), queue="billing", agents="+4")["mend"] == {"moves": [], "missing": {}}
    assert asked(floor(), queue="billing", agents="-2")["mend"]["missing"] == {"billing": 7}


def test_shared_agents_are_dealt_out_evenly_and_whoever_is_left_over_goes_where_fewest_are() -> None:
    people = {frozenset({"a", "b"}): 5, frozenset({"a"}): 2, frozenset({"x"}): 9}

    dealt = deal(people, {"a": 1.0, "b": 1.0})

    assert Counter(home for home, _ in dealt) == {"a": 4, "b": 3}
    assert Counter(serves for _, serves in dealt) == {frozenset({"a", "b"}): 5, frozenset({"a"}): 2}


def test_the_answer_reads_as_a_table_and_sentences() -> None:
    found = asked(floor(both=8, billing=6, sales=4), queue="billing", agents="-1")
    console = Console(file=StringIO(), width=100)
    show(found, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]

    assert "billing voice, in the long run; goal 80.0 % within 20 s" in text
    assert "agents at work" in text
    assert "10" in text
    assert remarks(found)[-1].startswith("Move one from sales to billing: billing ")
    enough = {**found, "assumed": [], "mend": {"moves": [], "missing": {}}}
    assert remarks(enough) == ["Every queue has its goal then: nobody needs to move."]
    assert remarks({**enough, "mend": {"moves": [], "missing": {"billing": 2}}}) == [
        "billing still needs 2 more, and nobody who could serve it can be spared."
    ]
