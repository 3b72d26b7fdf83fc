"""Apache Kafka itself on loopback, in KRaft mode: one node, or several of which each is broker and controller."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from streams.broker.process import BrokerFailedError, BrokerProcess, BrokerUnavailableError, free_ports
from streams.writing import temporary

KAFKA_VERSION: Final = "4.3.0"
KAFKA_JAVA: Final = 17
_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_POM: Final = _REPOSITORY / "tests" / "kafka" / "pom.xml"
_CACHE: Final = _REPOSITORY / ".cache" / f"kafka-{KAFKA_VERSION}"
_CLUSTER_ID: Final = "cXVldWVwdWxzZS10ZXN0MQ"  # sixteen bytes; a random one may begin with "-", an option to the tool
_UP_SECONDS: Final = 60.0
_ALONE_MB, _AMONG_OTHERS_MB = 512, 320

_SERVER: Final = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
min.insync.replicas={in_sync}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
"""
_FOR_SEVERAL: Final = """\
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=1000
controller.quorum.fetch.timeout.ms=2000
"""
_LOGGING: Final = """\
Configuration:
  status: error
  Appenders:
    Console:
      name: STDERR
      target: SYSTEM_ERR
      PatternLayout: {pattern: "%d %p %c %m%n"}
  Loggers:
    Root: {level: error, AppenderRef: {ref: STDERR}}
"""


def kafka_jars(cache: Path = _CACHE) -> Path:
    """The folder of Apache Kafka's jars; the first call has Maven copy them into ``cache``.

    Raises BrokerUnavailableError when Maven is missing or can't reach its repository.
    """
    return fetched(_POM, cache, f"Apache Kafka {KAFKA_VERSION}")


def fetched(pom: Path, cache: Path, what: str) -> Path:
    """``cache``, with the jars in it that ``pom`` names and what they need; the first call has Maven copy them there.

    Raises BrokerUnavailableError, with ``what`` in its message, when Maven is missing or can't reach its repository.
    """
    if (cache / "complete").exists():
        return cache
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailableError(f"Maven (mvn) is not installed: it fetches the jars of {what}")
    command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={cache}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        errors = [line for line in done.stdout.splitlines() if "[ERROR]" in line] or [done.stderr.strip()]
        raise BrokerUnavailableError(f"Maven could not fetch {what}: {errors[0]}")
    (cache / "complete").touch()
    return cache


def java(minimum: int = KAFKA_JAVA) -> str:
    """The path of a Java runtime of at least version ``minimum``; BrokerUnavailableError when there is none."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if found is None:
        raise BrokerUnavailableError(f"Java {minimum} or later is not installed: Apache Kafka runs on it")
    told = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr
    major = told.partition('"')[2].partition(".")[0].partition('"')[0]
    if not major.isdigit() or int(major) < minimum:
        raise BrokerUnavailableError(f"{found} is Java {major or '?'}; Apache Kafka needs {minimum} or later")
    return found


class Cluster:
    """Nodes of one Kafka, all of which run unless told otherwise; their data outlives their processes.

    Of three nodes every topic of Kafka's own has three replicas, two of which must have a record before it counts.
    """

    def __init__(self, nodes: list[BrokerProcess]) -> None:
        self._nodes = nodes

    @property
    def bootstrap(self) -> str:
        """The addresses of all nodes, as clients want them."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def kill(self, number: int) -> None:
        """kill -9 to one node (counted from 0)."""
        self._nodes[number].kill()

    def end(self, number: int) -> None:
        """Ask one node to end in order."""
        self._nodes[number].end()

    def start(self, number: int) -> None:
        """Start a node again, with the data it had; back when it answers. Raises BrokerFailedError."""
        self._nodes[number].begin()
        self._nodes[number].until_it_answers()


@contextmanager
def cluster(
    count: int = 1, jars: Path | None = None, *, more: str = "", users: Sequence[str] = ()
) -> Iterator[Cluster]:
    """Run ``count`` nodes of Apache Kafka while the block lasts.

    Raises BrokerUnavailableError or BrokerFailedError, and NoPlaceError when it can have no folder.

    ``more`` are properties that win over ours, with {port}, {controller} and {folder} filled in; ``users`` are the
    first SCRAM users as the formatting tool takes them: ``SCRAM-SHA-512=[name=...,password=...]``.
    """
    runtime = java()
    classpath = f"{jars or kafka_jars()}/*"
    ports = free_ports(2 * count)
    voters = ",".join(f"{node}@127.0.0.1:{ports[count + node - 1]}" for node in range(1, count + 1))
    replicas = min(count, 3)
    with ExitStack() as stack:
        nodes = []
        with temporary():
            parent = stack.enter_context(TemporaryDirectory(prefix="queuepulse-kafka-", ignore_cleanup_errors=True))
        for node in range(1, count + 1):
            folder = Path(parent, str(node))
            config, logging = folder / "server.properties", folder / "log4j2.yaml"
            server = (_SERVER + more).format(
                node=node, voters=voters, port=ports[node - 1], controller=ports[count + node - 1], folder=folder,
                replicas=replicas, in_sync=min(replicas, 2),
            )  # fmt: skip
            with temporary():
                folder.mkdir()
                config.write_text(server + (_FOR_SEVERAL if count > 1 else ""))
                logging.write_text(_LOGGING)
            memory = _ALONE_MB if count == 1 else _AMONG_OTHERS_MB
            base = [runtime, f"-Xmx{memory}m", "-XX:+UseSerialGC", f"-Dlog4j2.configurationFile={logging}"]
            base += ["-cp", classpath]
            formatting = [*base, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(config)]
            formatting += [part for user in users for part in ("--add-scram", user)]
            done = subprocess.run(formatting, capture_output=True, text=True, timeout=60, check=False)
            if done.returncode != 0:
                raise BrokerFailedError(f"formatting Kafka's storage failed:\n{done.stdout}{done.stderr}")
            nodes.append(BrokerProcess([*base, "kafka.Kafka", str(config)], ports[node - 1], folder, _UP_SECONDS))
        try:
            for process in nodes:
                process.begin()
            for process in nodes:
                process.until_it_answers()
            yield Cluster(nodes)
        finally:
            for process in nodes:
                process.end()


@contextmanager
def apache_kafka(
    jars: Path | None = None, nodes: int = 1, *, more: str = "", users: Sequence[str] = ()
) -> Iterator[str]:
    """Run Apache Kafka while the block lasts and give its bootstrap address, ``127.0.0.1:PORT``.

    Topics are never created by themselves; the shortest session timeout allowed is one second. ``more`` and ``users``
    are ``cluster``'s. Raises BrokerUnavailableError or BrokerFailedError.
    """
    with cluster(nodes, jars, more=more, users=users) as running:
        yield running.bootstrap
