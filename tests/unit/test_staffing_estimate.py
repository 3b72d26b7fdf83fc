"""Inputs from counts: rates, handling, patience, their bounds and small samples; agents by share; what will arrive."""

from __future__ import annotations

import pytest

from streams.counts import Counts
from streams.staffing.arrivals import recent, scale_of_today, usual
from streams.staffing.breach import outlook
from streams.staffing.estimate import Assumptions, inputs, mean_seconds, patience_seconds, rate, shares


def test_a_rate_comes_with_poisson_bounds() -> None:
    seen = rate(100, 900.0)

    assert seen is not None
    assert seen.value == pytest.approx(0.111111, abs=1e-6)
    assert seen.low * 900 == pytest.approx(81.36, abs=0.05)  # exact: 81.36 and 121.63
    assert seen.high * 900 == pytest.approx(121.63, abs=0.05)
    assert rate(0, 0.0) is None


def test_nothing_seen_bounds_a_rate_from_above_only() -> None:
    seen = rate(0, 100.0)

    assert seen is not None
    assert (seen.value, seen.low) == (0.0, 0.0)
    assert seen.high * 100 == pytest.approx(3.69, abs=0.03)


def test_patience_is_all_waiting_time_for_each_who_gave_up() -> None:
    seen = patience_seconds(20, 4_000.0)

    assert seen is not None
    assert (seen.value, seen.sample) == (200.0, 20)
    assert seen.low < 140 < 200 < 300 < seen.high
    assert patience_seconds(0, 4_000.0) is None


def test_a_mean_of_few_has_wide_bounds() -> None:
    seen = mean_seconds(2_400.0, 10)

    assert seen is not None
    assert seen.value == 240.0
    assert (round(seen.low), round(seen.high)) == (91, 389)
    assert mean_seconds(0.0, 0) is None


def test_a_window_becomes_inputs_ring_included_and_those_still_waiting_too() -> None:
    window = Counts(
        offered=120, answered=100, abandoned=20, segments=100, talk_ms=20_000_000, hold_ms=1_000_000,
        wrap_ms=2_500_000, ring_ms=500_000, rings=110, answered_wait_ms=2_500_000, abandoned_wait_ms=1_300_000,
    )  # fmt: skip

    found = inputs(window, seconds=3_600.0, waiting_seconds=200.0)

    assert found.demand.arrivals_per_second == 120 / 3_600
    assert found.demand.aht_seconds == 240.0
    assert found.demand.patience_seconds == 200.0
    assert found.assumed == ()
    assert found.load_uncertainty == pytest.approx((1 / 120 + 1 / 100) ** 0.5)


def test_until_ten_were_seen_the_missing_ones_are_as_assumed() -> None:
    assume = Assumptions(aht_seconds=300.0, patience_seconds=100.0, minimum=10)
    window = Counts(offered=12, answered=4, abandoned=2, segments=4, talk_ms=800_000, answered_wait_ms=40_000)

    few, none = inputs(window, 900.0, 0.0, assume), inputs(Counts(), 900.0, 0.0, assume)

    assert few.demand.aht_seconds == (800 + 6 * 300) / 10
    assert few.demand.patience_seconds == (40 + 8 * 100) / 10
    assert few.assumed == ("aht", "patience")
    assert none.demand == (0.0, 300.0, 100.0)
    assert none.assumed == ("arrivals", "aht", "patience")
    assert (none.aht, none.patience) == (None, None)


def test_handling_and_patience_are_a_second_at_least_where_a_source_measures_none() -> None:
    found = inputs(Counts(offered=60, answered=40, abandoned=20, segments=40), seconds=3_600.0)

    assert (found.demand.aht_seconds, found.demand.patience_seconds) == (1.0, 1.0)
    assert outlook(found.demand, 2.0, [5.0], 20.0)[0].in_time == pytest.approx(2 / 3)


def test_an_agent_in_three_queues_is_a_third_in_each_and_a_break_is_not_at_work() -> None:
    found = shares(
        [
            ("available", ["billing", "sales", "help"]),
            ("on_contact", ["billing"]),
            ("ringing", ["sales", "billing"]),
            ("break", ["billing"]),
            ("available", []),
        ]
    )

    assert found["billing"] == pytest.approx((1 / 3 + 1 + 1 / 2, 1 / 3, 3 / 2))
    assert found["sales"].at_work + found["help"].at_work + found["billing"].at_work == pytest.approx(3.0)


def test_shares_may_follow_the_load_of_the_queues() -> None:
    found = shares([("available", ["billing", "sales"])], {"billing": 6.0, "sales": 2.0})

    assert (found["billing"].at_work, found["sales"].at_work) == (0.75, 0.25)
    assert shares([("available", ["a", "b"])], {}) == shares([("available", ["a", "b"])])


def test_earlier_weeks_scaled_by_today_are_the_forecast() -> None:
    weeks = [[40] * 12, [44] * 12, [36] * 12, [40] * 12]

    found = usual(weeks, [55] * 5, interval=7, seconds=900.0)

    assert found is not None
    assert found.per_second == pytest.approx(40 * (300 / 225) / 900)  # 275 + 25 today, 200 + 25 usually
    assert 0.08 < found.uncertainty < 0.13
    assert scale_of_today(0, 0.0) == 1.0


def test_the_neighbours_of_an_interval_count_in_part() -> None:
    found = usual([[0, 0, 100, 0, 0]], [], interval=2, seconds=100.0)
    edge = usual([[100, 0, 0, 0, 0]], [], interval=0, seconds=100.0)

    assert found is not None
    assert edge is not None
    assert found.per_second == pytest.approx(100 / 2.5 / 100)
    assert edge.per_second == pytest.approx(100 / 1.75 / 100)


def test_without_earlier_weeks_the_recent_rate_is_the_forecast() -> None:
    assert usual([], [40], 1, 900.0) is None
    assert recent(90, 900.0).per_second == 0.1
    assert recent(90, 900.0).uncertainty == pytest.approx((1 / 90 + 0.08**2) ** 0.5)
    with pytest.raises(ValueError, match="needs time"):
        recent(1, 0.0)


def test_more_earlier_weeks_and_more_of_today_make_the_forecast_surer() -> None:
    week = [40] * 12
    one, four = usual([week], [], 7, 900.0), usual([week] * 4, [], 7, 900.0)
    later = usual([week] * 4, [40] * 6, 7, 900.0)

    assert one is not None
    assert four is not None
    assert later is not None
    assert one.uncertainty > four.uncertainty > later.uncertainty > 0.08
