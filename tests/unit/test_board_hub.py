"""One stream for many walls: bounded, shared, never delayed by the slowest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from streams.board.hub import HEARTBEAT, Frame, FullError, Hub


class Source:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self) -> Frame:
        self.asked += 1
        return Frame(b'{"n":%d}' % self.asked, 0.0)


async def test_every_client_gets_the_same_bytes_and_they_are_made_once() -> None:
    source = Source()
    hub = Hub(source, beat_seconds=0.01)
    clients = [hub.join() for _ in range(5)]

    frames = [await client.next() for client in clients]

    assert frames == [b'id: 1\nevent: snapshot\ndata: {"n":1}\n\n'] * 5
    assert source.asked == 1
    await hub.close()


async def test_a_slow_client_gets_the_newest_frame_only() -> None:
    hub = Hub(Source(), beat_seconds=0.001)
    slow, quick = hub.join(), hub.join()

    for _ in range(4):
        newest = await quick.next()

    assert await slow.next() == newest
    assert newest is not None
    assert newest.startswith(b"id: 4\n")
    await hub.close()


async def test_nothing_is_rendered_while_nobody_looks() -> None:
    source = Source()
    hub = Hub(source, beat_seconds=0.001)
    client = hub.join()
    await client.next()

    hub.leave(client)
    await asyncio.sleep(0.02)
    asked = source.asked
    await asyncio.sleep(0.02)

    assert source.asked == asked
    assert await hub.join().next() == b'id: %d\nevent: snapshot\ndata: {"n":%d}\n\n' % (asked + 1, asked + 1)
    await hub.close()


async def test_there_are_never_more_clients_than_allowed() -> None:
    hub = Hub(Source(), limit=2)
    first = hub.join()
    hub.join()

    with pytest.raises(FullError, match="2 walls"):
        hub.join()
    hub.leave(first)
    hub.leave(first)

    assert hub.join() is not first
    assert hub.clients == 2
    await hub.close()


async def test_a_silent_stream_still_has_a_heartbeat() -> None:
    hub = Hub(Source(), beat_seconds=60)
    client = hub.join()
    await client.next()

    assert await client.next(patience_seconds=0.01) == HEARTBEAT
    await hub.close()


async def test_closing_ends_every_stream() -> None:
    hub = Hub(Source(), beat_seconds=60)
    client = hub.join()
    await client.next()

    await hub.close()

    assert await client.next() is None
    assert hub.clients == 0


async def test_a_bug_in_rendering_ends_the_streams_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> Frame:
        raise ZeroDivisionError

    hub = Hub(broken)
    client = hub.join()

    with caplog.at_level(logging.ERROR):
        assert await client.next() is None

    assert "the wall could not be rendered" in caplog.text
    assert hub.clients == 0


async def between_two_frames(render: Callable[[], Awaitable[Frame]]) -> float:
    hub = Hub(render, beat_seconds=0.001)
    client = hub.join()
    clock = asyncio.get_running_loop().time
    await client.next()
    began = clock()
    await client.next()
    await hub.close()
    return clock() - began


async def test_a_floor_that_is_dear_to_render_gets_a_slower_beat() -> None:
    async def dear() -> Frame:
        return Frame(b"{}", 0.02)

    assert await between_two_frames(dear) > 0.09


async def test_time_that_rendering_waits_for_others_makes_no_beat_slower() -> None:
    async def slow() -> Frame:
        await asyncio.sleep(0.1)
        return Frame(b"{}", 0.0)

    assert await between_two_frames(slow) < 0.4
