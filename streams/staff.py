"""The rules of ``streams.roster`` for agents: what their events change, when they are forgotten, how they are stored.

An agent is stored on pages (``streams.presence_pages``). Each holds some changes of state and, beside them, all else
that is known of the agent: of several pages, what the one says counts that was written last.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from streams.contact.history import LATE
from streams.events import AgentEvent, AgentScheduled, AgentStateChanged
from streams.presence import Presence, Spent, record
from streams.presence_pages import BEHIND_ALL, Order, StateChange, order
from streams.schedule import Activity, planned


class Page(Struct, array_like=True):
    """A page as it is stored. ``first``: where the changes begin that count; None where none does.

    State of version 4 is an agent in one piece, without ``first`` and what follows it: all its changes count.
    """

    agent_id: str
    stamp: int
    team: str
    heard_at: int
    changes: list[StateChange]
    cut: bool
    plans: list[Activity]
    first: Order | None = None
    queues_before: tuple[str, ...] | None = None
    capacity_before: int | None = None


class Staff:
    """Agents, forgotten so many ms after the last word of them and their plans."""

    def __init__(self, keep_ms: int) -> None:
        self._keep_ms = keep_ms

    def new(self, who: str) -> Presence:
        return Presence(who, changes=[])

    def take(self, known: Presence, told: AgentEvent, watermark: int) -> list[Spent] | str:
        if known.heard_at < 0 and told.occurred_at < watermark - self._keep_ms:
            return LATE
        spans = record(known, told) if isinstance(told, AgentStateChanged) else []
        if isinstance(spans, str):
            return spans
        if isinstance(told, AgentScheduled):
            known.plans = planned(known.plans, told)
        known.heard_at = max(known.heard_at, told.occurred_at)
        return spans

    def due(self, known: Presence) -> int:
        return max(known.heard_at, *(plan.end for plan in known.plans), 0) + self._keep_ms

    def fire(self, _known: Presence, _now: int) -> None:
        return None

    # --- storing and reading back ------------------------------------------------------------------------------------

    def stored(self, known: Presence) -> Page:
        """The page that is being written."""
        pages = known.pages
        first = order(known.changes[0]) if known.changes else None
        pages.wrote(known.stamp, first or BEHIND_ALL)
        return Page(
            known.agent_id, known.stamp, known.team, known.heard_at, pages.open, known.cut, known.plans, first,
            known.queues_before, known.capacity_before,
        )  # fmt: skip

    def page(self, known: Presence) -> int:
        return known.pages.page

    def pages(self, known: Presence) -> list[int]:
        return [*known.pages.held, *known.pages.void]

    def void(self, known: Presence) -> list[int]:
        void, known.pages.void = known.pages.void, []
        return void

    def read(self, who: str, value: bytes) -> Presence:
        known = self.new(who)
        self.read_page(known, 0, value)
        return known

    def read_page(self, known: Presence, page: int, value: bytes) -> None:
        stored = _decode(value)
        pages = known.pages
        gone, latest = pages.read(page, stored.stamp, stored.changes, _first_of(stored))
        if latest:
            known.stamp, known.team, known.heard_at = stored.stamp, stored.team, stored.heard_at
            known.cut, known.plans = stored.cut, stored.plans
            known.queues_before, known.capacity_before = stored.queues_before, stored.capacity_before
        known.replace(gone, pages.held.get(page, []), pages.first)

    def erase_page(self, known: Presence, page: int) -> bool:
        known.pages.erase(page)
        return not known.pages.held


def _first_of(page: Page) -> Order:
    """Where the changes begin that count."""
    return page.first or min(map(order, page.changes), default=BEHIND_ALL)


_decode: Final = msgspec.msgpack.Decoder(Page).decode
