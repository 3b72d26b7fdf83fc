"""Is it fine, at risk, or a breach? A queue's rule and its numbers enter, one state per judged KPI leaves."""

from __future__ import annotations

from streams import kpis
from streams.settings import QueueSettings
from streams.snapshot import Row
from streams.view import Window


def window_states(rule: QueueSettings, window: Window) -> dict[str, str]:
    """The states of a window's KPIs that have a target: "fine", "at_risk", "breach", or "none" while there is no value.

    The service level is judged by the queue's own preset.
    """
    counts = window.counts
    states = {
        "service_level": kpis.state(
            kpis.PRESETS[rule.preset](counts), rule.service_level_target_ratio, higher_is_better=True
        )
    }
    if rule.asa_target_seconds is not None:
        states["asa"] = kpis.state(kpis.asa_seconds(counts), rule.asa_target_seconds, higher_is_better=False)
    if rule.abandonment_target_ratio is not None:
        ratio = kpis.abandonment_ratio(counts)
        states["abandonment"] = kpis.state(ratio, rule.abandonment_target_ratio, higher_is_better=False)
    return states


def live_states(row: Row, now: int) -> dict[str, str]:
    """The states of what is judged now: the oldest wait, where it has a target."""
    target = row.rule.oldest_wait_target_seconds
    if target is None:
        return {}
    return {"oldest_wait": kpis.state(row.live.oldest_wait_seconds(now), target, higher_is_better=False)}
