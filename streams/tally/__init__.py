"""What is counted in one slice of one queue: a sparse map of small field numbers to integers.

Tallies add, in any order and any grouping, and the empty one is zero; a correction is a negative addition. Each
countable thing has one field number by the time it happened and another (plus ``COHORT``) by the arrival of its
visit, so both attributions stand side by side and choosing one is a matter of reading. Field numbers are part of the
stored state: a new one takes a new number.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from math import sqrt
from typing import Final, get_args

from streams import facts as k
from streams.events import AgentState, FlowOutReason
from streams.facts import Fact, Kind

Fields = dict[int, int]
"""A tally: field number to integer; a field that is not there is 0."""

# One name a line: compiled, each is a constant.
OFFERED: Final = 0
ANSWERED: Final = 1
ABANDONED: Final = 2
SHORT_ABANDONED: Final = 3
ANSWERED_IN_T: Final = 4
ABANDONED_IN_T: Final = 5
FLOWED_OUT: Final = 6
ORPHANED: Final = 7
ANSWERED_WAIT_MS: Final = 8
ABANDONED_WAIT_MS: Final = 9
FLOWED_OUT_WAIT_MS: Final = 10
CALLBACKS_IN_T: Final = 11
CALLBACK_VISITS: Final = 12
IMPLIED_OFFERS: Final = 13
SEGMENTS: Final = 14
TALK_MS: Final = 15
HOLD_MS: Final = 16
WRAP_MS: Final = 17
HOLDS: Final = 18
WRAPS: Final = 19
TRANSFERS_WITHIN: Final = 20
TRANSFERS_ACROSS: Final = 21
ESCALATIONS: Final = 22
ALERTS: Final = 23
OFFERS_MISSED: Final = 24
OFFERS_CANCELLED: Final = 25
RING_MS: Final = 26
RINGS: Final = 27
IVR_ABANDONED: Final = 28
CALLS: Final = 29
CALL_MS: Final = 30
REPEATED: Final = 31
UNMATCHED: Final = 32
SKEWED: Final = 33
EXCLUDED_TEST: Final = 34
EXCLUDED_OUTBOUND: Final = 35
EXCLUDED_INTERNAL: Final = 36
CONSULTS: Final = 37
EXCLUDED_MERGED: Final = 38
REJOINED: Final = 39
RINGS_TOO_QUICK: Final = 40
RINGS_TOO_SLOW: Final = 41

EXCLUDED_BY: Final = {
    "test": EXCLUDED_TEST, "outbound": EXCLUDED_OUTBOUND, "internal": EXCLUDED_INTERNAL, "merged": EXCLUDED_MERGED,
}  # fmt: skip
FLOW_OUT_REASONS: Final[tuple[str, ...]] = get_args(FlowOutReason)
FLOWED_OUT_BY: Final = {reason: 60 + n for n, reason in enumerate(FLOW_OUT_REASONS)}
AGENT_STATES: Final[tuple[str, ...]] = get_args(AgentState)
STATE_MS: Final = {state: 80 + n for n, state in enumerate(AGENT_STATES)}
"""Milliseconds spent in each agent state, spread over the slices they overlap."""

_FIRST_NAMES: Final = (
    "offered", "answered", "abandoned", "short_abandoned", "answered_in_threshold", "abandoned_in_threshold",
    "flowed_out", "orphaned", "answered_wait_ms", "abandoned_wait_ms", "flowed_out_wait_ms", "callbacks_in_threshold",
    "callback_visits", "implied_offers", "segments", "talk_ms", "hold_ms", "wrap_ms", "holds", "wraps",
    "transfers_within", "transfers_across", "escalations", "alerts", "offers_missed", "offers_cancelled", "ring_ms",
    "rings", "ivr_abandoned", "calls", "call_ms", "repeated", "unmatched", "skewed", "excluded_test",
    "excluded_outbound", "excluded_internal", "consults", "excluded_merged", "rejoined",
    "rings_too_quick", "rings_too_slow",
)  # fmt: skip
NAMES: Final[dict[int, str]] = {
    **dict(enumerate(_FIRST_NAMES)),
    **{n: f"flowed_out_{reason}" for reason, n in FLOWED_OUT_BY.items()},
    **{n: f"{state}_ms" for state, n in STATE_MS.items()},
}

COHORT: Final = 10_000
"""Added to a field number: the same thing, counted in the slice of its visit's (or contact's) arrival."""

# --- histograms ------------------------------------------------------------------------------------------------------

THRESHOLDS_SECONDS: Final = (
    5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1_200, 1_800, 2_700, 3_600, 7_200, 14_400,
    28_800, 86_400, 172_800, 604_800,
)  # fmt: skip
"""The usual service-level thresholds; each is an exact bucket edge."""


def _edges() -> tuple[int, ...]:
    """Bucket edges in ms: 9 % steps from half a second to eight days, and every usual threshold."""
    edges, edge = {s * 1000 for s in THRESHOLDS_SECONDS}, 500.0
    while edge < 8 * 86_400_000:
        edges.add(round(edge))
        edge *= 1.09
    return (0, *sorted(edges))


EDGES_MS: Final = _edges()
"""Inclusive upper edges: bucket n holds EDGES_MS[n-1] < value <= EDGES_MS[n]; bucket 0 holds exactly 0."""

ANSWERED_WAITS: Final = 1_000
ABANDONED_WAITS: Final = 1_500
FLOWED_OUT_WAITS: Final = 2_000
HANDLES: Final = 2_500
RING_TIMES: Final = 3_000
"""First field number of each histogram; each has room for ``_HISTOGRAM_WIDTH`` buckets."""

_HISTOGRAM_WIDTH: Final = 500
HISTOGRAMS_END: Final = 9_000

MAX_ANSWERED_WAIT: Final = 4_000
MAX_WAIT: Final = 4_001
"""Maxima are kept apart from what adds; see ``streams.maxima``."""


def bucket(value_ms: int) -> int:
    """The bucket of a duration; beyond the last edge it is the last one."""
    return min(bisect_left(EDGES_MS, value_ms), len(EDGES_MS) - 1)


def histogram(fields: Mapping[int, int], first: int) -> list[tuple[int, int]]:
    """(bucket, count) of one histogram in a tally, ascending, empty buckets left out."""
    last = first + len(EDGES_MS)
    return sorted((field - first, n) for field, n in fields.items() if first <= field < last and n)


def histograms(fields: Mapping[int, int], shift: int = 0) -> dict[int, list[tuple[int, int]]]:
    """Every histogram in a tally, by its first field number without ``shift``, as ``histogram`` gives one.

    One walk over the fields, however many histograms there are; those that are empty are left out.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    low, high = ANSWERED_WAITS + shift, HISTOGRAMS_END + shift
    for field, n in fields.items():
        if n and low <= field < high:
            number = field - shift
            within = number % _HISTOGRAM_WIDTH
            found.setdefault(number - within, []).append((within, n))
    for buckets in found.values():
        buckets.sort()
    return found


def quantile_ms(buckets: Iterable[tuple[int, int]], q: float) -> float | None:
    """The q-quantile of a histogram in ms, None when it is empty.

    It is in the bucket of the exact quantile and, above half a second, within 5 % of it: the bucket's geometric middle.
    """
    counted = [(n, count) for n, count in buckets if count > 0]
    total = sum(count for _, count in counted)
    if not total:
        return None
    rank, seen = q * (total - 1), 0
    for n, count in counted:
        if rank < seen + count:
            return sqrt(EDGES_MS[n - 1] * EDGES_MS[n]) if n > 1 else EDGES_MS[n] / 2
        seen += count
    return float(EDGES_MS[counted[-1][0]])


def add(into: Fields, other: Mapping[int, int]) -> None:
    """Add one tally to another, in place; fields that come to 0 are dropped."""
    for field, n in other.items():
        total = into.get(field, 0) + n
        if total:
            into[field] = total
        else:
            into.pop(field, None)


def take(from_: Fields, other: Mapping[int, int]) -> None:
    """Take one tally from another, in place: ``add`` undone."""
    for field, n in other.items():
        left = from_.get(field, 0) - n
        if left:
            from_[field] = left
        else:
            from_.pop(field, None)


# --- from a fact to fields -------------------------------------------------------------------------------------------


Pairs = tuple[tuple[int, int], ...]


def counts(fact: Fact, threshold_ms: int, short_ms: int) -> Pairs:
    """The fields one fact of a queue or of handling adds to: within the threshold is <=, a short abandon is <.

    Facts of conversations count in ``streams.tally.conversations`` and give nothing here.
    """
    kind, value = fact.kind, fact.value
    if kind == k.OFFERED:
        return ((OFFERED, 1), (_OFFERED_AS[fact.detail], 1)) if fact.detail else _OFFERED
    if kind == k.ANSWERED:
        if value <= threshold_ms:
            return ((ANSWERED, 1), (ANSWERED_WAIT_MS, value), (ANSWERED_IN_T, 1))
        return ((ANSWERED, 1), (ANSWERED_WAIT_MS, value))
    if kind == k.TALKED:
        return ((SEGMENTS, 1), (TALK_MS, value))
    if kind == k.WRAPPED:
        return ((WRAP_MS, value), (WRAPS, 1))
    if kind == k.RANG:
        return ((RING_MS, value), (RINGS, 1))
    if kind == k.CALL_ENDED:
        return ((CALLS, 1), (CALL_MS, value))
    if kind == k.HELD:
        return ((HOLD_MS, value), (HOLDS, int(fact.detail)))
    if kind == k.ABANDONED:
        return _abandoned(value, threshold_ms, short_ms)
    if kind == k.FLOWED_OUT:
        return _flowed_out(value, fact.detail, threshold_ms)
    if kind == k.TRANSFERRED:
        return ((TRANSFERS_WITHIN if fact.detail == "within" else TRANSFERS_ACROSS, 1),)
    if kind == k.EXCLUDED:
        return ((EXCLUDED_BY[fact.detail], 1),)
    return _ONCE.get(kind, ())


_OFFERED_AS: Final = {"callback": CALLBACK_VISITS, "rejoined": REJOINED, "implied": IMPLIED_OFFERS}
_OFFERED: Final = ((OFFERED, 1),)


def _abandoned(value: int, threshold_ms: int, short_ms: int) -> Pairs:
    counted = [(ABANDONED, 1), (ABANDONED_WAIT_MS, value)]
    if value < short_ms:
        counted.append((SHORT_ABANDONED, 1))
    if value <= threshold_ms:
        counted.append((ABANDONED_IN_T, 1))
    return tuple(counted)


def _flowed_out(value: int, detail: str, threshold_ms: int) -> Pairs:
    counted = [(FLOWED_OUT, 1), (FLOWED_OUT_WAIT_MS, value), (FLOWED_OUT_BY[detail], 1)]
    if detail == "callback" and value <= threshold_ms:
        counted.append((CALLBACKS_IN_T, 1))
    return tuple(counted)


_ONCE: Final[dict[int, Pairs]] = {
    k.ORPHANED: ((ORPHANED, 1),),
    k.ESCALATED: ((ESCALATIONS, 1),),
    k.ALERTED: ((ALERTS, 1),),
    k.MISSED: ((OFFERS_MISSED, 1),),
    k.CANCELLED: ((OFFERS_CANCELLED, 1),),
    k.IVR_ABANDONED: ((IVR_ABANDONED, 1),),
    k.REPEATED: ((REPEATED, 1),),
    k.UNMATCHED: ((UNMATCHED, 1),),
    k.SKEWED: ((SKEWED, 1),),
    k.CONSULTED: ((CONSULTS, 1),),
}
"""Kinds of facts that count as one of something, and nothing else."""

HISTOGRAMS: Final[dict[int, int]] = {
    Kind.ANSWERED: ANSWERED_WAITS,
    Kind.ABANDONED: ABANDONED_WAITS,
    Kind.FLOWED_OUT: FLOWED_OUT_WAITS,
    Kind.HANDLED: HANDLES,
    Kind.RANG: RING_TIMES,
}
"""The histogram that a fact's value goes into: its first field number."""
