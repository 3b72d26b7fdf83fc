"""Agents, queues, sources and the help centre: what is no contact. ``agent.*`` is on topic ``agent-events``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from streams.events.envelope import AgentEvent, AgentState, Envelope, EpochMs, Id, Name


class AgentStateChanged(AgentEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="agent.state_changed"):
    """The agent is in ``state`` from now on; ``queues`` are those served, ``capacity`` the contacts at once."""

    state: AgentState
    queues: Annotated[tuple[Name, ...], Meta(max_length=200)] | None = None
    capacity: Annotated[int, Meta(ge=1, le=1_000)] | None = None


class AgentHeartbeat(AgentEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="agent.heartbeat"):
    """The agent is still there."""


class AgentScheduled(AgentEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="agent.scheduled"):
    """A planned activity from ``starts_at`` to ``ends_at``; ``paid`` time is the base of utilisation."""

    starts_at: EpochMs
    ends_at: EpochMs
    activity: AgentState = "available"
    paid: bool = True
    planned: bool = True


class QueueStateChanged(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="queue.state_changed"):
    """The queue opened or closed outside its calendar."""

    queue: Name
    open: bool


class SourceHeartbeat(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="source.heartbeat"):
    """The source is alive and everything before ``occurred_at`` has been sent; goes to every partition."""

    source: Id


class SourceSnapshot(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="source.snapshot"):
    """After a reconnect: the contacts still open at the source; others of this source are closed as orphans.

    Goes to every partition; each needs to be told of its own contacts only (those whose key falls into it).
    """

    source: Id
    open_contacts: Annotated[tuple[Id, ...], Meta(max_length=10_000)] = ()


class SourceGap(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="source.gap"):
    """The source was cut off from ``since`` on: what happened may never be told. A snapshot says what is open again."""

    source: Id
    since: EpochMs


class HelpViewed(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="help.viewed"):
    """A help-centre page was read."""

    contact_id: Id | None = None
    customer_id: Id | None = None


class HelpSearched(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="help.searched"):
    """The help centre was searched, with or without a hit."""

    found: bool
    contact_id: Id | None = None
    customer_id: Id | None = None


class HelpDeflected(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="help.deflected"):
    """The help centre answered; no contact followed."""

    contact_id: Id | None = None
    customer_id: Id | None = None
