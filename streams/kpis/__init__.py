"""Every ratio, mean and quantile, as one function over the counts of a window: formula, empty case, source.

Counts enter (``Counts``, integers and integer milliseconds), seconds and ratios leave. Nothing to divide by means
``None``: no contacts is not the same as bad service, and not the same as perfect service either.
``REGISTRY`` lists them all with their unit and formula in words; endpoints and glossary are built from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from streams import tally as y
from streams.counts import Counts
from streams.kpis import conversations as kpis_conversations
from streams.kpis import people as kpis_people
from streams.kpis.kpi import Kpi, Quantile, kpi, mean_seconds, ratio
from streams.tally import AGENT_STATES

# --- service level ---------------------------------------------------------------------------------------------------


def answered_only(c: Counts) -> float | None:
    """Answered within the threshold / answered. None when nothing was answered. Asterisk's first service level."""
    return ratio(c.answered_in_threshold, c.answered)


def all_abandons_against(c: Counts) -> float | None:
    """Answered within the threshold / (answered + abandoned). None when both are 0. Genesys, base shape."""
    return ratio(c.answered_in_threshold, c.answered + c.abandoned)


def abandons_in_t_credit(c: Counts) -> float | None:
    """(Answered + abandoned, both within the threshold) / (answered + abandoned). Asterisk's second service level."""
    return ratio(c.answered_in_threshold + c.abandoned_in_threshold, c.answered + c.abandoned)


def abandons_in_t_excluded(c: Counts) -> float | None:
    """Answered within the threshold / (answered + abandoned - abandoned within the threshold). Bright Pattern."""
    return ratio(c.answered_in_threshold, c.answered + c.abandoned - c.abandoned_in_threshold)


def short_abandons_credit(c: Counts) -> float | None:
    """(Answered within the threshold + short abandons) / (answered + abandoned). ICMI, a variant."""
    return ratio(c.answered_in_threshold + c.short_abandoned, c.answered + c.abandoned)


def short_abandons_excluded(c: Counts) -> float | None:
    """Answered within the threshold / (answered + abandoned - short abandons); the default.

    Genesys (switch), Twilio Flex, RingCentral; ICMI "Service Level Calculations" (QueueTips, 2005).
    """
    return ratio(c.answered_in_threshold, c.answered + c.abandoned - c.short_abandoned)


def with_flowouts(c: Counts) -> float | None:
    """Answered within the threshold / (answered + abandoned + flowed out - short abandons). Genesys (switch)."""
    return ratio(c.answered_in_threshold, c.answered + c.abandoned + c.flowed_out - c.short_abandoned)


def removed_from_queue(c: Counts) -> float | None:
    """(Answered, abandoned and callback requests, each within the threshold) / offered. Amazon Connect SL X."""
    return ratio(c.answered_in_threshold + c.abandoned_in_threshold + c.callbacks_in_threshold, c.left)


def offered(c: Counts) -> float | None:
    """Answered within the threshold / offered. Avaya, Verbara."""
    return ratio(c.answered_in_threshold, c.left)


def live_adjusted(c: Counts) -> float | None:
    """Answered within the threshold / (answered + abandoned - short abandons + waiting past the threshold).

    Ours: a queue that answers nobody does not look good while people wait.
    """
    return ratio(c.answered_in_threshold, c.answered + c.abandoned - c.short_abandoned + c.waiting_past_threshold)


PRESETS: Final[dict[str, Callable[[Counts], float | None]]] = {
    "answered_only": answered_only,
    "all_abandons_against": all_abandons_against,
    "abandons_in_t_credit": abandons_in_t_credit,
    "abandons_in_t_excluded": abandons_in_t_excluded,
    "short_abandons_credit": short_abandons_credit,
    "short_abandons_excluded": short_abandons_excluded,
    "with_flowouts": with_flowouts,
    "removed_from_queue": removed_from_queue,
    "offered": offered,
    "live_adjusted": live_adjusted,
}


def service_levels(c: Counts) -> dict[str, float | None]:
    """The service level by every preset, side by side."""
    return {name: preset(c) for name, preset in PRESETS.items()}


# --- waiting ---------------------------------------------------------------------------------------------------------


def asa_seconds(c: Counts) -> float | None:
    """Average speed of answer: waits of answered visits / answered. Show it beside abandonment."""
    return mean_seconds(c.answered_wait_ms, c.answered)


def wait_seconds(c: Counts) -> float | None:
    """Mean wait of all that left the queue: answered, abandoned or flowed out."""
    return mean_seconds(
        c.answered_wait_ms + c.abandoned_wait_ms + c.flowed_out_wait_ms, c.answered + c.abandoned + c.flowed_out
    )


def abandon_time_seconds(c: Counts) -> float | None:
    """Mean wait of those who gave up."""
    return mean_seconds(c.abandoned_wait_ms, c.abandoned)


def abandonment_ratio(c: Counts) -> float | None:
    """(Abandoned - short abandons) / (left - short abandons); by arrival cohorts, offered instead of left."""
    return ratio(c.abandoned - c.short_abandoned, c.left - c.short_abandoned)


def abandonment_raw_ratio(c: Counts) -> float | None:
    """Abandoned, short ones too / left; by arrival cohorts, offered instead of left."""
    return ratio(c.abandoned, c.left)


def wait_quantile_seconds(c: Counts, q: float) -> float | None:
    """The q-quantile of the wait of all that left the queue, within 5 % of the exact one."""
    merged: dict[int, int] = {}
    for buckets in (c.answered_waits, c.abandoned_waits, c.flowed_out_waits):
        for n, count in buckets:
            merged[n] = merged.get(n, 0) + count
    quantile = y.quantile_ms(sorted(merged.items()), q)
    return None if quantile is None else quantile / 1000


def max_wait_seconds(c: Counts) -> float | None:
    """The longest wait of a visit that left in the window (not the oldest that waits now)."""
    return None if c.max_wait_ms is None else c.max_wait_ms / 1000


# --- handling --------------------------------------------------------------------------------------------------------


def aht_seconds(c: Counts) -> float | None:
    """Average handle time: (talk + hold + after-contact work) / handle segments."""
    return mean_seconds(c.handle_ms, c.segments)


def talk_seconds(c: Counts) -> float | None:
    """Mean talk per handle segment."""
    return mean_seconds(c.talk_ms, c.segments)


def hold_seconds(c: Counts) -> float | None:
    """Mean hold per handle segment, those without hold included."""
    return mean_seconds(c.hold_ms, c.segments)


def wrap_seconds(c: Counts) -> float | None:
    """Mean after-contact work per handle segment, those without included."""
    return mean_seconds(c.wrap_ms, c.segments)


def call_seconds(c: Counts) -> float | None:
    """Average call duration: from the start of the call to its end, ring and queue included."""
    return mean_seconds(c.call_ms, c.calls)


def ring_seconds(c: Counts) -> float | None:
    """Pick-up speed: mean ring time of answered offers."""
    return mean_seconds(c.ring_ms, c.rings)


def ring_in_band_ratio(c: Counts) -> float | None:
    """Neither too quick nor too slow: answered offers that rang within the queue's band / answered offers."""
    return ratio(c.rings - c.rings_too_quick - c.rings_too_slow, c.rings)


def transfer_ratio(c: Counts) -> float | None:
    """Transfers by agents, within and across queues / handle segments."""
    return ratio(c.transfers_within + c.transfers_across, c.segments)


def escalation_ratio(c: Counts) -> float | None:
    """Escalations / handle segments."""
    return ratio(c.escalations, c.segments)


def offers_missed_ratio(c: Counts) -> float | None:
    """Ring, no answer: offers an agent did not take / offers that ended: missed, answered or cancelled."""
    return ratio(c.offers_missed, c.offers_missed + c.rings + c.offers_cancelled)


# --- agents ----------------------------------------------------------------------------------------------------------

SIGNED_IN: Final = tuple(state for state in AGENT_STATES if state != "signed_out")
WORKING: Final = ("on_contact", "after_contact_work")


def _state_ms(c: Counts, *states: str) -> int:
    return sum(c.state_ms.get(state, 0) for state in states)


def occupancy_ratio(c: Counts) -> float | None:
    """(On contact + after-contact work) / (that + ringing + available), by wall clock."""
    busy = _state_ms(c, *WORKING)
    return ratio(busy, busy + _state_ms(c, "available", "ringing"))


def on_call_ratio(c: Counts) -> float | None:
    """On-call rate: time on contact / time signed in."""
    return ratio(_state_ms(c, "on_contact"), _state_ms(c, *SIGNED_IN))


def pulled_per_hour(c: Counts) -> float | None:
    """Conversations pulled per hour: visits answered / signed-in agent hours."""
    signed_in = _state_ms(c, *SIGNED_IN)
    return c.answered / (signed_in / 3_600_000) if signed_in > 0 else None


def expected_wait_seconds(waiting: int, agents: int, available: int, aht: float | None) -> float | None:
    """What a new arrival may expect: 0 with an agent free and nobody waiting, else (waiting + 1) * AHT / agents.

    None when nobody is staffed (never 0) or no handle time is known. A baseline without patience.
    """
    if agents <= 0:
        return None
    if available > 0 and waiting == 0:
        return 0.0
    return None if aht is None else (waiting + 1) * aht / agents


def _quantile(q: float) -> Kpi:
    def function(c: Counts) -> float | None:
        return wait_quantile_seconds(c, q)

    formula = f"{q:.0%} of all that left the queue had waited for at most this long; within 5 % of the exact value."
    of = Quantile(q, ("answered_waits", "abandoned_waits", "flowed_out_waits"))
    return Kpi(f"wait_p{round(q * 100)}_seconds", "seconds", function, formula, of)


REGISTRY: Final[tuple[Kpi, ...]] = (
    kpi("asa_seconds", "seconds", asa_seconds),
    kpi("wait_seconds", "seconds", wait_seconds),
    _quantile(0.5),
    _quantile(0.9),
    _quantile(0.95),
    kpi("max_wait_seconds", "seconds", max_wait_seconds),
    kpi("abandon_time_seconds", "seconds", abandon_time_seconds),
    kpi("abandonment_ratio", "ratio", abandonment_ratio),
    kpi("abandonment_raw_ratio", "ratio", abandonment_raw_ratio),
    kpi("aht_seconds", "seconds", aht_seconds),
    kpi("talk_seconds", "seconds", talk_seconds),
    kpi("hold_seconds", "seconds", hold_seconds),
    kpi("wrap_seconds", "seconds", wrap_seconds),
    kpi("call_seconds", "seconds", call_seconds),
    kpi("ring_seconds", "seconds", ring_seconds),
    kpi("ring_in_band_ratio", "ratio", ring_in_band_ratio),
    kpi("transfer_ratio", "ratio", transfer_ratio),
    kpi("escalation_ratio", "ratio", escalation_ratio),
    kpi("offers_missed_ratio", "ratio", offers_missed_ratio),
    kpi("occupancy_ratio", "ratio", occupancy_ratio),
    kpi("on_call_ratio", "ratio", on_call_ratio),
    kpi("pulled_per_hour", "contacts per hour", pulled_per_hour),
    *kpis_conversations.REGISTRY,
    *kpis_people.REGISTRY,
)
"""Every KPI of a window but the service level, which comes by ``PRESETS``."""


def state(value: float | None, target: float | None, *, higher_is_better: bool, margin: float = 0.05) -> str:
    """ "fine", "at_risk" (on the right side, within ``margin`` of the target), "breach", or "none" without either."""
    if value is None or target is None:
        return "none"
    better = value >= target if higher_is_better else value <= target
    if not better:
        return "breach"
    edge = target * (1 + margin) if higher_is_better else target * (1 - margin)
    return "fine" if (value >= min(edge, 1.0) if higher_is_better else value <= edge) else "at_risk"
