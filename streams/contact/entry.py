"""One event of a contact as its log keeps it. Apart from the log, because msgspec makes its structs as it likes."""

from __future__ import annotations

from msgspec import Struct


class Entry(Struct, array_like=True, frozen=True, gc=False):
    """One event as the state machine sees it. Durations are milliseconds, -1 when the source did not measure them."""

    at: int
    seq: int
    transition: int
    event_id: str
    queue: str | None = None
    agent_id: str | None = None
    segment_id: str | None = None
    channel: str | None = None
    detail: str = ""
    flags: int = 0
    priority: int = 0
    wait_ms: int | None = None
    ring_ms: int | None = None
    talk_ms: int | None = None
    hold_ms: int | None = None
    acw_ms: int | None = None
