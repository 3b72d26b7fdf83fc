"""The numbers the composed KPIs are made of: name, unit, how its parts make a whole, and what it is, in words.

A floor may give other names as well: they are shown as given. These are the ones a formula knows.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

Adding: TypeAlias = Literal["sum", "first", "last", "mean", "none"]
"""How a quarter comes from its months: added up; the first or last of them; their mean by days; not at all."""


class Input(NamedTuple):
    """One number a formula may need. ``own``: counted here as well, and then our count holds."""

    name: str
    unit: str
    adding: Adding
    meaning: str
    own: bool = False
    negative: bool = False


_ALL: Final = (
    Input("operating_cost", "currency", "sum", "what it cost to run the floor: wages, rent, licences, telephony"),
    Input("voice_cost", "currency", "sum", "the part of it for calls; on a floor that only telephones, all of it"),
    Input("contacts", "contacts", "sum", "calls that ended and conversations that began", own=True),
    Input("calls", "calls", "sum", "calls that ended", own=True),
    Input("resolutions", "conversations", "sum", "conversations that were resolved", own=True),
    Input("customers_at_start", "customers", "first", "customers on the period's first day"),
    Input("customers_at_end", "customers", "last", "customers on the period's last day"),
    Input("customers_new", "customers", "sum", "customers won in the period"),
    Input("customers_lost", "customers", "sum", "customers at the start who stopped buying in the period"),
    Input("customers_referred", "customers", "sum", "new customers who came by recommendation"),
    Input("customers_buying", "customers", "none", "customers who bought in the period"),
    Input("customers_buying_again", "customers", "none", "those of them who had bought before"),
    Input("acquisition_spend", "currency", "sum", "marketing and sales spent to win customers"),
    Input("leads", "leads", "sum", "leads to work on"),
    Input("leads_contacted", "leads", "sum", "leads somebody spoke to"),
    Input("leads_qualified", "leads", "sum", "leads found worth pursuing"),
    Input("deals_closed", "deals", "sum", "leads that became a sale"),
    Input("dial_attempts", "calls", "sum", "outbound calls dialled"),
    Input("leads_dialled", "leads", "none", "different leads that were dialled"),
    Input("leads_quota", "leads", "sum", "leads that were to be won"),
    Input("sales", "currency", "sum", "sales made"),
    Input("sales_quota", "currency", "sum", "sales that were to be made"),
    Input("units_produced", "units", "sum", "units made or sold"),
    Input("units_defective", "units", "sum", "units that customers complained of as defective"),
    Input("leavers", "people", "sum", "staff who left"),
    Input("headcount_average", "people", "mean", "staff, on average over the period"),
    Input("paid_hours", "hours", "sum", "hours paid to agents"),
    Input("worked_hours", "hours", "sum", "agents' hours on contact and in after-contact work", own=True),
    Input("employees_asked", "answers", "sum", "answers to the satisfaction question of the staff survey", own=True),
    Input("employees_satisfied", "answers", "sum", "those of them in the upper quarter of the scale", own=True),
    Input("engagement_answers", "answers", "sum", "answers to the engagement question of the staff survey", own=True),
    Input("employees_engaged", "answers", "sum", "those of them in the upper quarter of the scale", own=True),
    Input("help_visits", "visits", "sum", "visits to the help centre", own=True),
    Input("help_visits_alone", "visits", "sum", "visits to the help centre that led to no contact", own=True),
    Input("help_searches", "searches", "sum", "searches of the help centre", own=True),
    Input("help_searches_failed", "searches", "sum", "searches of the help centre that found nothing", own=True),
    Input("revenue", "currency", "sum", "revenue"),
    Input("profit", "currency", "sum", "profit; below 0, a loss", negative=True),
    Input("brand_mentions", "mentions", "sum", "times the brand was mentioned on social media"),
    Input("social_reach", "people", "none", "people a post of ours was shown to"),
    Input("social_engagements", "reactions", "sum", "likes, comments, shares and clicks"),
    Input("social_followers", "followers", "last", "followers on the period's last day"),
    Input("online_reviews", "reviews", "sum", "reviews written on public sites"),
    Input("online_review_score", "score", "none", "mean of their scores, on the site's own scale"),
)
INPUTS: Final[dict[str, Input]] = {each.name: each for each in _ALL}
"""Every input a formula knows, by name."""

GIVEN: Final = (
    "revenue", "profit", "brand_mentions", "social_reach", "social_engagements", "social_followers", "online_reviews",
    "online_review_score",
)  # fmt: skip
"""Those that are a figure of their own, shown as given."""
