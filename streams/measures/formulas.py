"""The KPIs that need numbers from outside: one function each, its docstring the formula; ``REGISTRY`` lists them all.

Numbers enter, named in ``streams.measures.inputs``; ratios and amounts leave. Nothing to divide by means ``None``.
Soft-skill values are deliberately no number: they are talked about, not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple


class Composed(NamedTuple):
    """A KPI over numbers from outside and our own counts.

    ``inputs`` are the function's arguments in order; ``before`` are those that follow, from the period before. With
    ``worst`` it is the largest value of the shorter periods given within the one asked for.
    """

    name: str
    unit: str
    function: Callable[..., float | None]
    inputs: tuple[str, ...]
    before: tuple[str, ...] = ()
    worst: bool = False

    @property
    def formula(self) -> str:
        """The formula in words."""
        return " ".join((self.function.__doc__ or "").split())


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


# --- cost ------------------------------------------------------------------------------------------------------------


def cost_per_contact(cost: float, contacts: float) -> float | None:
    """Operating cost / contacts: calls that ended and conversations that began."""
    return _over(cost, contacts)


def cost_per_call(cost: float, calls: float) -> float | None:
    """Operating cost of the telephone / calls that ended."""
    return _over(cost, calls)


def cost_per_resolution(cost: float, resolutions: float) -> float | None:
    """Operating cost / resolved conversations."""
    return _over(cost, resolutions)


# --- customers -------------------------------------------------------------------------------------------------------


def churn_ratio(lost: float, at_start: float) -> float | None:
    """Customers lost in the period / customers at its start."""
    return _over(lost, at_start)


def retention_ratio(at_end: float, new: float, at_start: float) -> float | None:
    """(Customers at the end - customers won) / customers at the start. None when more were won than there are."""
    return _over(at_end - new, at_start) if new <= at_end else None


def repurchase_ratio(again: float, buying: float) -> float | None:
    """Customers who bought again / customers who bought."""
    return _over(again, buying)


def referral_ratio(referred: float, new: float) -> float | None:
    """New customers who came by recommendation / new customers."""
    return _over(referred, new)


def customer_acquisition_cost(spend: float, new: float) -> float | None:
    """Spent to win customers / customers won."""
    return _over(spend, new)


# --- sales -----------------------------------------------------------------------------------------------------------


def conversion_ratio(closed: float, leads: float) -> float | None:
    """Deals closed / leads."""
    return _over(closed, leads)


def lead_contact_ratio(contacted: float, leads: float) -> float | None:
    """First step of the funnel: leads somebody spoke to / leads."""
    return _over(contacted, leads)


def lead_qualification_ratio(qualified: float, contacted: float) -> float | None:
    """Second step of the funnel: leads found worth pursuing / leads somebody spoke to."""
    return _over(qualified, contacted)


def lead_closing_ratio(closed: float, qualified: float) -> float | None:
    """Last step of the funnel: deals closed / leads found worth pursuing."""
    return _over(closed, qualified)


def attempts_per_lead(attempts: float, leads: float) -> float | None:
    """Outbound calls dialled / different leads dialled."""
    return _over(attempts, leads)


def lead_quota_ratio(closed: float, quota: float) -> float | None:
    """Deals closed / leads that were to be won; above 1 when the quota was passed."""
    return _over(closed, quota)


def sales_quota_ratio(sales: float, quota: float) -> float | None:
    """Sales / sales that were to be made; above 1 when the quota was passed."""
    return _over(sales, quota)


def sales_growth_ratio(sales: float, before: float) -> float | None:
    """(Sales - sales of the period before) / sales of the period before; of a quarter, quarter to quarter."""
    return _over(sales - before, before)


# --- product ---------------------------------------------------------------------------------------------------------


def defect_complaint_ratio(defective: float, produced: float) -> float | None:
    """Units complained of as defective / units produced."""
    return _over(defective, produced)


def worst_defect_complaint_ratio(defective: float, produced: float) -> float | None:
    """Units complained of as defective / units produced, in the worst of the shorter periods given."""
    return _over(defective, produced)


# --- staff -----------------------------------------------------------------------------------------------------------


def employee_turnover_ratio(leavers: float, headcount: float) -> float | None:
    """Staff who left / average headcount."""
    return _over(leavers, headcount)


def employee_satisfaction_ratio(satisfied: float, asked: float) -> float | None:
    """Satisfied answers (upper quarter of the scale) / answers of the staff survey."""
    return _over(satisfied, asked)


def employee_engagement_ratio(engaged: float, asked: float) -> float | None:
    """Engaged answers (upper quarter of the scale) / answers of the staff survey."""
    return _over(engaged, asked)


def utilisation_ratio(worked: float, paid: float) -> float | None:
    """Hours on contact and in after-contact work / hours paid."""
    return _over(worked, paid)


# --- self-service ----------------------------------------------------------------------------------------------------


def self_service_ratio(alone: float, visits: float) -> float | None:
    """Visits to the help centre that led to no contact / visits to the help centre."""
    return _over(alone, visits)


def help_search_ratio(searches: float, failed: float) -> float | None:
    """(Searches of the help centre - those that found nothing) / searches. None when more failed than there were."""
    return _over(searches - failed, searches) if failed <= searches else None


# --- social media ----------------------------------------------------------------------------------------------------


def social_engagement_ratio(engagements: float, reach: float) -> float | None:
    """Likes, comments, shares and clicks / people reached; above 1 when they react more than once."""
    return _over(engagements, reach)


def _composed(unit: str, function: Callable[..., float | None], *inputs: str) -> Composed:
    return Composed(function.__name__, unit, function, inputs)


REGISTRY: Final[tuple[Composed, ...]] = (
    _composed("currency", cost_per_contact, "operating_cost", "contacts"),
    _composed("currency", cost_per_call, "voice_cost", "calls"),
    _composed("currency", cost_per_resolution, "operating_cost", "resolutions"),
    _composed("ratio", churn_ratio, "customers_lost", "customers_at_start"),
    _composed("ratio", retention_ratio, "customers_at_end", "customers_new", "customers_at_start"),
    _composed("ratio", repurchase_ratio, "customers_buying_again", "customers_buying"),
    _composed("ratio", referral_ratio, "customers_referred", "customers_new"),
    _composed("currency", customer_acquisition_cost, "acquisition_spend", "customers_new"),
    _composed("ratio", conversion_ratio, "deals_closed", "leads"),
    _composed("ratio", lead_contact_ratio, "leads_contacted", "leads"),
    _composed("ratio", lead_qualification_ratio, "leads_qualified", "leads_contacted"),
    _composed("ratio", lead_closing_ratio, "deals_closed", "leads_qualified"),
    _composed("calls", attempts_per_lead, "dial_attempts", "leads_dialled"),
    _composed("ratio", lead_quota_ratio, "deals_closed", "leads_quota"),
    _composed("ratio", sales_quota_ratio, "sales", "sales_quota"),
    _composed("ratio", sales_growth_ratio, "sales")._replace(before=("sales",)),
    _composed("ratio", defect_complaint_ratio, "units_defective", "units_produced"),
    _composed("ratio", worst_defect_complaint_ratio, "units_defective", "units_produced")._replace(worst=True),
    _composed("ratio", employee_turnover_ratio, "leavers", "headcount_average"),
    _composed("ratio", employee_satisfaction_ratio, "employees_satisfied", "employees_asked"),
    _composed("ratio", employee_engagement_ratio, "employees_engaged", "engagement_answers"),
    _composed("ratio", utilisation_ratio, "worked_hours", "paid_hours"),
    _composed("ratio", self_service_ratio, "help_visits_alone", "help_visits"),
    _composed("ratio", help_search_ratio, "help_searches", "help_searches_failed"),
    _composed("ratio", social_engagement_ratio, "social_engagements", "social_reach"),
)
"""Every composed KPI, in the order in which they are shown."""
