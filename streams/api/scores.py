"""``weighted`` of ``/api/floor``: the weighted model's scores of a snapshot enter, plain values leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.scores import TEAM_KPIS, scores
from streams.snapshot import Snapshot
from streams.view import Window
from streams.weighted import Score


def weighted(snapshot: Snapshot) -> dict[str, Any] | None:
    """The floor's scores and each team's, by window, with all their parts; None when no weights are configured."""
    found = scores(snapshot)
    if found is None:
        return None
    return {
        "floor": _by_window(found.floor),
        "teams": [{"team": name, "windows": _by_window(of)} for name, of in found.teams.items()],
    }


def team_row(name: str, windows: Mapping[str, Window]) -> dict[str, Any]:
    """What customers and reviewers said of a team's agents, by window: the number of answers, and the KPIs of them."""
    return {
        "team": name,
        "windows": {
            window: {
                "start_ms": of.span.start,
                "end_ms": of.span.end,
                "told": dict(sorted(of.counts.told.items())),
                "kpis": {kpi.name: kpi.function(of.counts) for kpi in TEAM_KPIS},
            }
            for window, of in windows.items()
        },
    }


def _by_window(of: Mapping[str, Score]) -> dict[str, Any]:
    return {window: {**msgspec.to_builtins(score), "note": score.note} for window, score in of.items()}
