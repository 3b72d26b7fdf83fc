"""A loop over confluent-kafka (librdkafka) with dictionaries: no state is stored, nothing is safe in a crash."""

from __future__ import annotations

import orjson
from common import Arguments, Progress, Slices, Waiting, arguments, step, tell
from confluent_kafka import Consumer


def main(given: Arguments) -> None:
    """Count until all are counted."""
    consumer = Consumer(
        {
            "bootstrap.servers": given.bootstrap,
            "group.id": given.group,
            "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 10,  # its default of a second costs a third of the speed
        }
    )
    consumer.subscribe([given.topic])
    progress, slices = Progress(given), Slices()
    contacts: dict[str, Waiting] = {}
    everything = False
    while not everything:
        # Asked for many it waits for so many, or for as long as it may: so for one, and whatever has come with it.
        messages = consumer.consume(1, timeout=1.0) + consumer.consume(10_000, timeout=0)
        for message in messages:
            event = orjson.loads(message.value())
            contact = event["contact_id"]
            before = contacts.get(contact)
            after, fact = step(before, event)
            if after is None:
                contacts.pop(contact, None)
            elif after is not before:
                contacts[contact] = after
            if fact is not None:
                slices.add(fact)
        everything = progress.took(len(messages))
    consumer.close()
    tell(slices.counts)


main(arguments())
