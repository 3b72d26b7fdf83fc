"""One snapshot for everybody who watches, and what is rendered from it; a worker that is behind is watched less often.

A snapshot is taken anew when the one there is too old for whoever asks. What watching costs is paid off before the next
one is taken for a text: it may use a third of the time, and no text gets older than a second for it. While the worker
has records to catch up with it is a sixteenth of the time and five seconds, for whoever asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from time import thread_time
from typing import Final

from streams.pieces import in_pieces
from streams.snapshot import Snapshot

CACHE_MS: Final = 1_000
"""For so long, at the most, a rendered text is given again."""
SHARE: Final = 1 / 3
SHARE_BEHIND: Final = 1 / 16
OLDEST_SECONDS: Final = 5.0

Work = Generator[None, None, Snapshot]


class Watching:
    """``begin(now_ms)`` starts a snapshot; ``clock`` is the wall clock in epoch ms; ``is_behind`` asks the worker."""

    def __init__(self, begin: Callable[[int], Work], clock: Callable[[], int], is_behind: Callable[[], bool]) -> None:
        self._begin = begin
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._snapshot: Snapshot | None = None
        self._taken_at_ms = 0
        self._rendered: dict[str, tuple[int, bytes, float]] = {}
        self._taking_seconds = 0.0
        self._owed_seconds = 0.0
        self.spent_seconds = 0.0
        """The processor time that snapshots have cost so far."""
        self._is_behind = is_behind

    @property
    def under_way(self) -> bool:
        """Whether somebody waits for a snapshot, or for what is rendered from it."""
        return self._one_at_a_time.locked()

    async def taken(self, within_ms: int) -> Snapshot:
        """A snapshot not older than ``within_ms``, or than ``OLDEST_SECONDS`` while the worker is behind."""
        async with self._one_at_a_time:
            return await self._take(within_ms)

    async def rendered(self, name: str, render: Callable[[Snapshot], bytes]) -> bytes:
        """What was rendered under this name not long ago, or a fresh one."""
        async with self._one_at_a_time:
            at_ms, body, cost = self._rendered.get(name, (-1, b"", 0.0))
            within_ms = min(CACHE_MS, 1000 * cost / SHARE)
            if 0 <= self._clock() - at_ms < within_ms:
                return body
            snapshot = await self._take(within_ms)
            if at_ms != self._taken_at_ms:
                body, seconds = await asyncio.to_thread(timed, lambda: render(snapshot))
                self._owed_seconds += seconds
                self._rendered[name] = self._taken_at_ms, body, self._taking_seconds + seconds
            return body

    async def _take(self, within_ms: float) -> Snapshot:
        age_ms = self._clock() - self._taken_at_ms
        if self._snapshot is None or not 0 <= age_ms < self._patience_ms(within_ms):
            self._taken_at_ms = self._clock()
            self._owed_seconds = 0.0
            self._snapshot = await in_pieces(self._counted(self._begin(self._taken_at_ms)))
            self._taking_seconds = self._owed_seconds
        return self._snapshot

    def _patience_ms(self, within_ms: float) -> float:
        if not self._is_behind():
            return within_ms
        return max(within_ms, 1000 * min(OLDEST_SECONDS, self._owed_seconds / SHARE_BEHIND))

    def _counted(self, work: Work) -> Work:
        """The same work, its processor time put on the bill."""
        while True:
            began = thread_time()
            try:
                next(work)
            except StopIteration as done:
                snapshot: Snapshot = done.value
                return snapshot
            finally:
                seconds = thread_time() - began
                self._owed_seconds += seconds
                self.spent_seconds += seconds
            yield


def timed(make: Callable[[], bytes]) -> tuple[bytes, float]:
    """What is made, and the processor time (s) it took this thread."""
    began = thread_time()
    body = make()
    return body, thread_time() - began
