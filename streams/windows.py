"""The windows of every row: partitions enter, what was counted in a window of each queue, the floor and teams leaves.

What they come to is remembered from one snapshot to the next (``streams.sums``), and where nothing happened nothing is
counted again: of such a row only the time of agents and who waits are new. ``now`` is epoch ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import structs

from streams import slices, view
from streams import tally as y
from streams.books import TEAM_ROW
from streams.counts import Counts, counts_of
from streams.crossing import now as crossing
from streams.partition import Partition
from streams.settings import Settings
from streams.signed_in import SignedIn
from streams.slices import MINUTE, Ring, Rings, Span
from streams.sums import Summed, Sums, raise_to
from streams.tally import Fields
from streams.view import FLOOR, Key, Live, Window


class Moment(NamedTuple):
    """What every window of one moment needs: the live queues, when agents last did something, who is signed in."""

    lives: Mapping[Key, Live]
    doers: crossing.Moments
    signed_in: SignedIn


def moment(partitions: Sequence[Partition], settings: Settings, now: int) -> Moment:
    """The floor as it is now."""
    signed_in = SignedIn(partitions, now)
    lives = view.live(partitions, settings, now, signed_in)
    return Moment(lives, crossing.moments(partitions, (FLOOR, "")), signed_in)


class _Counted(NamedTuple):
    """What the slices of a row's window came to at these versions of their sums; without agents."""

    versions: tuple[int, ...]
    fields: Fields
    maxima: Mapping[int, int]
    counts: Counts


class Windows:
    """The windows of one set of partitions; those of another are counted anew."""

    def __init__(self) -> None:
        self._sums = Sums()
        self._counted: dict[tuple[str, Key], _Counted] = {}
        self._floors: dict[str, Summed] = {}

    def of(
        self, partitions: Sequence[Partition], settings: Settings, window: str, now: int, known: Moment | None = None
    ) -> dict[Key, Window]:
        """One window for every queue and the floor. ``known`` is of this moment, for whoever asks for several."""
        self._look(partitions)
        lives, doers, signed_in = known or moment(partitions, settings, now)
        signed_in = signed_in.still(partitions)
        ring, minute = _rings_of(window, _rings(partitions))
        floor, found, spans = self._floors.setdefault(window, Summed()), {}, dict[str, Span]()
        for key in {*self._sums.queues, *(k for k in lives if k[0] != FLOOR)}:
            rule = settings.queue(key[0])
            span = spans.get(rule.timezone)
            if span is None:
                span = spans[rule.timezone] = slices.window_span(window, now, ZoneInfo(rule.timezone), ring)
            counted = self._of_slices(window, key, ring, minute, span, cohort=rule.attribution != "event_time")
            # What happened before any queue has no agents; under "" stand those of the floor.
            states = self._states(window, key[0], ring, span, signed_in) if key[0] else {}
            found[key] = Window(span, _now(counted, states, lives.get(key), crossing.doing(doers, key, span)))
        if not floor.exact:
            floor.maxima, floor.exact = {}, True
            for key in found:
                raise_to(floor.maxima, self._counted[window, key].maxima)
        span = slices.window_span(window, now, ZoneInfo(settings.defaults.timezone), ring)
        whole = counts_of(floor.fields, cohort=settings.defaults.attribution != "event_time", maxima=floor.maxima)
        states = self._states(window, "", ring, span, signed_in)
        doing = crossing.doing(doers, (FLOOR, ""), span)
        found[FLOOR, ""] = Window(span, _now(whole, states, lives.get((FLOOR, "")), doing))
        return found

    def of_teams(self, partitions: Sequence[Partition], settings: Settings, window: str, now: int) -> dict[str, Window]:
        """What customers and reviewers said of each configured team's agents; nothing else is counted of it."""
        if not settings.teams:
            return {}
        self._look(partitions)
        ring, _ = _rings_of(window, _rings(partitions))
        span = slices.window_span(window, now, ZoneInfo(settings.defaults.timezone), ring)
        cohort = settings.defaults.attribution != "event_time"
        found = {}
        for team in settings.teams:
            fields: Fields = {}
            for channel in self._sums.channels(TEAM_ROW + team):
                y.add(fields, self._sums.of((TEAM_ROW + team, channel), ring, span, window).fields)
            found[team] = Window(span, counts_of(fields, cohort=cohort))
        return found

    def _look(self, partitions: Iterable[Partition]) -> None:
        if not self._sums.look([partition.ledger for partition in partitions]):
            self._counted.clear()
            self._floors.clear()

    def _of_slices(self, window: str, key: Key, ring: Ring, minute: Ring | None, span: Span, *, cohort: bool) -> Counts:
        """What is counted in the slices of a row: the same object for as long as they are what they were."""
        sums: tuple[Summed, ...] = (self._sums.of(key, ring, span, window),)
        if minute is not None:
            wider = Span(slices.floor_to(span.start, MINUTE), span.end)
            sums = (sums[0], self._sums.of(key, minute, wider, window))
        versions = tuple([one.version for one in sums])
        known, floor = self._counted.get((window, key)), self._floors[window]
        if known is not None:
            if known.versions == versions:
                return known.counts
            floor.take(known.fields, known.maxima)
        fields, maxima = sums[0].fields.copy(), sums[-1].maxima.copy()
        for wide in sums[1:]:  # histograms and maxima live in the minute slices
            y.add(fields, {field: n for field, n in wide.fields.items() if field % y.COHORT >= y.ANSWERED_WAITS})
        floor.put(fields, maxima)
        counts = counts_of(fields, cohort=cohort, maxima=maxima)
        self._counted[window, key] = _Counted(versions, fields, maxima, counts)
        return counts

    def _states(self, window: str, queue: str, ring: Ring, span: Span, signed_in: SignedIn) -> dict[str, int]:
        """How long agents have been in which state: what slices have, and the states they are in."""
        fields = self._sums.of((queue, ""), ring, span, window).fields
        going_on = signed_in.spent(queue, span)
        spent = {state: fields.get(n, 0) + going_on.get(n, 0) for state, n in y.STATE_MS.items()}
        return {state: ms for state, ms in spent.items() if ms}


def _now(counts: Counts, states: Mapping[str, int], live: Live | None, doing: Mapping[str, int]) -> Counts:
    """The counts of slices with what is of this moment."""
    past = 0 if live is None else live.waiting_past_threshold
    people = {**counts.people, **doing}
    return structs.replace(counts, state_ms=states, waiting_past_threshold=past, people=people)


def _rings(partitions: Sequence[Partition]) -> Rings:
    return partitions[0].ledger.rings if partitions else slices.rings()


def _rings_of(window: str, rings: Rings) -> tuple[Ring, Ring | None]:
    """The ring a window is summed from; and where its histograms are, if that has none: the one of ten seconds."""
    if window == "today" or slices.length_ms(window) > rings.minute.keep_ms:
        return rings.coarse, None
    return (rings.fine, rings.minute) if slices.length_ms(window) <= 5 * MINUTE else (rings.minute, None)
