"""Faust's own per-event agent: in dictionaries, or with ``--mode tables`` in tables with changelogs.

The changelogs' topics are there before Faust is. It would make them, but its agent crashes when a record comes before
its client knows that they have partitions, and on a busy machine that is nearly always so.
"""

from __future__ import annotations

import os

import faust
import orjson
from common import SLICE_MS, Progress, Slices, Waiting, add_to, arguments, step, tell
from confluent_kafka.admin import AdminClient, NewTopic

given = arguments()
app = faust.App(
    given.group,
    broker=f"kafka://{given.bootstrap}",
    datadir=given.folder,
    topic_partitions=given.partitions,
    web_enabled=False,
    value_serializer="raw",
)
topic = app.topic(given.topic, value_serializer="raw")
progress, slices = Progress(given), Slices()


if given.mode == "tables":
    changelogs = [
        NewTopic(f"{given.group}-{name}-changelog", given.partitions, 1, config={"cleanup.policy": "compact"})
        for name in ("contacts", "slices")
    ]
    admin = AdminClient({"bootstrap.servers": given.bootstrap})
    for made in admin.create_topics(changelogs).values():
        made.result()
    contacts = app.Table("contacts", partitions=given.partitions)
    counted = app.Table("slices", partitions=given.partitions, key_type=str)

    @app.agent(topic)
    async def count_in_tables(stream: faust.Stream) -> None:
        """One write of the contact and one of its slice."""
        async for value in stream:
            event = orjson.loads(value)
            contact = event["contact_id"]
            before = contacts.get(contact)
            after, fact = step(None if before is None else Waiting(*before), event)
            if after is None and before is not None:
                del contacts[contact]
            elif after is not None and after is not before:
                contacts[contact] = list(after)
            if fact is not None:
                key = f"{fact.queue}|{fact.at_ms - fact.at_ms % SLICE_MS}"
                counts = counted.get(key) or [0, 0, 0, 0]
                add_to(counts, fact.kind, fact.waited_ms)
                counted[key] = counts
            if progress.took():
                found = (key.split("|") for key in counted)
                tell({(queue, int(start)): counted[f"{queue}|{start}"] for queue, start in found})
                os._exit(0)

else:
    states: dict[str, Waiting] = {}

    @app.agent(topic)
    async def count(stream: faust.Stream) -> None:
        """Everything in memory."""
        async for value in stream:
            event = orjson.loads(value)
            after, fact = step(states.get(event["contact_id"]), event)
            if after is None:
                states.pop(event["contact_id"], None)
            else:
                states[event["contact_id"]] = after
            if fact is not None:
                slices.add(fact)
            if progress.took():
                tell(slices.counts)
                os._exit(0)


app.finalize()
faust.Worker(app, loglevel="error", redirect_stdouts=False).execute_from_commandline()
