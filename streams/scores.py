"""The weighted model over a snapshot: its KPIs and the numbers from outside enter, scores by window leave.

The floor is judged by its own numbers. A team is a group of queues, a team of agents, or a name that numbers from
outside are about; its values are those of the group's queues, what was said of the agents, and the records about it.
Composed KPIs have no windows: in each stands the latest period that has a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from streams import kpis
from streams.measures.book import WHOLE_FLOOR, Labels
from streams.measures.latest import latest
from streams.measures.period import parse
from streams.slices import day_of
from streams.snapshot import Row, Snapshot
from streams.weighted import Score, floor_score, team_scores

SERVICE_LEVEL: Final = "service_level"
"""The service level by the preset in force; all other KPIs bear the names they have everywhere."""


TEAM_KPIS: Final = tuple(
    kpi
    for kpi in kpis.REGISTRY
    if kpi.name in (
        "csat_ratio", "csat_score", "nps", "agent_nps", "ces_score", "emotion_score", "qa_score_ratio",
        "peer_score_ratio",
    )
)  # fmt: skip
"""What is known of a team of agents from what was said about them."""


class Scores(Struct, frozen=True):
    """Scores by window: of the floor, and of each team by its name."""

    floor: Mapping[str, Score]
    teams: Mapping[str, Mapping[str, Score]]


def scores(snapshot: Snapshot) -> Scores | None:
    """Every score; None when no weights are configured."""
    settings = snapshot.settings
    if not settings.weights and not settings.team_weights:
        return None
    composed = _composed(snapshot, WHOLE_FLOOR)
    groups = {row.queue: row for row in snapshot.groups}
    names = dict.fromkeys((*groups, *settings.teams, *settings.team_weights))
    of_teams = {name: _composed(snapshot, Labels(team=name)) for name in names}
    floor, teams = {}, {name: dict[str, Score]() for name in names}
    for window in settings.windows:
        floor[window] = floor_score(settings, {**composed, **values(snapshot.floor, window)})
        known = {
            name: {
                **of_teams[name],
                **(values(groups[name], window) if name in groups else {}),
                **_said(snapshot, name, window),
            }
            for name in names
        }
        for name, score in team_scores(settings, known).items():
            teams[name][window] = score
    return Scores(floor, teams)


def values(row: Row, window: str) -> dict[str, float | None]:
    """Every KPI of a row in a window that has a value, by name; those without are left out."""
    if window not in row.windows:
        return {}
    counts = row.windows[window].counts
    found = {kpi.name: kpi.function(counts) for kpi in kpis.REGISTRY}
    found[SERVICE_LEVEL] = kpis.PRESETS[row.rule.preset](counts)
    return {name: value for name, value in found.items() if value is not None}


def _said(snapshot: Snapshot, team: str, window: str) -> dict[str, float | None]:
    """What was said of a team's agents, where anything was."""
    windows = snapshot.teams.get(team, {})
    if window not in windows:
        return {}
    found = {kpi.name: kpi.function(windows[window].counts) for kpi in TEAM_KPIS}
    return {name: value for name, value in found.items() if value is not None}


def _composed(snapshot: Snapshot, labels: Labels) -> dict[str, float | None]:
    """What is made of the numbers from outside: of each KPI the period that ended last, the shorter of two."""
    given, settings = snapshot.given, snapshot.settings
    if not given.complete:
        return {}
    found = latest(given.book, given.own, day_of(snapshot.now, ZoneInfo(settings.measures.timezone)), labels)
    found.sort(key=lambda outcome: (parse(outcome.period).end, -parse(outcome.period).days))
    return {outcome.name: outcome.value for outcome in found}
