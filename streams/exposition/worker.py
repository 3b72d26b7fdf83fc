"""The families of ``/metrics``: one worker's share. A snapshot enters, families leave.

Everything here adds up over workers: counters by source topic and partition, live gauges, and the additive components
of the windows. Ratios and quantiles don't add; they are on ``/metrics/floor``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import structs

from streams import __version__
from streams.core import CORE
from streams.counts import Counts
from streams.exposition.counters import counters, shown_as
from streams.exposition.families import Family, Point, gauge, histogram
from streams.exposition.measures import measures_part
from streams.snapshot import Part, Row, Snapshot
from streams.view import FLOOR

_PRIORITIES: Final = range(21)
"""Priorities with a series of their own; what is beyond shares one at each end."""


def worker_families(snapshot: Snapshot) -> list[Family]:
    """Everything a worker exposes, but its process."""
    return [family for family in every_family(snapshot) if family.points]


def every_family(snapshot: Snapshot) -> list[Family]:
    """The same with the families that have no sample now."""
    found = [
        *_about(snapshot),
        *_rules(snapshot),
        *_partitions(snapshot),
        *counters(_parts(snapshot)),
        *_live(snapshot),
    ]
    return [*found, *_backlog(snapshot), *_windows(snapshot)]


def _parts(snapshot: Snapshot) -> list[Part]:
    """What is counted of records: of the owned partitions, and of the numbers from outside, which everybody reads."""
    return [*snapshot.parts, *([measures_part(snapshot.given)] if snapshot.given.complete else [])]


def _about(snapshot: Snapshot) -> Iterator[Family]:
    settings = snapshot.settings
    yield gauge(
        "build_info", "The version that runs, and what its core runs as.", [({"version": __version__, "core": CORE}, 1)]
    )
    help_ = "Hash of everything in the configuration that changes a number's meaning."
    yield gauge("config_info", help_, [({"hash": settings.hash}, 1)])
    help_ = "The moment the gauges are as of: the wall clock, or the stream's watermark."
    yield gauge("as_of_timestamp_seconds", help_, [({}, snapshot.now / 1000)])
    help_ = "When a source was last heard of, in event time; stale is not quiet."
    sources = [({"source": name}, at / 1000) for name, at in sorted(snapshot.sources.items())]
    yield gauge("source_watermark_timestamp_seconds", help_, sources)
    help_ = "1: the source was cut off and no snapshot has said yet what is open."
    gaps = [({"source": name}, float(known.cut_off_since is not None)) for name, known in snapshot.trust.items()]
    yield gauge("source_cut_off", help_, gaps)
    help_ = "Shortest way from an event's time to Kafka's, last two hours; below 0 the source's clock is ahead."
    delays = [
        ({"source": name}, None if (ms := known.least_delay_ms) is None else ms / 1000)
        for name, known in snapshot.trust.items()
    ]
    yield gauge("source_least_delay_seconds", help_, delays)
    help_ = "A source silent for longer than this is stale: worker.stale_after_seconds."
    yield gauge("stale_after_seconds", help_, [({}, settings.worker.stale_after_seconds)])


def _rules(snapshot: Snapshot) -> Iterator[Family]:
    """How the queues are judged: alerts join these, so that no alert rule is edited when a target changes."""
    rules = [(_key(row), row.rule) for row in snapshot.rows]
    info = [({**key, "preset": r.preset, "attribution": r.attribution, "timezone": r.timezone}, 1) for key, r in rules]
    yield gauge("queue_info", "How the queue is counted: preset is its service level's formula.", info)
    help_ = "The service level that is aimed at: answered within sla_threshold_seconds."
    yield gauge("sla_target_ratio", help_, [(key, r.service_level_target_ratio) for key, r in rules])
    help_ = "The wait up to which an answer counts for the service level, inclusive."
    yield gauge("sla_threshold_seconds", help_, [(key, r.service_level_threshold_seconds) for key, r in rules])
    help_ = "The average speed of answer that is not to be passed; absent when it is not judged."
    yield gauge("asa_target_seconds", help_, [(key, r.asa_target_seconds) for key, r in rules])
    help_ = "The abandonment ratio that is not to be passed; absent when it is not judged."
    yield gauge("abandonment_target_ratio", help_, [(key, r.abandonment_target_ratio) for key, r in rules])
    help_ = "The oldest wait that is not to be passed; absent when it is not judged."
    yield gauge("oldest_wait_target_seconds", help_, [(key, r.oldest_wait_target_seconds) for key, r in rules])


def _partitions(snapshot: Snapshot) -> Iterator[Family]:
    status = snapshot.status
    where = [({"topic": part.topic, "partition": str(part.number)}, part) for part in snapshot.parts]
    restoring = [({"topic": topic, "partition": str(n)}, 1.0) for topic, n in sorted(status.restoring)]
    help_ = "Partitions there are, whoever counts them; absent when unknown. Each must be owned by somebody."
    yield gauge("partitions_expected", help_, [({}, len(status.expected) or None)])
    yield gauge("partition_owned", "1: this worker counts the partition.", [(labels, 1) for labels, _ in where])
    help_ = "1: the partition's state is being restored, its numbers are missing."
    yield gauge("partition_recovering", help_, [*((labels, 0) for labels, _ in where), *restoring])
    help_ = "Offsets of the changelog still to be read until all partitions are restored; 0 when they are."
    yield gauge("recovery_left_offsets", help_, [({}, status.restoring_left)])
    help_ = "The latest event time of the partition."
    marks = [(labels, part.watermark / 1000 if part.watermark else None) for labels, part in where]
    yield gauge("watermark_timestamp_seconds", help_, marks)
    help_ = 'Contacts kept in memory: "open"; "closed", while corrections can come; "stub", against duplicates.'
    kept = [({**labels, "state": state}, n) for labels, part in where for state, n in part.contacts.items()]
    yield gauge("contacts", help_, kept)
    help_ = "Records not applied yet, as far as the last fetch told."
    lag = [
        ({"topic": topic, "partition": str(n)}, float(records)) for (topic, n), records in sorted(status.lag.items())
    ]
    yield gauge("consumer_lag_records", help_, lag)
    help_ = "Flushes of state to Kafka since the worker started."
    yield Family("flushes", "counter", help_, [Point({}, status.flushes, "_total")])
    help_ = "Times this worker gave its partitions back because workers came or went."
    yield Family("rebalances", "counter", help_, [Point({}, status.rebalances, "_total")])
    help_ = "From a record's Kafka timestamp to its being in the numbers; each chunk of a batch by its first record."
    yield histogram("event_delay_seconds", help_, status.event_delays)
    yield gauge("last_flush_seconds", "How long the last flush took.", [({}, status.last_flush_seconds)])


def _live(snapshot: Snapshot) -> Iterator[Family]:
    rows = snapshot.rows
    yield gauge("waiting", "Visits waiting now.", [(_key(r), r.live.waiting) for r in rows])
    help_ = "Visits waiting for longer than the service level threshold."
    yield gauge("waiting_past_threshold", help_, [(_key(r), r.live.waiting_past_threshold) for r in rows])
    help_ = "Callbacks among the waiting; they are never the oldest wait."
    yield gauge("waiting_callbacks", help_, [(_key(r), r.live.waiting_callbacks) for r in rows])
    left = [(_key(r), r.voicemails) for r in rows if r.voicemails is not None]
    help_ = "Voicemails nobody has dealt with; absent where no source tells which were."
    yield gauge("voicemails", help_, [(key, found.number) for key, found in left])
    oldest_left = [(key, None if (at := found.oldest_at) is None else at / 1000) for key, found in left]
    yield gauge("oldest_voicemail_timestamp_seconds", "When the oldest of them was left; absent without.", oldest_left)
    help_ = "Visits waiting now, by priority."
    yield gauge("waiting_by_priority", help_, [point for r in rows for point in _by_priority(r)])
    help_ = "When the longest waiter entered the queue; absent when nobody waits. min over workers is the floor's."
    oldest = [(_key(r), at / 1000 if (at := r.live.oldest_offered_at) is not None else None) for r in rows]
    yield gauge("oldest_enqueue_timestamp_seconds", help_, oldest)
    yield gauge("handling", "Contacts in an agent's hands now.", [(_key(r), r.live.handling) for r in rows])
    help_ = f'Agents by state, in every queue they serve: don\'t add queues, queue="{FLOOR}" counts each once.'
    by_queue = {r.queue: r.live.agents for r in [*rows, snapshot.floor]}
    agents = [
        ({"queue": q, "state": state}, n) for q, states in by_queue.items() for state, n in sorted(states.items())
    ]
    yield gauge("agents", help_, agents)
    help_ = "1: the queue is open, by its opening hours or by the source's own word."
    yield gauge("queue_open", help_, [(_key(r), float(r.live.open)) for r in rows])
    help_ = "offered - answered - abandoned - flowed out - orphaned - waiting, since ever: 0, or a bug."
    yield gauge("conservation_residual", help_, [(_key(r), r.live.conservation_residual) for r in rows])


def _backlog(snapshot: Snapshot) -> Iterator[Family]:
    """The open conversations; counts add over workers, the oldest is the min."""
    rows = [(_key(row), row.backlog) for row in snapshot.rows if row.backlog is not None]
    yield gauge("backlog", "Conversations open now.", [(key, b.open) for key, b in rows])
    by_age = [({**key, "age": age}, n) for key, b in rows for age, n in sorted(b.by_age.items())]
    yield gauge("backlog_by_age", "Conversations open now, by how long ago they began.", by_age)
    oldest = [(key, at / 1000) for key, b in rows if (at := b.oldest_at) is not None]
    yield gauge("backlog_oldest_timestamp_seconds", "When the oldest open conversation began; absent without.", oldest)
    first, later = "first_reply", "next_reply"
    help_ = "Conversations whose customer waits for a reply, the first or a later one."
    waiting = [({**key, "reply": first}, b.awaiting_first_reply) for key, b in rows]
    yield gauge(
        "awaiting_reply", help_, waiting + [({**key, "reply": later}, b.awaiting_next_reply) for key, b in rows]
    )
    for name, help_ in (
        ("running", "Promises with a target that run and are not overdue, those at risk included."),
        ("at_risk", "Promises that have used at_risk_ratio of their target."),
        ("overdue", "Promises past their target and not yet kept; counted as missed when they are."),
    ):
        points = [({**key, "promise": p}, n) for key, b in rows for p, n in sorted(getattr(b, name).items())]
        yield gauge(f"promises_{name}", help_, points)


def _by_priority(row: Row) -> Iterator[tuple[Mapping[str, str], float]]:
    merged: dict[str, int] = {}
    for priority, n in sorted(row.live.by_priority.items()):
        beyond = f"below {_PRIORITIES[0]}" if priority < 0 else f"above {_PRIORITIES[-1]}"
        name = str(priority) if priority in _PRIORITIES else beyond
        merged[name] = merged.get(name, 0) + n
    for name, n in merged.items():
        yield {**_key(row), "priority": name}, n


# --- windows ---------------------------------------------------------------------------------------------------------

_CORE: Final = ("offered", "answered", "abandoned", "short_abandoned", "answered_in_threshold", "left")
_LIVE: Final = "waiting_past_threshold"  # a gauge of its own, not of a window
_COMPONENTS: Final = (
    *(field.name for field in structs.fields(Counts) if type(field.default) is int and field.name != _LIVE), "left",
)  # fmt: skip


def _windows(snapshot: Snapshot) -> Iterator[Family]:
    """Every integer of the windows. Of a window in which nothing happened only the core is there, as zeros."""
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {name: [] for name in _COMPONENTS}
    starts: list[tuple[Mapping[str, str], float]] = []
    reasons: list[tuple[Mapping[str, str], float]] = []
    states: list[tuple[Mapping[str, str], float]] = []
    told: list[tuple[Mapping[str, str], float]] = []
    people: list[tuple[Mapping[str, str], float]] = []
    for row in [*snapshot.rows, *snapshot.outside, snapshot.floor]:
        for window, (span, counts) in row.windows.items():
            labels = {**_key(row), "window": window}
            if row.queue != FLOOR:
                values = {name: getattr(counts, name) for name in _COMPONENTS}
                shown = _COMPONENTS if any(values.values()) else _CORE
                for name in shown:
                    found[name].append((labels, values[name] / 1000 if name.endswith("_ms") else values[name]))
                starts.append((labels, span.start / 1000))
                told += [
                    ({**labels, "what": shown_as(name)}, n / 1000 if name.endswith("_ms") else n)
                    for name, n in sorted(counts.told.items())
                ]
                people += [
                    ({**labels, "what": shown_as(name)}, n / 1000 if name.endswith("_ms") else n)
                    for name, n in sorted(counts.people.items())
                ]
                reasons += [({**labels, "reason": reason}, n) for reason, n in counts.flowed_out_by.items()]
            agents = {"queue": row.queue, "window": window}
            states += [({**agents, "state": state}, ms / 1000) for state, ms in counts.state_ms.items()]
    help_ = "Where the window truly begins: whole slices, so at or before its length ago."
    yield gauge("window_start_timestamp_seconds", help_, starts)
    for name, points in found.items():
        meaning = _MEANINGS.get(name, f"What {shown_as(name)}_total counts")
        yield gauge(f"window_{shown_as(name)}", f"{meaning}, within the window. Adds over workers.", points)
    help_ = "What conversation_<what>_total counts, within the window; seconds where it ends in _seconds."
    yield gauge("window_conversations", help_, told)
    help_ = "Customers, leads and agents across contacts: what <what>_total counts, within the window."
    yield gauge("window_people", help_, people)
    yield gauge("window_flowed_out_by_reason", "Visits that flowed out within the window, by reason.", reasons)
    help_ = f'Time of agents in a state within the window, open states too; queue="{FLOOR}" counts each agent once.'
    yield gauge("window_agent_state_seconds", help_, _once(states))


_MEANINGS: Final = {
    "left": "Visits a ratio over offered is taken of: those that left (by arrival: those offered)",
    "flowed_out": "Visits that left unanswered for another reason than the customer's patience",
}


def _once(points: list[tuple[Mapping[str, str], float]]) -> list[tuple[Mapping[str, str], float]]:
    """The same agents stand behind both channels of a queue: one series."""
    return list({tuple(labels.items()): (labels, value) for labels, value in points}.values())


def _key(row: Row) -> dict[str, str]:
    return {"queue": row.queue, "channel": row.channel}
