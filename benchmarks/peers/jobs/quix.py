"""Quix Streams: contacts in its state; slices in a dictionary, or with ``--mode windows`` in its tumbling windows.

Windows need the records by queue, so they go through a topic once more. Grace is two minutes, more than any record
here is behind others of its partition; with ``--mode patient-windows`` a day, more than the backlog is long: from that
topic on partitions that were drained at different speed stand in one.
"""

from __future__ import annotations

from typing import Any

from common import (
    ABANDONED,
    ANSWERED,
    OFFERED,
    SLICE_MS,
    Arguments,
    Fact,
    Progress,
    Slices,
    Waiting,
    arguments,
    step,
    tell,
)
from quixstreams import Application, State
from quixstreams.dataframe.windows import Sum

GRACE_MS = {"windows": 120_000, "patient-windows": 86_400_000}


def advance(event: dict[str, Any], state: State) -> Fact | None:
    """The contact's next state is stored; what counts goes on."""
    before = state.get("waiting")
    after, fact = step(None if before is None else Waiting(*before), event)
    if after is None:
        if before is not None:
            state.delete("waiting")
    elif list(after) != before:
        state.set("waiting", list(after))
    return fact


def main(given: Arguments) -> None:
    """Count until all are counted."""
    app = Application(
        broker_address=given.bootstrap,
        consumer_group=given.group,
        auto_offset_reset="earliest",
        state_dir=given.folder,
        loglevel="ERROR",
    )
    topic = app.topic(
        given.topic,
        key_deserializer="str",
        value_deserializer="json",
        timestamp_extractor=lambda value, *_: value["occurred_at"],
    )
    facts = app.dataframe(topic).apply(advance, stateful=True)
    found = in_windows(app, facts, given) if given.mode in GRACE_MS else in_memory(app, facts, given)
    app.run()
    tell(found)


def in_memory(app: Application, facts: Any, given: Arguments) -> dict[tuple[str, int], list[int]]:
    """Slices in a dictionary."""
    progress, slices = Progress(given), Slices()

    def count(fact: Fact | None) -> None:
        if fact is not None:
            slices.add(fact)
        if progress.took():
            app.stop()

    facts.update(count)
    return slices.counts


def in_windows(app: Application, facts: Any, given: Arguments) -> dict[tuple[str, int], list[int]]:
    """Slices in windows by queue; the latest value of each is its total."""
    progress = Progress(given)
    found: dict[tuple[str, int], list[int]] = {}

    def took() -> None:
        if progress.took():
            app.stop()

    def count(fact: Fact | None) -> None:
        if fact is None:
            took()

    def row(fact: Fact) -> dict[str, Any]:
        kind = fact.kind
        waited = fact.waited_ms if kind == ANSWERED else 0
        return {
            "queue": fact.queue,
            OFFERED: int(kind == OFFERED),
            ANSWERED: int(kind == ANSWERED),
            ABANDONED: int(kind == ABANDONED),
            "waited": waited,
        }

    def arrive(_: Any) -> None:
        """What counts is counted when it comes back."""
        took()

    def keep(value: dict[str, Any], key: Any, _at: int, _headers: Any) -> None:
        found[key.decode() if isinstance(key, bytes) else key, value["start"]] = [
            value["offered"],
            value["answered"],
            value["abandoned"],
            value["waited"],
        ]

    rows = facts.update(count).filter(lambda fact: fact is not None).apply(row).group_by("queue").update(arrive)
    windows = rows.tumbling_window(SLICE_MS, grace_ms=GRACE_MS[given.mode]).agg(
        offered=Sum(OFFERED), answered=Sum(ANSWERED), abandoned=Sum(ABANDONED), waited=Sum("waited")
    )
    windows.current().update(keep, metadata=True)
    return found


main(arguments())
