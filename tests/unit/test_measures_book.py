"""The book of numbers from outside: the latest holds, parts make a whole, nothing is guessed."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.measures.book import Book, Labels
from streams.measures.period import parse
from streams.measures.record import Measure, Withdrawn


def book(*numbers: tuple[str, str, float], team: str | None = None) -> Book:
    found = Book()
    for name, period, value in numbers:
        found.put(Measure(name=name, period=period, value=value, team=team))
    return found


def test_of_two_numbers_about_the_same_the_later_one_holds() -> None:
    costs = book(("operating_cost", "2026-03", 100.0), ("operating_cost", "2026-03-01..2026-03-31", 90.0))

    assert costs.find("operating_cost", parse("2026-03")) == 90.0
    assert len(costs) == 1


def test_a_withdrawn_number_no_longer_holds() -> None:
    costs = book(("operating_cost", "2026-03", 100.0))
    of = Measure(name="operating_cost", period="2026-03", value=0.0).identity

    costs.put(Withdrawn(of))
    costs.put(Withdrawn(of))

    assert costs.find("operating_cost", parse("2026-03")) is None
    assert (len(costs), costs.labels()) == (0, [])


def test_a_team_s_number_is_not_the_floor_s() -> None:
    hours = book(("paid_hours", "2026-03", 320.0), team="sales")

    assert hours.find("paid_hours", parse("2026-03"), Labels("sales")) == 320.0
    assert hours.find("paid_hours", parse("2026-03")) is None
    assert hours.find("paid_hours", parse("2026-03"), Labels(client="sales")) is None
    assert hours.names(Labels("sales")) == ["paid_hours"]


def test_a_quarter_s_costs_are_those_of_its_months() -> None:
    costs = book(*(("operating_cost", f"2026-0{month}", 100.0 * month) for month in (1, 2, 3)))

    assert costs.find("operating_cost", parse("2026-Q1")) == 600.0


def test_a_month_that_is_missing_leaves_the_quarter_missing() -> None:
    costs = book(("operating_cost", "2026-01", 100.0), ("operating_cost", "2026-03", 300.0))

    assert costs.find("operating_cost", parse("2026-Q1")) is None


def test_a_quarter_given_as_such_is_believed_before_its_months() -> None:
    costs = book(
        *(("operating_cost", f"2026-0{month}", 100.0) for month in (1, 2, 3)), ("operating_cost", "2026-Q1", 1.0)
    )

    assert costs.find("operating_cost", parse("2026-Q1")) == 1.0


def test_a_whole_is_never_split() -> None:
    assert book(("operating_cost", "2026", 1_200.0)).find("operating_cost", parse("2026-01")) is None


def test_parts_neither_overlap_nor_leave_a_gap() -> None:
    month = [("leavers", "2026-03-01..2026-03-20", 100.0), ("leavers", "2026-03-01..2026-03-15", 1.0)]

    assert book(*month, ("leavers", "2026-03-16..2026-03-31", 2.0)).find("leavers", parse("2026-03")) == 3.0
    assert book(*month, ("leavers", "2026-03-19..2026-03-31", 2.0)).find("leavers", parse("2026-03")) is None


def test_a_year_of_days_is_a_year() -> None:
    days = [(date(2026, 1, 1) + timedelta(days=n)).isoformat() for n in range(365)]

    assert book(*(("sales", day, 1.0) for day in days)).find("sales", parse("2026")) == 365.0
    assert book(*(("sales", day, 1.0) for day in days[:-1])).find("sales", parse("2026")) is None


def test_the_customers_at_the_start_of_a_year_are_those_at_the_start_of_january() -> None:
    customers = book(("customers_at_start", "2026-01", 1_000.0), ("customers_at_start", "2026-02", 1_100.0))

    assert customers.find("customers_at_start", parse("2026")) == 1_000.0
    assert customers.find("customers_at_start", parse("2026-03")) is None


def test_the_customers_at_the_end_of_a_year_are_those_at_the_end_of_december() -> None:
    customers = book(("customers_at_end", "2026-12", 1_300.0), ("customers_at_end", "2026-Q4", 1_400.0))

    assert customers.find("customers_at_end", parse("2026")) == 1_400.0


def test_an_average_of_parts_is_by_their_days() -> None:
    staff = book(("headcount_average", "2026-01", 31.0), ("headcount_average", "2026-02-01..2026-03-31", 60.0))

    assert staff.find("headcount_average", parse("2026-Q1")) == (31 * 31 + 60 * 59) / 90


def test_different_people_of_two_months_may_be_the_same_and_do_not_add() -> None:
    leads = book(*(("leads_dialled", f"2026-0{month}", 10.0) for month in (1, 2, 3)))

    assert leads.find("leads_dialled", parse("2026-Q1")) is None
    assert leads.find("leads_dialled", parse("2026-02")) == 10.0


def test_of_a_name_no_formula_knows_nothing_is_known_about_adding() -> None:
    trees = book(*(("trees_planted", f"2026-0{month}", 10.0) for month in (1, 2, 3)))

    assert trees.find("trees_planted", parse("2026-Q1")) is None


@settings(deadline=None)
@given(st.permutations([("sales", f"2026-{month:02}", float(month)) for month in range(1, 13)]))
def test_a_year_of_months_is_the_same_in_whatever_order_they_come(months: list[tuple[str, str, float]]) -> None:
    sales = book(*months)

    assert sales.find("sales", parse("2026")) == 78.0
    assert [str(period) for period in sales.periods("sales")] == [f"2026-{month:02}" for month in range(1, 13)]
