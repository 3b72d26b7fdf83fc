"""The families of the weighted model, for ``/metrics/floor``. A snapshot enters, families leave."""

from __future__ import annotations

from collections.abc import Iterator

from streams.exposition.families import Family, gauge
from streams.scores import scores
from streams.snapshot import Snapshot


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
