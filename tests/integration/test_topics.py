"""Topics are created, checked, and what is wrong with them is told with the mend."""

from __future__ import annotations

import pytest
from kafka.admin import KafkaAdminClient

from streams.settings import Settings
from streams.topics import BrokerUnreachableError, TopicsError, changelog_topic, check_topics, ensure_topics
from tests.integration.conftest import settings_for


def create(bootstrap: str, topics: dict[str, dict[str, object]]) -> None:
    """Create topics as somebody else might have."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics(topics, wait_for_metadata=True)
    admin.close()


def test_missing_topics_are_created_once(empty_kafka: str) -> None:
    settings = settings_for(empty_kafka, "topics")

    first, second = ensure_topics(settings), ensure_topics(settings)

    assert first == [
        "call-events",
        "conversation-events",
        "agent-events",
        "topics-customer-facts",
        "topics-agent-facts",
        "call-events-rejected",
        "conversation-events-rejected",
        "agent-events-rejected",
        "topics-customer-facts-rejected",
        "topics-agent-facts-rejected",
        "topics-state-changelog",
        "topics-floor",
        "measures",
        "measures-rejected",
    ]
    assert second == []
    assert check_topics(settings) == 4


def test_missing_topics_get_as_many_partitions_as_the_inputs_have(empty_kafka: str) -> None:
    create(empty_kafka, {"call-events": {"num_partitions": 6}})
    settings = settings_for(empty_kafka, "topics")

    ensure_topics(settings, partitions=3)

    assert check_topics(settings) == 6


def test_topics_that_are_missing_or_differ_are_named_with_the_mend(empty_kafka: str) -> None:
    create(empty_kafka, {"call-events": {"num_partitions": 2}, "agent-events": {"num_partitions": 3}})
    settings = settings_for(empty_kafka, "topics")

    with pytest.raises(TopicsError) as caught:
        check_topics(settings)

    told = str(caught.value).splitlines()
    assert len(told) == 13
    assert told[0] == (
        "topic conversation-events: expected 2 partitions, found no such topic. "
        "Run `queuepulse topics`, which creates it."
    )
    assert told[-1].startswith("topic agent-events: expected 2 partitions, as call-events has, found 3. ")


def test_a_changelog_that_is_not_compacted_is_refused(empty_kafka: str) -> None:
    settings = settings_for(empty_kafka, "topics")
    create(empty_kafka, {changelog_topic("topics"): {"num_partitions": 4}})

    with pytest.raises(TopicsError, match=r"expected cleanup.policy=compact, found cleanup.policy=delete"):
        ensure_topics(settings)


def test_a_broker_that_does_not_answer_is_named() -> None:
    with pytest.raises(BrokerUnreachableError, match=r"no Kafka broker answered at 127\.0\.0\.1:1"):
        check_topics(settings_for("127.0.0.1:1", "topics"))


def test_the_embedded_broker_takes_the_same_topics(embedded: str) -> None:
    settings: Settings = settings_for(embedded, "topics")

    ensure_topics(settings)

    assert check_topics(settings) == 4
