"""What the numbers must be: the simulator's truth added up by plain code that shares nothing with the core.

What enters are ``Visit``, ``Segment`` and ``Happening`` records; what leaves are totals by queue and channel, the same
by interval, and service levels, all integers (ms) but the ratios. Every definition is written out again on purpose.
Every record is kept (some 300 bytes a contact): for load tests use no oracle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from streams.simulate import people
from streams.simulate.letters import STANDINGS, Promises, counted
from streams.simulate.scores import scores, service_levels
from streams.simulate.truth import Happening, Moment, Party, Segment, Spell, Truth, Visit

Attribution: TypeAlias = Literal["event_time", "arrival", "contact_arrival"]
Counts: TypeAlias = dict[str, int]
Place: TypeAlias = tuple[str, str]
#: Milliseconds by queue and agent state.
Spent: TypeAlias = dict[tuple[str, str], int]

#: A contact nothing is heard of for this long is closed as an orphan (ms, by channel).
ORPHAN_AFTER_MS: Final[Mapping[str, int]] = MappingProxyType(
    {"voice": 4 * 3_600_000, "chat": 12 * 3_600_000, "messaging": 168 * 3_600_000, "email": 720 * 3_600_000}
)

#: What is counted of a queue by name; the others are floor-wide (``Oracle.floor``).
_AT_QUEUES: Final = frozenset(
    {"alerted", "missed", "cancelled", "rang", "call_ended", "help_visits", "help_visits_alone", "help_searches",
     "help_searches_failed"}
)  # fmt: skip
_SUMMED_AS: Final = {"rang": "ring_ms", "call_ended": "call_ms"}
#: A state that nobody ended counts for this long at most.
LONGEST_SPELL_MS: Final = 12 * 3_600_000
#: States at the end of the stream, not things that happened at a time.
_AT_THE_END: Final = frozenset({"waiting", "waiting_over", "handling", "handling_orphaned", "backlog"}) | STANDINGS
_MAXIMA: Final = frozenset({"max_wait_ms", "max_wait_answered_ms", "max_queue_length"})


class Oracle:
    """Keeps the truth and adds it up.

    ``threshold_ms`` is inclusive; a short abandon waits less than ``short_ms``; a ring within ``ring_band_ms`` is
    neither too quick nor too slow.
    """

    def __init__(
        self, *, threshold_ms: int = 20_000, short_ms: int = 5_000,
        orphan_after_ms: Mapping[str, int] = ORPHAN_AFTER_MS, promises: Promises | None = None,
        ring_band_ms: tuple[int, int] = (0, 20_000),
    ) -> None:  # fmt: skip
        self.threshold_ms = threshold_ms
        self.short_ms = short_ms
        self.orphan_after_ms = orphan_after_ms
        self.as_of_ms: int | None = None
        self.visits: list[Visit] = []
        self.segments: list[Segment] = []
        self.happenings: list[Happening] = []
        self.promises = promises or Promises()
        self.ring_band_ms = ring_band_ms
        self.letters: dict[str, list[Moment]] = defaultdict(list)
        self.spells: list[Spell] = []
        self.parties: dict[str, str] = {}

    def add(self, truth: Truth) -> None:
        """Take one record."""
        if isinstance(truth, Visit):
            self.visits.append(truth)
        elif isinstance(truth, Segment):
            self.segments.append(truth)
        elif isinstance(truth, Moment):
            if truth.counted:
                self.letters[truth.contact_id].append(truth)
        elif isinstance(truth, Spell):
            self.spells.append(truth)
        elif isinstance(truth, Party):
            self.parties[truth.contact_id] = truth.customer_id
        else:
            self.happenings.append(truth)

    def close(self, as_of_ms: int) -> None:
        """The stream ended at ``as_of_ms``: what waits then, waits."""
        self.as_of_ms = as_of_ms

    # --- sums ---------------------------------------------------------------------------------------------------------

    def totals(self) -> dict[Place, Counts]:
        """Everything, by (queue, channel)."""
        sums: dict[Place, Counts] = defaultdict(lambda: defaultdict(int))
        for queue, channel, _, name, n in self._entries("event_time"):
            if queue:
                _put(sums[queue, channel], name, n)
        for place, counts in sums.items():
            counts["max_queue_length"] = max(self._lengths(place).values(), default=0)
        return {place: dict(counts) for place, counts in sorted(sums.items())}

    def intervals(
        self, minutes: int = 15, attribution: Attribution = "event_time"
    ) -> dict[tuple[str, str, int], Counts]:
        """The same by (queue, channel, start of the interval in epoch ms); intervals without anything are left out.

        ``event_time``: each where it happened. ``arrival``: all in the interval in which the visit entered its queue;
        ``contact_arrival``: in that in which the contact began. The longest queue is always the interval's own.
        """
        width = minutes * 60_000
        sums: dict[tuple[str, str, int], Counts] = defaultdict(lambda: defaultdict(int))
        for queue, channel, at, name, n in self._entries(attribution):
            if queue and (attribution != "event_time" or name not in _AT_THE_END):
                _put(sums[queue, channel, at - at % width], name, n)
        starts: dict[Place, list[int]] = defaultdict(list)
        for queue, channel, start in sorted(sums):
            starts[queue, channel].append(start)
        for place, all_starts in starts.items():
            lengths = self._lengths(place)
            for start in all_starts:
                sums[*place, start]["max_queue_length"] = _longest(lengths, start // 1000, (start + width) // 1000)
        return {key: dict(counts) for key, counts in sorted(sums.items())}

    def floor(self) -> Counts:
        """All queues as one, and what belongs to none: ``ivr_abandoned``, ``test_contacts``, outbound, surveys, ..."""
        counts: Counts = defaultdict(int)
        for place in self.totals().values():
            for name, n in place.items():
                _put(counts, name, n)
        counts["max_queue_length"] = max(self._lengths(None).values(), default=0)
        for happening in self.happenings:
            if happening.counted and happening.name not in _AT_QUEUES:
                counts[happening.name] += 1
        return dict(counts)

    def kpis(self, day_ms: int | None = None) -> dict[Place, dict[str, float | None]]:
        """Every KPI of every queue, of the UTC day that begins then or of all of the time, by what happened when.

        Agents' time is that of the whole stream, and in no single day.
        """
        sums: dict[Place, Counts] = defaultdict(lambda: defaultdict(int))
        values: dict[Place, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        everybody = people.Everybody(
            self.visits, self._handled(), self.letters, self.happenings, self.parties, self.spells, self._as_of()
        )
        for queue, channel, at, name, n in chain(self._entries("event_time"), people.entries(everybody)):
            if day_ms is None or day_ms <= at < day_ms + 86_400_000:
                _put(sums[queue, channel], name, n)
                if name.endswith(("_ms", "_score")):
                    values[queue, channel][name].append(n)
        if day_ms is None:
            for (queue, state), ms in self.agent_ms().items():
                for place, counts in sums.items():
                    if place[0] == queue:
                        counts[f"{state}_state_ms"] = ms
        return {place: scores(counts, values[place]) for place, counts in sums.items()}

    def agent_ms(self) -> Spent:
        """Time of agents in states that have ended, by queue and state; under "" each agent once."""
        found: Spent = defaultdict(int)
        for spell in self.spells:
            for queue in ("", *spell.queues):
                found[queue, spell.state] += min(spell.ended_ms - spell.began_ms, LONGEST_SPELL_MS)
        return found

    def deeds_since(self, since_ms: int, place: Place) -> tuple[Counter[str], Counter[str]]:
        """How often what was done by agents in a queue since then, and by how many of them."""
        found = [
            (what, agent) for agent, queue, channel, at, what in people.deeds(self._handled(), self.letters.values())
            if at >= since_ms and (queue, channel) == place
        ]  # fmt: skip
        return Counter(what for what, _ in found), Counter(what for what, _ in set(found))

    def dump(self) -> dict[str, Any]:
        """All of it as one JSON-able object."""
        totals = self.totals()
        return {
            "as_of_ms": self.as_of_ms,
            "threshold_ms": self.threshold_ms,
            "short_abandon_ms": self.short_ms,
            "floor": self.floor(),
            "queues": [
                {"queue": queue, "channel": channel, **counts, "service_level": service_levels(counts)}
                for (queue, channel), counts in totals.items()
            ],
            "intervals": [
                {"queue": queue, "channel": channel, "start_ms": start, **counts}
                for (queue, channel, start), counts in self.intervals().items()
            ],
        }

    # --- what each record adds, and where -----------------------------------------------------------------------------

    def _entries(self, attribution: Attribution) -> Iterator[tuple[str, str, int, str, int]]:
        """(queue, channel, time, name, number) of everything that counts."""
        for visit in self.visits:
            if not visit.counted:
                continue
            arrival = visit.started_ms if attribution == "contact_arrival" else visit.offered_ms
            yield visit.queue, visit.channel, arrival if attribution != "event_time" else visit.offered_ms, "offered", 1
            for at, name, n in self._leaving(visit):
                yield visit.queue, visit.channel, at if attribution == "event_time" else arrival, name, n
        for segment in self.segments:
            if not segment.counted:
                continue
            arrival = segment.started_ms if attribution == "contact_arrival" else segment.offered_ms
            for at, name, n in self._handling(segment):
                yield segment.queue, segment.channel, at if attribution == "event_time" else arrival, name, n
        if attribution == "event_time":
            for moments in self.letters.values():
                channel, gone = moments[0].channel, moments[-1].at_ms + self.orphan_after_ms[moments[0].channel]
                given_up = gone if gone <= self._as_of() else None
                for queue, at, name, n in counted(moments, self.promises, given_up, self._as_of()):
                    yield queue, channel, at, name, n
        if attribution == "event_time":  # what happens at a desk has no arrival of its own
            for happening in self.happenings:
                if happening.counted and happening.queue is not None and happening.name in _AT_QUEUES:
                    yield happening.queue, happening.channel, happening.at_ms, happening.name, 1
                    shortest, longest = self.ring_band_ms
                    if happening.name == "rang" and shortest <= happening.value <= longest:
                        yield happening.queue, happening.channel, happening.at_ms, "rang_in_band", 1
                    if happening.value:
                        summed = _SUMMED_AS[happening.name]
                        yield happening.queue, happening.channel, happening.at_ms, summed, happening.value

    def _handled(self) -> list[Segment]:
        """The segments that count, without those given up because their end never came."""
        as_of = self._as_of()
        lost = [each for each in self.segments if each.ending == "lost" and each.ended_ms is None]
        given_up = {each for each in lost if self._given_up(each) <= as_of}
        return [each for each in self.segments if each.counted and each not in given_up]

    def _leaving(self, visit: Visit) -> Iterator[tuple[int, str, int]]:
        """How the visit left its queue, or that it has not."""
        at, wait = visit.left_ms, visit.wait_ms
        if at is None:
            yield from self._unfinished(visit)
            return
        yield at, visit.outcome, 1
        yield at, f"{visit.outcome}_wait_ms", wait
        yield at, "max_wait_ms", wait
        if visit.outcome == "flowed_out":
            yield at, f"flowed_out_{visit.reason}", 1
            if visit.reason == "callback" and wait <= self.threshold_ms:
                yield at, "callbacks_within", 1
            return
        if visit.outcome == "answered":
            yield at, "max_wait_answered_ms", wait
        if wait <= self.threshold_ms:
            yield at, f"{visit.outcome}_within", 1
        if visit.outcome == "abandoned" and wait < self.short_ms:
            yield at, "short_abandoned", 1

    def _unfinished(self, visit: Visit) -> Iterator[tuple[int, str, int]]:
        """Waiting at the end; or its end was lost, and it waits until nothing was heard of it for too long."""
        as_of = self._as_of()
        gone = self._given_up(visit)
        if visit.outcome == "lost" and gone <= as_of:
            yield gone, "orphaned", 1
        else:
            yield as_of, "waiting", 1
            if as_of - visit.offered_ms > self.threshold_ms:
                yield as_of, "waiting_over", 1

    def _handling(self, segment: Segment) -> Iterator[tuple[int, str, int]]:
        at = segment.ended_ms
        if at is None:
            as_of = self._as_of()
            gone = segment.ending == "lost" and self._given_up(segment) <= as_of
            yield as_of, "handling_orphaned" if gone else "handling", 1
            return
        yield at, "segments", 1
        yield at, "talk_ms", segment.talk_ms
        yield at, "hold_ms", segment.hold_ms
        yield at, "handle_ms", segment.talk_ms + segment.hold_ms + segment.acw_ms
        yield at, "holds", segment.holds
        if segment.closed_ms is not None:
            yield segment.closed_ms, "acw_ms", segment.acw_ms
        if segment.escalated:
            yield at, "escalated", 1
        if segment.transferred_to is not None:
            yield at, "transferred", 1
            yield at, "transferred_within" if segment.transferred_to == segment.queue else "transferred_across", 1

    # --- the longest queue --------------------------------------------------------------------------------------------

    def _lengths(self, place: Place | None) -> dict[int, int]:
        """Queue length at the end of each second in which it changed; ``place`` None: of the whole floor.

        Within a second those who leave go first, so the end of the second is its longest queue.
        """
        net: dict[int, int] = defaultdict(int)
        for visit in self.visits:
            if visit.counted and (place is None or (visit.queue, visit.channel) == place):
                net[visit.offered_ms // 1000] += 1
                for at, name, _ in self._leaving(visit):
                    if name in ("answered", "abandoned", "flowed_out", "orphaned"):
                        net[at // 1000] -= 1
        length, lengths = 0, {}
        for second in sorted(net):
            length += net[second]
            lengths[second] = length
        return lengths

    def _given_up(self, part: Visit | Segment) -> int:
        """When a contact of which nothing more is heard is closed as an orphan."""
        return part.seen_ms + self.orphan_after_ms[part.channel]

    def _as_of(self) -> int:
        if self.as_of_ms is None:
            raise RuntimeError("the stream is not over: exhaust the simulation before asking the oracle")
        return self.as_of_ms


def _put(counts: Counts, name: str, n: int) -> None:
    """Add; of maxima keep the larger."""
    counts[name] = max(counts.get(name, 0), n) if name in _MAXIMA else counts.get(name, 0) + n


def _longest(lengths: Mapping[int, int], first: int, end: int) -> int:
    """The longest queue from second ``first`` to before ``end``; who waits when it begins counts from there on."""
    seconds = list(lengths)
    begin, after = bisect_left(seconds, first), bisect_left(seconds, end)
    within = [lengths[second] for second in seconds[begin:after]]
    if first not in lengths:
        within.append(lengths[seconds[begin - 1]] if begin else 0)
    return max(within, default=0)
