"""Real Prometheus and Alertmanager over a worker's endpoints: a breach is told once, stale numbers wake nobody, and
every panel of every dashboard has something to show."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec import json as wire

from streams import events as e
from streams import snapshot
from streams.exposition import Exposition
from streams.exposition_floor import floor_families
from streams.exposition_worker import worker_families
from streams.partition import Partition, Record
from streams.settings import Settings, from_raw
from streams.simulate import Faults, demo, simulate, spoil
from streams.snapshot import WorkerStatus
from streams.web import WebServer
from tests.conftest import ROOT
from tests.integration.prometheus_stack import SHORTEST_SECONDS, Stack, program, shortened, stack, until
from tests.integration.wall_floor import wall_now

pytestmark = pytest.mark.timeout(100)

C = TypeVar("C", bound=e.ConversationEvent)
SECOND = 1_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
GRAFANA = ROOT / "grafana"
RULES: dict[str, Any] = {
    "web": {"port": 0},
    "worker": {"stale_after_seconds": 3},
    "queues": {
        "billing": {"service_level_threshold_seconds": 20, "service_level_target_ratio": 0.8},
        "vip": {"oldest_wait_target_seconds": 8},
        "quiet": {"oldest_wait_target_seconds": 60, "abandonment_target_ratio": 0.05},
    },
}


class Floor:
    """A worker's state fed by hand, or by the simulator, and flushed; a source that beats while ``alive``."""

    def __init__(self, settings: Settings) -> None:
        self.alive = True
        self.partitions = {topic: Partition(settings, topic, 0) for topic in e.TOPICS}
        self._offsets = dict.fromkeys(e.TOPICS, 0)
        self._numbers = 0
        self.settings = settings
        self.server = WebServer(self._owned, settings, wall_now, self._status)

    def put(self, topic: str, key: bytes | None, value: bytes) -> None:
        """One record, as from Kafka."""
        self.partitions[topic].apply([Record(self._offsets[topic], key, value, 0)])
        self._offsets[topic] += 1

    def happen(self, event: e.Event, topic: str = e.CALL_EVENTS) -> None:
        """One event."""
        key = e.key_of(event)
        self.put(topic, key.encode() if key is not None else None, wire.encode(event))

    def flush(self) -> None:
        """Flush everything, as if Kafka had acknowledged it."""
        for partition in self.partitions.values():
            if (flushed := partition.flush()) is not None:
                partition.flushed(flushed)

    def offer(self, queue: str, at: int) -> str:
        """Somebody begins to wait; returns the contact."""
        self._numbers += 1
        call = f"call-{self._numbers}"
        self.happen(e.CallOffered(event_id=f"{call}/o", occurred_at=at, source="pbx", contact_id=call, queue=queue))
        return call

    def answer(self, call: str, queue: str, at: int) -> None:
        """Somebody is answered, and done a second later."""
        more: dict[str, Any] = {"source": "pbx", "contact_id": call, "queue": queue, "agent_id": "ann"}
        self.happen(e.CallAnswered(event_id=f"{call}/a", occurred_at=at, **more))
        self.happen(e.CallEnded(event_id=f"{call}/e", occurred_at=at + SECOND, **more))

    def calls(self, queue: str, number: int, wait_ms: int) -> None:
        """So many calls, all answered a few seconds ago after the same wait."""
        answered_at = wall_now() - 3 * SECOND
        for _ in range(number):
            self.answer(self.offer(queue, answered_at - wait_ms), queue, answered_at)

    def beat(self, name: str) -> e.SourceHeartbeat:
        """The source says that it is there."""
        return e.SourceHeartbeat(event_id=name, occurred_at=wall_now(), source="pbx")

    async def live(self) -> None:
        """Beat while alive, and flush."""
        for n in range(1_000_000):
            if self.alive:
                for topic in e.TOPICS:
                    self.happen(self.beat(f"beat-{n}"), topic)
            self.flush()
            await asyncio.sleep(0.3)

    def _owned(self) -> dict[tuple[str, int], Partition]:
        return {(topic, 0): partition for topic, partition in self.partitions.items()}

    def _status(self) -> WorkerStatus:
        there = frozenset(self._owned())
        return WorkerStatus(expected=there, lag=dict.fromkeys(there, 0), flushes=7, last_flush_seconds=0.01)


@asynccontextmanager
async def serving(floor: Floor) -> AsyncIterator[str]:
    """Serve a floor and let it live; gives host and port."""
    await floor.server.start()
    life = asyncio.create_task(floor.live())
    try:
        yield f"127.0.0.1:{floor.server.port}"
    finally:
        life.cancel()
        await asyncio.wait({life})
        await floor.server.stop()


def by_hand() -> Floor:
    """Three queues with an agent who is free for all of them, and one good call in the quiet one."""
    floor = Floor(from_raw(RULES, {}))
    available = e.AgentStateChanged(
        event_id="available", occurred_at=wall_now() - 60 * MINUTE, source="pbx", agent_id="ann", state="available",
        queues=tuple(RULES["queues"]),
    )  # fmt: skip
    floor.happen(available, e.AGENT_EVENTS)
    floor.calls("quiet", 1, 5 * SECOND)
    floor.calls("vip", 1, 5 * SECOND)
    return floor


async def test_a_breach_is_told_once_within_30_s_of_its_patience_and_over_when_it_is(tmp_path: Path) -> None:
    floor = by_hand()
    async with serving(floor) as worker, stack(tmp_path, worker) as one:
        received = one.received
        await until(lambda: _scraped(one), 20, "Prometheus has read the worker")
        floor.calls("billing", 25, 60 * SECOND)

        await until(
            lambda: received.told("ServiceLevelBreach", "firing"), SHORTEST_SECONDS + 30, "the webhook hears of it"
        )
        await asyncio.sleep(5)

        (told,) = received.told("ServiceLevelBreach", "firing")
        assert told["commonLabels"]["queue"] == "billing"
        assert told["commonAnnotations"]["summary"] == "billing: service level 0%, below its target"
        assert told["commonAnnotations"]["dashboard_url"].endswith("/d/queuepulse-supervisor?var-queue=billing")
        assert not {"grafana", "runbooks"} & set(told["commonLabels"])
        assert received.tokens == {"Bearer open sesame"}
        (message,) = received.slack
        assert message["attachments"][0]["title"] == "billing: service level 0%, below its target"
        assert "Of the contacts of queue billing (voice) in the last 30 minutes" in message["attachments"][0]["text"]

        floor.calls("billing", 225, 1 * SECOND)

        await until(lambda: received.told("ServiceLevelBreach", "resolved"), 60, "the webhook hears that it is over")
        assert len(received.told("ServiceLevelBreach", "resolved")) == 1
        assert received.slack[-1]["attachments"][0]["title"].startswith("Over: billing")
        assert await one.firing() == {("ServiceLevelBreach", "billing")}  # not the quiet queue, and nothing else


async def test_while_the_feed_is_stale_nobody_is_woken_by_its_numbers(tmp_path: Path) -> None:
    floor = by_hand()
    async with serving(floor) as worker, stack(tmp_path, worker) as one:
        received = one.received
        await until(lambda: _scraped(one), 20, "Prometheus has read the worker")
        waiting = floor.offer("vip", wall_now())  # will have waited for too long 8 s from now
        floor.flush()
        floor.alive = False

        await until(lambda: _has_fired(one, "OldestWait", "vip"), 30, "the oldest wait fires in Prometheus")
        await until(lambda: _is_held_back(one, "OldestWait", "vip"), 20, "and is held back by Alertmanager")
        await until(lambda: received.told("MetricsStale", "firing"), 20, "the operators hear of the feed")
        assert received.mails
        mail = received.mails[0].replace("=\r\n", "").replace("\r\n", "\n")
        assert "Subject: No source has been heard of: the numbers are those of the past" in mail
        assert "MetricsStale, critical, since" in mail
        assert "docs/runbooks/MetricsStale.md" in mail

        floor.answer(waiting, "vip", wall_now())
        floor.alive = True

        await until(lambda: received.told("MetricsStale", "resolved"), 40, "the operators hear that it is over")
        assert len(received.told("MetricsStale", "firing")) == 1
        assert received.told("OldestWait", "firing") == []
        assert received.slack == []


async def _scraped(one: Stack) -> bool:
    return bool(await one.query("queue_channel:contactcenter_waiting:sum"))


async def _has_fired(one: Stack, alertname: str, queue: str) -> bool:
    return (alertname, queue) in await one.firing()


async def _is_held_back(one: Stack, alertname: str, queue: str) -> bool:
    return (alertname, queue) in await one.suppressed()


# --- dashboards ------------------------------------------------------------------------------------------------------


def simulated() -> Floor:
    """Forty minutes of a simulated morning with faults, an email that waits for its answer, and a caller too long."""
    targets = {"asa_target_seconds": 30, "abandonment_target_ratio": 0.05, "oldest_wait_target_seconds": 120}
    replies = {"first_reply_target_seconds": 60, "next_reply_target_seconds": 60, "resolution_target_seconds": 600}
    queues: dict[str, Any] = dict.fromkeys(("billing", "sales", "support", "vip"), targets)
    queues |= {name: {**targets, **replies, "channel": name} for name in ("chat", "email")}
    queues["returns"] = {"oldest_wait_target_seconds": 1}
    floor = Floor(from_raw({**RULES, "queues": queues, "worker": {"stale_after_seconds": 60}}, {}))
    floor.happen(_letter(e.ConversationQueued, 10), e.CONVERSATION_EVENTS)
    start, end = wall_now() - 40 * MINUTE, wall_now()
    faults = Faults(duplicates=0.02, disorder_ms=2_000, malformed=0.02)
    for item in spoil(simulate(demo(start, 3_600, hour=10.0), 4), faults, 4):
        if item.publish_at >= end:
            break
        floor.put(item.topic, item.key, item.value)
    floor.offer("returns", wall_now() - MINUTE)
    floor.happen(_letter(e.ConversationAssigned, 9, agent_id="ann"), e.CONVERSATION_EVENTS)  # later than windows keep
    yesterday = floor.offer("returns", wall_now() - 30 * HOUR)
    floor.answer(yesterday, "returns", wall_now() - 30 * HOUR)
    floor.happen(floor.beat("now"))
    floor.happen(floor.beat("and now"))
    floor.happen(
        e.CallHeld(event_id="held", occurred_at=wall_now(), source="pbx", contact_id=yesterday, queue="returns")
    )
    floor.flush()
    return floor


def _letter(kind: type[C], days_ago: int, **more: Any) -> C:
    """An event, so many days ago, of an email that is still open."""
    at = wall_now() - days_ago * DAY
    return kind(
        event_id=kind.__name__,
        occurred_at=at,
        source="desk",
        contact_id="letter",
        queue="email",
        channel="email",
        **more,
    )


QUERIES = [
    (path.stem, panel["title"], target["expr"])
    for path in sorted((GRAFANA / "dashboards").glob("*.json"))
    for panel in json.loads(path.read_text("utf-8"))["panels"]
    for target in panel.get("targets", [])
]


async def test_every_query_of_every_panel_returns_rows(tmp_path: Path) -> None:
    floor = simulated()
    async with serving(floor) as worker, stack(tmp_path, worker, alerting=False) as one:
        await until(lambda: _has_fired(one, "OldestWait", "returns"), 40, "an alert fires")
        await until(lambda: _rated(one), 20, "there are rates")

        empty = []
        for board, panel, expr in QUERIES:
            asked = expr.replace("$queue", ".*").replace("$channel", ".*")
            if not await one.query(asked):
                empty.append((board, panel, expr))
        assert empty == []
        problems = await one.query('{__name__=~"prometheus_rule_evaluation_failures_total"}')
        assert problems == []


async def _rated(one: Stack) -> bool:
    return bool(await one.query("topic_partition:contactcenter_consumer_lag:seconds")) and bool(
        await one.query("rate(contactcenter_flushes_total[5m]) and on () type:contactcenter_events:rate5m")
    )


def test_every_metric_that_is_named_anywhere_is_exported_or_recorded() -> None:
    floor = simulated()
    partitions = list(floor.partitions.values())
    taken = snapshot.take(partitions, floor.settings, floor._status(), wall_now())
    text = Exposition(100_000, with_process=True).text(worker_families(taken)).decode()
    text += Exposition(100_000, with_process=False).text(floor_families(taken)).decode()
    exported = set(re.findall(r"^([a-z_]+[a-z0-9_]*)[{ ]", text, re.MULTILINE))
    recorded = set()
    named = set()
    for path in [*GRAFANA.rglob("*.yml"), *GRAFANA.rglob("*.json"), *GRAFANA.rglob("*.tmpl")]:
        told = path.read_text("utf-8")
        recorded |= set(re.findall(r"record: (\S+)", told))
        named |= set(re.findall(r"[a-z_0-9:]*contactcenter_[a-z_0-9:]*[a-z0-9]|process_[a-z_]+[a-z]", told))

    assert len(named) > 100
    assert sorted(named - exported - recorded) == []
    assert recorded <= named


# --- the files -------------------------------------------------------------------------------------------------------


async def test_alertmanager_accepts_its_configuration_and_routes_by_team_and_severity() -> None:
    amtool, file = program("amtool"), GRAFANA / "alertmanager" / "alertmanager.yml"

    assert "SUCCESS" in await _said(amtool, "check-config", str(file))
    for labels, receiver in {
        ("team=floor", "severity=critical"): "supervisors-now",
        ("team=floor", "severity=warning"): "supervisors",
        ("team=pipeline", "severity=critical"): "operators-now",
        ("team=pipeline", "severity=warning"): "operators",
        ("alertname=Unknown",): "operators",
    }.items():
        assert (await _said(amtool, "config", "routes", "test", f"--config.file={file}", *labels)).split() == [receiver]


def test_no_secret_is_in_the_files() -> None:
    text = (GRAFANA / "alertmanager" / "alertmanager.yml").read_text("utf-8")

    assert re.findall(r"(?:password|credentials|api_url|token|secret):", text) == []
    assert len(re.findall(r"(?:password|credentials|api_url)_file: /etc/alertmanager/secrets/\w+", text)) == 3


def test_the_test_shortens_durations_and_nothing_else() -> None:
    text = "expr: x[5m] offset 1h\nfor: 15m\nkeep_firing_for: 15s\n"

    assert shortened(text) == "expr: x[5m] offset 1h\nfor: 30000ms\nkeep_firing_for: 8000ms\n"


async def _said(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, out.decode()
    return out.decode()
