"""One queue looked at closely: a snapshot and the partitions enter, who waits since when leaves, and every number.

A contact id leaves only where the configuration asks for ids; else each row bears a pseudonym (``api.identity``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from msgspec import structs

from streams import api, kpis
from streams.api.identity import shown_id
from streams.partition import Partition, Waiting
from streams.planning import chances_of_breach, said
from streams.planning.ahead import Ahead, floor_soon
from streams.snapshot import Row, Snapshot
from streams.view import FLOOR, Key

MAX_WAITING: Final = 200

Waiter = tuple[str, Waiting]
"""A contact id and its visit."""


def waiting(partitions: Iterable[Partition], snapshot: Snapshot, row: Row) -> list[Waiter]:
    """Who waits in a row's queues, by priority, then by time.

    Reads live state: call it on the loop.
    """
    members = snapshot.settings.groups.get(row.queue, ()) if not row.channel else (row.queue,)
    found = [
        (contact_id, visit)
        for partition in partitions
        for contact_id, visits in partition.waiting.items()
        for visit in visits
        if row.queue == FLOOR or (visit.queue in members and row.channel in ("", visit.channel))
    ]
    return sorted(found, key=lambda waiter: (-waiter[1].priority, waiter[1].offered_at, waiter[0]))


def detail(
    snapshot: Snapshot, row: Row, waiters: Sequence[Waiter], forecasts: Mapping[Key, Ahead] = MappingProxyType({})
) -> dict[str, Any]:
    """The shape of ``/api/floor`` with one row, ``queue``; what is foreseen of it; who waits, the first 200."""
    narrowed = structs.replace(snapshot, rows=[row], groups=[])
    answer = api.floor(narrowed)
    del answer["floor"], answer["groups"]
    answer["queue"] = answer.pop("queues")[0]
    answer["ahead"] = _ahead(snapshot, row, forecasts)
    threshold_ms = row.rule.service_level_threshold_seconds * 1000
    waiters, left_out = waiters[:MAX_WAITING], max(0, len(waiters) - MAX_WAITING)
    chances = chances_of_breach(snapshot, [(visit.queue, visit.channel, visit.offered_at) for _, visit in waiters])
    answer["contacts"] = [
        {
            "name": shown_id(contact_id, snapshot.settings.web),
            "queue": visit.queue,
            "channel": visit.channel,
            "offered_at_ms": visit.offered_at,
            "waited_seconds": max(0, snapshot.now - visit.offered_at) / 1000,
            "past_threshold": snapshot.now - visit.offered_at > threshold_ms,
            "priority": visit.priority,
            "callback": visit.callback,
            "position": position,
            "breach_chance": chance,
        }
        for (contact_id, visit), position, chance in zip(waiters, positions(waiters), chances, strict=True)
    ]
    answer["contacts_left_out"] = left_out
    return answer


def positions(waiters: Iterable[Waiter]) -> list[int]:
    """The position of each in the line of its own queue and channel, 1 is next: its rank by priority, then by time.

    What the router told when the visit began holds where it is better: it may know skills that rank somebody higher,
    and it is out of date as soon as somebody ahead has left.
    """
    lengths: dict[tuple[str, str], int] = {}
    found = []
    for _, visit in waiters:
        rank = lengths.get((visit.queue, visit.channel), 0) + 1
        lengths[visit.queue, visit.channel] = rank
        found.append(min(visit.position, rank) if visit.position else rank)
    return found


def _ahead(snapshot: Snapshot, row: Row, forecasts: Mapping[Key, Ahead]) -> dict[str, Any] | None:
    """A queue's next hour; of the floor and of groups only the service level in ten minutes; None without forecasts."""
    if row.channel:
        found = forecasts.get((row.queue, row.channel))
        return None if found is None else said.ahead(found, snapshot.now)
    members = snapshot.settings.groups.get(row.queue, ())
    inside = {key: one for key, one in forecasts.items() if row.queue == FLOOR or key[0] in members}
    return {"service_level_in_10_minutes": floor_soon(inside)} if inside else None


def glossary() -> dict[str, Any]:
    """Every KPI and every service-level preset with its formula in words."""
    return {
        "kpis": [{"name": kpi.name, "unit": kpi.unit, "formula": kpi.formula} for kpi in kpis.REGISTRY],
        "presets": [
            {"name": name, "formula": " ".join((function.__doc__ or "").split())}
            for name, function in kpis.PRESETS.items()
        ],
    }
