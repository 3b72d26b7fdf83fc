"""``/api/agents``: query parameters enter, what each agent does and did leaves. Ids leave as ``shown_id`` allows.

Contacts, replies and times between come from the facts about agents, states and schedules from their presence; both
stand in the partition of the agent's id, so a worker has both or neither. What has no value is null, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from streams import slices
from streams.api import iso
from streams.api.identity import shown_id
from streams.api.intervals import QueryError
from streams.crossing.agents import KEEP_MS, Agent, between
from streams.crossing.fact import name_of
from streams.crossing.now import agents_of
from streams.kpis.kpi import mean_seconds, ratio
from streams.partition import Partition
from streams.presence import SERVING, Presence, open_span, spans_of
from streams.schedule import activity_in_force
from streams.settings import Settings
from streams.slices import HOUR, Span

PARAMETERS: Final = ("window", "queue")
WORKING: Final = ("on_contact", "after_contact_work")


class Question(NamedTuple):
    """Of which time, and of which queue's agents (None: all)."""

    span: Span
    queue: str | None = None


def parse(parameters: Mapping[str, str], settings: Settings, now: int) -> Question:
    """Read the parameters: ``window`` is "today" or as long as 24h. Raises QueryError."""
    unknown = sorted(set(parameters) - set(PARAMETERS))
    if unknown:
        raise QueryError(f"There is no parameter {unknown[0][:40]!r}; there are {', '.join(PARAMETERS)}.")
    window = parameters.get("window", "today")
    if window == "today":
        start = slices.day_span(now, ZoneInfo(settings.defaults.timezone)).start
    else:
        try:
            start = now - slices.length_ms(window)
        except ValueError as error:
            raise QueryError(f"window={window[:40]!r}: write a number and s, m or h, or today.") from error
    if not 0 < now - start <= KEEP_MS:
        raise QueryError(f"window={window[:40]!r}: at most {KEEP_MS // HOUR}h; what agents did is kept for no longer.")
    return Question(Span(start, now), parameters.get("queue"))


def answer(partitions: Iterable[Partition], settings: Settings, question: Question) -> dict[str, Any]:
    """Every agent who is signed in, or was or worked in the window, in the order of the ids that are shown."""
    owned = list(partitions)
    work = {name_of(agent.who): agent for agent in agents_of(owned)}
    people = {name: presence for partition in owned for name, presence in partition.agents.items()}
    rows = [
        {"agent": shown_id(name, settings.web), **row}
        for name in {*work, *people}
        if (row := _row(people.get(name) or Presence(name), work.get(name) or Agent(name), question)) is not None
    ]
    return {
        "as_of_ms": question.span.end,
        "start": iso(question.span.start),
        "start_ms": question.span.start,
        "agents": sorted(rows, key=lambda row: str(row["agent"])),
    }


def _row(presence: Presence, work: Agent, question: Question) -> dict[str, Any] | None:
    span, queue = question
    took = list(_took(work, span, queue))
    spent = _spent(presence, span)
    signed_in = sum(ms for state, ms in spent.items() if state != "signed_out")
    serves = queue is None or queue in presence.queues
    if not any(map(any, took)) and not (signed_in and serves):
        return None
    taken, replied, resolved, segments, talk, hold, wrap = (sum(column) for column in zip(*took, strict=True))
    gaps = [gap for at, where, gap in between(work) if span.start <= at < span.end and queue in (None, where)]
    busy = sum(spent.get(state, 0) for state in WORKING)
    state = presence.state_at(span.end)
    return {
        "team": presence.team or None,
        "state": state,
        "since_ms": presence.changes[-1].at if presence.changes and state != "signed_out" else None,
        "queues": list(presence.queues),
        "taken": taken,
        "replied": replied,
        "resolved": resolved,
        "handle_segments": segments,
        "aht_seconds": mean_seconds(talk + hold + wrap, segments),
        "talk_seconds": mean_seconds(talk, segments),
        "hold_seconds": mean_seconds(hold, segments),
        "wrap_seconds": mean_seconds(wrap, segments),
        "between_seconds": mean_seconds(sum(gaps), len(gaps)),
        "taken_per_hour": None if not signed_in else taken * HOUR / signed_in,
        "signed_in_seconds": signed_in / 1000,
        "state_seconds": {name: ms / 1000 for name, ms in sorted(spent.items())},
        "on_call_ratio": ratio(spent.get("on_contact", 0), signed_in),
        "occupancy_ratio": ratio(busy, busy + sum(spent.get(name, 0) for name in SERVING if name not in WORKING)),
        **_against_schedule(presence, span, busy),
    }


def _took(work: Agent, span: Span, queue: str | None) -> Iterator[tuple[int, int, int, int, int, int, int]]:
    """Taken, replied, resolved, ended segments, their talk, hold and after-contact work, one by one; never empty."""
    yield (0, 0, 0, 0, 0, 0, 0)
    for one in work.work.values():
        for piece in one.pieces if not one.outbound else ():
            if queue in (None, piece.queue):
                yield (span.start <= piece.started_at < span.end, 0, 0, 0, 0, 0, 0)
                if span.start <= piece.ended_at < span.end:
                    yield (0, 0, 0, 1, piece.talk_ms, piece.hold_ms, piece.wrap_ms)
        for deed in one.deeds:
            if queue in (None, deed.queue) and span.start <= deed.at < span.end:
                yield (0, not deed.resolved, deed.resolved, 0, 0, 0, 0)


def _spans(presence: Presence, span: Span) -> Iterator[tuple[str, int, int]]:
    """The states of the window and their times, within it."""
    running = open_span(presence, span.end)
    for spent in [*spans_of(presence), *([running] if running else [])]:
        start, end = max(spent.start, span.start), min(spent.end, span.end)
        if start < end:
            yield spent.state, start, end


def _spent(presence: Presence, span: Span) -> dict[str, int]:
    found: dict[str, int] = {}
    for state, start, end in _spans(presence, span):
        found[state] = found.get(state, 0) + end - start
    return found


def _against_schedule(presence: Presence, span: Span, busy: int) -> dict[str, float | None]:
    """Adherence: time in the scheduled activity / scheduled time. Utilisation: on contact and after it / paid time."""
    edges = {span.start, span.end, *(at for _, start, end in _spans(presence, span) for at in (start, end))}
    edges |= {at for plan in presence.plans for at in (plan.start, plan.end) if span.start < at < span.end}
    states = list(_spans(presence, span))
    scheduled = kept = paid = 0
    moments = sorted(edges)
    for start, end in pairwise(moments):
        plan = activity_in_force(presence.plans, start)
        if plan is None or plan.activity == "signed_out":
            continue
        state = next((name for name, since, until in states if since <= start < until), "signed_out")
        scheduled += end - start
        paid += (end - start) * plan.paid
        kept += (end - start) * (state == plan.activity or {state, plan.activity} <= SERVING)
    return {"adherence_ratio": ratio(kept, scheduled), "utilisation_ratio": ratio(busy, paid)}
