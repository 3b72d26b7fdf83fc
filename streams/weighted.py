"""The weighted KPI model: values of KPIs, their weights and targets enter, one score with all its parts leaves.

Each KPI is set against its target: 1 is on target, above is better, below is worse, whichever way the KPI runs. The
score is the mean of these by weight, so exceeding in one makes up for another, up to the cap of each. A KPI without
data is left out and its weight shared among the others in proportion, and the score says so: nothing is made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import fsum

from msgspec import Struct

from streams import kpis
from streams.measures.formulas import REGISTRY as COMPOSED
from streams.measures.inputs import GIVEN
from streams.settings import Settings, Weight
from streams.settings.values import Problem, did_you_mean


class Part(Struct, frozen=True):
    """What one KPI brings to a score.

    ``attainment`` is the value against the target, from 0 to the cap. ``share`` is the part of the score it decides,
    from 0 to 1: its weight among those that have data. ``points`` = share x attainment; the score is their sum.
    """

    kpi: str
    value: float
    target: float
    better: str
    attainment: float
    weight: float
    share: float
    points: float


class Score(Struct, frozen=True):
    """A weighted score: 1 when every KPI is on target; None when no KPI has data, or no weights are configured.

    ``left_out`` names the KPIs without data, whose weight the others share.
    """

    score: float | None
    parts: tuple[Part, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What to say beside the score; "" when every KPI has data."""
        if not self.left_out:
            return ""
        names = ", ".join(self.left_out)
        return f"no data for {names}: left out" + (", weight shared among the others" if self.parts else "")


def attainment(value: float, rule: Weight) -> float:
    """A value against its target, from 0 to the cap; 1 is on target.

    Higher is better: value / target, and 0 below 0. Lower is better: target / value, and the cap at 0 or below.
    """
    if rule.better == "higher":
        return min(max(value, 0.0) / rule.target, rule.cap)
    return min(rule.target / value, rule.cap) if value > 0 else rule.cap


def score(weights: Mapping[str, Weight], values: Mapping[str, float | None]) -> Score:
    """Sum of weight x attainment / sum of weights, over the KPIs that have data, in the order of the configuration.

    ``values`` are those of one period of the floor or of a team, by KPI name; None or absent is no data.
    """
    known = [(name, rule, value) for name, rule in weights.items() if (value := values.get(name)) is not None]
    whole = fsum(rule.weight for _, rule, _ in known)
    parts = []
    for name, rule, value in known:
        reached, share = attainment(value, rule), rule.weight / whole
        parts.append(Part(name, value, rule.target, rule.better, reached, rule.weight, share, share * reached))
    left_out = tuple(name for name in weights if values.get(name) is None)
    return Score(fsum(part.points for part in parts) if parts else None, tuple(parts), left_out)


def floor_score(settings: Settings, values: Mapping[str, float | None]) -> Score:
    """The floor's score from the floor's own values (not the mean of its teams' scores)."""
    return score(settings.weights, values)


def team_scores(settings: Settings, values: Mapping[str, Mapping[str, float | None]]) -> dict[str, Score]:
    """Each team's score from its own values, by its own model if it has one, else by the floor's.

    A team with a model and no values is there too, without a score.
    """
    teams = dict.fromkeys((*values, *settings.team_weights))
    return {team: score(settings.team_weights.get(team, settings.weights), values.get(team, {})) for team in teams}


def known_kpis() -> list[str]:
    """The names a weight may have: KPIs of windows, ``service_level``, composed KPIs and figures as given."""
    return ["service_level", *(kpi.name for kpi in kpis.REGISTRY), *(kpi.name for kpi in COMPOSED), *GIVEN]


def unknown_kpis(settings: Settings, known: Iterable[str]) -> list[Problem]:
    """A problem for each weight whose KPI nobody computes: its score would leave it out for ever."""
    names = sorted(known)
    keys = [(f"weights.{name}", name) for name in settings.weights]
    keys += [(f"team_weights.{team}.{name}", name) for team, model in settings.team_weights.items() for name in model]
    return [
        Problem(key, "a KPI nobody computes", "the name of a KPI", did_you_mean(name, names, "Remove it."))
        for key, name in keys
        if name not in names
    ]
