"""The private names of Faust and aiokafka that the shell leans on exist and do what it takes them to do."""

from __future__ import annotations

import inspect
import re
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.sender import Sender
from faust.app.base import App
from faust.channels import Channel
from faust.tables.recovery import Recovery
from faust.tables.table import Table
from faust.transport import consumer as base
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams import transport
from streams.app import build
from streams.settings import Settings, from_raw
from streams.transport import BatchConsumer, BatchThread, VersionError, _ReadOffsets, check_versions, fetch_bytes

THREAD = driver.AIOKafkaConsumerThread


def source(function: Any) -> str:
    """Source text without line breaks and repeated blanks."""
    return re.sub(r"\s+", " ", inspect.getsource(function))


def test_the_tested_versions_are_installed() -> None:
    check_versions()


def test_other_versions_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(transport.TESTED_VERSIONS, "aiokafka", "0.13.9")

    with pytest.raises(VersionError, match=r"aiokafka 0\.14\.0 is installed"):
        check_versions()


def test_other_versions_are_let_pass_where_the_configuration_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(transport.TESTED_VERSIONS, "aiokafka", "0.13.9")

    build(from_raw({"worker": {"untested_versions": True}}, {}))

    assert "aiokafka 0.14.0 is installed, and untested" in caplog.text
    with pytest.raises(VersionError, match=r"worker\.untested_versions"):
        build(Settings())


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (THREAD, "_fetch_records"),
        (THREAD, "_ensure_consumer"),
        (THREAD, "call_thread"),
        (THREAD, "assignment"),
        (THREAD, "earliest_offsets"),
        (THREAD, "highwaters"),
        (driver.Consumer, "_new_consumer_thread"),
        (driver.Consumer, "_to_message"),
        (App, "on_rebalance_end"),
        (driver.Producer, "_ensure_producer"),
        (Recovery, "revoke"),
        (Table, "on_recovery_completed"),
        (AIOKafkaProducer, "create_batch"),
        (AIOKafkaProducer, "send_batch"),
        (AIOKafkaProducer, "begin_transaction"),
        (AIOKafkaProducer, "commit_transaction"),
        (GroupCoordinator, "request_rejoin"),
        (BatchBuilder, "append"),
        (faust.Schema, "loads_key"),
        (faust.Schema, "loads_value"),
        (faust.Topic, "maybe_declare"),
        (App, "on_first_start"),
    ],
)
def test_the_name_is_there(owner: Any, name: str) -> None:
    assert callable(getattr(owner, name))


def test_a_thread_fetches_through_the_method_we_wrap() -> None:
    assert "self._fetch_records," in source(THREAD.getmany)


def test_taking_fetched_records_returns_them_without_waiting_again() -> None:
    assert "if drained or not timeout: return drained" in source(Fetcher.fetched_records)
    assert "return await fetcher.fetched_records(" in source(THREAD._fetch_records)


def test_what_is_fetched_is_put_where_it_can_be_made_plain_before_it_is_unpacked() -> None:
    assert "self._records = collections.OrderedDict()" in source(Fetcher.__init__)
    assert "self._records[tp] = FetchResult(" in source(Fetcher._proc_fetch_request)
    assert "self._partition_records = partition_records" in source(FetchResult.__init__)
    assert "consumer_record = self._consumer_record(tp, record)" in source(PartitionRecords._unpack_records)
    assert "self._records_iterator = self._unpack_records()" in source(PartitionRecords.__init__)
    assert "del self._records[tp]" in source(Fetcher.fetched_records)
    assert "await self._consumer.start()" in source(THREAD.on_start)


def test_what_is_unpacked_is_as_the_client_would_have_done_and_no_more_than_there_is_room_for() -> None:
    assert "if type(res_or_error) is FetchResult: records = res_or_error.getall(max_records)" in source(
        Fetcher.fetched_records
    )
    assert source(FetchResult.getall).strip() == (
        "def getall(self, max_records=None): tp = self._topic_partition "
        "if not self.check_assignment(tp) or not self.has_more(): return [] "
        "ret_list = [] for msg in self._partition_records: ret_list.append(msg) "
        "if max_records is not None and len(ret_list) >= max_records: self._update_position() break "
        "else: self._update_position() self._partition_records = None return ret_list"
    )


def test_of_many_partitions_less_is_fetched_of_each() -> None:
    assert [fetch_bytes(partitions) for partitions in (0, 1, 16, 17, 160, 5_000)] == [
        4_194_304, 4_194_304, 4_194_304, 3_947_580, 419_430, 65_536
    ]  # fmt: skip
    assert "(tp.partition, position, self._max_partition_fetch_bytes)" in source(Fetcher._get_actions_per_node)


def test_faust_still_checks_generation_flow_and_full_buffers_on_what_we_hand_on() -> None:
    code = source(base.Consumer.getmany)

    assert "if new_generation_id != generation_id:" in code
    assert "if not self.flow_active: break" in code
    assert "or tp in active_partitions or tp in self._buffered_partitions" in code
    assert "yield tp, to_message(tp, record)" in code


def test_faust_drops_a_message_below_its_read_offset_which_we_keep_empty() -> None:
    code = source(base.Consumer._drain_messages)

    assert "get_read_offset = self._read_offset.__getitem__" in code
    assert "set_read_offset = self._read_offset.__setitem__" in code
    assert "if r_offset is None or offset >= r_offset:" in code


def test_the_read_offsets_forget_batched_topics_and_remember_others() -> None:
    offsets = _ReadOffsets({"hot"})

    offsets[TP("hot", 0)] = 7
    offsets[TP("cold", 0)] = 8
    offsets.update({TP("hot", 1): 9, TP("cold", 1): 10})

    assert [offsets[TP(topic, n)] for topic in ("hot", "cold") for n in (0, 1, 2)] == [None, None, None, 8, 10, None]


@pytest.mark.parametrize("recovery", [Recovery.on_recovery_completed, Recovery._resume_streams])
def test_a_rebalance_ends_after_the_table_was_told_and_the_flow_resumed(recovery: Any) -> None:
    code = source(recovery)

    assert code.index("flow_control.resume()") < code.index("consumer.resume_flow()") < code.index("on_rebalance_end()")
    assert code.find("table.on_recovery_completed(") < code.index("flow_control.resume()")


def test_resuming_the_flow_empties_the_queues_of_agents() -> None:
    assert "clear_on_resume=True" in source(Channel.queue.fget)


def test_faust_asks_whether_it_needs_to_read_the_changelog_and_goes_on_without() -> None:
    restart = source(Recovery._restart_recovery.fun)

    assert "if self.need_recovery():" in restart
    assert restart.index("if self.need_recovery():") < restart.index("self._wait(T(self.on_recovery_completed)(")


def test_a_fetch_waits_as_long_as_we_say() -> None:
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in source(AIOKafkaConsumer.start)


def test_what_a_consumer_reads_of_transactions_is_what_we_say() -> None:
    assert "isolation_level=self._isolation_level" in source(AIOKafkaConsumer.start)


def test_a_producer_has_its_id_from_the_broker_when_it_has_started() -> None:
    assert "await self._sender.start()" in source(AIOKafkaProducer.start)
    assert "await self._maybe_wait_for_pid() self._sender_task" in source(Sender.start)


def test_a_revoked_changelog_partition_is_read_from_its_beginning_again() -> None:
    assert "self.active_offsets.pop(tp, None)" in source(Recovery.revoke)


def test_faust_tells_of_revoked_partitions_before_the_group_goes_on() -> None:
    assert "await T(self.on_partitions_revoked.send)(revoked)" in source(App._on_partitions_revoked)


def test_the_shutdown_signal_comes_before_the_consumer_and_the_producer_end() -> None:
    code = source(App.on_stop)

    assert code.index("_stop_consumer()") < code.index("on_before_shutdown.send()") < code.index("_producer_flush")


def test_the_coordinator_forgets_its_generation_when_the_group_has_thrown_it_out() -> None:
    assert "self.generation = OffsetCommitRequest.DEFAULT_GENERATION_ID" in source(GroupCoordinator.reset_generation)


def test_an_empty_batch_takes_a_record_larger_than_itself() -> None:
    batch = BatchBuilder(1_000, 0)

    assert batch.append(timestamp=None, key=b"k", value=b"v" * 5_000) is not None
    assert batch.append(timestamp=None, key=b"k", value=b"v") is None


def test_an_app_uses_our_consumer_and_our_thread() -> None:
    worker = build(Settings())

    consumer = worker.app.consumer

    assert isinstance(consumer, BatchConsumer)
    assert isinstance(consumer._thread, BatchThread)


def test_two_workers_can_be_built_in_one_process_outside_of_any_loop() -> None:
    first, second = build(Settings()), build(Settings())

    assert first.app is not second.app
    assert first.app.transport is not second.app.transport
