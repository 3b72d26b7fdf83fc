"""One snapshot for everybody who watches, and what is rendered from it; a busy worker is watched less often.

A snapshot is taken anew when the one there is too old for whoever asks. While the process has no processor time to
spare (it catches up, or has more to do than it can), what watching costs is paid off before the next one is taken:
it may use a sixteenth of the time, and no snapshot gets older than five seconds for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from time import monotonic, process_time, thread_time
from typing import Final

from streams.pieces import in_pieces
from streams.snapshot import Snapshot

CACHE_MS: Final = 1_000
"""For so long a rendered text is given again."""
BUSY_SHARE: Final = 0.85
"""Of one core: a process that uses more is busy."""
WATCHING_SHARE: Final = 1 / 16
OLDEST_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.5

Work = Generator[None, None, Snapshot]


class Load:
    """How busy this process is, looked at twice a second at most."""

    def __init__(self) -> None:
        self._looked_at = monotonic()
        self._used_seconds = process_time()
        self._busy = False

    def is_busy(self) -> bool:
        """Whether it used more than ``BUSY_SHARE`` of a core lately."""
        now = monotonic()
        if now - self._looked_at >= _LOOK_SECONDS:
            used = process_time()
            self._busy = (used - self._used_seconds) / (now - self._looked_at) > BUSY_SHARE
            self._looked_at, self._used_seconds = now, used
        return self._busy


class Watching:
    """``begin(now_ms)`` starts a snapshot; ``clock`` is the wall clock in epoch ms."""

    def __init__(
        self, begin: Callable[[int], Work], clock: Callable[[], int], is_busy: Callable[[], bool] | None = None
    ) -> None:
        self._begin = begin
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._snapshot: Snapshot | None = None
        self._taken_at_ms = 0
        self._rendered: dict[str, tuple[int, bytes]] = {}
        self._owed_seconds = 0.0
        self._is_busy = is_busy or Load().is_busy

    async def taken(self, within_ms: int) -> Snapshot:
        """A snapshot not older than ``within_ms``, or than ``OLDEST_SECONDS`` while the process is busy."""
        async with self._one_at_a_time:
            return await self._take(within_ms)

    async def rendered(self, name: str, render: Callable[[Snapshot], bytes]) -> bytes:
        """What was rendered under this name within the last second, or a fresh one."""
        async with self._one_at_a_time:
            at_ms, body = self._rendered.get(name, (-1, b""))
            if 0 <= self._clock() - at_ms < CACHE_MS:
                return body
            snapshot = await self._take(CACHE_MS)
            if at_ms != self._taken_at_ms:
                body, seconds = await asyncio.to_thread(_timed, render, snapshot)
                self._owed_seconds += seconds
                self._rendered[name] = self._taken_at_ms, body
            return body

    async def _take(self, within_ms: int) -> Snapshot:
        age_ms = self._clock() - self._taken_at_ms
        if self._snapshot is None or not 0 <= age_ms < self._patience_ms(within_ms):
            self._taken_at_ms = self._clock()
            self._owed_seconds = 0.0
            self._snapshot = await in_pieces(self._counted(self._begin(self._taken_at_ms)))
        return self._snapshot

    def _patience_ms(self, within_ms: int) -> float:
        if not self._is_busy():
            return within_ms
        return max(within_ms, 1000 * min(OLDEST_SECONDS, self._owed_seconds / WATCHING_SHARE))

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
                self._owed_seconds += thread_time() - began
            yield


def _timed(render: Callable[[Snapshot], bytes], snapshot: Snapshot) -> tuple[bytes, float]:
    began = thread_time()
    body = render(snapshot)
    return body, thread_time() - began
