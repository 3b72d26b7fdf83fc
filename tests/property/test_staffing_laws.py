"""Laws of staffing: everything is bounded, more agents never hurt, more work never helps, and shares add up."""

from __future__ import annotations

from math import comb

from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.staffing.beta import Share, cdf
from streams.staffing.breach import answered_by, outlook, passed_by
from streams.staffing.erlang import Demand, Overload, Steady, erlang_b, erlang_c, steady
from streams.staffing.estimate import AT_WORK, rate, shares
from streams.staffing.forecast import forecast
from streams.staffing.required import Goal, required, step_of
from streams.staffing.transient import Stage

NEARLY = 1e-9
UNHURRIED = settings(deadline=None)  # some cases are a thousand times larger than others

rates = st.floats(1e-4, 5.0)
handling = st.floats(5.0, 2_000.0)
patience = st.floats(1.0, 1e6)
thresholds = st.floats(0.0, 600.0)
crews = st.integers(0, 400)
demands = st.builds(Demand, rates, handling, patience)
small = st.builds(Demand, st.floats(1e-3, 0.1), st.floats(30.0, 300.0), st.floats(10.0, 600.0))


@given(demands, crews, thresholds, thresholds)
@UNHURRIED
def test_everything_in_the_long_run_is_bounded(demand: Demand, agents: int, threshold: float, short: float) -> None:
    state = steady(demand, agents)

    assert isinstance(state, Steady)
    ratios = (
        state.wait_ratio, state.abandonment_ratio, state.occupancy_ratio, state.longer_than(threshold),
        state.answered_within(threshold), state.abandoned_within(threshold), state.service_level(threshold, short),
    )  # fmt: skip
    assert all(0 <= ratio <= 1 for ratio in ratios)
    assert state.wait_seconds >= 0
    assert state.abandonment_ratio <= state.wait_ratio + NEARLY
    assert state.answered_within(threshold) + state.abandonment_ratio <= 1 + 1e-7
    assert state.abandoned_within(threshold) <= state.abandonment_ratio + 1e-7


@given(demands, crews, thresholds)
@UNHURRIED
def test_one_more_agent_never_hurts(demand: Demand, agents: int, threshold: float) -> None:
    fewer, more = steady(demand, agents), steady(demand, agents + 1)

    assert isinstance(fewer, Steady)
    assert isinstance(more, Steady)
    assert more.wait_ratio <= fewer.wait_ratio + NEARLY
    assert more.abandonment_ratio <= fewer.abandonment_ratio + NEARLY
    assert more.answered_within(threshold) >= fewer.answered_within(threshold) - 1e-7


@given(demands, crews, st.floats(1.0, 3.0), thresholds)
@UNHURRIED
def test_more_arrivals_never_help(demand: Demand, agents: int, factor: float, threshold: float) -> None:
    calm = steady(demand, agents)
    busy = steady(demand._replace(arrivals_per_second=demand.arrivals_per_second * factor), agents)

    assert isinstance(calm, Steady)
    assert isinstance(busy, Steady)
    assert busy.abandonment_ratio >= calm.abandonment_ratio - NEARLY
    assert busy.answered_within(threshold) <= calm.answered_within(threshold) + 1e-7


@given(demands, crews, thresholds, thresholds)
@UNHURRIED
def test_later_thresholds_are_met_by_more(demand: Demand, agents: int, one: float, other: float) -> None:
    state = steady(demand, agents)

    assert isinstance(state, Steady)
    assert state.answered_within(min(one, other)) <= state.answered_within(max(one, other)) + 1e-7


@given(st.floats(0.0, 1_000.0), st.integers(0, 1_200))
@UNHURRIED
def test_blocking_and_waiting_are_ratios_and_waiting_is_likelier(load: float, agents: int) -> None:
    blocked, waits = erlang_b(load, agents), erlang_c(load, agents)

    assert 0 <= blocked <= 1
    if isinstance(waits, Overload):
        assert load >= agents
    else:
        assert blocked - NEARLY <= waits <= 1


@given(demands, st.floats(0.05, 0.99), st.floats(0.4, 1.0), st.floats(0.0, 120.0))
@settings(max_examples=60, deadline=None)
def test_the_required_agents_do_and_one_fewer_does_not(
    demand: Demand, target: float, occupancy: float, threshold: float
) -> None:
    goal = Goal(target, threshold, 0.0, occupancy)

    needed = required(demand, goal).agents

    def enough(agents: int, slack: float) -> bool:
        step = step_of(demand, agents, goal)
        return step.service_level >= target - slack and step.occupancy_ratio <= occupancy + slack

    assert enough(needed, 1e-9)
    assert needed == 0 or not enough(needed - 1, -1e-9)


@given(st.floats(0.001, 5.0), st.floats(0.0, 0.1), st.floats(0.0, 300.0), st.integers(1, 60))
@UNHURRIED
def test_chances_by_place_are_bounded_and_fall(service: float, giving_up: float, seconds: float, places: int) -> None:
    passed = passed_by(service, giving_up, seconds, places)
    answered = answered_by(service, giving_up, seconds, places)

    assert all(0 <= a <= p + NEARLY <= 1 + NEARLY for a, p in zip(answered, passed, strict=True))
    assert passed == sorted(passed, reverse=True)
    assert answered == sorted(answered, reverse=True)


@given(demands, st.integers(0, 50), st.lists(st.floats(0.0, 60.0), max_size=8), st.floats(0.0, 60.0))
@UNHURRIED
def test_an_outlook_is_three_ratios_that_add_up(
    demand: Demand, agents: int, waited: list[float], threshold: float
) -> None:
    for row in outlook(demand, agents, waited, threshold):
        assert all(-NEARLY <= ratio <= 1 + NEARLY for ratio in row)
        assert abs(sum(row) - 1) < 1e-6


@given(small, st.integers(0, 25), st.integers(0, 30), st.integers(0, 10), st.floats(1.0, 900.0), st.floats(0.0, 0.5))
@example(Demand(0.001953125, 30.0, 10.0), 1, 0, 1, 8.0, 0.5)
@settings(max_examples=40, deadline=None)
def test_a_forecast_is_bounded_and_its_band_holds_it(
    demand: Demand, agents: int, busy: int, waiting: int, seconds: float, uncertainty: float
) -> None:
    found = forecast(
        [Stage(seconds, demand, agents)], Goal(0.8, 20, 5), busy=busy, waited=[0.0] * waiting, uncertainty=uncertainty
    )[0]

    assert found.service_level is not None
    assert found.low is not None
    assert found.high is not None
    assert found.p_below is not None
    assert 0 <= found.low <= found.service_level <= found.high <= 1
    assert 0 <= found.p_below <= 1
    assert found.in_time <= found.counted + 1e-6 <= found.arrivals + waiting + 2e-6
    assert found.waiting >= 0


@given(
    st.lists(st.tuples(st.sampled_from([*sorted(AT_WORK), "break"]), st.sets(st.sampled_from("abcde"))), max_size=30)
)
@UNHURRIED
def test_shares_add_up_to_the_agents_at_work(agents: list[tuple[str, set[str]]]) -> None:
    found = shares(agents)

    at_work = sum(state in AT_WORK and bool(queues) for state, queues in agents)
    assert abs(sum(staff.at_work for staff in found.values()) - at_work) < 1e-9
    assert all(abs(staff.available + staff.busy - staff.at_work) < 1e-9 for staff in found.values())


@given(st.integers(0, 100_000), st.floats(1.0, 1e6))
@UNHURRIED
def test_bounds_hold_their_rate(events: int, seconds: float) -> None:
    seen = rate(events, seconds)

    assert seen is not None
    assert 0 <= seen.low <= seen.value <= seen.high


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.45), st.floats(0.01, 0.99))
@UNHURRIED
def test_a_share_and_its_quantiles_belong_together(mean: float, error: float, q: float) -> None:
    share = Share(mean, error)

    at = share.quantile(q)

    assert 0 <= at <= 1
    assert share.below(at + 2e-6) >= q - 1e-6
    assert share.below(at - 2e-6) <= q + 1e-6


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.0, 1.0))
@UNHURRIED
def test_the_beta_integral_of_whole_numbers_is_a_sum_of_binomials(a: int, b: int, x: float) -> None:
    n = a + b - 1
    exact = sum(comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))

    assert abs(cdf(a, b, x) - exact) < 1e-9
