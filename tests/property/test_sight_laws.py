"""Who waits and who is served elsewhere is what their owner says, however they are told, and whoever owns them."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams import sharing
from streams import sight as s
from streams.elsewhere import Elsewhere
from streams.events import CALL_EVENTS
from streams.partition import Partition, Record
from streams.settings import from_raw
from streams.sharing import BEAT
from streams.topics import input_topics
from tests.telling import Owner

START: Final = 1_760_004_000_000
SETTINGS: Final = from_raw({}, {})
STEPS: Final = ("offered", "answered", "ended", "abandoned")
Step = tuple[str, int]

steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 7)),
        st.tuples(st.sampled_from(("flush", "tell", "tell", "tell a little", "successor", "alone")), st.just(0)),
    ),
    min_size=1,
    max_size=80,
)


class Pair:
    """An owner of one partition of each input, and somebody who is told of it."""

    def __init__(self) -> None:
        self.owner = Owner(SETTINGS)
        self.elsewhere = Elsewhere(SETTINGS, input_topics(SETTINGS.broker.app_id))
        self.elsewhere.follow([0])
        self.elsewhere.read_to_end(0)
        self.sent: list[Record] = []
        self._events = 0

    def event(self, kind: str, call: int) -> None:
        self._events += 1
        key = f"call-{call}"
        told: dict[str, Any] = {
            "event_id": f"e{self._events}", "type": f"call.{kind}", "occurred_at": START + 1_000 * self._events,
            "contact_id": key, "queue": f"q{call % 2}", "source": "pbx",
        }  # fmt: skip
        if kind == "answered":
            told["agent_id"] = "ann"
        self.owner.put(CALL_EVENTS, key.encode(), orjson.dumps(told))

    def flush(self, *, tell: bool) -> list[Record]:
        records = self.owner.flush(START, tell=tell).get(0, [])
        self.sent += records
        self.elsewhere.take(0, records, self.owner.now)
        return records

    def succeed(self) -> None:
        """Another worker goes on from what is stored."""
        changelog = self.owner.changelog
        now = self.owner.now
        self.owner = Owner(SETTINGS)
        self.owner.now = now
        self.owner.holdings.clear()
        self.owner.holdings.restore(0, [Record(n, key, value, 0) for n, (key, value) in enumerate(changelog)])
        self.owner.changelog = list(changelog)
        self.owner.begin()

    def settle(self) -> Partition:
        """Tell until all is told; the partition elsewhere."""
        while not any(record.key == BEAT for record in self.flush(tell=True)):
            pass
        return self.elsewhere.partitions(self.owner.now)[CALL_EVENTS, 0]

    @property
    def own(self) -> Partition:
        found = self.owner.holdings[CALL_EVENTS, 0].partition
        assert isinstance(found, Partition)
        return found


def live(partition: Partition) -> Any:
    waiting = {name: [one.stored() for one in visits] for name, visits in partition.waiting.items()}
    return waiting, dict(partition.handling), dict(partition.store.hands), list(partition.store.kept)


def names(records: list[Record]) -> list[bytes]:
    """Which pieces of contacts of calls were told."""
    prefix = f"{CALL_EVENTS}|".encode()
    return [
        (r.key or b"")[len(prefix) :] for r in records if (r.key or b"").startswith((prefix + b"w|c", prefix + b"w|d"))
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_happens_others_see_the_live_contacts_of_the_owner(
    monkeypatch: pytest.MonkeyPatch, found: list[Step]
) -> None:
    pair = Pair()
    for what, call in found:
        with monkeypatch.context() as patch:
            if what in STEPS:
                pair.event(what, call)
            elif what == "successor":
                pair.flush(tell=False)
                pair.succeed()
            else:
                if what == "tell a little":
                    patch.setattr(sharing, "MOST", 5)
                pair.flush(tell=what.startswith("tell"))

    assert live(pair.settle()) == live(pair.own)

    late = Elsewhere(SETTINGS, input_topics(SETTINGS.broker.app_id))
    late.follow([0])
    late.take(0, compacted(pair.sent), 0.0)
    late.read_to_end(0)
    late.take(0, [record for record in pair.sent if record.key == BEAT][-1:], 0.0)
    assert live(late.partitions(0.0)[CALL_EVENTS, 0]) == live(pair.own)


def compacted(records: list[Record]) -> list[Record]:
    """What is left of a topic when of each key only the last is kept."""
    last: dict[bytes | None, Record] = {}
    for record in records:
        last.pop(record.key, None)
        last[record.key] = record
    return list(last.values())


def test_of_many_calls_only_those_are_told_that_changed() -> None:
    pair = Pair()
    for call in range(100):
        pair.event("offered", call)
    pair.settle()
    pair.event("answered", 7)
    pair.event("abandoned", 8)

    records = pair.flush(tell=True)

    assert names(records) == [b"w|d1"]
    (piece,) = [record.value or b"" for record in records if (record.key or b"").endswith(b"w|d1")]
    assert len(piece) < 200
    assert (len(pair.settle().waiting), len(pair.settle().handling)) == (98, 1)


def test_all_are_told_again_when_as_many_have_changed_or_a_hundred_times_something_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = Pair()
    for call in range(10):
        pair.event("offered", call)
    pair.settle()
    told = []

    for call in [*range(10), 0, 1]:
        pair.event("offered", call)
        told += names(pair.flush(tell=True))
    monkeypatch.setattr(s, "MOST_CHANGES", 2)
    for _ in range(4):
        pair.event("offered", 1)
        told += names(pair.flush(tell=True))

    assert told[:12] == [*(b"w|d%d" % n for n in range(1, 11)), b"w|c", b"w|d1"]
    assert told[12:] == [b"w|d2", b"w|c", b"w|d1", b"w|d2"]


def test_changes_to_a_base_nobody_was_told_of_leave_the_partition_missing_until_the_next() -> None:
    pair = Pair()
    for call in range(10):
        pair.event("offered", call)
    pair.settle()
    other = Pair()
    for call in range(12):
        other.event("offered", call)
    other.flush(tell=True)
    other.event("abandoned", 3)

    pair.elsewhere.take(0, other.flush(tell=True), 9.0)
    missing = pair.elsewhere.partitions(9.0)
    other.owner.sharing.forget()
    pair.elsewhere.take(0, other.flush(tell=True), 9.0)

    assert missing == {}
    assert live(pair.elsewhere.partitions(9.0)[CALL_EVENTS, 0]) == live(other.own)


def test_what_does_not_fit_for_long_is_told_in_an_order_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair()
    for call in range(10):
        pair.event("offered", call)
    pair.settle()

    with monkeypatch.context() as patch:
        patch.setattr(sharing, "MOST", 0)
        for call in [*range(10), 0]:
            pair.event("offered", call)
            pair.flush(tell=True)
        pair.event("abandoned", 5)
        pair.flush(tell=True)

    assert live(pair.settle()) == live(pair.own)


def test_changes_of_an_owner_who_was_replaced_are_left_out() -> None:
    pair, successor = Pair(), Pair()
    for call in range(10):
        pair.event("offered", call)
        successor.event("offered", call)
    pair.settle()
    successor.event("answered", 1)
    pair.elsewhere.take(0, successor.flush(tell=True), 5.0)

    for call in range(5):
        pair.event("abandoned", call)
    pair.elsewhere.take(0, pair.owner.flush(START)[0], 5.0)

    assert live(pair.elsewhere.partitions(5.0)[CALL_EVENTS, 0]) == live(successor.own)
