"""Pathway: a contact's events gathered in a group, its visits flattened out of it, slices as sums over them.

Without a persistence configuration nothing survives. It tells its results in steps of many records, so that no quarter
of them can be told from the rest: it is measured from the start of its engine on.
"""

from __future__ import annotations

import os
from typing import Any

import pathway as pw
from common import ABANDONED, ANSWERED, OFFERED, SLICE_MS, Arguments, arguments, say, step, tell

COMMIT_MS = 200


class Event(pw.Schema):
    """What the job needs of a record."""

    type: str
    contact_id: str
    occurred_at: int
    queue: str = pw.column_definition(default_value="")


@pw.udf(deterministic=True)
def visits(events: tuple[tuple[int, str, str], ...]) -> list[tuple[str, int, int, int, int, int]]:
    """What counts of one contact: queue, slice and the four numbers."""
    waiting, found = None, []
    for at_ms, kind, queue in events:
        waiting, fact = step(waiting, {"type": kind, "queue": queue, "occurred_at": at_ms})
        if fact is not None:
            numbers = fact.kind == OFFERED, fact.kind == ANSWERED, fact.kind == ABANDONED
            waited = fact.waited_ms if fact.kind == ANSWERED else 0
            found.append((fact.queue, at_ms - at_ms % SLICE_MS, *map(int, numbers), waited))
    return found


def main(given: Arguments) -> None:
    """Count until all are counted."""
    settings = {
        "bootstrap.servers": given.bootstrap,
        "group.id": given.group,
        "auto.offset.reset": "earliest",
    }
    events = pw.io.kafka.read(
        settings, topic=given.topic, schema=Event, format="json", autocommit_duration_ms=COMMIT_MS
    )
    wanted = events.filter((pw.this.type == OFFERED) | (pw.this.type == ANSWERED) | (pw.this.type == ABANDONED))
    contacts = wanted.groupby(pw.this.contact_id).reduce(
        events=pw.reducers.sorted_tuple(pw.make_tuple(pw.this.occurred_at, pw.this.type, pw.this.queue))
    )
    facts = contacts.select(fact=visits(pw.this.events)).flatten(pw.this.fact)
    numbers = facts.select(
        queue=pw.this.fact[0], start=pw.this.fact[1], offered=pw.this.fact[2], answered=pw.this.fact[3],
        abandoned=pw.this.fact[4], waited=pw.this.fact[5],
    )  # fmt: skip
    slices = numbers.groupby(pw.this.queue, pw.this.start).reduce(
        pw.this.queue,
        pw.this.start,
        offered=pw.reducers.sum(pw.this.offered),
        answered=pw.reducers.sum(pw.this.answered),
        abandoned=pw.reducers.sum(pw.this.abandoned),
        waited=pw.reducers.sum(pw.this.waited),
    )
    found: dict[tuple[str, int], list[int]] = {}
    counted: dict[int, int] = {}
    summed_at = -1

    def keep(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:  # noqa: ARG001  (called by name)
        if is_addition:
            found[row["queue"], row["start"]] = [row[n] for n in ("offered", "answered", "abandoned", "waited")]

    def count(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:  # noqa: ARG001
        if is_addition:
            counted[time] = row["records"]

    def is_summed(time: int) -> None:
        nonlocal summed_at
        summed_at = time
        end(time)

    def end(_: int) -> None:
        """What both outputs have passed is counted."""
        records = max((records for time, records in counted.items() if time <= summed_at), default=0)
        if given.live:
            say(f"took {records}")
        if records >= given.records:
            say(f"done {given.records}")
            tell(found)
            os._exit(0)

    pw.io.subscribe(slices, keep, on_time_end=is_summed)
    pw.io.subscribe(events.reduce(records=pw.reducers.count()), count, on_time_end=end)
    say("warm 0")
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)


main(arguments())
