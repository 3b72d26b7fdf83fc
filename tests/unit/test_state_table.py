"""The restoration after a rebalance, with a rebalance in the middle of it. What is read of the broker is left out."""

from __future__ import annotations

from typing import Any

import pytest
from faust.types import TP

from streams.app import Worker, build
from streams.events import CALL_EVENTS
from streams.settings import Settings

CHANGELOG = TP("queuepulse-state-changelog", 0)


def assigned(monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker to which partition 0 of the calls and of the changelog is assigned."""
    worker = build(Settings())
    monkeypatch.setattr(worker.app.consumer, "assignment", lambda: {TP(CALL_EVENTS, 0), CHANGELOG})
    return worker


async def test_what_was_restored_begins_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = assigned(monkeypatch)

    async def restored(*_: Any) -> bool:
        return True

    monkeypatch.setattr(worker._state, "_restore", restored)
    await worker._state.on_recovery_completed({CHANGELOG}, set())

    assert worker.holdings[CALL_EVENTS, 0].next_offset == 0


async def test_a_restoration_that_ends_after_the_next_has_begun_begins_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = assigned(monkeypatch)

    async def overtaken(*_: Any) -> bool:
        worker._state.abandon()
        worker.holdings.clear()
        worker.holdings.take(CALL_EVENTS, 0)
        return True

    monkeypatch.setattr(worker._state, "_restore", overtaken)
    await worker._state.on_recovery_completed({CHANGELOG}, set())

    assert worker.holdings[CALL_EVENTS, 0].next_offset is None
