"""The composed KPIs: each formula with numbers, what is missing until it is given, and where our own counts come in."""

from __future__ import annotations

import inspect

import pytest

from streams.measures.book import Book, Labels
from streams.measures.formulas import REGISTRY
from streams.measures.inputs import GIVEN, INPUTS
from streams.measures.outcome import NOTHING_TO_DIVIDE, Number, Outcome, outcomes
from streams.measures.period import Period, parse
from streams.measures.record import Measure

MARCH = parse("2026-03")


def book(numbers: dict[str, float], period: str = "2026-03", team: str | None = None) -> Book:
    found = Book()
    for name, value in numbers.items():
        found.put(Measure(name=name, period=period, value=value, team=team))
    return found


def outcome(name: str, given: Book, own: dict[str, float] | None = None, period: Period = MARCH) -> Outcome:
    found = {each.name: each for each in outcomes(given, {period: own or {}}, period)}
    return found[name]


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("cost_per_contact", {"operating_cost": 50_000.0, "contacts": 10_000.0}, 5.0),
        ("cost_per_call", {"voice_cost": 30_000.0, "calls": 4_000.0}, 7.5),
        ("cost_per_resolution", {"operating_cost": 50_000.0, "resolutions": 2_000.0}, 25.0),
        ("churn_ratio", {"customers_lost": 50.0, "customers_at_start": 1_000.0}, 0.05),
        (
            "retention_ratio",
            {"customers_at_end": 1_100.0, "customers_new": 150.0, "customers_at_start": 1_000.0},
            0.95,
        ),
        ("repurchase_ratio", {"customers_buying_again": 30.0, "customers_buying": 120.0}, 0.25),
        ("referral_ratio", {"customers_referred": 30.0, "customers_new": 150.0}, 0.2),
        ("customer_acquisition_cost", {"acquisition_spend": 9_000.0, "customers_new": 150.0}, 60.0),
        ("conversion_ratio", {"deals_closed": 100.0, "leads": 1_000.0}, 0.1),
        ("lead_contact_ratio", {"leads_contacted": 500.0, "leads": 1_000.0}, 0.5),
        ("lead_qualification_ratio", {"leads_qualified": 250.0, "leads_contacted": 500.0}, 0.5),
        ("lead_closing_ratio", {"deals_closed": 100.0, "leads_qualified": 250.0}, 0.4),
        ("attempts_per_lead", {"dial_attempts": 3_500.0, "leads_dialled": 1_000.0}, 3.5),
        ("lead_quota_ratio", {"deals_closed": 100.0, "leads_quota": 80.0}, 1.25),
        ("sales_quota_ratio", {"sales": 90_000.0, "sales_quota": 120_000.0}, 0.75),
        ("defect_complaint_ratio", {"units_defective": 12.0, "units_produced": 4_800.0}, 0.0025),
        ("employee_turnover_ratio", {"leavers": 3.0, "headcount_average": 60.0}, 0.05),
        ("employee_satisfaction_ratio", {"employees_satisfied": 42.0, "employees_asked": 56.0}, 0.75),
        ("employee_engagement_ratio", {"employees_engaged": 28.0, "engagement_answers": 56.0}, 0.5),
        ("utilisation_ratio", {"worked_hours": 260.0, "paid_hours": 320.0}, 0.8125),
        ("self_service_ratio", {"help_visits_alone": 700.0, "help_visits": 1_000.0}, 0.7),
        ("help_search_ratio", {"help_searches": 400.0, "help_searches_failed": 100.0}, 0.75),
        ("social_engagement_ratio", {"social_engagements": 300.0, "social_reach": 12_000.0}, 0.025),
    ],
)
def test_a_composed_kpi_comes_out_when_all_is_given_and_names_each_input_that_is_not(
    name: str, given: dict[str, float], value: float
) -> None:
    whole = outcome(name, book(given))

    assert whole.value == pytest.approx(value, rel=1e-12)
    assert whole.missing == ()
    for left_out in given:
        partial = outcome(name, book({other: n for other, n in given.items() if other != left_out}))
        assert (partial.value, partial.missing) == (None, (left_out,))


def test_growth_is_over_the_quarter_before() -> None:
    sales = book({"sales": 120_000.0}, "2026-Q1")
    without = outcome("sales_growth_ratio", sales, period=parse("2026-Q1"))
    sales.put(Measure(name="sales", period="2025-Q4", value=100_000.0))

    assert (without.value, without.missing) == (None, ("sales --period 2025-Q4",))
    assert outcome("sales_growth_ratio", sales, period=parse("2026-Q1")).value == pytest.approx(0.2)


def test_the_worst_month_of_a_quarter_is_found_and_named() -> None:
    units = Book()
    for month, defective in (("2026-01", 1.0), ("2026-02", 9.0), ("2026-03", 2.0)):
        units.put(Measure(name="units_defective", period=month, value=defective))
        units.put(Measure(name="units_produced", period=month, value=1_000.0))

    worst = outcome("worst_defect_complaint_ratio", units, period=parse("2026-Q1"))

    assert (worst.value, worst.period, worst.note) == (0.009, "2026-Q1", "the worst of 3: 2026-02")
    assert outcome("defect_complaint_ratio", units, period=parse("2026-Q1")).value == 0.004


def test_without_shorter_periods_the_worst_is_the_period_itself() -> None:
    worst = outcome("worst_defect_complaint_ratio", book({"units_defective": 1.0, "units_produced": 100.0}))

    assert (worst.value, worst.note) == (0.01, "")


def test_nothing_to_divide_by_is_no_value_and_says_so() -> None:
    nobody = outcome("churn_ratio", book({"customers_lost": 0.0, "customers_at_start": 0.0}))

    assert (nobody.value, nobody.missing, nobody.note) == (None, (), NOTHING_TO_DIVIDE)


def test_inputs_that_contradict_each_other_give_no_value() -> None:
    ends = {"customers_at_end": 100.0, "customers_new": 150.0, "customers_at_start": 90.0}

    assert outcome("retention_ratio", book(ends)).value is None
    assert outcome("help_search_ratio", book({"help_searches": 1.0, "help_searches_failed": 2.0})).value is None


def test_our_own_count_is_an_input() -> None:
    cost = outcome("cost_per_call", book({"voice_cost": 30_000.0}), own={"calls": 4_000.0})

    assert cost.value == 7.5
    assert cost.inputs == {"voice_cost": Number(30_000.0, "given"), "calls": Number(4_000.0, "counted")}


def test_a_number_from_outside_is_believed_before_our_own_count() -> None:
    cost = outcome("cost_per_call", book({"voice_cost": 30_000.0, "calls": 5_000.0}), own={"calls": 4_000.0})

    assert cost.value == 6.0
    assert cost.inputs["calls"].origin == "given"


def test_a_count_of_another_period_is_not_an_input() -> None:
    costs = book({"voice_cost": 30_000.0})

    found = {each.name: each for each in outcomes(costs, {parse("2026-04"): {"calls": 4_000.0}}, MARCH)}

    assert found["cost_per_call"].missing == ("calls",)


def test_each_client_and_team_has_its_own_numbers() -> None:
    sales = book({"paid_hours": 320.0, "worked_hours": 240.0}, team="sales")

    found = {each.name: each for each in outcomes(sales, {}, MARCH, Labels("sales"))}

    assert (found["utilisation_ratio"].value, found["utilisation_ratio"].team) == (0.75, "sales")
    assert outcome("utilisation_ratio", sales).missing == ("worked_hours", "paid_hours")


def test_figures_are_shown_as_given_and_so_is_a_name_nobody_knows() -> None:
    figures = book({"revenue": 1_000_000.0, "profit": -5.0, "trees_planted": 12.0})

    assert outcome("revenue", figures).value == 1_000_000.0
    assert outcome("profit", figures).value == -5.0
    assert outcome("trees_planted", figures).value == 12.0
    assert outcome("brand_mentions", figures).missing == ("brand_mentions",)


def test_every_formula_takes_the_inputs_it_names_and_says_what_it_does() -> None:
    for kpi in REGISTRY:
        assert len(inspect.signature(kpi.function).parameters) == len(kpi.inputs) + len(kpi.before), kpi.name
        assert {*kpi.inputs, *kpi.before} <= set(INPUTS), kpi.name
        assert kpi.formula


def test_every_input_is_in_a_formula_or_shown_as_given() -> None:
    used = {name for kpi in REGISTRY for name in (*kpi.inputs, *kpi.before)}

    assert used | set(GIVEN) == set(INPUTS)


def test_names_are_used_once() -> None:
    names = [kpi.name for kpi in REGISTRY] + list(GIVEN)

    assert len(names) == len(set(names))
