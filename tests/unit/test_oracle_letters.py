"""The oracle's own account of written conversations, by literal numbers: nobody judges the judge but these."""

from __future__ import annotations

import pytest

from streams.simulate.letters import Promises, counted
from streams.simulate.scores import quantile, scores
from streams.simulate.truth import Moment

NINE = 1_772_442_000_000  # Monday 2026-03-02, 09:00 UTC
HOUR = 3_600_000


def told(*moments: tuple[float, str]) -> list[Moment]:
    """Seconds after nine, and what; the queue is chat from "queued" on."""
    found, queue = [], ""
    for at, what in moments:
        queue = "chat" if what == "queued" else queue
        found.append(Moment("d1", "chat", True, NINE + round(1000 * at), what, queue))
    return found


def sums(moments: list[Moment], promises: Promises | None = None, given_up_ms: int | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    for queue, _, name, n in counted(moments, promises or Promises(), given_up_ms):
        assert queue == "chat"
        found[name] = found.get(name, 0) + n
    return found


def test_the_first_reply_is_that_of_a_person_since_the_hand_off() -> None:
    story = told((0, "started"), (0, "customer"), (2, "bot"), (20, "handed_off"), (21, "queued"), (22, "auto"),
                 (30, "note"), (62, "agent"))  # fmt: skip

    found = sums(story, Promises(first_reply_ms=42_000))

    assert (found["first_reply_ms"], found["reply_since_creation_ms"], found["reply_since_queue_ms"]) == (
        42_000, 62_000, 41_000,
    )  # fmt: skip
    assert (found["replies"], found["first_reply_met"], found["backlog"]) == (1, 1, 1)


def test_the_next_reply_is_since_the_first_message_nobody_answered() -> None:
    story = told((0, "queued"), (0, "customer"), (10, "agent"), (100, "customer"), (130, "customer"), (160, "agent"),
                 (200, "resolved"), (210, "customer"))  # fmt: skip

    found = sums(story, Promises(next_reply_ms=59_999))

    assert (found["next_reply_ms"], found["next_reply_missed"]) == (60_000, 1)
    assert "backlog" not in found


def test_a_later_resolution_takes_the_place_of_the_one_before() -> None:
    story = told((0, "queued"), (10, "agent"), (600, "resolved"), (700, "closed"), (3_600, "reopened"),
                 (3_610, "customer"), (3_630, "agent"), (4_200, "resolved"))  # fmt: skip

    found = sums(story)

    assert (found["first_resolution_ms"], found["resolution_ms"], found["closed_ms"]) == (600_000, 4_200_000, 700_000)
    assert (found["reopened"], found["reply_since_reopen_ms"], found["next_reply_ms"]) == (1, 30_000, 20_000)


def test_a_conversation_that_nobody_answered_is_unanswered_once() -> None:
    assert sums(told((0, "queued"), (90, "abandoned")))["unanswered"] == 1
    assert sums(told((0, "queued"), (5, "customer")), given_up_ms=NINE + HOUR)["unanswered"] == 1
    assert "unanswered" not in sums(told((0, "queued"), (5, "agent")), given_up_ms=NINE + HOUR)


def test_a_merged_conversation_adds_nothing() -> None:
    assert sums(told((0, "started"), (1, "queued"), (2, "merged"))) == {}


def test_business_time_is_that_of_the_opening_hours_of_each_day() -> None:
    office = Promises(opens_hour=8, closes_hour=18)

    assert office.business_ms(NINE, NINE + HOUR) == HOUR
    assert office.business_ms(NINE + 8 * HOUR, NINE + 24 * HOUR) == 2 * HOUR  # 17:00 to 18:00, 08:00 to 09:00
    assert office.business_ms(NINE + 10 * HOUR, NINE + 20 * HOUR) == 0


def test_scores_are_on_the_scale_they_were_asked_on() -> None:
    answers = [Moment("d1", "chat", True, NINE, kind, "chat", score, low, high) for kind, score, low, high in (
        ("nps", 9, 0, 10), ("nps", 6, 0, 10), ("nps", 8, 0, 10), ("csat", 4, 1, 5), ("csat", 3, 1, 5), ("ces", 7, 1, 7),
    )]  # fmt: skip
    counts: dict[str, int] = {}
    values: dict[str, list[int]] = {}
    for _, _, name, n in counted([*told((0, "queued")), *answers], Promises(), None):
        counts[name] = counts.get(name, 0) + n
        values.setdefault(name, []).append(n)

    found = scores(counts, values)

    assert (found["nps"], found["csat_ratio"], found["csat_score"], found["ces_score"]) == (0.0, 0.5, 3.5, 7.0)
    assert found["agent_nps"] is None


def test_a_quantile_is_the_value_of_its_rank() -> None:
    assert [quantile([3_000, 1_000, 2_000], q) for q in (0.0, 0.5, 0.9, 1.0)] == [1.0, 2.0, 2.0, 3.0]
    assert quantile([], 0.5) is None


@pytest.mark.parametrize(("seconds", "standing"), [(89, {"first_reply_running": 1, "first_reply_at_risk": 0}),
                                                   (90, {"first_reply_running": 1, "first_reply_at_risk": 1}),
                                                   (120, {"first_reply_running": 1, "first_reply_at_risk": 1}),
                                                   (121, {"first_reply_overdue": 1})])  # fmt: skip
def test_a_promise_is_at_risk_when_three_quarters_are_gone_and_overdue_after_it(
    seconds: int, standing: dict[str, int]
) -> None:
    found = {name: n for _, _, name, n in counted(told((0, "queued")), Promises(120_000), None, NINE + 1000 * seconds)}

    assert {name: n for name, n in found.items() if name.startswith("first_reply")} == standing
