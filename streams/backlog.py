"""The conversations that are open now: how many, how old, who waits for a reply, and which promises are about to break.

Partitions, settings and ``now`` (epoch ms) enter; one ``Backlog`` a queue and channel leaves, and one for the floor.
Pure: an overdue promise is only a view of the clocks; it is counted as missed when the reply comes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import NamedTuple

from streams.contact.nouns import Dialogue, Head
from streams.partition import Partition
from streams.pieces import at_once
from streams.promises import AGES, Backlog, together
from streams.settings import Settings
from streams.slices import DAY, HOUR
from streams.tally.rules import ConversationRules
from streams.view import FLOOR, Key, Window


class Promise(NamedTuple):
    """A clock that runs towards its target: which, since when (epoch ms), how much is used and allowed (ms)."""

    name: str
    since: int
    used_ms: int
    target_ms: int


class Load(NamedTuple):
    """What the open conversations amount to. ``work_hours``: at the handle time known; ``days_to_clear``: at the pace
    at which they are resolved. None without a handle time, or with nothing resolved.
    """

    work_hours: float | None
    days_to_clear: float | None


def load(open_now: int, windows: Iterable[Window], now: int) -> Load:
    """Hours = open x mean handle time / 3600; days = open / (resolutions / days); each by the longest window that has
    a handle time, or resolutions. What nobody measured (handling of letters, mostly) is no hour of work.
    """
    by_length = sorted(windows, key=lambda w: w.span.start)
    handled = next((w.counts for w in by_length if w.counts.segments and w.counts.handle_ms > 0), None)
    resolving = next((w for w in by_length if w.counts.say("resolutions") > 0), None)
    hours = days = None
    if handled is not None:
        hours = open_now * handled.handle_ms / handled.segments / HOUR
    if resolving is not None:
        lasted = max(1, min(now, resolving.span.end) - resolving.span.start) / DAY
        days = open_now * lasted / resolving.counts.say("resolutions")
    return Load(hours, days)


def backlog(partitions: Iterable[Partition], settings: Settings, now: int) -> dict[Key, Backlog]:
    """Every queue with open conversations, and the floor."""
    return at_once(backlog_in_steps(partitions, settings, now))


def backlog_in_steps(
    partitions: Iterable[Partition], settings: Settings, now: int
) -> Generator[None, None, dict[Key, Backlog]]:
    """The same, a step for each partition."""
    found: dict[Key, Backlog] = {(FLOOR, ""): Backlog(by_age={}, running={}, at_risk={}, overdue={})}
    for partition in partitions:
        for name, head in partition.store.open_conversations.items():
            dialogue = head.dialogue
            if dialogue is None:
                continue
            queue = queue_of(head)
            own = found.setdefault((queue, head.channel), Backlog(by_age={}, running={}, at_risk={}, overdue={}))
            born, ledger = partition.contacts[name].born, partition.ledger
            rules = ledger.limits(ledger.book(queue, head.channel), born).conversations
            promised = promises(dialogue, rules, now)
            for row in (own, found[FLOOR, ""]):
                _add(row, dialogue, promised, settings.queue(queue).at_risk_ratio, now)
        for key, told in partition.backlogs.items():
            for known in (key, (FLOOR, "")):
                found[known] = together(found.get(known, Backlog()), told)
        yield
    return found


def queue_of(head: Head) -> str:
    """The queue a conversation belongs to: that of its latest visit, "" before any."""
    return head.place


def promises(dialogue: Dialogue, rules: ConversationRules, now: int) -> list[Promise]:
    """The clocks of an open conversation that run towards a target now; none when it is resolved."""
    if dialogue.resolved_at >= 0 or dialogue.closed_at >= 0:
        return []
    targets = rules.targets_of(dialogue.priority)
    running = [
        ("first_reply", _first_clock(dialogue, rules) if dialogue.awaits_first_reply() else -1, targets.first_reply_ms),
        ("next_reply", dialogue.waiting_since, targets.next_reply_ms),
        ("resolution", dialogue.created_at, targets.resolution_ms),
    ]
    return [
        Promise(name, since, _used(rules, since, now), target)
        for name, since, target in running
        if since >= 0 and target is not None
    ]


def _first_clock(dialogue: Dialogue, rules: ConversationRules) -> int:
    clock = {"handoff": dialogue.handed_off_at, "queue": dialogue.queued_at}.get(rules.first_reply_clock, -1)
    return clock if clock >= 0 else dialogue.created_at


def _used(rules: ConversationRules, since: int, now: int) -> int:
    if rules.targets_in_business_hours and rules.business is not None:
        return rules.business(since, max(since, now))
    return max(0, now - since)


def _add(row: Backlog, dialogue: Dialogue, promised: Iterable[Promise], at_risk_ratio: float, now: int) -> None:
    row.open += 1
    age = max(0, now - dialogue.created_at)
    name = next(name for name, limit in AGES if age < limit)
    row.by_age[name] = row.by_age.get(name, 0) + 1
    row.oldest_at = dialogue.created_at if row.oldest_at is None else min(row.oldest_at, dialogue.created_at)
    row.awaiting_first_reply += dialogue.awaits_first_reply()
    row.awaiting_next_reply += dialogue.waiting_since >= 0
    for promise in promised:
        if promise.used_ms > promise.target_ms:
            row.overdue[promise.name] = row.overdue.get(promise.name, 0) + 1
            continue
        row.running[promise.name] = row.running.get(promise.name, 0) + 1
        if promise.used_ms >= at_risk_ratio * promise.target_ms:
            row.at_risk[promise.name] = row.at_risk.get(promise.name, 0) + 1
