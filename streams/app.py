"""The Faust shell: settings and a partition factory enter, a ``Worker`` leaves. It decides nothing about metrics.

One agent reads the inputs in batches and has the owned partitions apply them; a task flushes; one table's
changelog holds the state. What goes wrong ends the worker with the reason: its state is in the changelog, and whoever
starts it again loses nothing. Importing and building open nothing; ``Worker.run`` does.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Final

import faust
from faust.types import TP

from streams import garbage
from streams.connection import TokenFile, tls
from streams.crossing.state import partitions_of
from streams.delay import Delay
from streams.fence import Fence
from streams.flusher import Flusher
from streams.leaving import run, within
from streams.owned import Holdings, Key, Pace, PartitionState, behind
from streams.quiet import quiet_libraries
from streams.settings import Broker, Settings
from streams.sharing import Sharing
from streams.state_table import RawTopic, StateTable
from streams.topics import changelog_topic, facts_topics, floor_topic, input_topics
from streams.transport import Batch, BatchTransport, RawSchema, check_versions

log = logging.getLogger(__name__)

Hook = Callable[[], Coroutine[Any, Any, None]]
_KIB: Final = 1024
_PATIENCE_SECONDS: Final = 15.0
_SKIPPED: Final = 1_000
_METADATA_MS: Final = 5_000  # a broker that has just started knows of no topics: until then nothing is owned


class _App(faust.App):  # type: ignore[misc]
    """Faust that reads on from the restored state, and without a data directory: nothing of ours is on disk."""

    async def on_first_start(self) -> None:
        """Create no directories."""

    def on_rebalance_end(self) -> None:
        """State is restored and the flow goes on."""
        super().on_rebalance_end()
        self.consumer.add_future(self.consumer.read_on())
        garbage.after_rebalance()


class Worker:
    """One process's share of the stream. ``run`` it once.

    ``on_start`` hooks run before Faust starts (a web server answers while state is restored), ``on_stop`` hooks after
    it has ended, in reverse. While any of ``hurried`` says so, batches are applied in smaller chunks.
    """

    def __init__(
        self,
        settings: Settings,
        partition_factory: Callable[[str, int], PartitionState],
        *,
        embedded: bool,
        topic_ids: Mapping[str, str],
        shares: bool = False,
    ) -> None:
        check_versions(untested=settings.worker.untested_versions)
        broker = settings.broker
        self.settings = settings
        self.on_start: list[Hook] = []
        self.on_stop: list[Hook] = []
        self.inputs = input_topics(broker.app_id)
        self.holdings = Holdings(self.inputs, partition_factory, topic_ids)
        self.holdings.keeps_untold = shares
        self.sharing = Sharing(settings, self.holdings) if shares else None
        self.app = _faust_app(broker)
        self._fence = None
        if not embedded and broker.transactions != "off":
            self._fence = Fence(broker, insist=broker.transactions == "on")
        self.flusher = Flusher(
            self.holdings,
            changelog_topic(broker.app_id),
            facts={destination: topic for topic, destination in facts_topics(broker.app_id).items()},
            producer=lambda: self.app.producer._ensure_producer(),  # noqa: PLW0108 - building opens nothing: no producer yet
            group=lambda: self.app.consumer,
            interval_seconds=settings.worker.flush_interval_seconds,
            behind=lambda: behind(self.lag),
            lease_seconds=broker.session_timeout_seconds,
            fence=self._fence,
            sharing=self.sharing,
            floor=floor_topic(broker.app_id),
        )
        self.event_delay = Delay()
        self.rebalances = 0
        self.hurried: list[Callable[[], bool]] = [lambda: self.flusher.under_way]
        hold, hurried = settings.worker.loop_hold_seconds, lambda: any(each() for each in self.hurried)
        self._paces = {topic: Pace(hold, hurried=hurried) for topic in self.inputs}  # a record of facts tells up to 32
        self._leave = asyncio.Event()
        self._failure: BaseException | None = None
        self._wire(embedded)

    @property
    def partitions(self) -> Mapping[Key, PartitionState]:
        """The state of each partition that is owned and restored, by source topic and partition."""
        return {key: owned.partition for key, owned in self.holdings.items() if owned.epoch is not None}

    @property
    def restoring(self) -> list[Key]:
        """Partitions that are owned and not restored yet: their numbers are missing."""
        return [key for key, owned in self.holdings.items() if owned.epoch is None]

    @property
    def restoring_left(self) -> int:
        """How many offsets of the changelog are to be read until everything that is owned is restored."""
        return self._state.left

    @property
    def lag(self) -> dict[Key, int]:
        """Records not applied yet of each restored partition, as far as the last fetch told; absent before one.

        On a facts topic the last offset is a transaction's end, which is no record.
        """
        if not self.holdings:
            return {}  # and perhaps no consumer yet
        facts, ends = facts_topics(self.settings.broker.app_id), self.app.consumer.end_offsets()
        return {
            key: max(0, ends[key] - owned.next_offset - (key[0] in facts))
            for key, owned in self.holdings.items()
            if owned.epoch is not None and owned.next_offset is not None and key in ends
        }

    def leave(self) -> None:
        """Ask the worker to finish: what is applied is flushed, then ``run`` returns."""
        self._leave.set()

    def fail(self, error: BaseException) -> None:
        """End the worker because something beside it can't go on; ``run`` raises the error."""
        self._fail(error)

    async def run(self) -> None:
        """Work until ``leave``, SIGTERM or SIGINT. Raises what made the worker unable to go on."""
        quiet_libraries()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.leave)
        try:
            for hook in self.on_start:
                await hook()
            await self._serve()
        finally:
            for hook in reversed(self.on_stop):
                await self._end(hook(), "a service beside Faust")
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
        if self._failure is not None:
            raise self._failure

    async def _serve(self) -> None:
        if self._leave.is_set():
            return  # told to leave before it began: nothing is opened that would have to be closed half open
        starting = asyncio.create_task(self.app.start())
        flushing = asyncio.create_task(self.flusher.run())
        crashing = asyncio.create_task(self._until_faust_ends())
        for task in (starting, flushing, crashing):
            task.add_done_callback(self._note_failure)
        try:
            await self._leave.wait()
        finally:
            self.flusher.end()
            await self._end(self.app.stop(), "Faust")  # the last flush included
            flushing.cancel()  # it has ended, unless the broker did not answer in all that time
            starting.cancel()
            crashing.cancel()
            await asyncio.wait({starting, flushing, crashing}, timeout=_PATIENCE_SECONDS)

    async def _end(self, service: Coroutine[Any, Any, object], name: str) -> None:
        """Let a service end; what goes wrong is a failure of the worker."""
        try:
            await within(_PATIENCE_SECONDS, service, name)
        except Exception as error:  # noqa: BLE001 - kept, and raised when everything else has ended
            self._fail(error)

    async def _until_faust_ends(self) -> None:
        """Until Faust has stopped; raises the reason when it crashed."""
        await self.app.wait()
        if self.app.crashed:
            raise self.app.crash_reason or RuntimeError("Faust crashed without a reason")

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Let the first failure end the worker, without a last flush: what is in memory can't be trusted."""
        if self._failure is None:
            self._failure = error
            self.holdings.close()
            self.leave()

    def _wire(self, embedded: bool) -> None:
        app, changelog = self.app, changelog_topic(self.settings.broker.app_id)
        app.transport = BatchTransport(
            app.conf.broker_consumer,
            app,
            batched=self.inputs,
            positions=self._positions,
            on_seek=self.holdings.seen_seek,
            on_error=self._fail,
            trust_end_offsets=not embedded,
        )
        self._state = StateTable(
            app, changelog=changelog, broker=self.settings.broker, holdings=self.holdings, on_error=self._fail,
            trust_end_offsets=not embedded, fence=self._fence,
        )  # fmt: skip
        app.tables.add(self._state)
        # No acks: Faust commits what agents have seen, we what is in the changelog.
        inputs = RawTopic(app, topics=self.inputs, schema=RawSchema(), acks=False, allow_empty=True)
        app.agent(inputs, name="apply_events")(self._apply_events)
        app.on_partitions_revoked.connect(self._on_revoked)
        app.on_before_shutdown.connect(self._on_shutdown)

    def _positions(self) -> dict[TP, int]:
        return {TP(*key): owned.next_offset for key, owned in self.holdings.items() if owned.next_offset is not None}

    async def _apply_events(self, batches: AsyncIterator[Batch]) -> None:
        """Have the owner of each batch apply it; the agent."""
        async for batch in batches:
            await self.apply(batch)

    async def apply(self, batch: Batch) -> None:
        """Apply one batch, letting the loop go on after every few milliseconds."""
        owned = self.holdings.get((batch.topic, batch.partition))
        if owned is None:
            return  # fetched before the partition was taken away: its new owner reads it
        if (skipped := owned.skipped(batch.epoch, batch.records[0][0])) > _SKIPPED:
            log.error("%s[%d]: %d offsets were skipped: expired unread, or taken back", *batch[:2], skipped)
        try:
            for records, published_at in owned.apply(batch.epoch, batch.records, self._paces[batch.topic]):
                if published_at:
                    self.event_delay.add(time.time() - published_at / 1000, records)
                await asyncio.sleep(0)
                await self.flusher.ebb()
        except Exception as error:
            self._fail(error)
            raise

    async def _on_revoked(self, app: Any, revoked: set[TP], **_: Any) -> None:
        """Write everything while it is still ours, then forget it: who gets it next reads it from the changelog."""
        self.rebalances += bool(revoked)
        self._state.abandon()
        stored = await self._last_flush()
        self.holdings.clear(stored=stored)
        self.flusher.forget()
        await self._drop_fence()
        for tp in revoked:
            app.tables.recovery.revoke(tp)  # or Faust would go on in the changelog where it stopped last time

    async def _on_shutdown(self, *_: Any, **__: Any) -> None:
        self._state.abandon()
        await self._last_flush()
        await self._drop_fence()

    async def _drop_fence(self) -> None:
        if self._fence is not None:
            await self._fence.drop()

    async def _last_flush(self) -> bool:
        self.holdings.close()
        try:
            return self._failure is None and await self.flusher.flush(farewell=True)
        except Exception as error:  # noqa: BLE001 - raised by `run`; Faust has to go on ending its services
            self._fail(error)
            return False


def build(
    settings: Settings,
    partition_factory: Callable[[str, int], PartitionState] | None = None,
    *,
    embedded: bool = False,
    topic_ids: Mapping[str, str] = MappingProxyType({}),
) -> Worker:
    """A worker for ``settings``, not started. Building a second one in the same process is fine.

    ``partition_factory(topic, partition)`` makes the empty state of one; by default ``streams.partition.Partition``,
    and ``streams.crossing.state.FactsPartition`` for the application's own facts. ``embedded``: the broker is the
    demo's, which misreports where topics end. ``topic_ids`` are the broker's ids of the inputs: state of a topic with
    another id is refused. Raises VersionError.
    """
    factory = partition_factory or partitions_of(settings)
    shares = partition_factory is None and not embedded and settings.worker.share_seconds > 0
    return Worker(settings, factory, embedded=embedded, topic_ids=topic_ids, shares=shares)


def work(worker: Worker) -> None:
    """Run a worker as the work of this process, until it is told to end. Raises what ``Worker.run`` raises."""
    run(_work(worker))


async def _work(worker: Worker) -> None:
    async with garbage.sought_by_the_clock():
        await worker.run()


def _faust_app(broker: Broker) -> faust.App:
    session = broker.session_timeout_seconds
    return _App(
        broker.app_id,
        broker=[f"kafka://{server.strip()}" for server in broker.bootstrap_servers.split(",")],
        broker_credentials=_credentials(broker),
        broker_session_timeout=session,
        broker_heartbeat_interval=session / 5,
        broker_request_timeout=max(session, 30.0),
        broker_max_poll_records=8_000,
        consumer_max_fetch_size=4 * _KIB * _KIB,
        consumer_metadata_max_age_ms=_METADATA_MS,
        producer_acks=-1,
        producer_linger=0,
        producer_max_batch_size=512 * _KIB,
        producer_max_request_size=8 * _KIB * _KIB,
        stream_buffer_maxsize=16,  # batches, not records
        stream_wait_empty=False,
        store="memory://",
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
    )


def _credentials(broker: Broker) -> Any:
    context = tls(broker)
    if broker.sasl_mechanism == "OAUTHBEARER":
        return faust.OAuthCredentials(oauth_cb=TokenFile(broker.sasl_token_file or ""), ssl_context=context)
    if broker.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=broker.sasl_username,
            password=broker.sasl_password.reveal() if broker.sasl_password else None,
            mechanism=broker.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context is not None else None
