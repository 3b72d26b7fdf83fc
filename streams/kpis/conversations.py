"""The KPIs of conversations and of what customers and reviewers say: one function each, like ``streams.kpis``.

Counts enter, seconds and ratios leave; nothing to divide by means ``None``. Response and resolution times come by the
calendar and in business hours. Sources: the definitions in ``docs/definitions.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from streams import tally as y
from streams.counts import Counts
from streams.kpis.kpi import Kpi, Quantile, kpi, mean_seconds, ratio
from streams.kpis.terms import largest, smallest


def _mean(times: str, count: str) -> Callable[[Counts], float | None]:
    return lambda c: mean_seconds(c.say(times), c.say(count))


def _quantile(name: str, histogram: str, q: float, formula: str) -> Kpi:
    def function(c: Counts) -> float | None:
        ms = y.quantile_ms(c.times.get(histogram, ()), q)
        return None if ms is None else ms / 1000

    return Kpi(name, "seconds", function, formula, Quantile(q, (histogram,)))


def _times(name: str, what: str, sums: tuple[str, str, str], histogram: str) -> list[Kpi]:
    """Mean, median and p90 of one duration by the calendar, and mean and median in business hours."""
    count, ms, business_ms = sums
    per = f"/ {count.replace('_', ' ')}"
    rows = [
        Kpi(f"{name}_seconds", "seconds", _mean(ms, count), f"Sum of {what} {per}."),
        _quantile(f"{name}_p50_seconds", histogram, 0.5, f"Median of {what}; within 5 %."),
        _quantile(f"{name}_p90_seconds", histogram, 0.9, f"90 % of {what} took at most this; within 5 %."),
    ]
    if business_ms:
        business = f"{what}, business hours only"
        rows += [
            Kpi(f"{name}_business_seconds", "seconds", _mean(business_ms, count), f"Sum of {business} {per}."),
            _quantile(
                f"{name}_business_p50_seconds", f"{histogram}_business", 0.5, f"Median of {business}; within 5 %."
            ),
        ]
    return rows


# --- conversations ---------------------------------------------------------------------------------------------------


def response_seconds(c: Counts) -> float | None:
    """Average response time: times to first and to later human replies / these replies, first and later."""
    return mean_seconds(
        c.say("first_reply_ms") + c.say("next_reply_ms"), c.say("first_replies") + c.say("next_replies")
    )


def unanswered_ratio(c: Counts) -> float | None:
    """Abandoned conversations: unanswered, the customer gone or silent too long / created."""
    return ratio(c.say("unanswered"), c.say("created"))


def reopened_ratio(c: Counts) -> float | None:
    """Reopened / resolved for the first time."""
    return ratio(c.say("reopened"), c.say("first_resolutions"))


def net_resolved(c: Counts) -> float | None:
    """Resolved for the first time less reopened; absent when neither happened."""
    first, reopened = c.say("first_resolutions"), c.say("reopened")
    return first - reopened if first or reopened else None


def complaint_ratio(c: Counts) -> float | None:
    """Contacts tagged as complaints / created."""
    return ratio(c.say("complaints"), c.say("created"))


def first_reply_sla_ratio(c: Counts) -> float | None:
    """First replies within their target / those that have one."""
    return ratio(c.say("first_reply_met"), c.say("first_reply_met") + c.say("first_reply_missed"))


def next_reply_sla_ratio(c: Counts) -> float | None:
    """Later replies within their target / those that have one."""
    return ratio(c.say("next_reply_met"), c.say("next_reply_met") + c.say("next_reply_missed"))


def resolution_sla_ratio(c: Counts) -> float | None:
    """Resolutions within their target / those that have one."""
    return ratio(c.say("resolution_met"), c.say("resolution_met") + c.say("resolution_missed"))


def sla_compliance_ratio(c: Counts) -> float | None:
    """Everything promised and kept / everything promised: first and later replies and resolutions together."""
    met = sum(c.say(f"{what}_met") for what in ("first_reply", "next_reply", "resolution"))
    return ratio(met, met + sum(c.say(f"{what}_missed") for what in ("first_reply", "next_reply", "resolution")))


# --- voice of the customer, quality ----------------------------------------------------------------------------------


def csat_ratio(c: Counts) -> float | None:
    """Satisfied (4 or 5 of 5) / answers."""
    return ratio(c.say("csat_high"), c.say("csat_ratings"))


def nps(c: Counts) -> float | None:
    """Net promoter score: % promoters (9-10) - % detractors (0-6), from -100 to 100."""
    return _net_promoters(c, "nps")


def agent_nps(c: Counts) -> float | None:
    """The same about the agent: would you refer the person who helped you?"""
    return _net_promoters(c, "agent_nps")


def _net_promoters(c: Counts, kind: str) -> float | None:
    answers = c.say(f"{kind}_ratings")
    return 100 * (c.say(f"{kind}_high") - c.say(f"{kind}_low")) / answers if answers else None


def _mean_score(kind: str, low: float, high: float) -> Callable[[Counts], float | None]:
    def function(c: Counts) -> float | None:
        answers = c.say(f"{kind}_ratings")
        return low + (high - low) * c.say(f"{kind}_score") / 1000 / answers if answers else None

    return function


def servqual_gap(c: Counts) -> float | None:
    """Perceived - expected quality, on a scale of 0 to 1 each: negative means less than hoped for."""
    answers = c.say("servqual_ratings")
    return (c.say("servqual_score") - c.say("servqual_expected")) / 1000 / answers if answers else None


def survey_response_ratio(c: Counts) -> float | None:
    """Customer satisfaction and promoter answers / surveys sent."""
    answers = largest(c.say("csat_ratings"), c.say("nps_ratings"), c.say("ces_ratings"))
    return ratio(smallest(answers, c.say("surveys_sent")), c.say("surveys_sent"))


def qa_score_ratio(c: Counts) -> float | None:
    """Mean of the quality reviews, from 0 to 1."""
    return c.say("qa_score") / 1000 / c.say("qa_reviews") if c.say("qa_reviews") else None


def peer_score_ratio(c: Counts) -> float | None:
    """Mean of the reviews by teammates, from 0 to 1."""
    return c.say("peer_score") / 1000 / c.say("peer_reviews") if c.say("peer_reviews") else None


# --- self-service ----------------------------------------------------------------------------------------------------


def self_service_ratio(c: Counts) -> float | None:
    """Visitors of the help centre it had an answer for, so that no contact followed / visits to it."""
    return ratio(c.say("help_visits_alone"), c.say("help_visits"))


def help_search_ratio(c: Counts) -> float | None:
    """(Searches of the help centre - those that found nothing) / searches."""
    return ratio(c.say("help_searches") - c.say("help_searches_failed"), c.say("help_searches"))


REGISTRY: Final[tuple[Kpi, ...]] = (
    kpi("response_seconds", "seconds", response_seconds),
    *_times(
        "first_response",
        "times to the first human reply",
        ("first_replies", "first_reply_ms", "first_reply_business_ms"),
        "first_replies",
    ),
    *_times(
        "next_response",
        "times from the first unanswered customer message to the reply",
        ("next_replies", "next_reply_ms", "next_reply_business_ms"),
        "next_replies",
    ),
    *_times(
        "first_resolution",
        "times from creation to the first resolution",
        ("first_resolutions", "first_resolution_ms", ""),
        "first_resolutions",
    ),
    *_times(
        "resolution",
        "times from creation to the latest resolution",
        ("resolutions", "resolution_ms", "resolution_business_ms"),
        "resolutions",
    ),
    *_times("close", "times from creation to closing", ("closed", "closed_ms", ""), "closings"),
    kpi("unanswered_ratio", "ratio", unanswered_ratio),
    kpi("reopened_ratio", "ratio", reopened_ratio),
    kpi("net_resolved", "conversations", net_resolved),
    kpi("complaint_ratio", "ratio", complaint_ratio),
    kpi("first_reply_sla_ratio", "ratio", first_reply_sla_ratio),
    kpi("next_reply_sla_ratio", "ratio", next_reply_sla_ratio),
    kpi("resolution_sla_ratio", "ratio", resolution_sla_ratio),
    kpi("sla_compliance_ratio", "ratio", sla_compliance_ratio),
    kpi("csat_ratio", "ratio", csat_ratio),
    Kpi("csat_score", "score of 1 to 5", _mean_score("csat", 1, 5), "Mean of the satisfaction answers, 1 to 5."),
    kpi("nps", "points", nps),
    kpi("agent_nps", "points", agent_nps),
    Kpi("ces_score", "score of 1 to 7", _mean_score("ces", 1, 7), "Mean customer effort answer, 1 to 7."),
    Kpi(
        "emotion_score",
        "score of -1 to 1",
        _mean_score("emotion", -1, 1),
        "Mean emotional impact, irritated to excited.",
    ),
    kpi("servqual_gap", "gap of -1 to 1", servqual_gap),
    kpi("survey_response_ratio", "ratio", survey_response_ratio),
    kpi("qa_score_ratio", "ratio", qa_score_ratio),
    kpi("peer_score_ratio", "ratio", peer_score_ratio),
    kpi("self_service_ratio", "ratio", self_service_ratio),
    kpi("help_search_ratio", "ratio", help_search_ratio),
)
"""Every KPI of conversations, surveys and reviews, in the order in which they are shown."""
