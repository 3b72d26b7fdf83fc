"""Erlang B, C and A: published values, extremes, and a floor simulated event by event."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.staffing.erlang import Demand, Overload, Steady, erlang_b, erlang_c, steady
from tests.staffing_floor import Visit, exponential, mean_and_error, poisson_times, serve

SIX_DIGITS = 5e-7


def of(demand: Demand, agents: int) -> Steady:
    state = steady(demand, agents)
    assert isinstance(state, Steady)
    return state


def test_erlang_b_equals_every_published_value(shared_data: Callable[[str], Path]) -> None:
    rows = json.loads(shared_data("erlang.json").read_bytes())["erlang_b"]

    assert len(rows) == 5
    for row in rows:
        assert erlang_b(row["A"], row["N"]) == pytest.approx(row["B"], rel=SIX_DIGITS)


def test_erlang_c_equals_every_published_value(shared_data: Callable[[str], Path]) -> None:
    rows = json.loads(shared_data("erlang.json").read_bytes())["erlang_c"]

    assert len(rows) == 14
    for row in rows:
        assert erlang_c(row["A"], row["N"]) == pytest.approx(row["Pw"], rel=SIX_DIGITS)
        assert of(Demand(row["A"] / 180, 180), row["N"]).wait_ratio == pytest.approx(row["Pw"], rel=SIX_DIGITS)


def test_service_level_and_asa_equal_every_published_value(shared_data: Callable[[str], Path]) -> None:
    rows = json.loads(shared_data("erlang.json").read_bytes())["service_level"]

    assert len(rows) == 18
    for row in rows:
        state = of(Demand(row["calls"] / row["interval_s"], row["aht_s"]), row["N"])
        assert state.service_level(row["T"]) == pytest.approx(row["SL"], rel=SIX_DIGITS)
        assert state.asa_seconds == pytest.approx(row["ASA_s"], rel=SIX_DIGITS)


def test_erlang_a_equals_every_published_value(shared_data: Callable[[str], Path]) -> None:
    rows = json.loads(shared_data("erlang.json").read_bytes())["erlang_a"]

    assert len(rows) == 1
    for row in rows:
        state = of(Demand(row["lambda_per_min"] / 60, row["aht_s"], row["patience_s"]), row["N"])
        assert state.wait_ratio == pytest.approx(row["p_wait"], rel=SIX_DIGITS)
        assert state.abandonment_ratio == pytest.approx(row["p_abandon"], rel=SIX_DIGITS)
        assert state.occupancy_ratio == pytest.approx(row["occupancy"], rel=SIX_DIGITS)
        assert state.wait_seconds == pytest.approx(row["mean_wait_all_s"], rel=SIX_DIGITS)
        assert state.asa_seconds == pytest.approx(row["mean_wait_served_s"], rel=SIX_DIGITS)
        expected = row["sl_served_within_T_over_offered"]
        assert state.answered_within(row["T"]) == pytest.approx(expected, rel=SIX_DIGITS)


def test_the_textbook_values_hold_without_the_shared_data() -> None:
    assert erlang_b(10, 10) == pytest.approx(0.21458234, abs=1e-8)
    assert erlang_c(10, 12) == pytest.approx(0.44938824, abs=1e-7)
    assert of(Demand(100 / 1800, 180), 14).service_level(20) == pytest.approx(0.88835, abs=1e-5)


def test_more_work_than_agents_without_patience_is_an_overload_that_names_the_least_agents() -> None:
    assert steady(Demand(0.1, 100), 10) == Overload(load=10.0, agents=10)
    assert erlang_c(10.4, 10) == Overload(10.4, 10)
    assert Overload(10.0, 10).least_agents == 11
    assert Overload(10.4, 10).least_agents == 11


def test_above_capacity_with_patience_those_too_many_give_up() -> None:
    state = of(Demand(2.0, 100, 60), 100)

    assert state.occupancy_ratio == pytest.approx(1.0, abs=1e-3)
    assert state.abandonment_ratio == pytest.approx(0.5, abs=2e-3)


def test_with_endless_patience_erlang_a_becomes_erlang_c() -> None:
    patient, endless = of(Demand(0.05, 180, 1e9), 12), of(Demand(0.05, 180), 12)

    assert patient.wait_ratio == pytest.approx(endless.wait_ratio, rel=1e-3)
    assert patient.service_level(20) == pytest.approx(endless.service_level(20), rel=1e-3)
    assert patient.asa_seconds == pytest.approx(endless.asa_seconds, rel=2e-3)


def test_thousands_of_agents_and_heavy_overload_neither_overflow_nor_lose_contacts() -> None:
    for agents in (1, 50, 1_000, 8_000):
        for pressure in (0.5, 0.99, 1.0, 1.01, 3.0):
            for patience in (1.0, 200.0, 86_400.0, 1e12):
                state = of(Demand(agents * pressure / 300, 300, patience), agents)
                answered = state.answered_within(1e9)
                assert answered + state.abandonment_ratio == pytest.approx(1.0, abs=1e-6)
                assert state.wait_seconds >= 0


def test_without_arrivals_nobody_waits_and_without_agents_everybody_gives_up() -> None:
    quiet, nobody = of(Demand(0.0, 300, 60), 0), of(Demand(0.1, 300, 60), 0)

    assert (quiet.service_level(20), quiet.abandonment_ratio, quiet.occupancy_ratio) == (1.0, 0.0, 0.0)
    assert (nobody.service_level(20), nobody.abandonment_ratio, nobody.wait_seconds) == (0.0, 1.0, 60.0)
    assert nobody.asa_seconds is None


def test_short_abandons_leave_the_base_of_the_service_level() -> None:
    state = of(Demand(0.1, 240, 60), 20)
    short = state.abandoned_within(5)

    assert 0 < short < state.abandonment_ratio
    assert state.service_level(20, 5) == pytest.approx(state.answered_within(20) / (1 - short), rel=1e-12)


@pytest.mark.parametrize(
    ("demand", "agents"),
    [(Demand(0.075, 240, 200), 20), (Demand(0.1, 240, 200), 20), (Demand(0.012, 240, 100), 3), (Demand(0.04, 240), 12)],
    ids=["within capacity", "above capacity", "three agents", "nobody gives up"],
)
def test_the_long_run_is_that_of_a_simulated_floor(demand: Demand, agents: int) -> None:
    rng = random.Random(20260302)
    patience = exponential(demand.patience_seconds or 1e12)
    measured: list[tuple[float, float, float, float]] = []
    for _ in range(20):
        arrivals = poisson_times(rng, [(24_000, demand.arrivals_per_second)])
        visits = [v for v in serve(rng, arrivals, exponential(240), patience, [(0, agents)]) if v.arrived > 4_000]
        measured.append(figures(visits))

    state = of(demand, agents)

    predicted = (
        state.service_level(20, 5), state.abandonment_ratio, state.wait_seconds, state.asa_seconds,
    )  # fmt: skip
    for values, figure in zip(zip(*measured, strict=True), predicted, strict=True):
        mean, error = mean_and_error(values)
        assert figure == pytest.approx(mean, abs=3.5 * error + 1e-9)


def figures(visits: list[Visit]) -> tuple[float, float, float, float]:
    """Service level (20 s, abandons under 5 s left out), abandonment, mean wait of all, and of the answered."""
    answered = [v.wait for v in visits if v.answered]
    short = sum(not v.answered and v.wait < 5 for v in visits)
    return (
        sum(wait <= 20 for wait in answered) / (len(visits) - short), 1 - len(answered) / len(visits),
        sum(v.wait for v in visits) / len(visits), sum(answered) / len(answered),
    )  # fmt: skip
