"""One moment of one worker: its partitions and its status enter, everything an endpoint shows leaves as plain values.

``steps`` does the work piece by piece, so that the event loop can go on between two pieces; what it returns shares
nothing with the state that goes on changing and can be rendered in another thread. Pure: the wall clock is an argument.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from streams import kpis, view
from streams.backlog import backlog_in_steps
from streams.delay import Delays
from streams.desks import Slots, slots
from streams.measures.days import OwnCounts
from streams.measures.given import NO_COUNTS, NOTHING, Given, given
from streams.measures.shelf import Shelf
from streams.merged import merged
from streams.merged import sums as sums_of
from streams.partition import Partition
from streams.pieces import at_once
from streams.presence import SERVING
from streams.promises import Backlog
from streams.settings import QueueSettings, Settings
from streams.slices import Span, day_of
from streams.staffing.estimate import Staff, shares
from streams.trust.floor import Source, Verdict, sources_of, verdict
from streams.view import FLOOR, Key, Live, Window
from streams.voicemail import Voicemails, voicemails
from streams.windows import Windows, moment_in_steps

PartitionKey: TypeAlias = tuple[str, int]
"""Source topic and partition."""


class WorkerStatus(Struct, frozen=True, kw_only=True):
    """What the shell knows of itself. ``expected``: every partition there is, whoever owns it; empty when unknown.

    ``joined`` is False until the group has told which partitions are this worker's. ``lag``: records not applied yet.
    ``restoring_left``: offsets of the changelog still to be read.
    """

    expected: frozenset[PartitionKey] = frozenset()
    restoring: frozenset[PartitionKey] = frozenset()
    restoring_left: int = 0
    joined: bool = True
    lag: Mapping[PartitionKey, int] = {}
    flushes: int = 0
    last_flush_seconds: float = 0.0
    rebalances: int = 0
    event_delays: Delays = Delays()


class Part(Struct, frozen=True, kw_only=True):
    """One owned partition. Totals and counters are flushed ones; ``watermark`` is epoch ms, 0 before the first event.

    ``contacts`` counts what is kept in memory: "open", "closed" (corrections can still come) and "stub".
    """

    topic: str
    number: int
    watermark: int
    totals: Mapping[Key, Mapping[int, int]]
    counters: Mapping[str, int]
    contacts: Mapping[str, int]


class Row(Struct, frozen=True, kw_only=True):
    """One queue and channel, a group of queues, or the floor: how it is judged, how it is now, and its windows.

    ``voicemails`` is None where nobody tells which were dealt with, and for groups.
    """

    queue: str
    channel: str
    rule: QueueSettings
    live: Live
    windows: Mapping[str, Window]
    backlog: Backlog | None = None
    staff: Staff = Staff()
    slots: Slots = Slots()
    voicemails: Voicemails | None = None

    @property
    def serving(self) -> int:
        """Agents who take contacts."""
        return sum(self.live.agents.get(state, 0) for state in SERVING)

    def expected_wait_seconds(self) -> float | None:
        """What somebody who arrives now may expect; None with nobody serving or no handle time known.

        The handle time is that of the longest window that has one.
        """
        known = [aht for w in self.windows.values() if (aht := kpis.aht_seconds(w.counts)) is not None]
        available = self.live.agents.get("available", 0)
        return kpis.expected_wait_seconds(self.live.waiting, self.serving, available, known[-1] if known else None)


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything shown, as of ``now`` (epoch ms). ``trust``: what is known of each source, by name.

    ``rows`` are the queues; ``outside`` is what happened to contacts in no queue (given up in the IVR, test calls), by
    channel. The floor has both.
    """

    settings: Settings
    now: int
    status: WorkerStatus
    parts: Sequence[Part]
    rows: Sequence[Row]
    outside: Sequence[Row]
    floor: Row
    groups: Sequence[Row]
    trust: Mapping[str, Source]
    given: Given = NOTHING
    teams: Mapping[str, Mapping[str, Window]] = {}

    @property
    def sources(self) -> Mapping[str, int]:
        """When each source was last heard of, in event time."""
        return {name: source.heard_at for name, source in self.trust.items()}

    @property
    def watermark(self) -> int:
        """The latest event time applied; 0 before the first event."""
        return max((part.watermark for part in self.parts), default=0)

    @property
    def missing(self) -> list[PartitionKey]:
        """Partitions whose numbers are not in this snapshot: another worker's, nobody's, or still being restored."""
        owned = {(part.topic, part.number) for part in self.parts}
        return sorted((self.status.expected | self.status.restoring) - owned)

    def row(self, queue: str, channel: str) -> Row | None:
        """The row of a queue, group or the floor ("ALL"); without a channel the first of that name. None if unknown."""
        if queue == FLOOR:
            return self.floor
        rows = [row for row in self.rows if row.queue == queue and channel in ("", row.channel)]
        groups = [row for row in self.groups if row.queue == queue and not channel]
        return next(iter([*rows, *groups]), None)

    def staleness_seconds(self, source: str) -> float:
        """How long ago a source was last heard of."""
        return max(0, self.now - self.trust[source].heard_at) / 1000

    def lag_seconds(self, source: str) -> float:
        """How far a source is behind the one that is furthest on, by their own clocks."""
        latest = max(known.heard_at for known in self.trust.values())
        return (latest - self.trust[source].heard_at) / 1000

    def is_stale(self, source: str) -> bool:
        """Whether a source has been silent for longer than ``worker.stale_after_seconds``."""
        return self.staleness_seconds(source) > self.settings.worker.stale_after_seconds

    def verdict(self, row: Row) -> Verdict:
        """How far a row can be trusted: a queue by its sources, a group by those of its queues, the floor by all."""
        queues: Sequence[str] | None = (row.queue,)
        if not row.channel:
            queues = None if row.queue == FLOOR else self.settings.groups.get(row.queue, ())
        return verdict(self.trust, queues, self.now, self.settings.worker.stale_after_seconds * 1000)


def take(
    partitions: Sequence[Partition],
    settings: Settings,
    status: WorkerStatus,
    wall_ms: int,
    shelf: Shelf | None = None,
    remembered: Windows | None = None,
) -> Snapshot:
    """A snapshot in one go; see ``steps``."""
    return at_once(steps(partitions, settings, status, wall_ms, shelf, remembered))


def steps(
    partitions: Sequence[Partition],
    settings: Settings,
    status: WorkerStatus,
    wall_ms: int,
    shelf: Shelf | None = None,
    remembered: Windows | None = None,
) -> Generator[None, None, Snapshot]:
    """Take a snapshot, yielding between two pieces of the work. ``shelf`` has the numbers from outside.

    ``remembered`` is kept from one snapshot to the next by whoever takes several.
    """
    remembered = remembered or Windows()
    now = view.now_of(partitions, settings, wall_ms)
    trust = sources_of(partitions, now)
    yield
    known = yield from moment_in_steps(partitions, settings, now)
    lives = known.lives
    group_lives = {name: _group_live(partitions, lives, members, now) for name, members in settings.groups.items()}
    yield
    backlogs = yield from backlog_in_steps(partitions, settings, now)
    staff = shares([(a.state_at(now), a.queues) for partition in partitions for a in partition.agents.values()])
    desks, left = slots(partitions, now), voicemails(partitions)
    yield
    windows: dict[str, dict[Key, Window]] = {}
    for name in settings.windows:
        windows[name] = yield from remembered.of_in_steps(partitions, settings, name, now, known)
        yield
    said = {window: remembered.of_teams(partitions, settings, window, now) for window in settings.windows}
    teams = {team: {window: said[window][team] for window in settings.windows} for team in settings.teams}
    yield
    parts = []
    for partition in partitions:
        parts.append(_part(partition))
        yield
    keys = [key for key in sorted(lives) if key[0] != FLOOR]
    rows = [
        structs.replace(
            _row(settings.queue(key[0]), key, lives[key], windows, backlogs.get(key)),
            staff=staff.get(key[0], Staff()),
            slots=desks.get(key[0], Slots()),
            voicemails=None if left is None else left.get(key, Voicemails()),
        )
        for key in keys
        if key[0]
    ]
    outside = [_outside(settings, key, windows) for key in keys if not key[0]]
    floor = structs.replace(
        _row(settings.defaults, (FLOOR, ""), lives[FLOOR, ""], windows, backlogs[FLOOR, ""]),
        slots=desks.get("", Slots()),
        voicemails=None if left is None else left[FLOOR, ""],
    )
    groups = [_group(settings, name, group_lives[name], rows) for name in settings.groups]
    zone = ZoneInfo(settings.measures.timezone)
    whole = status.expected <= {(p.topic, p.number) for p in partitions} and not status.restoring
    own = OwnCounts([p.days for p in partitions], day_of(now, zone), zone) if shelf and whole else NO_COUNTS
    return Snapshot(
        settings=settings, now=now, status=status, parts=parts, rows=rows, outside=outside, floor=floor, groups=groups,
        trust=trust, given=given(shelf, own), teams=teams,
    )  # fmt: skip


def _part(partition: Partition) -> Part:
    open_, closed, stubs = partition.store.kept
    return Part(
        topic=partition.topic,
        number=partition.number,
        watermark=partition.watermark,
        totals=partition.flushed_totals,
        counters=partition.flushed_counters,
        contacts={"open": open_, "closed": closed, "stub": stubs},
    )


def _row(
    rule: QueueSettings,
    key: Key,
    live: Live,
    windows: Mapping[str, Mapping[Key, Window]],
    open_now: Backlog | None = None,
) -> Row:
    shown = {name: found[key] for name, found in windows.items() if key in found}
    return Row(queue=key[0], channel=key[1], rule=rule, live=live, windows=shown, backlog=open_now)


def _outside(settings: Settings, key: Key, windows: Mapping[str, Mapping[Key, Window]]) -> Row:
    """A row without agents: those of no queue in particular are the floor's."""
    row = _row(settings.defaults, key, Live(), windows)
    bare = {name: Window(span, structs.replace(counts, state_ms={})) for name, (span, counts) in row.windows.items()}
    return structs.replace(row, windows=bare)


# --- groups of queues ------------------------------------------------------------------------------------------------


def _group_live(partitions: Iterable[Partition], lives: Mapping[Key, Live], members: Sequence[str], now: int) -> Live:
    """The members' queues together; an agent who serves several of them is one agent."""
    found = [live for key, live in lives.items() if key[0] in members]
    agents: dict[str, int] = {}
    for partition in partitions:
        for agent in partition.agents.values():
            state = agent.state_at(now)
            if state != "signed_out" and not set(members).isdisjoint(agent.queues):
                agents[state] = agents.get(state, 0) + 1
    return Live(
        waiting=sum(live.waiting for live in found),
        waiting_past_threshold=sum(live.waiting_past_threshold for live in found),
        waiting_callbacks=sum(live.waiting_callbacks for live in found),
        by_priority=sums_of(live.by_priority.items() for live in found),
        oldest_offered_at=min((at for live in found if (at := live.oldest_offered_at) is not None), default=None),
        handling=sum(live.handling for live in found),
        agents=agents,
        conservation_residual=sum(live.conservation_residual for live in found),
    )


def _group(settings: Settings, name: str, live: Live, rows: Sequence[Row]) -> Row:
    """A group is judged by its first member's rules; each contact has been counted by its own queue's."""
    members = settings.groups[name]
    inside = [row for row in rows if row.queue in members]
    windows = {}
    for window in settings.windows:
        found = [row.windows[window] for row in inside if window in row.windows]
        if found:
            span = Span(min(w.span.start for w in found), max(w.span.end for w in found))
            windows[window] = Window(span, merged([w.counts for w in found]))
    rule = settings.queue(members[0]) if members else settings.defaults
    return Row(queue=name, channel="", rule=rule, live=live, windows=windows)
