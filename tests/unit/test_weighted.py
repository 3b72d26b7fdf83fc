"""The weighted model: on target is 1, exceeding in one makes up for another, what has no data is left out and named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.settings import Settings, Weight, from_raw
from streams.weighted import Score, attainment, floor_score, score, team_scores, unknown_kpis

MODEL = {
    "service_level": Weight(weight=50.0, target=0.8),
    "aht_seconds": Weight(weight=30.0, target=300.0, better="lower"),
    "csat_ratio": Weight(weight=20.0, target=0.9),
}
ON_TARGET = {"service_level": 0.8, "aht_seconds": 300.0, "csat_ratio": 0.9}


def test_on_target_in_everything_is_one() -> None:
    assert score(MODEL, ON_TARGET).score == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "better", "reached"),
    [
        (80.0, "higher", 0.8), (100.0, "higher", 1.0), (110.0, "higher", 1.1), (150.0, "higher", 1.2),
        (0.0, "higher", 0.0), (-40.0, "higher", 0.0),
        (125.0, "lower", 0.8), (100.0, "lower", 1.0), (200.0, "lower", 0.5), (50.0, "lower", 1.2), (0.0, "lower", 1.2),
        (-1.0, "lower", 1.2),
    ],
)  # fmt: skip
def test_a_value_is_set_against_its_target_whichever_way_it_runs(value: float, better: str, reached: float) -> None:
    rule = Weight(weight=1.0, target=100.0, better="higher" if better == "higher" else "lower", cap=1.2)

    assert attainment(value, rule) == pytest.approx(reached)


def test_exceeding_in_one_makes_up_for_another() -> None:
    found = score(MODEL, {"service_level": 0.72, "aht_seconds": 250.0, "csat_ratio": 0.9})

    assert found.score == pytest.approx(0.5 * 0.9 + 0.3 * 1.2 + 0.2 * 1.0)
    assert found.score is not None
    assert found.score > 1.0


def test_no_more_than_the_cap_is_credited() -> None:
    found = score(MODEL, {**ON_TARGET, "aht_seconds": 1.0})

    assert found.score == pytest.approx(0.5 + 0.3 * 1.2 + 0.2)


def test_a_kpi_without_data_is_left_out_its_weight_shared_and_said_so() -> None:
    found = score(MODEL, {"service_level": 0.4, "aht_seconds": 300.0, "csat_ratio": None})

    assert found.score == pytest.approx((50 * 0.5 + 30 * 1.0) / 80)
    assert [(part.kpi, part.weight, part.share) for part in found.parts] == [
        ("service_level", 50.0, 0.625),
        ("aht_seconds", 30.0, 0.375),
    ]
    assert found.left_out == ("csat_ratio",)
    assert found.note == "no data for csat_ratio: left out, weight shared among the others"


def test_without_any_data_there_is_no_score() -> None:
    found = score(MODEL, {})

    assert (found.score, found.parts) == (None, ())
    assert found.note == "no data for service_level, aht_seconds, csat_ratio: left out"


def test_without_weights_there_is_no_score() -> None:
    assert score({}, ON_TARGET) == Score(None)


def test_a_team_has_its_own_model_or_the_floor_s() -> None:
    configured = from_raw(
        {
            "weights": {"service_level": {"weight": 1, "target": 0.8}},
            "team_weights": {"sales": {"conversion_ratio": {"weight": 1, "target": 0.1}}, "night": {}},
        },
        {},
    )

    teams = team_scores(configured, {"support": {"service_level": 0.6}, "sales": {"conversion_ratio": 0.11}})

    assert floor_score(configured, {"service_level": 0.4}).score == 0.5
    assert {team: found.score and round(found.score, 9) for team, found in teams.items()} == {
        "support": 0.75, "sales": 1.1, "night": None,
    }  # fmt: skip


def test_a_weight_for_a_kpi_nobody_computes_is_a_problem() -> None:
    weight = {"weight": 1, "target": 1}
    configured = from_raw({"weights": {"aht": weight, "nps": weight}, "team_weights": {"a": {"npss": weight}}}, {})

    found = unknown_kpis(configured, ["aht_seconds", "nps"])

    assert [(problem.key, problem.mend) for problem in found] == [
        ("weights.aht", "Remove it."),
        ("team_weights.a.npss", 'Did you mean "nps"?'),
    ]
    assert unknown_kpis(Settings(), []) == []


rules = st.builds(
    Weight,
    weight=st.floats(0.01, 1_000.0),
    target=st.floats(0.001, 1e6),
    better=st.sampled_from(("higher", "lower")),
    cap=st.floats(1.0, 10.0),
)
models = st.dictionaries(st.sampled_from("abcdef"), rules, min_size=1)
values = st.dictionaries(st.sampled_from("abcdef"), st.one_of(st.none(), st.floats(-1e6, 1e6)))


@settings(deadline=None)
@given(models, values)
def test_a_score_lies_between_its_worst_and_its_best_part(
    model: dict[str, Weight], of: dict[str, float | None]
) -> None:
    found = score(model, of)

    if found.score is None:
        assert found.parts == ()
        return
    reached = [part.attainment for part in found.parts]
    assert min(reached) - 1e-9 <= found.score <= max(reached) + 1e-9
    assert sum(part.share for part in found.parts) == pytest.approx(1.0)
    assert {part.kpi for part in found.parts} | set(found.left_out) == set(model)


@settings(deadline=None)
@given(models, values)
def test_a_kpi_without_data_is_as_one_that_is_not_in_the_model(
    model: dict[str, Weight], of: dict[str, float | None]
) -> None:
    known = {name: rule for name, rule in model.items() if of.get(name) is not None}

    assert score(model, of).score == score(known, of).score


@settings(deadline=None)
@given(rules, st.floats(-1e6, 1e6), st.floats(0.0, 1e6))
def test_a_better_value_never_scores_less(rule: Weight, value: float, more: float) -> None:
    better = value + more if rule.better == "higher" else value - more

    assert attainment(better, rule) >= attainment(value, rule)
    assert 0.0 <= attainment(value, rule) <= rule.cap
