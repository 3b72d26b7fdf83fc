"""The families of ``/metrics/floor``: ratios, means and quantiles. A snapshot enters, families leave.

They don't add up over workers, and each worker has those of the whole floor. While a partition is missing there are
none: ``contactcenter_floor_partitions_missing`` says how many. What has no value has no sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from streams import __version__, kpis
from streams.core import CORE
from streams.exposition.families import Family, gauge
from streams.exposition.measures import measure_families
from streams.exposition.scores import load_families, score_families, team_families
from streams.exposition.staffing import ahead_families, now_families
from streams.kpis.judge import live_states, window_states
from streams.planning.ahead import Ahead
from streams.snapshot import Row, Snapshot
from streams.view import Key


def floor_families(snapshot: Snapshot, forecasts: Mapping[Key, Ahead] = MappingProxyType({})) -> list[Family]:
    """Every KPI of every queue and window, and of the floor as one (``queue="ALL"``); and what is foreseen.

    While a partition is missing: only that, and what is known of the sources.
    """
    found = _about(snapshot) if snapshot.missing else every_family(snapshot, forecasts)
    return [family for family in found if family.points]


def every_family(snapshot: Snapshot, forecasts: Mapping[Key, Ahead] = MappingProxyType({})) -> list[Family]:
    """The same with the families that have no sample now."""
    rows = [*snapshot.rows, snapshot.floor]
    found = [*_about(snapshot), *_live(rows, snapshot.now), *_windows(rows), _states(rows, snapshot.now)]
    found += [*now_families(rows, snapshot.now), *ahead_families(forecasts, snapshot.now)]
    found += [*measure_families(snapshot), *score_families(snapshot)]
    return [*found, *team_families(snapshot), *load_families(snapshot)]


def _about(snapshot: Snapshot) -> Iterator[Family]:
    yield gauge(
        "build_info", "The version that runs, and what its core runs as.", [({"version": __version__, "core": CORE}, 1)]
    )
    help_ = "Hash of everything in the configuration that changes a number's meaning."
    yield gauge("config_info", help_, [({"hash": snapshot.settings.hash}, 1)])
    help_ = "Partitions whose numbers are not in here; above 0 this is a part of the floor."
    yield gauge("floor_partitions_missing", help_, [({}, len(snapshot.missing))])
    help_ = "The moment everything is as of: the wall clock, or the stream's watermark."
    yield gauge("as_of_timestamp_seconds", help_, [({}, snapshot.now / 1000)])
    help_ = "How long ago a source was last heard of."
    stale = [({"source": name}, snapshot.staleness_seconds(name)) for name in sorted(snapshot.sources)]
    yield gauge("source_staleness_seconds", help_, stale)
    help_ = "How far a source is behind the one that is furthest on, by their own clocks."
    lags = [({"source": name}, snapshot.lag_seconds(name)) for name in sorted(snapshot.trust)]
    yield gauge("source_watermark_lag_seconds", help_, lags)
    verdicts = [(_key(row), snapshot.verdict(row)) for row in [*snapshot.rows, snapshot.floor]]
    help_ = "1: every source that feeds the queue is silent; the queue is not quiet, its numbers are old."
    yield gauge("queue_stale", help_, [(key, float(verdict.stale)) for key, verdict in verdicts])
    help_ = "1: a source that feeds the queue is silent or cut off; some of its contacts are not in the numbers."
    yield gauge("queue_incomplete", help_, [(key, float(verdict.incomplete)) for key, verdict in verdicts])


def _live(rows: list[Row], now: int) -> Iterator[Family]:
    yield gauge("queue_length", "Visits waiting now.", [(_key(r), r.live.waiting) for r in rows])
    help_ = "How long the longest waiter has waited, callbacks aside; 0 when nobody waits."
    yield gauge("oldest_wait_seconds", help_, [(_key(r), r.live.oldest_wait_seconds(now)) for r in rows])
    help_ = "What somebody who arrives now may expect: (waiting + 1) * AHT / agents. Absent when nobody serves."
    yield gauge("expected_wait_seconds", help_, [(_key(r), r.expected_wait_seconds()) for r in rows])
    shares = [(_key(r), r.staff.available) for r in rows if r.channel]
    yield gauge("agents_available_share", "Agents available; one who serves three queues is a third in each.", shares)
    help_ = "Contacts the serving agents can have at once; in every queue they serve: don't add queues."
    yield gauge("slots", help_, [(_key(r), r.slots.total) for r in rows])
    help_ = "Contacts those agents have in hand, of any queue, up to what they can have."
    yield gauge("slots_in_use", help_, [(_key(r), r.slots.in_use) for r in rows])
    help_ = "slots_in_use / slots now; absent when nobody serves."
    yield gauge("slot_occupancy_ratio", help_, [(_key(r), r.slots.occupancy_ratio) for r in rows])
    help_ = "1: nobody serves the queue, so there is no expected wait."
    yield gauge("no_agents", help_, [(_key(r), float(r.serving == 0)) for r in rows])


def _windows(rows: list[Row]) -> Iterator[Family]:
    cells = [({**_key(r), "window": name}, w.counts) for r in rows for name, w in r.windows.items()]
    for kpi in kpis.REGISTRY:
        yield gauge(kpi.name, kpi.formula, [(labels, kpi.function(counts)) for labels, counts in cells])
    formulas = " ".join(f"{name}: {' '.join((f.__doc__ or '').split())}" for name, f in kpis.PRESETS.items())
    levels = [
        ({**labels, "preset": preset}, level)
        for labels, counts in cells
        for preset, level in kpis.service_levels(counts).items()
    ]
    yield gauge("service_level_ratio", f"The service level by every preset. {formulas}", levels)


def _states(rows: list[Row], now: int) -> Family:
    points = []
    for row in rows:
        named = {"now": live_states(row, now), **{name: window_states(row.rule, w) for name, w in row.windows.items()}}
        for window, states in named.items():
            for kpi, state in states.items():
                points.append(({**_key(row), "window": window, "kpi": kpi, "state": state}, 1.0))
    help_ = "1 for the state each KPI with a target is in: fine, at_risk, breach, or none without a value."
    return gauge("kpi_state", help_, points)


def _key(row: Row) -> dict[str, str]:
    return {"queue": row.queue, "channel": row.channel}
