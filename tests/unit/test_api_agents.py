"""``/api/agents``: what each agent does and did, under the name that may be shown."""

from __future__ import annotations

from typing import Any

import pytest

from streams import events as e
from streams.api.agents import answer, parse
from streams.api.intervals import QueryError
from streams.settings import Settings, Web
from tests.support import START, Floor, call, chat, ms, state

NAMES = Settings(web=Web(show_ids=True))


def floor() -> Floor:
    """Ann takes three calls with a break before the third, and a chat; bob is signed in and does nothing."""
    talk = chat("d1").queued(1_500).assigned(1_510).tell(e.ConversationMessage, 1_520, author="agent", agent_id="ann")
    told = Floor(NAMES).take(
        state("ann", 0, "available", ["billing"]), state("ann", 10, "on_contact"), state("ann", 100, "available"),
        state("bob", 0, "available", ["sales"]),
    )  # fmt: skip
    told.play(
        call("c1").offered(0).answered(10).ended(60).wrapped_up(100),
        call("c2").offered(100).answered(130).ended(200),
        call("c3").offered(900).answered(1_000).ended(1_100),
        talk.tell(e.ConversationResolved, 1_600, agent_id="ann"),
    )
    return told.take(state("ann", 300, "break"), state("ann", 400, "available"))


def agents(told: Floor, settings: Settings = NAMES, now: float = 2_000, **query: str) -> dict[str, dict[str, Any]]:
    found = answer(told.partitions, settings, parse(query, settings, ms(now)))
    return {row["agent"]: row for row in found["agents"]}


def test_what_an_agent_did_is_told() -> None:
    ann = agents(floor())["ann"]

    assert (ann["state"], ann["since_ms"], ann["queues"]) == ("available", ms(400), ["billing"])
    assert (ann["taken"], ann["replied"], ann["resolved"], ann["handle_segments"]) == (4, 1, 1, 4)
    assert ann["aht_seconds"] == (50 + 40 + 70 + 100 + 90) / 4
    assert ann["between_seconds"] == 30
    assert ann["signed_in_seconds"] == 2_000
    assert ann["on_call_ratio"] == 90 / 2_000
    assert ann["taken_per_hour"] == 4 * 3_600 / 2_000
    assert (ann["adherence_ratio"], ann["utilisation_ratio"]) == (None, None)


def test_a_window_and_a_queue_leave_the_rest_out() -> None:
    assert agents(floor(), window="20m")["ann"]["taken"] == 2
    assert agents(floor(), queue="chat")["ann"]["taken"] == 1
    assert list(agents(floor(), queue="sales")) == ["bob"]


def test_somebody_who_did_nothing_has_no_means() -> None:
    bob = agents(floor())["bob"]

    assert (bob["taken"], bob["aht_seconds"], bob["between_seconds"], bob["occupancy_ratio"]) == (0, None, None, 0.0)


def test_names_are_hidden_unless_they_may_be_shown() -> None:
    hidden = agents(floor(), Settings())

    assert len(hidden) == 2
    assert not {"ann", "bob"} & set(hidden)


def test_adherence_is_time_in_the_scheduled_activity_and_utilisation_is_of_paid_time() -> None:
    told = floor()
    for n, (start, end, activity, paid) in enumerate(((0, 300, "available", True), (300, 800, "break", False))):
        told.take(
            e.AgentScheduled(
                event_id=f"s{n}", occurred_at=START, agent_id="ann", starts_at=ms(start), ends_at=ms(end),
                activity=activity, paid=paid,  # type: ignore[arg-type]
            )
        )  # fmt: skip

    ann = agents(told)["ann"]

    assert ann["adherence_ratio"] == (300 + 100) / 800
    assert ann["utilisation_ratio"] == 90 / 300


@pytest.mark.parametrize(
    ("query", "said"),
    [({"window": "30h"}, "at most 26h"), ({"window": "soon"}, "write a number"), ({"agent": "ann"}, "no parameter")],
)
def test_a_parameter_that_cannot_be_used_is_told(query: dict[str, str], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        parse(query, NAMES, ms(0))
