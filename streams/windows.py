"""The windows of every row: partitions enter, what was counted in a window of each queue, the floor and teams leaves.

What they come to is remembered from one snapshot to the next (``streams.sums``), and where nothing happened nothing is
counted again: of such a row only the time of agents and who waits are new. ``now`` is epoch ms.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import structs

from streams import slices, view
from streams import tally as y
from streams.books import TEAM_ROW
from streams.counts import Counts, counts_of
from streams.crossing import now as crossing
from streams.partition import Partition
from streams.pieces import at_once
from streams.settings import Settings
from streams.signed_in import SignedIn
from streams.slices import MINUTE, Ring, Rings, Span
from streams.sums import Summed, Sums, raise_to
from streams.tally import Fields
from streams.view import FLOOR, Key, Live, Window

_STEPS: Final = 64
"""So many has a window at the most: before each it is seen what has changed in all partitions."""
_ROWS_A_STEP: Final = 2  # at the least


class Moment(NamedTuple):
    """What every window of one moment needs: the live queues, when agents last did something, who is signed in."""

    lives: Mapping[Key, Live]
    doers: crossing.Moments
    signed_in: SignedIn


def moment(partitions: Sequence[Partition], settings: Settings, now: int) -> Moment:
    """The floor as it is now."""
    return at_once(moment_in_steps(partitions, settings, now))


def moment_in_steps(partitions: Sequence[Partition], settings: Settings, now: int) -> Generator[None, None, Moment]:
    """The same in steps."""
    signed_in = SignedIn(partitions, now)
    yield
    lives = yield from view.live_in_steps(partitions, settings, now, signed_in)
    doers = yield from crossing.moments_in_steps(partitions, (FLOOR, ""))
    return Moment(lives, doers, signed_in)


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
        return at_once(self.of_in_steps(partitions, settings, window, now, known or moment(partitions, settings, now)))

    def of_in_steps(
        self, partitions: Sequence[Partition], settings: Settings, window: str, now: int, known: Moment
    ) -> Generator[None, None, dict[Key, Window]]:
        """The same in steps: a row is of one moment, and the floor is their sum. To be made one after the other."""
        self._look(partitions)
        lives, doers, signed_in = known
        ring, minute = _rings_of(window, _rings(partitions))
        floor, found = self._floors.setdefault(window, Summed()), dict[Key, Window]()
        keys = {*self._sums.queues, *(k for k in lives if k[0] != FLOOR)}
        spans = _spans(settings, {key[0] for key in keys}, window, now, ring)
        # All agents in one step: a state that ended since would be in the slices, and go on as well.
        signed_in = signed_in.still(partitions)
        states = {queue: self._states(window, queue, ring, span, signed_in) for queue, span in spans.items()}
        rows = max(_ROWS_A_STEP, -(-len(keys) // _STEPS))
        for n, key in enumerate(keys):
            if n % rows == 0:
                yield
                if not self._look(partitions):
                    return self.of(partitions, settings, window, now, known)
            span, cohort = spans[key[0]], settings.queue(key[0]).attribution != "event_time"
            counted = self._of_slices(window, key, ring, minute, span, cohort=cohort)
            # What happened before any queue has no agents; under "" stand those of the floor.
            agents = states[key[0]] if key[0] else {}
            found[key] = Window(span, _now(counted, agents, lives.get(key), crossing.doing(doers, key, span)))
        if not floor.exact:
            floor.maxima, floor.exact = {}, True
            for key in found:
                raise_to(floor.maxima, self._counted[window, key].maxima)
        span = spans[""]
        whole = counts_of(floor.fields, cohort=settings.defaults.attribution != "event_time", maxima=floor.maxima)
        doing = crossing.doing(doers, (FLOOR, ""), span)
        found[FLOOR, ""] = Window(span, _now(whole, states[""], lives.get((FLOOR, "")), doing))
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

    def _look(self, partitions: Iterable[Partition]) -> bool:
        """See what has changed. False: nothing that was counted before is of use."""
        whole = self._sums.look([partition.ledger for partition in partitions])
        if not whole:
            self._counted.clear()
            self._floors.clear()
        return whole

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


def _spans(settings: Settings, queues: Iterable[str], window: str, now: int, ring: Ring) -> dict[str, Span]:
    """What the window covers, by queue and its time zone; under "" by that of the defaults, as for the floor."""
    zones = {**{queue: settings.queue(queue).timezone for queue in queues}, "": settings.defaults.timezone}
    covered = {zone: slices.window_span(window, now, ZoneInfo(zone), ring) for zone in set(zones.values())}
    return {queue: covered[zone] for queue, zone in zones.items()}


def _rings(partitions: Sequence[Partition]) -> Rings:
    return partitions[0].ledger.rings if partitions else slices.rings()


def _rings_of(window: str, rings: Rings) -> tuple[Ring, Ring | None]:
    """The ring a window is summed from; and where its histograms are, if that has none: the one of ten seconds."""
    if window == "today" or slices.length_ms(window) > rings.minute.keep_ms:
        return rings.coarse, None
    return (rings.fine, rings.minute) if slices.length_ms(window) <= 5 * MINUTE else (rings.minute, None)
