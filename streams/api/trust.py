"""How far numbers can be trusted, as JSON: a snapshot and what is known of its sources enter, dictionaries leave."""

from __future__ import annotations

from typing import Any

from streams.snapshot import Snapshot
from streams.trust.floor import Gap, Verdict


def source_row(snapshot: Snapshot, name: str) -> dict[str, Any]:
    """One source: when it was heard of, what became of its events, and what it feeds. Null: not known."""
    known = snapshot.trust[name]
    delay = known.least_delay_ms
    return {
        "source": name,
        "heard_at_ms": known.heard_at,
        "staleness_seconds": snapshot.staleness_seconds(name),
        "stale": snapshot.is_stale(name),
        "watermark_lag_seconds": snapshot.lag_seconds(name),
        "least_delay_seconds": None if delay is None else delay / 1000,
        "cut_off_since_ms": known.cut_off_since,
        "gaps": [_gap(gap) for gap in known.gaps],
        "queues": list(known.queues),
        **known.counts,
    }


def trusted(verdict: Verdict) -> dict[str, Any]:
    """What is to be said of one row: ``stale`` when all its sources are silent, ``incomplete`` when any is missing."""
    return {
        "stale": verdict.stale,
        "incomplete": verdict.incomplete,
        "sources": list(verdict.sources),
        "silent_sources": list(verdict.silent),
        "gaps": [_gap(gap) for gap in verdict.gaps],
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {"source": gap.source, "since_ms": gap.since, "until_ms": gap.until}
