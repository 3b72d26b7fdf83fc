"""The record that Queuepulse publishes for each one it refused, as JSON Schema 2020-12."""

from __future__ import annotations

from streams.decode import MAX_BYTES, MAX_DETAIL, MEANINGS
from streams.events import SCHEMA_VERSION, TOPICS
from streams.measures.record import MEASURES
from streams.schema.events import DIALECT, Schema


def rejected_schema() -> Schema:
    """The document. Two records with one ``id`` are one refusal, published again after a crash."""
    raw = {"type": ["string", "null"], "contentEncoding": "base64"}
    properties = {
        "id": {"type": "string", "description": "topic-partition-offset of the refused record."},
        "topic": {"enum": [*TOPICS, MEASURES], "description": "Where the refused record stands."},
        "partition": {"type": "integer", "minimum": 0},
        "offset": {"type": "integer", "minimum": 0},
        "published_at": {"type": "integer", "description": "Its Kafka timestamp, epoch milliseconds; 0 is unknown."},
        "reason": {
            "oneOf": [{"const": reason, "description": meaning} for reason, meaning in MEANINGS.items()],
        },
        "detail": {
            "type": "string",
            "maxLength": MAX_DETAIL,
            "description": "What is wrong, where, and how to mend it; for people, its wording may change.",
        },
        "size": {"type": "integer", "minimum": 0, "description": "Length of the whole value in bytes."},
        "sha256": {"type": ["string", "null"], "description": "Digest of the whole value in hex; null for no value."},
        "key": raw | {"description": "The record's key."},
        "value": raw | {"description": f"The value's first {MAX_BYTES:,} bytes."},
    }
    return {
        "$schema": DIALECT,
        "$id": f"urn:queuepulse:schema:rejected:{SCHEMA_VERSION}",
        "title": "A refused record",
        "description": "Stands on the topic of the refused record with `-rejected` added.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }
