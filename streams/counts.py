"""The counts of one window, by name: what the KPIs are computed from.

A tally (field numbers to integers) and a choice of attribution enter, a ``Counts`` leaves: integers and integer
milliseconds, histograms as (bucket, count) pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from streams import tally as y
from streams.tally import COHORT, EXCLUDED_BY, FLOWED_OUT_BY, STATE_MS, Fields, conversations, people


class Counts(Struct, frozen=True, kw_only=True):
    """What was counted in one window of one queue (or of the floor), under one attribution.

    ``left`` is the base that every "offered" in a ratio becomes when things count at the time they happen; with
    arrival cohorts it is ``offered``. ``waiting_past_threshold`` is live: visits waiting for longer than the threshold.
    ``told`` holds what is counted of conversations, by the names of ``tally_conversations``, and ``times`` their
    histograms. ``excluded_by`` is what is no customer of any queue: only the row of no queue and the floor have it.
    ``people`` holds what is counted of customers, leads and agents across contacts, by the names of ``tally.people``,
    and how many agents took, replied to or resolved any.
    """

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    answered_in_threshold: int = 0
    abandoned_in_threshold: int = 0
    flowed_out: int = 0
    flowed_out_by: Mapping[str, int] = {}
    orphaned: int = 0
    answered_wait_ms: int = 0
    abandoned_wait_ms: int = 0
    flowed_out_wait_ms: int = 0
    callbacks_in_threshold: int = 0
    callback_visits: int = 0
    rejoined: int = 0
    segments: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_ms: int = 0
    holds: int = 0
    wraps: int = 0
    transfers_within: int = 0
    transfers_across: int = 0
    escalations: int = 0
    alerts: int = 0
    offers_missed: int = 0
    offers_cancelled: int = 0
    ring_ms: int = 0
    rings: int = 0
    rings_too_quick: int = 0
    rings_too_slow: int = 0
    ivr_abandoned: int = 0
    calls: int = 0
    call_ms: int = 0
    unmatched: int = 0
    excluded_by: Mapping[str, int] = {}
    state_ms: Mapping[str, int] = {}
    answered_waits: tuple[tuple[int, int], ...] = ()
    abandoned_waits: tuple[tuple[int, int], ...] = ()
    flowed_out_waits: tuple[tuple[int, int], ...] = ()
    handles: tuple[tuple[int, int], ...] = ()
    told: Mapping[str, int] = {}
    times: Mapping[str, tuple[tuple[int, int], ...]] = {}
    people: Mapping[str, int] = {}
    max_answered_wait_ms: int | None = None
    max_wait_ms: int | None = None
    waiting_past_threshold: int = 0
    cohort: bool = False

    def say(self, name: str) -> int:
        """How much was counted of one thing about conversations; 0 when nothing was."""
        return self.told.get(name, 0)

    def of_people(self, name: str) -> int:
        """How much was counted of one thing about customers, leads or agents; 0 when nothing was."""
        return self.people.get(name, 0)

    @property
    def left(self) -> int:
        """The visits that a ratio over "offered" is taken of."""
        return self.offered if self.cohort else self.answered + self.abandoned + self.flowed_out

    @property
    def handle_ms(self) -> int:
        """Talk, hold and after-contact work together."""
        return self.talk_ms + self.hold_ms + self.wrap_ms


_PLAIN: Final = tuple(
    (name, n) for n, name in y.NAMES.items() if name in Counts.__struct_fields__ and n < min(FLOWED_OUT_BY.values())
)


def counts_of(
    fields: Fields, *, cohort: bool, maxima: Mapping[int, int] | None = None, waiting_past_threshold: int = 0,
    agents: Mapping[str, int] | None = None,
) -> Counts:  # fmt: skip
    """The counts in a tally: by arrival cohort, or by the time things happened; ``agents`` are counted apart."""
    shift, maxima = COHORT if cohort else 0, maxima or {}
    histograms = y.histograms(fields, shift)
    return Counts(
        **{name: fields.get(n + shift, 0) for name, n in _PLAIN},
        flowed_out_by={r: fields[n + shift] for r, n in FLOWED_OUT_BY.items() if fields.get(n + shift)},
        excluded_by={r: fields[n + shift] for r, n in EXCLUDED_BY.items() if fields.get(n + shift)},
        state_ms={s: fields[n] for s, n in STATE_MS.items() if fields.get(n)},
        answered_waits=tuple(histograms.get(y.ANSWERED_WAITS, ())),
        abandoned_waits=tuple(histograms.get(y.ABANDONED_WAITS, ())),
        flowed_out_waits=tuple(histograms.get(y.FLOWED_OUT_WAITS, ())),
        handles=tuple(histograms.get(y.HANDLES, ())),
        told={name: fields[n + shift] for n, name in conversations.NAMES.items() if fields.get(n + shift)},
        times={name: tuple(histograms[n]) for name, n in conversations.HISTOGRAMS.items() if n in histograms},
        people={
            **{name: fields[n + shift] for n, name in people.NAMES.items() if fields.get(n + shift)},
            **(agents or {}),
        },
        max_answered_wait_ms=maxima.get(y.MAX_ANSWERED_WAIT + shift),
        max_wait_ms=maxima.get(y.MAX_WAIT + shift),
        waiting_past_threshold=waiting_past_threshold,
        cohort=cohort,
    )
