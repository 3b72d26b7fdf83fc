"""Every KPI by plain arithmetic on the oracle's counts and on every single duration. Part of the oracle.

Counts and lists of ms enter, one value a KPI leaves, None where there is nothing to divide by. Shares nothing with the
formulas it judges: quantiles are of sorted lists, not of histograms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

SIGNED_IN = (
    "available", "ringing", "on_contact", "after_contact_work", "break", "meal", "training", "meeting", "back_office",
    "not_responding", "offline_work", "away",
)  # fmt: skip


def quantile(values: Sequence[int], q: float) -> float | None:
    """The value of rank q * (n - 1), rounded down, in seconds; None of nothing."""
    return sorted(values)[int(q * (len(values) - 1))] / 1000 if values else None


def over(upper: float, lower: float) -> float | None:
    """A ratio; None over nothing."""
    return upper / lower if lower else None


def scores(counts: Mapping[str, int], values: Mapping[str, Sequence[int]]) -> dict[str, float | None]:
    """The KPIs of one queue. ``values`` has every duration by the name under which ``counts`` has the sum."""

    def n(name: str) -> int:
        return counts.get(name, 0)

    def times(name: str) -> Sequence[int]:
        return values.get(name, ())

    def mean(name: str) -> float | None:
        found = times(name)
        return sum(found) / len(found) / 1000 if found else None

    waits = [*times("answered_wait_ms"), *times("abandoned_wait_ms"), *times("flowed_out_wait_ms")]
    left = n("answered") + n("abandoned") + n("flowed_out")
    segments, short = n("segments"), n("short_abandoned")
    signed_in = sum(n(f"{state}_state_ms") for state in SIGNED_IN)
    busy = n("on_contact_state_ms") + n("after_contact_work_state_ms")
    first_resolved, sent = len(times("first_resolution_ms")), n("surveys_sent")
    answers = max(len(times(f"{kind}_score")) for kind in ("csat", "nps", "ces"))
    replies = len(times("first_reply_ms")) + len(times("next_reply_ms"))
    met = n("first_reply_met") + n("next_reply_met") + n("resolution_met")
    missed = n("first_reply_missed") + n("next_reply_missed") + n("resolution_missed")
    found = {
        "asa_seconds": mean("answered_wait_ms"),
        "wait_seconds": over(sum(waits) / 1000, len(waits)),
        "wait_p50_seconds": quantile(waits, 0.5),
        "wait_p90_seconds": quantile(waits, 0.9),
        "wait_p95_seconds": quantile(waits, 0.95),
        "max_wait_seconds": max(waits) / 1000 if waits else None,
        "abandon_time_seconds": mean("abandoned_wait_ms"),
        "abandonment_ratio": over(n("abandoned") - short, left - short),
        "abandonment_raw_ratio": over(n("abandoned"), left),
        "aht_seconds": over((n("talk_ms") + n("hold_ms") + n("acw_ms")) / 1000, segments),
        "talk_seconds": over(n("talk_ms") / 1000, segments),
        "hold_seconds": over(n("hold_ms") / 1000, segments),
        "wrap_seconds": over(n("acw_ms") / 1000, segments),
        "call_seconds": mean("call_ms"),
        "ring_seconds": over(n("ring_ms") / 1000, n("rang")),
        "ring_in_band_ratio": over(n("rang_in_band"), n("rang")),
        "transfer_ratio": over(n("transferred"), segments),
        "escalation_ratio": over(n("escalated"), segments),
        "offers_missed_ratio": over(n("missed"), n("missed") + n("rang") + n("cancelled")),
        "occupancy_ratio": over(busy, busy + n("ringing_state_ms") + n("available_state_ms")),
        "on_call_ratio": over(n("on_contact_state_ms"), signed_in),
        "pulled_per_hour": over(n("answered") * 3_600_000, signed_in),
        "response_seconds": over((n("first_reply_ms") + n("next_reply_ms")) / 1000, replies),
        "self_service_ratio": over(n("help_visits_alone"), n("help_visits")),
        "help_search_ratio": over(n("help_searches") - n("help_searches_failed"), n("help_searches")),
        "unanswered_ratio": over(n("unanswered"), n("created")),
        "reopened_ratio": over(n("reopened"), first_resolved),
        "net_resolved": first_resolved - n("reopened") if first_resolved or n("reopened") else None,
        "complaint_ratio": over(n("complaints"), n("created")),
        "sla_compliance_ratio": over(met, met + missed),
        "csat_ratio": over(n("csat_high"), len(times("csat_score"))),
        "csat_score": _on(1, 5, times("csat_score")),
        "ces_score": _on(1, 7, times("ces_score")),
        "nps": _net(counts, len(times("nps_score")), "nps"),
        "agent_nps": _net(counts, len(times("agent_nps_score")), "agent_nps"),
        "survey_response_ratio": over(min(answers, sent), sent),
        "qa_score_ratio": _on(0, 1, times("qa_score")),
        "emotion_score": _on(-1, 1, times("emotion_score")),
        "servqual_gap": over((n("servqual_score") - n("expected_score")) / 1000, len(times("servqual_score"))),
        "peer_score_ratio": _on(0, 1, times("peer_score")),
        "repeat_ratio": over(n("repeat_contacts"), n("customer_contacts")),
        "recurring_ratio": over(n("cases_recurred"), n("cases_resolved")),
        "connected_ratio": over(n("connected_person") + n("connected_abandoned"), n("dials")),
        "outbound_abandonment_ratio": over(n("outbound_abandoned"), n("connected_person") + n("connected_abandoned")),
        "attempts_per_lead": over(n("lead_attempts"), n("leads")),
        "between_seconds": over(n("between_ms") / 1000, n("between")),
    }
    for kpi, name in (("fcr_ratio", "first_contacts"), ("fcr_final_ratio", "first_contacts_final")):
        resolved = n("first_contacts_resolved" if kpi == "fcr_ratio" else name)
        found[kpi] = over(resolved - n(f"{name}_recurred"), resolved)
    for promise in ("first_reply", "next_reply", "resolution"):
        kept, broken = n(f"{promise}_met"), n(f"{promise}_missed")
        found[f"{promise}_sla_ratio"] = over(kept, kept + broken)
    for kpi, name in (
        ("first_response", "first_reply_ms"), ("next_response", "next_reply_ms"), ("resolution", "resolution_ms"),
        ("first_resolution", "first_resolution_ms"), ("close", "closed_ms"),
        ("first_response_business", "first_reply_business_ms"), ("next_response_business", "next_reply_business_ms"),
        ("resolution_business", "resolution_business_ms"),
    ):  # fmt: skip
        found[f"{kpi}_seconds"] = mean(name)
        found[f"{kpi}_p50_seconds"] = quantile(times(name), 0.5)
        if not kpi.endswith("business"):
            found[f"{kpi}_p90_seconds"] = quantile(times(name), 0.9)
    return found


def _on(low: float, high: float, thousandths: Sequence[int]) -> float | None:
    """The mean of scores on their own scale."""
    return low + (high - low) * sum(thousandths) / len(thousandths) / 1000 if thousandths else None


def _net(counts: Mapping[str, int], answers: int, kind: str) -> float | None:
    return over(100 * (counts.get(f"{kind}_high", 0) - counts.get(f"{kind}_low", 0)), answers)


def service_levels(counts: Mapping[str, int]) -> dict[str, float | None]:
    """All ten presets of one queue's counts; None where nothing counts."""

    def n(*names: str) -> int:
        return sum(counts.get(name, 0) for name in names)

    a, t, ab = n("answered"), n("answered_within"), n("abandoned")
    ab_t, short, out = n("abandoned_within"), n("short_abandoned"), n("flowed_out")
    pairs: Iterable[tuple[str, int, int]] = (
        ("answered_only", t, a),
        ("all_abandons_against", t, a + ab),
        ("abandons_in_t_credit", t + ab_t, a + ab),
        ("abandons_in_t_excluded", t, a + ab - ab_t),
        ("short_abandons_credit", t + short, a + ab),
        ("short_abandons_excluded", t, a + ab - short),
        ("with_flowouts", t, a + ab + out - short),
        ("removed_from_queue", t + ab_t + n("callbacks_within"), n("offered")),
        ("offered", t, n("offered")),
        ("live_adjusted", t, a + ab - short + n("waiting_over")),
    )
    return {name: upper / lower if lower else None for name, upper, lower in pairs}
