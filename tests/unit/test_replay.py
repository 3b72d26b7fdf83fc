"""The order in which a replay publishes."""

from __future__ import annotations

from itertools import chain

import pytest

from streams.events import CallEnded
from streams.replay import Reorder, Summary, in_event_time_order, replay
from streams.settings import Broker
from streams.sources import Bad, Ignored, SourceRow


def event(name: str, at: int, seq: int = 0) -> CallEnded:
    return CallEnded(event_id=name, occurred_at=at, source_seq=seq, contact_id="c")


def test_events_of_one_millisecond_keep_the_order_of_their_source() -> None:
    events = [event("d", 2), event("b", 1, 2), event("a", 1, 1), event("c", 1, 2)]

    assert "".join(e.event_id for e in in_event_time_order(events)) == "abcd"


def test_a_followed_log_is_put_in_order_within_the_hold() -> None:
    order = Reorder(hold_ms=100)
    arriving = [event("a", 1_000), event("c", 1_090), event("b", 1_050), event("e", 1_200), event("d", 1_150)]

    given = "".join(e.event_id for e in chain.from_iterable(order.add(each) for each in arriving))
    rest = "".join(e.event_id for e in order.rest())

    assert (given, rest) == ("abc", "de")


def test_what_is_no_event_is_counted_and_only_the_first_bad_rows_are_kept() -> None:
    summary = Summary()
    rows: list[SourceRow] = [Ignored(1, None, None, "PHANTOM"), event("a", 1), *(Bad(n, "wrong") for n in range(1, 31))]

    assert [e.event_id for e in summary.events_of(rows)] == ["a"]
    assert (summary.ignored, summary.bad_rows, len(summary.bad)) == ({"PHANTOM": 1}, 30, 20)


def test_standard_input_cannot_be_followed() -> None:
    with pytest.raises(ValueError, match="follow needs the name of a file"):
        replay("-", form="jsonl", broker=Broker(), follow=True)
