"""A floor for as long as you like, with workers that come, go and die: flat memory, flat latency, equal totals, or 1.

    python -m benchmarks.soak [MINUTES] [--rate EVENTS_A_SECOND] [--every SECONDS] [--record]

Calls are published as they happen, one event in a hundred twice. One worker stays; every now and then another joins,
leaves or is killed; they run on what Kafka and the load leave of the cores. Contacts and fine slices are kept so
shortly that all has to be flat after the first third of the time; one call in 5,000 names its agent, so that each of
250 has one in some four minutes: what an agent did is kept for a day, and of all these calls it would be the day of a
quarter of a million people. Printed for each minute: how long the
oldest record that is not flushed and committed has waited, what the staying worker has resident, how large the
changelog is on the broker's disk. In a run of less than an hour the changelog's segments close sooner in proportion,
so that what is measured is the same thing.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from benchmarks.load import PARTITIONS, Line
from benchmarks.results import FILE, median, record
from benchmarks.rig import acknowledged, batches, free, fresh, kafka, producing, send
from streams.events import CALL_EVENTS
from streams.placing import by_murmur2
from streams.settings import Broker
from streams.topics import CHANGELOG_CONFIG, changelog_topic
from tests.integration import line

TRIAL: Final = Path(__file__).parents[1] / ".cache" / "soak.md"
TICK_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 0.5
QUEUES: Final = 12
AGENT_OF: Final = 5_000
AGENTS: Final = 250
EVENTS_A_CALL: Final = 2.9
MOST_WORKERS: Final = 3
KEPT_MINUTES: Final = 1.0
FINE_MINUTES: Final = 70
LEAST_FINE_MINUTES: Final = 5
"""The longest window that is read of fine slices alone."""
KEPT_IN_KAFKA_MS: Final = 15 * 60_000
"""Longer than the workers may be behind: what has expired is lost."""
CATCH_UP_SECONDS: Final = 120.0
_HOUR: Final = 60.0
_EVENT: Final = (
    b'{"event_id":"%d%s","type":"call.%s","occurred_at":%d,"contact_id":"%s","queue":"q%d","source":"soak"%s}'
)


class Look(NamedTuple):
    """One look: seconds since the beginning, how long the oldest uncommitted record has waited (s), bytes."""

    at: float
    waited: float
    resident: int
    changelog: int


class Floor:
    """Calls that begin at a steady rate; ``tick`` gives the events due by now. ``truth`` is what must be counted."""

    def __init__(self, rate: int, began_ms: int) -> None:
        self.truth: Counter[tuple[str, str]] = Counter()
        self.published = 0
        self._calls_a_tick = rate / EVENTS_A_CALL * TICK_SECONDS
        self._began_ms = began_ms
        self._due: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
        self._calls = 0
        self._ticks = 0

    @property
    def open(self) -> bool:
        """Whether any call is not over."""
        return bool(self._due)

    def tick(self, *, calls: bool = True) -> Iterator[Line]:
        """The events of the next twentieth of a second, with ``calls`` new ones among them."""
        now = self._ticks
        if calls:
            while self._calls < (now + 1) * self._calls_a_tick:
                self._begin(now, self._calls)
                self._calls += 1
        for kind, n, at in self._due.pop(now, ()):
            key = b"call-%d" % n
            named = n % AGENT_OF == 0 and kind in ("answered", "ended")
            agent = b',"agent_id":"a%d"' % (n // AGENT_OF % AGENTS) if named else b""
            told = (n, kind[0].encode(), kind.encode(), self._began_ms + at, key, n % QUEUES, agent)
            value = _EVENT % told
            for _ in range(1 + (n % 97 == 0)):
                self.published += 1
                yield Line(by_murmur2(key, PARTITIONS), key, value)
        self._ticks += 1

    def _begin(self, tick: int, n: int) -> None:
        at, queue = round(tick * TICK_SECONDS * 1_000), f"q{n % QUEUES}"
        wait, talk = 50 * (n * 7 % 400), 50 * (20 + n * 11 % 400)
        self._due[tick].append(("offered", n, at))
        self.truth["offered", queue] += 1
        if n % 10 == 0:
            self._later("abandoned", n, at + wait)
            self.truth["abandoned", queue] += 1
        else:
            self._later("answered", n, at + wait)
            self._later("ended", n, at + wait + talk)
            self.truth["answered", queue] += 1
            self.truth["talk_ms", queue] += talk

    def _later(self, kind: str, n: int, at: int) -> None:
        self._due[max(self._ticks, round(at / 1_000 / TICK_SECONDS))].append((kind, n, at))


class Waited:
    """How long ago the oldest record was published that is not committed."""

    def __init__(self) -> None:
        self._sent: deque[tuple[float, int]] = deque()

    def sent(self, at: float, published: int) -> None:
        """So many records are published by now."""
        self._sent.append((at, published))

    def now(self, at: float, committed: int) -> float:
        """Seconds; 0 when all is committed."""
        while self._sent and self._sent[0][1] <= committed:
            self._sent.popleft()
        return at - self._sent[0][0] if self._sent else 0.0


class Crew:
    """The workers: the first stays, the others come and go as the dice have it; ``done`` counts what was done."""

    def __init__(self, broker: Broker, stack: AsyncExitStack, folder: Path, minutes: float, every: float) -> None:
        self.done: Counter[str] = Counter()
        self.all: list[line.Line] = []
        self._broker, self._stack, self._folder, self._every = broker, stack, folder, every
        self._dice = random.Random(1)
        keep = str(min(KEPT_MINUTES, minutes / 6) / _HOUR)
        fine = str(round(min(FINE_MINUTES, max(LEAST_FINE_MINUTES, minutes / 6))))
        self._settings = {
            "retention__correction_minutes": "0", "retention__stub_hours": keep, "retention__fine_minutes": fine,
        }  # fmt: skip

    async def join(self) -> None:
        """One more."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        worker = await self._stack.enter_async_context(line.Line(self._broker, folder, **self._settings))
        await worker.start(free)
        self.all.append(worker)
        self.done["join"] += 1

    async def change(self) -> None:
        """Somebody comes, or one that need not stay goes or dies."""
        if len(self.all) == 1 or (len(self.all) < MOST_WORKERS and self._dice.random() < 0.5):
            await self.join()
            return
        worker = self.all.pop(self._dice.randrange(1, len(self.all)))
        if self._dice.random() < 0.5:
            self.done["leave"] += 1
            if (code := await worker.leave()) != 0:
                raise AssertionError(f"a worker left with {code}: {worker.printed.read_text()[-2_000:]}")
        else:
            self.done["kill"] += 1
            await worker.kill()

    async def go_on(self, ending: asyncio.Event) -> None:
        """Change something again and again until it ends; a change under way comes to its end, or nobody knows it."""
        while not ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), self._every)
                return
            await self.change()


async def soak(minutes: float, rate: int, every: float) -> tuple[list[Look], Floor, Crew, list[str]]:
    """Publish for so long; every look, the floor, the workers, and what is not as it must be at the end."""
    async with AsyncExitStack() as stack:
        bootstrap = stack.enter_context(kafka("log.retention.check.interval.ms=10000\nlog.cleaner.backoff.ms=1000\n"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="queuepulse-soak-")))
        broker = fresh(bootstrap)
        _configure(broker, minutes)
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        stack.push_async_callback(admin.close)
        producer = await stack.enter_async_context(producing(bootstrap))
        crew = Crew(broker, stack, folder, minutes, every)
        await crew.join()
        await crew.all[0].ready()
        began = time.monotonic()
        floor, waited, looks = Floor(rate, time.time_ns() // 1_000_000), Waited(), list[Look]()
        looking = asyncio.create_task(_look_on(broker, admin, crew, waited, looks, began))
        ending = asyncio.Event()
        changing = asyncio.create_task(crew.go_on(ending))
        try:
            await _publish(producer, floor, waited, began, minutes * 60.0, (looking, changing))
        finally:
            ending.set()
            await changing

        async def all_is_committed() -> bool:
            return await _committed(broker, admin) == floor.published

        await crew.all[0].until(all_is_committed, CATCH_UP_SECONDS)
        looking.cancel()
        await asyncio.wait({looking})
        return looks, floor, crew, await _differences(crew, floor)


async def _publish(
    producer: Any, floor: Floor, waited: Waited, began: float, seconds: float, beside: Sequence[asyncio.Task[None]]
) -> None:
    """Publish as it happens; then what is still open, to its end. Raises what something beside it raised."""
    n = 0
    while n * TICK_SECONDS < seconds or floor.open:
        due = began + n * TICK_SECONDS
        if (left := due - time.monotonic()) > 0:
            await asyncio.sleep(left)
        for task in beside:
            if task.done():
                task.result()
        sending = [
            await send(producer, batch) for batch in batches(producer, floor.tick(calls=n * TICK_SECONDS < seconds))
        ]
        await acknowledged(sending)
        waited.sent(time.monotonic(), floor.published)
        n += 1


async def _look_on(broker: Broker, admin: Any, crew: Crew, waited: Waited, looks: list[Look], began: float) -> None:
    sizes, n, minutes = 0, 0, 0
    with_admin: Any = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    try:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if n % 10 == 0:
                sizes = await asyncio.to_thread(_size, with_admin, changelog_topic(broker.app_id))
            n += 1
            now = time.monotonic()
            oldest = waited.now(now, await _committed(broker, admin))
            looks.append(Look(now - began, oldest, _resident(crew.all[0].pid), sizes))
            if looks[-1].at >= (minutes + 1) * 60:
                minutes += 1
                print(_minute(looks, crew), file=sys.stderr, flush=True)
    finally:
        with_admin.close()


async def _committed(broker: Broker, admin: Any) -> int:
    try:
        offsets = await admin.list_consumer_group_offsets(broker.app_id)
    except KafkaError:  # a new cluster makes its topic of offsets when somebody asks
        return 0
    return sum(found.offset for tp, found in offsets.items() if tp.topic == CALL_EVENTS)


def _resident(pid: int) -> int:
    status = dict(entry.split(":", 1) for entry in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) * 1024


def _size(admin: Any, topic: str) -> int:
    """Bytes of a topic on the brokers' disks."""
    found = 0
    for broker in admin.describe_log_dirs():
        for folder in broker["log_dirs"]:
            for each in folder["topics"]:
                if each["name"] == topic:
                    found += sum(partition["partition_size"] for partition in each["partitions"])
    return found


def _configure(broker: Broker, minutes: float) -> None:
    """The changelog's segments close in proportion to the run; of the input only what is recent is kept."""
    share = min(1.0, minutes / _HOUR)
    quick = {name: str(round(int(CHANGELOG_CONFIG[name]) * share)) for name in ("segment.ms", "max.compaction.lag.ms")}
    quick["delete.retention.ms"] = str(round(int(CHANGELOG_CONFIG["delete.retention.ms"]) * share / 6))
    short = {"retention.ms": str(KEPT_IN_KAFKA_MS), "segment.bytes": str(16 * 1024 * 1024)}
    admin: Any = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    admin.alter_configs([
        ConfigResource(ConfigResourceType.TOPIC, changelog_topic(broker.app_id), quick),
        ConfigResource(ConfigResourceType.TOPIC, CALL_EVENTS, short),
    ])  # fmt: skip
    admin.close()


async def _differences(crew: Crew, floor: Floor) -> list[str]:
    """Every total that is not the truth, over all workers."""
    await crew.all[0].until(lambda: _whole(crew), CATCH_UP_SECONDS)
    await asyncio.sleep(1.5)  # an answer of /metrics is up to a second old
    answers = [await worker.metrics() for worker in crew.all]
    wrong = []
    for (what, queue), truth in sorted(floor.truth.items()):
        name, scale = ("talk_seconds", 1_000) if what == "talk_ms" else (what, 1)
        ours = sum(answer.net(name, queue=queue) for answer in answers) * scale
        if round(ours) != truth:
            wrong.append(f"{what} of {queue}: {ours:,.0f} instead of {truth:,}")
    if waiting := sum(answer.sum("waiting") for answer in answers):
        wrong.append(f"{waiting:,.0f} wait, and nobody should")
    return wrong


async def _whole(crew: Crew) -> bool:
    """Whether the workers together own every partition, restored."""
    answers = [await worker.metrics() for worker in crew.all]
    owned = sum(answer.sum("partition_owned") for answer in answers)
    return owned == answers[0].sum("partitions_expected") and not any(a.sum("recovery_left_offsets") for a in answers)


def verdict(looks: Sequence[Look], seconds: float) -> list[str]:
    """What is not flat: the last third beside the second.

    In the first everything grows: contacts are kept for a sixth of the time, and until segments close nothing of the
    changelog is compacted, all of which a worker reads that joins.
    """
    thirds = [[look for look in looks if n * seconds <= 3 * look.at < (n + 1) * seconds] for n in range(3)]
    if not all(thirds):
        return ["too short to judge"]
    _, second, last = thirds
    found = []
    if (longest := max(look.waited for look in looks)) > KEPT_IN_KAFKA_MS / 2_000:
        found.append(f"behind by {longest:.0f} s: this machine does not take the rate, and what expires is lost")
    for name, slack in (("resident", 16), ("changelog", 32)):
        before, after = (max(getattr(look, name) for look in third) / 2**20 for third in (second, last))
        if after > 1.1 * before + slack:
            found.append(f"{name}: {after:,.0f} MiB in the last third, {before:,.0f} in the second")
    before, after = (median([look.waited for look in third]) for third in (second, last))
    if after > 1.3 * before + 0.25:
        found.append(f"waited: {after:.2f} s in the last third, {before:.2f} s in the second (medians)")
    return found


def _minute(looks: Sequence[Look], crew: Crew) -> str:
    """How it goes: the minute that is over, in words."""
    minute, waited, most, resident, changelog = list(_rows(looks[:-1]))[-1]
    return (
        f"minute {minute}: {len(crew.all)} workers, oldest uncommitted {waited} s (most {most}), "
        f"{resident} MiB resident, changelog {changelog} MiB"
    )


def _rows(looks: Sequence[Look]) -> Iterator[tuple[str, ...]]:
    minutes: dict[int, list[Look]] = defaultdict(list)
    for look in looks:
        minutes[int(look.at // 60)].append(look)
    for minute, found in minutes.items():
        waits = [look.waited for look in found]
        resident, changelog = (max(getattr(look, name) for look in found) / 2**20 for name in ("resident", "changelog"))
        yield str(minute + 1), f"{median(waits):.2f}", f"{max(waits):.1f}", f"{resident:,.0f}", f"{changelog:,.0f}"


def main(arguments: Sequence[str]) -> int:
    """Soak, print, judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("minutes", type=float, nargs="?", default=30.0)
    parser.add_argument("--rate", type=int, default=15_000, help="events a second")
    parser.add_argument(
        "--every", type=float, default=20.0, help="seconds from one worker's coming or going to the next"
    )
    parser.add_argument("--record", action="store_true", help="write into results.md")
    told = parser.parse_args(arguments)
    looks, floor, crew, wrong = asyncio.run(soak(told.minutes, told.rate, told.every))
    wrong += verdict(looks, told.minutes * 60)
    done = ", ".join(f"{n} {what}" for what, n in sorted(crew.done.items()))
    head = f"{floor.published:,} events, {done}: "
    head += (
        "totals equal, memory, latency and changelog flat."
        if not wrong
        else "NOT AS IT MUST BE: " + "; ".join(wrong[:9])
    )
    record(
        f"{told.minutes:g} minutes at {told.rate:,} events a second, workers coming and going",
        f"python -m benchmarks.soak {told.minutes:g} --rate {told.rate} --every {told.every:g}",
        ("minute", "oldest uncommitted, median, s", "most, s", "resident, MiB", "changelog, MiB"),
        list(_rows(looks)),
        head,
        file=FILE if told.record else TRIAL,
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
