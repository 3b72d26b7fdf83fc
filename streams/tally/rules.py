"""How a queue counts its conversations: its settings enter, what the tallies need of them leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from streams.settings import QueueSettings

BusinessMs = Callable[[int, int], int]
"""Business hours between two instants, ms."""


class Targets(Struct, frozen=True):
    """What a policy promises, ms; None is not judged."""

    first_reply_ms: int | None = None
    next_reply_ms: int | None = None
    resolution_ms: int | None = None


class ConversationRules(Struct, frozen=True, kw_only=True):
    """How one queue counts its conversations. No ``business`` means always open."""

    first_reply_clock: str = "handoff"
    targets: Targets = Targets()
    by_priority: Mapping[int, Targets] = {}
    targets_in_business_hours: bool = False
    business: BusinessMs | None = None

    def targets_of(self, priority: int) -> Targets:
        """The targets in force for a conversation of this priority."""
        return self.by_priority.get(priority, self.targets)


def rules_of(queue: QueueSettings, business: BusinessMs | None) -> ConversationRules:
    """The rules of a queue as its settings say."""
    targets = Targets(
        _ms(queue.first_reply_target_seconds),
        _ms(queue.next_reply_target_seconds),
        _ms(queue.resolution_target_seconds),
    )
    by_priority = {
        int(priority): Targets(
            _ms(own.first_reply_target_seconds) or targets.first_reply_ms,
            _ms(own.next_reply_target_seconds) or targets.next_reply_ms,
            _ms(own.resolution_target_seconds) or targets.resolution_ms,
        )
        for priority, own in queue.priorities.items()
    }
    return ConversationRules(
        first_reply_clock=queue.first_reply_clock,
        targets=targets,
        by_priority=by_priority,
        targets_in_business_hours=queue.targets_in_business_hours,
        business=business,
    )


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
