"""A loop over aiokafka with dictionaries: no state is stored, nothing is safe in a crash."""

from __future__ import annotations

import asyncio

import orjson
from aiokafka import AIOKafkaConsumer
from common import Arguments, Progress, Slices, Waiting, arguments, step, tell


async def main(given: Arguments) -> None:
    """Count until all are counted."""
    consumer = AIOKafkaConsumer(
        given.topic, bootstrap_servers=given.bootstrap, group_id=given.group, auto_offset_reset="earliest"
    )
    progress, slices = Progress(given), Slices()
    contacts: dict[str, Waiting] = {}
    await consumer.start()
    everything = False
    while not everything:
        for records in (await consumer.getmany(timeout_ms=1_000)).values():
            for record in records:
                event = orjson.loads(record.value)
                contact = event["contact_id"]
                before = contacts.get(contact)
                after, fact = step(before, event)
                if after is None:
                    contacts.pop(contact, None)
                elif after is not before:
                    contacts[contact] = after
                if fact is not None:
                    slices.add(fact)
            everything = progress.took(len(records)) or everything
    await consumer.stop()
    tell(slices.counts)


asyncio.run(main(arguments()))
