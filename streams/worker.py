"""``queuepulse worker``: settings enter, a worker runs until it is asked to leave, an exit code leaves."""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack

import msgspec
from aiokafka.errors import KafkaError

from streams import web
from streams.access import refuse_exposure
from streams.app import Worker, build, work
from streams.broker import embedded_broker
from streams.elsewhere import Elsewhere
from streams.follower import Follower
from streams.leaving import NotEndedError
from streams.measures.shelf import Shelf
from streams.measures.topic import Reader
from streams.settings import Settings
from streams.topics import check_topics, ensure_topics, topic_ids
from streams.vigil import Vigil, explain_absence, wait_for_broker

EMBEDDED_NOTICE = (
    "This broker keeps everything in memory and forgets it at the end: for trying out, never for a real floor."
)
_EMBEDDED_SESSION_SECONDS = 4.0  # its group joins wait for half the session: longer looks hung


def run(settings: Settings, *, embedded: bool = False) -> int:
    """Run one worker, with a broker of its own when ``embedded``; 0 when it left because it was asked to.

    Missing topics are created. Raises ExposedError, BrokerGoneError, TopicsError, BrokerUnreachableError,
    BrokerUnavailableError, VersionError.
    """
    refuse_exposure(settings.web)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("streams").setLevel(logging.INFO)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # the admin client logs what it also raises
    with ExitStack() as stack:
        if embedded:
            settings = with_embedded(settings, stack.enter_context(embedded_broker()))
            print(f"Embedded broker at {settings.broker.bootstrap_servers}. {EMBEDDED_NOTICE}", file=sys.stderr)
        wait_for_broker(settings.broker)
        ensure_topics(settings)
        worker = build(settings, embedded=embedded, topic_ids={} if embedded else topic_ids(settings))
        shelf = keep_measures(worker, embedded=embedded)
        count = check_topics(settings)
        web.attach(worker, count, shelf, follow(worker, count))
        vigil = Vigil(settings.broker, worker.fail)
        worker.on_start.append(vigil.start)
        worker.on_stop.append(vigil.stop)
        try:
            work(worker)
        except (KafkaError, NotEndedError) as error:
            explain_absence(settings.broker, error)
            raise
    return 0


def keep_measures(worker: Worker, *, embedded: bool) -> Shelf:
    """Have a worker read the numbers from outside while it runs; the shelf they are on."""
    reader = Reader(worker.settings.broker, worker.fail, trust_end_offsets=not embedded)
    worker.on_start.append(reader.start)
    worker.on_stop.append(reader.stop)
    return reader.shelf


def follow(worker: Worker, partitions: int) -> Elsewhere | None:
    """Have a worker know what others count while it runs; None where nothing is shared."""
    sharing, settings = worker.sharing, worker.settings
    if sharing is None:
        return None
    elsewhere = Elsewhere(settings, worker.inputs)
    follower = Follower(
        settings.broker, elsewhere, lambda: {number for _, number in worker.holdings}, partitions=partitions,
        on_alone=sharing.is_alone, on_error=worker.fail, whole_floor=settings.worker.whole_floor,
    )  # fmt: skip
    worker.on_start.append(follower.start)
    worker.on_stop.append(follower.stop)
    return elsewhere


def with_embedded(settings: Settings, bootstrap: str) -> Settings:
    """The same settings on the embedded broker: one node, no login, short sessions."""
    broker = msgspec.structs.replace(
        settings.broker,
        bootstrap_servers=bootstrap,
        security_protocol="PLAINTEXT",
        sasl_mechanism=None,
        replication_factor=1,
        session_timeout_seconds=_EMBEDDED_SESSION_SECONDS,
    )
    return msgspec.structs.replace(settings, broker=broker)
