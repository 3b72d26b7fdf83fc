"""The contract as an AsyncAPI 3.0 document: topics, messages and keys enter, one JSON object leaves."""

from __future__ import annotations

from typing import Any, Final

from streams.events import (
    AGENT_EVENTS,
    CALL_EVENTS,
    CONVERSATION_EVENTS,
    SCHEMA_VERSION,
    TOPICS,
    AgentEvent,
    ContactEvent,
    Event,
)
from streams.schema.events import KINDS, Schema, definitions, kinds_on, tag_of

BINDING: Final = "0.5.0"
TOPIC_TEXT: Final = {
    CALL_EVENTS: ("Telephone and video calls", "Key: contact_id, in UTF-8."),
    CONVERSATION_EVENTS: ("Written conversations, surveys, the help centre", "Key: contact_id, in UTF-8."),
    AGENT_EVENTS: ("Agents: states, heartbeats, plans", "Key: agent_id, in UTF-8."),
}


def asyncapi(rejected: Schema) -> dict[str, Any]:
    """The document. ``rejected`` is the schema of what stands on the ``-rejected`` topics."""
    schemas = {name: _moved(schema) for name, schema in definitions().items()}
    schemas["RejectedRecord"] = {each: rejected[each] for each in rejected if not each.startswith("$")}
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for topic in TOPICS:
        title, key = TOPIC_TEXT[topic]
        messages = [kind.__name__ for kind in kinds_on(topic)]
        channels[topic] = _channel(topic, title, f"{key} Any order, duplicates welcome.", messages)
        operations[f"receive-{topic}"] = _operation("receive", topic, f"Queuepulse reads {topic}.")
    for topic in TOPICS:
        name = f"{topic}-rejected"
        text = f"Every record of {topic} that was refused, with its reason, where it stood and its bytes."
        channels[name] = _channel(name, f"Refused records of {topic}", text, ["RejectedRecord"])
        operations[f"send-{name}"] = _operation("send", name, f"Queuepulse keeps what it refused from {topic}.")
    return {
        "asyncapi": "3.0.0",
        "id": "urn:queuepulse:asyncapi",
        "info": {
            "title": "Queuepulse events",
            "version": f"{SCHEMA_VERSION}.0.0",
            "description": "What contact-centre systems publish to Kafka to be measured: JSON, one event a record.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in KINDS} | {"RejectedRecord": _REJECTED},
            "schemas": schemas,
        },
    }


_REJECTED: Final = {
    "name": "rejected",
    "title": "A refused record",
    "contentType": "application/json",
    "payload": {"$ref": "#/components/schemas/RejectedRecord"},
}


def _channel(topic: str, title: str, description: str, messages: list[str]) -> dict[str, Any]:
    return {
        "address": topic,
        "title": title,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": BINDING}},
    }


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _message(kind: type[Event]) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": tag_of(kind),
        "title": tag_of(kind),
        "summary": (kind.__doc__ or "").replace("``", "`"),
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
    }
    for envelope, field in ((ContactEvent, "contact_id"), (AgentEvent, "agent_id")):
        if issubclass(kind, envelope):
            message["correlationId"] = {"location": f"$message.payload#/{field}"}
            key = {"type": "string", "minLength": 1, "description": f"The event's {field}, in UTF-8, nothing added."}
            message["bindings"] = {"kafka": {"key": key, "bindingVersion": BINDING}}
    return message


def _moved(schema: Any) -> Any:
    """The same schema with its references pointing into ``components``."""
    if isinstance(schema, dict):
        return {
            name: value.replace("#/$defs/", "#/components/schemas/") if name == "$ref" else _moved(value)
            for name, value in schema.items()
        }
    return [_moved(each) for each in schema] if isinstance(schema, list) else schema
