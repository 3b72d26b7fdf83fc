"""Windows that are remembered are those of a new beginning, whoever counts what, in one piece or between two events."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from itertools import cycle
from typing import Any, Final, TypeVar

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.elsewhere import Elsewhere
from streams.events import AGENT_EVENTS, CALL_EVENTS
from streams.partition import Partition, Record
from streams.pieces import at_once
from streams.settings import from_raw
from streams.topics import input_topics
from streams.view import FLOOR, Key, Window
from streams.windows import Moment, Windows, moment, moment_in_steps
from tests.telling import Owner

START: Final = 1_760_004_000_000
SETTINGS: Final = from_raw(
    {"queues": {"q0": {"attribution": "arrival", "timezone": "Asia/Tokyo"}}, "windows": ["1m", "15m", "today"]}, {}
)
T = TypeVar("T")
CALLS: Final = ("offered", "answered", "ended", "abandoned")
STATES: Final = ("available", "break", "signed_out")
MEANWHILE: Final = (("answered", 2), ("offered", 1), ("available", 2), ("ended", 0), ("tell", 0), ("signed_out", 2))

steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from((*CALLS, *STATES)), st.integers(0, 3)),
        st.tuples(st.sampled_from(("flush", "tell", "successor", "look", "look at all")), st.just(0)),
        st.tuples(st.just("look in steps"), st.integers(0, len(MEANWHILE) - 1)),
        st.tuples(st.just("pass"), st.sampled_from((2, 12, 100, 4_000, 40_000))),
    ),
    max_size=60,
)


class Floor:
    """Two partitions of each input, of which a worker counts one and is told of the other."""

    def __init__(self) -> None:
        self.owners = [Owner(SETTINGS), Owner(SETTINGS)]
        self.elsewhere = Elsewhere(SETTINGS, input_topics(SETTINGS.broker.app_id))
        self.elsewhere.follow([0])
        self.elsewhere.read_to_end(0)
        self.now = START
        self._events = 0

    def event(self, kind: str, n: int) -> None:
        self._events += 1
        told: dict[str, Any] = {"event_id": f"e{self._events}", "occurred_at": self.now, "source": "pbx"}
        if kind in CALLS:
            told |= {"type": f"call.{kind}", "contact_id": f"call-{n}", "queue": f"q{n % 3}"}
            if kind == "answered":
                told["agent_id"] = f"ann-{n}"
            self.owners[n % 2].put(CALL_EVENTS, f"call-{n}".encode(), orjson.dumps(told))
        else:
            told |= {"type": "agent.state_changed", "agent_id": f"ann-{n}", "state": kind, "queues": [f"q{n % 3}"]}
            self.owners[n % 2].put(AGENT_EVENTS, f"ann-{n}".encode(), orjson.dumps(told))

    def flush(self, *, tell: bool) -> None:
        self.owners[0].flush(self.now)
        self.elsewhere.take(0, self.owners[1].flush(self.now, tell=tell).get(0, []), self.owners[1].now)

    def succeed(self) -> None:
        """Another worker goes on from what is stored of the first partition."""
        self.flush(tell=False)
        changelog = self.owners[0].changelog
        self.owners[0] = Owner(SETTINGS)
        self.owners[0].holdings.clear()
        self.owners[0].holdings.restore(0, [Record(n, key, value, 0) for n, (key, value) in enumerate(changelog)])
        self.owners[0].changelog = list(changelog)
        self.owners[0].begin()

    @property
    def partitions(self) -> list[Partition]:
        return [*self.elsewhere.partitions(self.owners[1].now).values(), *self.owners[0].partitions]


@settings(max_examples=200, deadline=None)
@given(steps)
@example([("available", 2), ("pass", 2), ("look", 0), ("break", 2), ("look at all", 0)])
@example([("offered", 2), ("pass", 12), ("answered", 2), ("look", 0), ("pass", 100)])
@example([("offered", 2), ("look", 0), ("pass", 12), ("look in steps", 5)])
@example([("available", 2), ("offered", 2), ("look", 0), ("pass", 12), ("look in steps", 4)])
def test_windows_that_are_remembered_are_those_of_a_new_beginning(found: list[tuple[str, int]]) -> None:
    floor, remembered, known = Floor(), Windows(), None
    for what, n in [*found, ("tell", 0), ("look", 0), ("look at all", 0)]:
        match what:
            case "flush" | "tell":
                floor.flush(tell=what == "tell")
            case "successor":
                floor.succeed()
            case "pass":
                floor.now += n * 1_000
            case "look" | "look at all":
                partitions = floor.partitions
                if what == "look" or known is None or known[1] != partitions:
                    known = floor.now, partitions, moment(partitions, SETTINGS, floor.now)
                now, _, of_then = known  # of a moment before some events, as between two windows of a snapshot
                for window in SETTINGS.windows:
                    again = moment(partitions, SETTINGS, now)._replace(lives=of_then.lives, doers=of_then.doers)
                    assert remembered.of(partitions, SETTINGS, window, now, of_then) == Windows().of(
                        partitions, SETTINGS, window, now, again
                    )
            case "look in steps":
                look_in_steps(floor, remembered, n)
            case _:
                floor.event(what, n)


def look_in_steps(floor: Floor, remembered: Windows, n: int) -> None:
    """Look while things happen: whatever a row says was so at one moment, also where another was so at another."""
    partitions, now, happening = floor.partitions, floor.now, cycle([*MEANWHILE[n:], *MEANWHILE[:n]])
    moments: list[dict[Key, Window]] = []

    def meanwhile(
        work: Generator[None, None, T], before: Callable[[], None] = lambda: None
    ) -> Generator[None, None, T]:
        while True:
            before()
            try:
                yield next(work)
            except StopIteration as done:
                result: T = done.value
                return result
            what, who = next(happening)
            floor.flush(tell=True) if what == "tell" else floor.event(what, who)

    known = at_once(meanwhile(moment_in_steps(partitions, SETTINGS, now)))
    assert {row.conservation_residual for row in known.lives.values()} == {0}
    for window in SETTINGS.windows:
        moments.clear()
        looking = remembered.of_in_steps(partitions, SETTINGS, window, now, known)
        remember = partial(_remember, moments, partitions, window, now, known)
        for key, row in at_once(meanwhile(looking, remember)).items():
            if key[0] != FLOOR:
                those = [then[key] for then in moments if key in then]
                assert _of_slices(row) in [_of_slices(one) for one in those]
                assert row.counts.state_ms in [one.counts.state_ms for one in those]


def _remember(
    moments: list[dict[Key, Window]], partitions: list[Partition], window: str, now: int, known: Moment
) -> None:
    moments.append(Windows().of(partitions, SETTINGS, window, now, known))


def _of_slices(row: Window) -> Window:
    return Window(row.span, replace(row.counts, state_ms={}))
