"""The counts that the glossary's examples are computed of: a thousand calls, and a morning of conversations."""

from __future__ import annotations

from typing import Final

from streams import tally as y
from streams.counts import Counts

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE


def _durations(*of: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple((y.bucket(ms), n) for ms, n in of)


_REPLIES: Final = _durations((2 * MINUTE, 30), (9 * MINUTE, 10))
_ENDS: Final = _durations((HOUR, 20), (6 * HOUR, 12))

EXAMPLE: Final = Counts(
    offered=1_130, answered=1_000, abandoned=60, short_abandoned=10, answered_in_threshold=860,
    abandoned_in_threshold=20, flowed_out=40, flowed_out_by={"callback": 12, "overflow": 28}, callbacks_in_threshold=6,
    waiting_past_threshold=30, callback_visits=12,
    answered_wait_ms=14_000_000, abandoned_wait_ms=2_400_000, flowed_out_wait_ms=1_800_000,
    answered_waits=_durations((8_000, 860), (45_000, 140)), abandoned_waits=_durations((3_000, 10), (40_000, 50)),
    flowed_out_waits=_durations((45_000, 40)), max_wait_ms=312_000, max_answered_wait_ms=240_000,
    segments=1_050, talk_ms=210_000_000, hold_ms=10_500_000, wrap_ms=31_500_000, holds=200, wraps=1_000,
    transfers_within=10, transfers_across=74, escalations=21, alerts=1_130, rings=1_000, ring_ms=6_000_000,
    offers_missed=90, offers_cancelled=35, calls=990, call_ms=297_000_000, ivr_abandoned=25,
    state_ms={"available": 20 * HOUR, "ringing": 2 * HOUR, "on_contact": 61 * HOUR, "after_contact_work": 9 * HOUR,
              "break": 8 * HOUR},
    told={
        "created": 50, "reopened": 4, "closed": 30, "closed_ms": 60 * HOUR, "unanswered": 2, "replies": 140,
        "first_replies": 40, "first_reply_ms": 150 * MINUTE, "first_reply_business_ms": 120 * MINUTE,
        "first_reply_met": 36, "first_reply_missed": 4, "next_replies": 100, "next_reply_ms": 300 * MINUTE,
        "next_reply_business_ms": 250 * MINUTE, "next_reply_met": 90, "next_reply_missed": 10,
        "first_resolutions": 32, "first_resolution_ms": 92 * HOUR, "resolutions": 32, "resolution_ms": 96 * HOUR,
        "resolution_business_ms": 64 * HOUR, "resolution_met": 28, "resolution_missed": 4, "complaints": 3,
        "comments": 12, "surveys_sent": 40, "csat_ratings": 16, "csat_score": 13_000, "csat_high": 12, "csat_low": 2,
        "csat_middle": 2, "nps_ratings": 10, "nps_score": 7_500, "nps_high": 5, "nps_low": 2, "nps_middle": 3,
        "agent_nps_ratings": 10, "agent_nps_score": 8_500, "agent_nps_high": 7, "agent_nps_low": 1,
        "agent_nps_middle": 2, "ces_ratings": 8, "ces_score": 2_000, "emotion_ratings": 6, "emotion_score": 4_500,
        "servqual_ratings": 5, "servqual_score": 3_500, "servqual_expected": 4_000, "qa_reviews": 4, "qa_score": 3_400,
        "peer_reviews": 2, "peer_score": 1_900, "help_visits": 400, "help_visits_alone": 340, "help_searches": 250,
        "help_searches_failed": 30,
    },
    times={
        "first_replies": _REPLIES, "first_replies_business": _REPLIES, "next_replies": _REPLIES,
        "next_replies_business": _REPLIES, "first_resolutions": _ENDS, "resolutions": _ENDS,
        "resolutions_business": _ENDS, "closings": _ENDS,
    },
    people={
        "customer_contacts": 600, "repeat_contacts": 72, "cases_resolved": 540, "cases_recurred": 81,
        "first_contacts_resolved": 480, "first_contacts_recurred": 60, "first_contacts_final": 400,
        "first_contacts_final_recurred": 80, "leads": 40, "lead_attempts": 70, "dials": 90, "connected_person": 30,
        "connected_abandoned": 2, "connected_no_answer": 40, "outbound_abandoned": 4, "agent_taken": 1_050,
        "agents_taking": 42, "agent_replied": 44, "agents_replying": 11, "agent_resolved": 33, "agents_resolving": 11,
        "between": 800, "between_ms": 24_000_000,
    },
)  # fmt: skip
"""As if all of it had happened in one window of one queue. A new count that a KPI divides by gets a number here."""
