"""What ``/metrics`` says against what the simulator's oracle knows: every counter and live gauge of every queue."""

from __future__ import annotations

from typing import Final

from streams.simulate import Oracle
from tests.integration.line import Metrics

COUNTERS: Final = {
    "offered": "offered", "answered": "answered", "abandoned": "abandoned", "short_abandoned": "short_abandoned",
    "orphaned": "orphaned", "answered_within": "answered_in_threshold", "abandoned_within": "abandoned_in_threshold",
    "callbacks_within": "callbacks_in_threshold", "segments": "handle_segments", "holds": "holds",
    "transferred_within": "transfers_within", "transferred_across": "transfers_across", "escalated": "escalations",
    "alerted": "alerts", "missed": "offers_missed", "cancelled": "offers_cancelled", "rang": "rings",
}  # fmt: skip
SECONDS: Final = {
    "answered_wait_ms": "answered_wait", "abandoned_wait_ms": "abandoned_wait", "flowed_out_wait_ms": "flowed_out_wait",
    "talk_ms": "talk", "hold_ms": "hold", "acw_ms": "wrap", "ring_ms": "ring",
}  # fmt: skip
REASONS: Final = ("transfer", "overflow", "timeout", "voicemail", "callback", "key", "closed", "full", "no_agents")
_NAMES: Final = [(theirs, ours, 1) for theirs, ours in COUNTERS.items()] + [
    (theirs, f"{ours}_seconds", 1_000) for theirs, ours in SECONDS.items()
]


def differences(found: Metrics, oracle: Oracle) -> list[str]:
    """Every number that is not the oracle's, in words; empty when all are."""
    pairs: list[tuple[str, float, float]] = []
    for (queue, channel), counts in oracle.totals().items():
        where = {"queue": queue, "channel": channel}
        for theirs, ours, scale in _NAMES:
            pairs.append((f"{ours} of {queue}", found.net(ours, **where), counts.get(theirs, 0) / scale))
        for reason in REASONS:
            flowed_out = found.net("flowed_out", reason=reason, **where)
            pairs.append((f"{reason} of {queue}", flowed_out, counts.get(f"flowed_out_{reason}", 0)))
        pairs += [(f"{now} of {queue}", found.sum(now, **where), counts.get(now, 0)) for now in ("waiting", "handling")]
    pairs.append(("ivr_abandoned", found.net("ivr_abandoned"), oracle.floor().get("ivr_abandoned", 0)))
    residuals = [sample.value for sample in found.samples if sample.name == "conservation_residual"]
    pairs.append(("conservation residuals", sum(map(abs, residuals)), 0))
    return [f"{name}: {ours:g} instead of {theirs:g}" for name, ours, theirs in pairs if ours != theirs]
