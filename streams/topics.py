"""The topics a worker needs: settings enter; created topics, or a list of what is wrong with each, leave.

Inputs (``call-events``, ``conversation-events``, ``agent-events``, and the application's own facts about customers and
agents), one ``-rejected`` topic beside each, the changelog of the state, and the floor, where workers tell each other
of it. All have the same number of partitions: partition n of the changelog holds the state of partition n of every
input, so that one worker owns them together.
``measures``, which every worker reads whole, and what is refused of it have one partition, whatever the others have.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple
from uuid import UUID

import kafka.errors
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from streams.connection import admin_arguments, tls
from streams.crossing.fact import DESTINATIONS, facts_topic
from streams.events import TOPICS
from streams.measures.record import MEASURES
from streams.settings import Broker, Settings

CHANGELOG_CONFIG: Final = {
    "cleanup.policy": "compact",
    # What is in the newest segment is not compacted, and recovery reads it all: so it closes by size and by time.
    "segment.bytes": str(64 * 1024 * 1024),
    "segment.ms": str(10 * 60_000),
    "max.compaction.lag.ms": str(10 * 60_000),
    "min.cleanable.dirty.ratio": "0.2",
    # How long a reader may take from the beginning to the end without missing a deletion; markers of transactions, too.
    "delete.retention.ms": str(60 * 60_000),
    "max.message.bytes": str(8 * 1024 * 1024),
}

COMPACTED: Final = {"cleanup.policy": "compact"}

_EVERYWHERE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.2


class Problem(NamedTuple):
    """One thing wrong with a topic, and what to do about it."""

    topic: str
    expected: str
    found: str
    mend: str

    def __str__(self) -> str:
        return f"topic {self.topic}: expected {self.expected}, found {self.found}. {self.mend}"


class TopicsError(RuntimeError):
    """The topics can't be used as they are; ``problems`` holds every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


class BrokerUnreachableError(RuntimeError):
    """No broker answered at the configured address; the message names it."""


def rejected_topic(topic: str) -> str:
    """Where the records of ``topic`` go that could not be understood."""
    return f"{topic}-rejected"


def changelog_topic(app_id: str) -> str:
    """The topic that holds the state, as Faust names the changelog of the table ``state``."""
    return f"{app_id}-state-changelog"


def floor_topic(app_id: str) -> str:
    """Where each worker tells the others of the partitions it counts."""
    return f"{app_id}-floor"


def facts_topics(app_id: str) -> dict[str, str]:
    """What crosses partitions goes through these topics; to each, which of the two it is."""
    return {facts_topic(app_id, destination): destination for destination in DESTINATIONS}


def input_topics(app_id: str) -> list[str]:
    """Every topic a worker reads: the contract's, and its application's facts."""
    return [*TOPICS, *facts_topics(app_id)]


def topic_names(app_id: str) -> list[str]:
    """Every topic that a worker reads or writes its part of: they share their number of partitions."""
    inputs = input_topics(app_id)
    return [*inputs, *map(rejected_topic, inputs), changelog_topic(app_id), floor_topic(app_id)]


_SHARED: Final = (*TOPICS, *map(rejected_topic, TOPICS))
"""What belongs to no application alone."""

WHOLE_TOPICS: Final = (MEASURES, rejected_topic(MEASURES))
"""Topics every worker reads, or writes, as one: compacted, so that the latest record of each key is kept for ever."""


def ensure_topics(settings: Settings, partitions: int | None = None, replication: int | None = None) -> list[str]:
    """Create the topics that are missing, check all, and return the names of those created.

    A missing topic gets as many partitions as the inputs that exist have; where none does, ``partitions`` (None: the
    settings'). Raises TopicsError or BrokerUnreachableError.
    """
    broker = settings.broker
    with administering(broker) as admin:
        counts = _partition_counts(admin)
        existing = [counts[topic] for topic in topic_names(broker.app_id) if topic in counts]
        count = existing[0] if existing else partitions or broker.partitions
        missing = [topic for topic in (*topic_names(broker.app_id), *WHOLE_TOPICS) if topic not in counts]
        if missing:
            # Another worker that starts beside this one may be quicker: the check below has the last word.
            with suppress(kafka.errors.TopicAlreadyExistsError):
                _create(admin, broker, missing, count, replication)
            admin.wait_for_topics(missing, timeout_ms=30_000)
        _check_soon(admin, broker, _EVERYWHERE_SECONDS if missing else 0.0)
    return missing


def create_own(settings: Settings, partitions: int) -> None:
    """Create what belongs to this application alone: its changelog and facts. Raises TopicsError when any exists."""
    broker = settings.broker
    own = [topic for topic in topic_names(broker.app_id) if topic not in _SHARED]
    with administering(broker) as admin:
        counts = _partition_counts(admin)
        mend = "Choose another name, or delete the topic when nobody needs what is in it."
        problems = [Problem(topic, "no such topic", "one", mend) for topic in own if topic in counts]
        if problems:
            raise TopicsError(problems)
        _create(admin, broker, own, partitions)
        admin.wait_for_topics(own, timeout_ms=30_000)


def ensure_shared(settings: Settings, partitions: int) -> None:
    """Create what applications share, where it is missing. Raises TopicsError when an input has other partitions."""
    with administering(settings.broker) as admin:
        counts = _partition_counts(admin)
        mend = "Choose as many, or another cluster."
        problems = [
            Problem(topic, f"{partitions} partitions", str(counts[topic]), mend)
            for topic in _SHARED
            if counts.get(topic, partitions) != partitions
        ]
        if problems:
            raise TopicsError(problems)
        missing = [topic for topic in (*_SHARED, *WHOLE_TOPICS) if topic not in counts]
        if missing:
            _create(admin, settings.broker, missing, partitions)
            admin.wait_for_topics(missing, timeout_ms=30_000)


def _create(
    admin: KafkaAdminClient, broker: Broker, topics: Iterable[str], count: int, replication: int | None = None
) -> None:
    factor = replication or broker.replication_factor
    state = (changelog_topic(broker.app_id), floor_topic(broker.app_id))
    wanted = {
        topic: {"num_partitions": 1, "replication_factor": factor, "configs": COMPACTED}
        if topic in WHOLE_TOPICS
        else {
            "num_partitions": count,
            "replication_factor": factor,
            "configs": CHANGELOG_CONFIG if topic in state else {},
        }
        for topic in topics
    }
    admin.create_topics(wanted)


def topic_ids(settings: Settings) -> dict[str, str]:
    """The broker's id of each topic a worker reads or writes: another one after a topic was deleted and created again.

    Without the topics of a broker that gives no ids. Raises BrokerUnreachableError.
    """
    with administering(settings.broker) as admin:
        names = set(topic_names(settings.broker.app_id))
        described = [topic for topic in admin.describe_topics() if topic["name"] in names]
        return {topic["name"]: str(topic["topic_id"]) for topic in described if _given(topic.get("topic_id"))}


def partition_counts(settings: Settings) -> dict[str, int]:
    """How many partitions every topic of the broker has. Raises BrokerUnreachableError."""
    with administering(settings.broker) as admin:
        return _partition_counts(admin)


def check_topics(settings: Settings) -> int:
    """The number of partitions all topics share. Raises TopicsError or BrokerUnreachableError."""
    with administering(settings.broker) as admin:
        return _check(admin, settings.broker)


def _check_soon(admin: KafkaAdminClient, broker: Broker, seconds: float) -> None:
    """Check, for so long again and again: of several brokers, one may not have heard of a topic made just now."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            _check(admin, broker)
        except TopicsError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _check(admin: KafkaAdminClient, broker: Broker) -> int:
    counts = _partition_counts(admin)
    names = topic_names(broker.app_id)
    expected = next((counts[topic] for topic in names if topic in counts), broker.partitions)
    problems = [
        Problem(topic, f"{expected} partitions", "no such topic", "Run `queuepulse topics`, which creates it.")
        for topic in names
        if topic not in counts
    ]
    mend = "Run `queuepulse topics`, which creates it."
    problems += [Problem(topic, "1 partition", "no such topic", mend) for topic in WHOLE_TOPICS if topic not in counts]
    problems += [
        Problem(topic, "1 partition", str(counts[topic]), "Create it anew and publish its records again.")
        for topic in WHOLE_TOPICS
        if counts.get(topic, 1) != 1
    ]
    problems += [
        Problem(
            topic,
            f"{expected} partitions, as {names[0]} has",
            str(counts[topic]),
            "Before any event is counted, add partitions to the topics that have fewer; later, see docs/operations.md.",
        )
        for topic in names
        if topic in counts and counts[topic] != expected
    ]
    for topic in (changelog_topic(broker.app_id), floor_topic(broker.app_id), *WHOLE_TOPICS):
        policy = _cleanup_policy(admin, topic) if topic in counts else None
        if policy is not None and policy != "compact":
            mend = f"Set it: kafka-configs --alter --topic {topic} --add-config cleanup.policy=compact"
            problems.append(Problem(topic, "cleanup.policy=compact", f"cleanup.policy={policy}", mend))
    if problems:
        raise TopicsError(problems)
    return expected


def _given(topic_id: object) -> bool:
    return bool(topic_id) and UUID(str(topic_id)).int != 0


def _partition_counts(admin: KafkaAdminClient) -> dict[str, int]:
    return {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}


def _cleanup_policy(admin: KafkaAdminClient, topic: str) -> str | None:
    """The topic's cleanup policy; None where the broker does not tell (the embedded one doesn't)."""
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, ["cleanup.policy"])
    try:
        answer = admin.describe_configs([resource], config_filter="all")
    except kafka.errors.KafkaError:
        return None
    return _find_policy(answer)


def _find_policy(answer: object) -> str | None:
    if isinstance(answer, dict):
        found = answer.get("cleanup.policy")
        if isinstance(found, dict):
            return str(found["value"])
        if isinstance(found, str):
            return found
        return next(filter(None, map(_find_policy, answer.values())), None)
    return None


@contextmanager
def administering(broker: Broker) -> Iterator[KafkaAdminClient]:
    """A client for topics and groups, while the block lasts. Raises BrokerUnreachableError."""
    reach(broker)
    try:
        admin = KafkaAdminClient(**admin_arguments(broker), client_id=broker.app_id, bootstrap_timeout_ms=10_000)
    except kafka.errors.KafkaError as error:
        raise BrokerUnreachableError(_not_let_in(broker, error)) from error
    try:
        yield admin
    finally:
        admin.close()


def reach(broker: Broker) -> None:
    """Raise BrokerUnreachableError when no bootstrap server takes a connection: told at once, and with the reason.

    With TLS that includes the handshake: a certificate that nobody vouches for is the usual one.
    """
    reasons, context = [], tls(broker)
    for server in broker.bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=5) as connection:
                if context is not None:
                    context.wrap_socket(connection, server_hostname=host.strip("[]")).close()
        except (OSError, ValueError) as error:
            reasons.append(str(error))
        else:
            return
    raise BrokerUnreachableError(
        f"no Kafka broker answered at {broker.bootstrap_servers} ({reasons[0]}). "
        "Start one, or set broker.bootstrap_servers."
    )


def _not_let_in(broker: Broker, error: Exception) -> str:
    """What to tell when a connection was taken and nothing came of it."""
    if not broker.security_protocol.startswith("SASL"):
        return f"no Kafka broker answered at {broker.bootstrap_servers}: {error}"
    return (
        f"the broker at {broker.bootstrap_servers} took the connection and let nobody in: a wrong name, password or "
        f"token, or it does not know {broker.sasl_mechanism} there. Its own log has the reason."
    )
