"""The families of the weighted model, of teams and of the backlog's load, for ``/metrics/floor``.

A snapshot enters, families leave.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.backlog import load
from streams.exposition.families import Family, gauge
from streams.scores import TEAM_KPIS, scores
from streams.snapshot import Snapshot


def team_families(snapshot: Snapshot) -> Iterator[Family]:
    """``team_<kpi>``: what customers and reviewers said of the agents of each configured team."""
    cells = [
        ({"team": team, "window": window}, of.counts)
        for team, windows in snapshot.teams.items()
        for window, of in windows.items()
    ]
    for kpi in TEAM_KPIS:
        yield gauge(f"team_{kpi.name}", f"Of a team's agents. {kpi.formula}", [(k, kpi.function(c)) for k, c in cells])


def load_families(snapshot: Snapshot) -> Iterator[Family]:
    """What the open conversations amount to."""
    rows = [
        ({"queue": row.queue, "channel": row.channel}, load(row.backlog.open, row.windows.values(), snapshot.now))
        for row in (*snapshot.rows, snapshot.floor)
        if row.backlog is not None
    ]
    help_ = "Work in the open conversations: open x mean handle time. Absent where no handling is measured."
    work = [(key, None if (hours := found.work_hours) is None else hours * 3_600) for key, found in rows]
    yield gauge("backlog_work_seconds", help_, work)
    help_ = "How long until the open conversations are resolved at the pace of the longest window that has resolutions."
    clear = [(key, None if (days := found.days_to_clear) is None else days * 86_400) for key, found in rows]
    yield gauge("backlog_clearing_seconds", help_, clear)


def score_families(snapshot: Snapshot) -> Iterator[Family]:
    """The floor's score (``team=""``) and each team's, what each KPI brought to it, and what was left out."""
    found = scores(snapshot)
    if found is None:
        return
    rows = [
        ({"team": team, "window": window}, score)
        for team, by_window in {"": found.floor, **found.teams}.items()
        for window, score in by_window.items()
    ]
    help_ = "The weighted score: 1 when all KPIs are on target. Absent when none has data."
    yield gauge("weighted_score", help_, [(labels, score.score) for labels, score in rows])
    help_ = "What a KPI brings to the score: its share of the weight x its value against its target."
    points = [({**labels, "kpi": part.kpi}, part.points) for labels, score in rows for part in score.parts]
    yield gauge("weighted_points", help_, points)
    help_ = "A KPI's value against its target: 1 is on target, above is better, up to the cap."
    reached = [({**labels, "kpi": part.kpi}, part.attainment) for labels, score in rows for part in score.parts]
    yield gauge("weighted_attainment", help_, reached)
    help_ = "1: the KPI has no data, and its weight is shared among the others."
    left_out = [({**labels, "kpi": name}, 1.0) for labels, score in rows for name in score.left_out]
    yield gauge("weighted_left_out", help_, left_out)
