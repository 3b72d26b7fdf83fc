"""Brokers to try and to test with: nothing enters, the bootstrap address of a running one leaves.

``apache_kafka()`` is Apache Kafka 4.3 itself (KRaft, one node or several, its jars fetched once by Maven): for tests
and for ``make kafka``. ``cluster()`` is the same with nodes that can be killed and started again. ``embedded_broker()``
is the small Kafka-compatible binary of the ``demo`` extra: in memory, for trying out. All listen on free loopback
ports, live in a temporary folder, and end with the ``with`` block.
"""

from streams.broker.apache import KAFKA_JAVA, KAFKA_VERSION, Cluster, apache_kafka, cluster, java, kafka_jars
from streams.broker.embedded import embedded_broker
from streams.broker.process import BrokerFailedError, BrokerUnavailableError, free_ports

__all__ = [
    "KAFKA_JAVA", "KAFKA_VERSION", "BrokerFailedError", "BrokerUnavailableError", "Cluster", "apache_kafka", "cluster",
    "embedded_broker", "free_ports", "java", "kafka_jars",
]  # fmt: skip
