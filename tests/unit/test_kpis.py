"""Ratios and means: the golden service levels, the empty case, the base of each, and the bounds of a ratio."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import kpis
from streams.counts import Counts
from streams.kpis import PRESETS, REGISTRY, service_levels
from streams.tally import AGENT_STATES

WORKED = Counts(
    offered=1_120, answered=1_000, answered_in_threshold=860, abandoned=60, abandoned_in_threshold=20,
    short_abandoned=10, flowed_out=40, callbacks_in_threshold=6, waiting_past_threshold=30,
)  # fmt: skip
"""The worked example of ICMI's "Service Level Calculations" (2005), with flow-outs and people waiting beside it."""


@pytest.mark.parametrize(
    ("preset", "percent"),
    [
        ("answered_only", 86.00),
        ("all_abandons_against", 81.13),
        ("abandons_in_t_credit", 83.02),
        ("abandons_in_t_excluded", 82.69),
        ("short_abandons_credit", 82.08),
        ("short_abandons_excluded", 81.90),
        ("with_flowouts", 78.90),  # 860 of 1,090
        ("removed_from_queue", 80.55),  # 886 of the 1,100 that left
        ("offered", 78.18),  # 860 of the 1,100 that left
        ("live_adjusted", 79.63),  # 860 of 1,080
    ],
)
def test_a_preset_gives_its_golden_service_level(preset: str, percent: float) -> None:
    level = PRESETS[preset](WORKED)

    assert level is not None
    assert round(100 * level, 2) == percent


def test_by_arrival_the_base_is_what_was_offered() -> None:
    cohort = Counts(
        offered=1_120, answered=1_000, answered_in_threshold=860, abandoned=60, short_abandoned=20, cohort=True
    )

    assert kpis.offered(cohort) == 860 / 1_120
    assert kpis.removed_from_queue(cohort) == 860 / 1_120
    assert kpis.abandonment_ratio(cohort) == 40 / 1_100
    assert kpis.abandonment_raw_ratio(cohort) == 60 / 1_120


def test_by_event_time_the_base_is_what_left_the_queue_10() -> None:
    straddled = Counts(offered=1, answered=3, answered_in_threshold=2, abandoned=1)

    assert kpis.offered(straddled) == 0.5
    assert kpis.abandonment_ratio(straddled) == 0.25
    assert kpis.abandonment_raw_ratio(straddled) == 0.25


def test_short_abandons_are_left_out_of_abandonment_above_and_below() -> None:
    counts = Counts(answered=90, abandoned=30, short_abandoned=20)

    assert kpis.abandonment_ratio(counts) == 0.1
    assert kpis.abandonment_raw_ratio(counts) == 0.25


def test_a_window_with_nothing_in_it_has_no_value_of_any_kpi_35() -> None:
    assert set(service_levels(Counts()).values()) == {None}
    assert [kpi.name for kpi in REGISTRY if kpi.function(Counts()) is not None] == []


def test_a_window_of_short_abandons_only_has_no_default_service_level_35() -> None:
    counts = Counts(offered=3, abandoned=3, short_abandoned=3, abandoned_in_threshold=3)

    assert kpis.short_abandons_excluded(counts) is None
    assert kpis.all_abandons_against(counts) == 0.0


def test_people_waiting_past_the_threshold_pull_down_a_queue_that_answers_nobody() -> None:
    assert kpis.live_adjusted(Counts(waiting_past_threshold=4)) == 0.0


def test_asa_is_of_the_answered_and_mean_wait_of_all_that_left() -> None:
    counts = Counts(answered=2, answered_wait_ms=30_000, abandoned=1, abandoned_wait_ms=50_000, flowed_out=1,
                    flowed_out_wait_ms=20_000)  # fmt: skip

    assert kpis.asa_seconds(counts) == 15.0
    assert kpis.abandon_time_seconds(counts) == 50.0
    assert kpis.wait_seconds(counts) == 25.0


def test_milliseconds_become_seconds_once_37() -> None:
    counts = Counts(answered=1, answered_wait_ms=1_500, max_wait_ms=1_500, segments=1, talk_ms=60_000, hold_ms=500)

    assert kpis.asa_seconds(counts) == 1.5
    assert kpis.max_wait_seconds(counts) == 1.5
    assert kpis.aht_seconds(counts) == 60.5


def test_occupancy_is_work_over_work_and_availability() -> None:
    counts = Counts(state_ms={"on_contact": 30_000, "after_contact_work": 10_000, "available": 40_000, "break": 90_000})

    assert kpis.occupancy_ratio(counts) == 0.5
    assert kpis.on_call_ratio(counts) == 30 / 170


def test_time_signed_out_is_no_time_signed_in() -> None:
    counts = Counts(answered=6, state_ms={"on_contact": 1_800_000, "signed_out": 9_000_000})

    assert kpis.on_call_ratio(counts) == 1.0
    assert kpis.pulled_per_hour(counts) == 12.0


@pytest.mark.parametrize(
    ("waiting", "agents", "available", "aht", "expected"),
    [
        (0, 3, 1, 300.0, 0.0),
        (5, 3, 0, 300.0, 600.0),
        (5, 0, 0, 300.0, None),
        (5, 3, 0, None, None),
        (0, 3, 0, 90.0, 30.0),
    ],
)
def test_the_expected_wait_of_a_queue_without_agents_is_unknown_and_never_nothing_33(
    waiting: int, agents: int, available: int, aht: float | None, expected: float | None
) -> None:
    assert kpis.expected_wait_seconds(waiting, agents, available, aht) == expected


@pytest.mark.parametrize(
    ("value", "target", "higher", "expected"),
    [
        (0.90, 0.80, True, "fine"), (0.81, 0.80, True, "at_risk"), (0.79, 0.80, True, "breach"),
        (1.00, 0.98, True, "fine"), (10.0, 20.0, False, "fine"), (19.5, 20.0, False, "at_risk"),
        (20.5, 20.0, False, "breach"), (None, 0.8, True, "none"), (0.9, None, True, "none"),
    ],
)  # fmt: skip
def test_a_value_is_fine_at_risk_or_in_breach_of_its_target(
    value: float | None, target: float | None, higher: bool, expected: str
) -> None:
    assert kpis.state(value, target, higher_is_better=higher) == expected


_some = st.integers(0, 50)


@st.composite
def possible(draw: st.DrawFn) -> Counts:
    """Counts that a history can give: a part is never more than its whole, and a cohort's visits were offered."""
    answered, abandoned = draw(_some), draw(_some)
    callbacks = draw(_some)
    flowed_out = callbacks + draw(_some)
    cohort = draw(st.booleans())
    segments = draw(_some)
    missed, cancelled, rang = draw(_some), draw(_some), draw(_some)
    return Counts(
        offered=answered + abandoned + flowed_out + draw(_some) if cohort else draw(_some),
        answered=answered,
        abandoned=abandoned,
        flowed_out=flowed_out,
        answered_in_threshold=draw(st.integers(0, answered)),
        abandoned_in_threshold=draw(st.integers(0, abandoned)),
        short_abandoned=draw(st.integers(0, abandoned)),
        callbacks_in_threshold=draw(st.integers(0, callbacks)),
        segments=segments,
        transfers_within=(within := draw(st.integers(0, segments))),
        transfers_across=draw(st.integers(0, segments - within)),
        offers_missed=missed,
        offers_cancelled=cancelled,
        rings=rang,
        alerts=draw(_some),  # those that began to ring in the window: not those whose ringing ended in it
        waiting_past_threshold=draw(_some),
        state_ms=draw(st.dictionaries(st.sampled_from(AGENT_STATES), st.integers(0, 900_000))),
        cohort=cohort,
    )


@given(possible())
def test_a_ratio_is_between_0_and_1(counts: Counts) -> None:
    ratios = {kpi.name: kpi.function(counts) for kpi in REGISTRY if kpi.unit == "ratio"} | service_levels(counts)

    assert {name: ratio for name, ratio in ratios.items() if ratio is not None and not 0 <= ratio <= 1} == {}
