"""Who runs: every peer with what it keeps, the command that starts it and how much it is given to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from benchmarks.peers.environment import java_job, python_job, version
from streams.broker import KAFKA_VERSION


class Peer(NamedTuple):
    """One way to do the job.

    ``keeps`` says what of its state outlives the process, ``command`` what starts it, with ``mode`` among its
    arguments; ``slow`` ones are given a tenth of the records, ``version`` is of what it is made with.
    """

    name: str
    keeps: str
    command: Callable[[], Sequence[str]]
    version: Callable[[], str]
    mode: str = ""
    slow: bool = False


def _python(name: str, keeps: str, job: str, package: str, mode: str = "", *, slow: bool = False) -> Peer:
    return Peer(name, keeps, lambda: python_job(job), lambda: version(package), mode, slow)


def _java(name: str, keeps: str, job: str, of: str, mode: str) -> Peer:
    return Peer(name, keeps, lambda: java_job(job), lambda: of, mode)


NOTHING: Final = "nothing"
PEERS: Final = (
    _python("plain aiokafka loop", NOTHING, "plain_aiokafka", "aiokafka"),
    _python("plain confluent-kafka loop", NOTHING, "plain_confluent", "confluent-kafka"),
    _python("stock Faust, dictionaries", NOTHING, "stock_faust", "faust-streaming", slow=True),
    _python("stock Faust, tables", "changelog, at least once", "stock_faust", "faust-streaming", "tables", slow=True),
    _python("Quix Streams, slices in memory", "contacts, at least once", "quix", "quixstreams"),
    _python("Quix Streams, its windows", "changelog, at least once", "quix", "quixstreams", "windows", slow=True),
    _python(
        "Quix Streams, its windows, a day's grace",
        "changelog, at least once",
        "quix",
        "quixstreams",
        "patient-windows",
        slow=True,
    ),
    _python("Bytewax, its windows", NOTHING, "bytewax_windows", "bytewax"),
    _python("Pathway", NOTHING, "pathway_tables", "pathway"),
    _java("Flink, its windows", "checkpoints, exactly once", "FlinkJob", "2.0.0", ""),
    _java("Kafka Streams, RocksDB", "changelog, at least once", "KafkaStreamsJob", KAFKA_VERSION, "rocksdb"),
    _java("Kafka Streams, in memory", "changelog, at least once", "KafkaStreamsJob", KAFKA_VERSION, "memory"),
    _java("Kafka Streams, RocksDB, EOS", "changelog, exactly once", "KafkaStreamsJob", KAFKA_VERSION, "rocksdb-eos"),
    _java("Kafka Streams, in memory, EOS", "changelog, exactly once", "KafkaStreamsJob", KAFKA_VERSION, "memory-eos"),
)
