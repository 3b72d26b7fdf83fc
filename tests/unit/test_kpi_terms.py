"""The formula of every KPI, read off its function, gives what the function gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import kpis
from streams.counts import Counts
from streams.kpis.terms import formula, largest, numbers, smallest
from streams.tally import AGENT_STATES
from streams.tally import people as people_fields
from streams.tally.conversations import NAMES

FORMULAS = {**{kpi.name: kpi.function for kpi in kpis.REGISTRY if kpi.quantile is None}, **kpis.PRESETS}
SOME = st.integers(0, 100_000)
PEOPLE = sorted((*people_fields.NAMES.values(), *people_fields.AGENTS))


@st.composite
def counted(draw: st.DrawFn) -> Counts:
    """Counts of anything, whether they fit together or not."""
    plain: dict[str, Any] = {
        name: draw(SOME) for name in Counts.__struct_fields__ if type(getattr(Counts(), name)) is int
    }
    told = draw(st.dictionaries(st.sampled_from(sorted(NAMES.values())), SOME))
    people = draw(st.dictionaries(st.sampled_from(PEOPLE), SOME))
    states = draw(st.dictionaries(st.sampled_from(AGENT_STATES), SOME))
    longest = draw(st.none() | SOME)
    return Counts(**plain, told=told, people=people, state_ms=states, max_wait_ms=longest, cohort=draw(st.booleans()))


def test_a_formula_is_written_as_the_function_computes_it() -> None:
    assert formula(kpis.short_abandons_excluded).text(str) == (
        "answered_in_threshold / (answered + abandoned - short_abandoned)"
    )


def test_milliseconds_are_written_as_the_seconds_they_become() -> None:
    assert formula(kpis.asa_seconds).text({"answered_wait_ms": "230", "answered": "10"}.__getitem__) == "230 / 10"
    assert formula(kpis.pulled_per_hour).text(lambda name: name[0]).endswith("/ 3600)")


def test_the_attribution_is_seen_in_the_formula() -> None:
    by_time, by_arrival = formula(kpis.abandonment_raw_ratio), formula(kpis.abandonment_raw_ratio, cohort=True)

    assert by_time.text(str) == "abandoned / (answered + abandoned + flowed_out)"
    assert by_arrival.text(str) == "abandoned / offered"


def test_what_is_taken_off_is_known_from_what_is_added() -> None:
    assert list(formula(kpis.short_abandons_excluded).leaves()) == [
        ("answered_in_threshold", 1), ("answered", 1), ("abandoned", 1), ("short_abandoned", -1),
    ]  # fmt: skip


def test_the_largest_and_smallest_are_written_and_computed() -> None:
    told = {"csat_ratings": 3, "nps_ratings": 5, "surveys_sent": 4}
    asked = formula({kpi.name: kpi.function for kpi in kpis.REGISTRY}["survey_response_ratio"])

    assert asked.text(str) == "min(max(csat_ratings, nps_ratings, ces_ratings), surveys_sent) / surveys_sent"
    assert asked.value(numbers(Counts(told=told), asked)) == 1.0
    assert (largest(3, 5, 4), smallest(3, 5, 4)) == (5, 3)


def test_what_is_no_arithmetic_has_no_formula() -> None:
    with pytest.raises(TypeError, match="it is no formula"):
        formula(lambda counts: kpis.wait_quantile_seconds(counts, 0.5))


@given(counts=counted())
def test_every_formula_gives_what_its_function_gives(counts: Counts) -> None:
    for name, function in FORMULAS.items():
        found, value = formula(function, cohort=counts.cohort), function(counts)
        if value is not None:
            assert found.value(numbers(counts, found)) / (1000 if found.unit == "ms" else 1) == value, name
