"""The next minutes: against the long run, against a simulated floor with its peaks and staff changes, at the edges."""

from __future__ import annotations

import random
from statistics import pstdev

import pytest

from streams.staffing.erlang import Demand
from streams.staffing.forecast import Counted, Forecast, forecast, p_window_below, plan
from streams.staffing.now import now
from streams.staffing.required import Goal, step_of
from streams.staffing.transient import Stage
from tests.staffing_floor import Visit, exponential, mean_and_error, poisson_times, serve

GOAL = Goal(0.8, 20, 5)
DEMAND = Demand(0.075, 240, 200)


def test_in_the_end_the_forecast_is_the_long_run() -> None:
    found = forecast([Stage(9_000, DEMAND, 20), Stage(1_800, DEMAND, 20)], GOAL, busy=0)

    late_in_time = found[1].in_time - found[0].in_time
    late_counted = found[1].counted - found[0].counted
    assert late_in_time / late_counted == pytest.approx(step_of(DEMAND, 20, GOAL).service_level, abs=1e-6)


def test_stages_of_one_kind_may_be_cut_anywhere() -> None:
    whole = forecast([Stage(900, DEMAND, 20)], GOAL, busy=20, waited=[5.0, 1.0])[-1]
    cut = forecast([Stage(250, DEMAND, 20), Stage(650, DEMAND, 20)], GOAL, busy=20, waited=[5.0, 1.0])[-1]

    assert cut == pytest.approx(whole, rel=1e-6)


def counts(visits: list[Visit], until: float) -> tuple[float, float, float]:
    """Answered in time, counted (all but short abandons of those not there at the start), and given up."""
    seen = [v for v in visits if v.arrived < until]
    in_time = sum(v.answered and v.wait <= 20 for v in seen)
    short = sum(not v.answered and v.wait < 5 and v.arrived > 0 for v in seen)
    return in_time, len(seen) - short, sum(not v.answered for v in seen)


@pytest.mark.parametrize("waiting", [0, 6])
def test_the_forecast_is_the_mean_and_the_spread_of_a_simulated_floor(waiting: int) -> None:
    rng = random.Random(5)
    busy = 20 if waiting else 12
    measured = []
    for _ in range(1_000):
        arrivals = poisson_times(rng, [(900, 0.1), (300, 0.1)])  # the second: somebody to wait behind
        visits = serve(
            rng, arrivals, exponential(240), exponential(200), [(0, 20)], busy=busy, waiting=waiting
        )  # fmt: skip
        measured.append(counts(visits, 900))

    found = forecast([Stage(900, Demand(0.1, 240, 200), 20)], GOAL, busy=busy, waited=[0.0] * waiting)[0]

    level = sum(m[0] for m in measured) / sum(m[1] for m in measured)
    of_mean = [mean_and_error(values) for values in zip(*measured, strict=True)]
    assert found.in_time == pytest.approx(of_mean[0][0], abs=3.5 * of_mean[0][1])
    assert found.counted == pytest.approx(of_mean[1][0], abs=3.5 * of_mean[1][1])
    assert found.abandonment_ratio is not None
    assert found.abandonment_ratio * found.counted == pytest.approx(of_mean[2][0], abs=3.5 * of_mean[2][1])
    spread = pstdev([m[0] - level * m[1] for m in measured])
    assert found.error * found.counted == pytest.approx(spread, rel=0.1)


def test_the_service_level_is_the_mean_of_days_that_differ_and_not_that_of_their_contacts_together() -> None:
    rng = random.Random(11)
    measured = []
    for n in range(1_500):
        rate = 5 / 240 * (0.85 if n % 2 else 1.15)
        visits = serve(
            rng, poisson_times(rng, [(900, rate), (300, 0.1)]), exponential(240), exponential(200), [(0, 6)], busy=5
        )  # fmt: skip
        measured.append(counts(visits, 900))
    mean, error = mean_and_error([in_time / counted for in_time, counted, _ in measured])
    together = sum(m[0] for m in measured) / sum(m[1] for m in measured)

    found = forecast([Stage(900, Demand(5 / 240, 240, 200), 6)], GOAL, busy=5, uncertainty=0.15)[0]

    assert together < mean - 4 * error
    assert found.service_level == pytest.approx(mean, abs=3 * error)


def test_peaks_and_staff_changes_are_followed() -> None:
    rng = random.Random(6)
    stages = [Stage(600, Demand(0.1, 240, 200), 18), Stage(900, Demand(0.05, 240, 200), 22)]
    measured = []
    for _ in range(1_000):
        arrivals = poisson_times(rng, [(600, 0.1), (900, 0.05), (300, 0.05)])
        visits = serve(rng, arrivals, exponential(240), exponential(200), [(0, 18), (600, 22)], busy=18)
        measured.append(counts(visits, 1_500))

    found = forecast(stages, GOAL, busy=18)

    mean, error = mean_and_error([m[0] for m in measured])
    assert [f.seconds for f in found] == [600, 1_500]
    # An arrival just before the change is judged by the agents there were: a contact in a hundred at the most.
    assert found[1].in_time == pytest.approx(mean, abs=3.5 * error + 0.01 * mean)
    assert found[1].waiting < found[0].waiting


def test_the_band_holds_the_outcome_in_about_eight_of_ten_cases() -> None:
    rng = random.Random(8)
    found = forecast([Stage(900, DEMAND, 20)], GOAL, busy=18, uncertainty=0.0)[0]
    assert found.low is not None
    assert found.high is not None
    inside = below = 0
    for _ in range(1_000):
        arrivals = poisson_times(rng, [(1_200, 0.075)])
        in_time, counted, _ = counts(
            serve(rng, arrivals, exponential(240), exponential(200), [(0, 20)], busy=18), 900
        )  # fmt: skip
        inside += found.low <= in_time / counted <= found.high
        below += in_time / counted < 0.8

    assert 0.72 < inside / 1_000 < 0.9
    assert found.p_below == pytest.approx(below / 1_000, abs=0.06)


def test_an_uncertain_demand_widens_the_band() -> None:
    sure = forecast([Stage(900, DEMAND, 20)], GOAL, busy=18)[0]
    unsure = forecast([Stage(900, DEMAND, 20)], GOAL, busy=18, uncertainty=0.15)[0]

    assert width(unsure) > 1.1 * width(sure)


def width(one: Forecast) -> float:
    assert one.low is not None
    assert one.high is not None
    return one.high - one.low


def test_who_waits_already_counts_and_past_the_threshold_is_lost() -> None:
    quiet = Demand(0.0, 240, 200)

    found = forecast([Stage(900, quiet, 10)], GOAL, busy=10, waited=[30.0, 25.0])[0]
    nothing = forecast([Stage(900, quiet, 10)], GOAL, busy=3)[0]

    assert (found.counted, found.in_time, found.service_level) == (2.0, 0.0, 0.0)
    assert nothing.service_level is None
    assert nothing.p_below is None
    assert forecast([], GOAL, busy=3) == []


def test_a_window_is_the_past_and_the_forecast_together() -> None:
    coming = forecast([Stage(300, DEMAND, 20)], GOAL, busy=20, waited=[10.0, 8.0])[0]

    good, bad = p_window_below(Counted(60, 60), coming, GOAL), p_window_below(Counted(30, 60), coming, GOAL)

    assert good is not None
    assert bad is not None
    assert good < 0.2 < 0.95 < bad
    quiet = forecast([Stage(300, Demand(0.0, 240, 200), 20)], GOAL, busy=0)[0]
    assert p_window_below(Counted(0, 0), quiet, GOAL) is None
    assert p_window_below(Counted(7, 10), quiet, GOAL) == 1.0
    assert p_window_below(Counted(8, 10), quiet, GOAL) == 0.0


def test_who_still_waits_when_a_window_ends_is_no_part_of_it() -> None:
    coming = forecast([Stage(60, Demand(0.5, 240, 1_000), 2)], GOAL, busy=2)[0]
    assert coming.waiting > 25

    gone = p_window_below(Counted(10, 10), coming, GOAL)
    cohort = p_window_below(Counted(10, 10), coming._replace(waiting=0.0), GOAL)

    assert gone is not None
    assert cohort is not None
    assert gone < 0.5 < 0.99 < cohort


def test_a_plan_names_the_gap_of_every_interval() -> None:
    rows = plan([Stage(900, DEMAND, 20), Stage(900, Demand(0.1, 240, 200), 20)], GOAL)

    assert [row.required.agents for row in rows] == [21, 27]
    assert [row.gap for row in rows] == [-1, -7]


def test_now_answers_all_a_planner_asks() -> None:
    found = now(DEMAND, 19.5, GOAL, waited=[12.0, 3.0], last_answered_wait_seconds=15.0)

    assert (found.required.agents, found.staffed, found.gap) == (21, 19.5, -1.5)
    assert step_of(DEMAND, 19, GOAL).service_level < found.predicted.service_level < found.required.service_level
    assert (found.head_of_line_seconds, found.last_answered_wait_seconds) == (12.0, 15.0)
    assert len(found.outlooks) == 2
    assert found.expected_wait_seconds is not None
    assert found.expected_wait_seconds > 0
    assert now(DEMAND, 0.0, GOAL).expected_wait_seconds is None
