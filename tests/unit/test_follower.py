"""What the follower does with what it fetches; when Kafka does not answer it lets go, says so, and begins again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from streams import follower as module
from streams.elsewhere import Elsewhere
from streams.follower import Follower
from streams.settings import Broker, Settings
from streams.topics import input_topics
from streams.unpacking import Fetched


class Broken:
    """A consumer of a broker that does not answer."""

    started = 0
    thrice = asyncio.Event()

    def __init__(self, *_: Any, **__: Any) -> None:
        """As the real one is made."""

    async def start(self) -> None:
        Broken.started += 1
        if Broken.started == 3:
            Broken.thrice.set()
        raise KafkaConnectionError("nobody there")

    async def stop(self) -> None:
        """Nothing to stop."""


async def test_a_broker_that_does_not_answer_ends_no_worker(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "AIOKafkaConsumer", Broken)
    monkeypatch.setattr(module, "_SETTLED_SECONDS", -1.0)
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.0)
    monkeypatch.setattr(Broken, "thrice", asyncio.Event())
    monkeypatch.setattr(Broken, "started", 0)
    errors: list[BaseException] = []
    elsewhere = Elsewhere(Settings(), input_topics("any"))
    one = Follower(
        Broker(), elsewhere, lambda: (), partitions=2, on_alone=lambda _alone: None, on_error=errors.append
    )  # fmt: skip

    with caplog.at_level(logging.WARNING):
        await one.start()
        await asyncio.wait_for(Broken.thrice.wait(), 5)
        await one.stop()

    assert errors == []
    assert elsewhere.numbers == frozenset()
    assert "what other workers tell can't be read, and is missing until it can" in caplog.text


async def test_who_counts_everything_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AIOKafkaConsumer", Broken)
    monkeypatch.setattr(module, "_SETTLED_SECONDS", -1.0)
    alone: list[bool] = []
    told = asyncio.Event()

    def on_alone(is_alone: bool) -> None:
        alone.append(is_alone)
        told.set()

    async def is_alone(_self: Follower) -> bool:
        return True

    monkeypatch.setattr(Follower, "_is_alone", is_alone)
    before = Broken.started
    one = Follower(
        Broker(), Elsewhere(Settings(), input_topics("any")), lambda: (0, 1), partitions=2, on_alone=on_alone,
        on_error=lambda _error: None,
    )  # fmt: skip

    await one.start()
    await asyncio.wait_for(told.wait(), 5)
    await one.stop()

    assert (alone, Broken.started) == ([True], before)


async def test_what_another_version_told_is_given_up_as_often_as_the_group_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_ASK_SECONDS", -1.0)
    thrice = asyncio.Event()

    async def is_alone(_self: Follower) -> bool:
        return True

    class Watched(Elsewhere):
        tries = 0

        def try_again(self) -> None:
            self.tries += 1
            if self.tries == 3:
                thrice.set()

    monkeypatch.setattr(Follower, "_is_alone", is_alone)
    one = Follower(
        Broker(), Watched(Settings(), input_topics("any")), lambda: (0, 1), partitions=2,
        on_alone=lambda _alone: None, on_error=lambda _error: None,
    )  # fmt: skip

    await one.start()
    await asyncio.wait_for(thrice.wait(), 5)
    await one.stop()


class Silent(Broken):
    """A consumer of a broker that has nothing to tell."""

    made: list[Silent]

    def __init__(self, *_: Any, **__: Any) -> None:
        self._fetcher = SimpleNamespace(_records={})
        self.made.append(self)

    async def start(self) -> None:
        """It is there."""

    def assignment(self) -> set[Any]:
        return set()

    def assign(self, partitions: Sequence[Any]) -> None:
        """As is asked."""

    async def seek_to_beginning(self, *_: Any) -> None:
        """There it is."""

    async def end_offsets(self, partitions: Sequence[Any]) -> dict[Any, int]:
        return dict.fromkeys(partitions, 0)


async def test_what_it_fetches_is_gone_when_it_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AIOKafkaConsumer", Silent)
    monkeypatch.setattr(Silent, "made", [], raising=False)
    one = Follower(
        Broker(), Elsewhere(Settings(), input_topics("any")), lambda: (), partitions=2, on_alone=lambda _alone: None,
        on_error=lambda _error: None,
    )  # fmt: skip

    await one._follow(frozenset({1}))

    assert [type(client._fetcher._records) for client in Silent.made] == [Fetched]
