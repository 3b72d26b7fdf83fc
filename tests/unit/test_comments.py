"""What customers wrote: kept once, bounded, the latest first, and nothing of an id."""

from __future__ import annotations

from typing import Any

import pytest

from streams import events as e
from streams.api.comments import Question, answer, parse
from streams.api.intervals import QueryError
from streams.settings import Settings, from_raw
from tests.support import Floor, ms, record, stored

SHOWN = from_raw({"web": {"show_ids": True}}, {})
THREE = from_raw({"retention": {"comments": 3}, "web": {"show_ids": True}}, {})


def comment(n: int, at: float, text: str = "fine", **more: Any) -> e.ConversationCommented:
    known = {"event_id": f"k{n}", "contact_id": f"d{n}", "queue": "help", "channel": "chat", "text": text, **more}
    return e.ConversationCommented(occurred_at=ms(at), **known)


def texts(floor: Floor, question: Question | None = None) -> list[str]:
    return [row["text"] for row in answer(floor.partitions, SHOWN, question or Question())]


def test_the_latest_comments_are_answered_the_latest_first() -> None:
    floor = Floor().take(comment(1, 10, "slow"), comment(2, 30, "kind"), comment(3, 20, "fine"))

    assert answer(floor.partitions, SHOWN, Question(limit=1)) == [
        {
            "at": "2026-03-02T10:00:30.000+00:00", "at_ms": ms(30), "queue": "help", "channel": "chat", "contact": "d2",
            "text": "kind",
        },
    ]  # fmt: skip
    assert texts(floor) == ["kind", "fine", "slow"]


def test_comments_of_one_queue_or_channel_can_be_asked_for() -> None:
    floor = Floor().take(comment(1, 10, "a"), comment(2, 20, "b", queue="sales"), comment(3, 30, "c", channel="email"))

    assert texts(floor, Question(queue="sales")) == ["b"]
    assert texts(floor, Question(channel="email")) == ["c"]


def test_only_the_latest_are_kept_and_the_oldest_is_deleted_where_it_is_stored() -> None:
    floor = Floor(THREE).take(*(comment(n, n, str(n)) for n in range(3)))
    before = dict(stored(floor.conversations))

    floor.take(comment(3, 3, "3"))

    assert texts(floor) == ["3", "2", "1"]
    (gone,) = [key for key, value in stored(floor.conversations) if value is None]
    assert before[gone] is not None


def test_a_repeated_comment_and_one_of_a_test_contact_are_not_kept_again() -> None:
    floor = Floor().take(
        comment(1, 10, "slow"), comment(1, 10, "slow"), comment(2, 20, "x", test=True), comment(3, 30, "")
    )

    assert texts(floor) == ["slow"]


def test_comments_survive_a_restart_and_a_crash_after_the_tallies() -> None:
    floor = Floor().take(comment(1, 10, "slow"))
    flush = floor.conversations.flush()
    assert flush is not None
    again = Floor()
    for key, value in flush.tallies:
        again.conversations.restore(key, value)
    again.conversations.restored()

    again.conversations.apply([record(0, comment(1, 10, "slow"))])

    assert texts(again) == ["slow"]
    assert texts(again.restarted()) == ["slow"]


def test_an_id_leaves_as_a_pseudonym_unless_the_configuration_asks_for_it() -> None:
    floor = Floor().take(comment(1, 10, contact_id="+44 20 7946 0000"))

    (row,) = answer(floor.partitions, Settings(), Question())

    assert len(row["contact"]) == 12
    assert "7946" not in str(row)


@pytest.mark.parametrize(
    "parameters", [{"limit": "0"}, {"limit": "1001"}, {"limit": "many"}, {"limit": "99999999"}, {"words": "x"}]
)
def test_a_question_that_can_t_be_answered_is_told_so(parameters: dict[str, str]) -> None:
    with pytest.raises(QueryError):
        parse(parameters)
