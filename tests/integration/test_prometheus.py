"""Real Prometheus and Alertmanager over a worker's endpoints: a breach is told once, stale numbers wake nobody, and
every panel of every dashboard has something to show."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from streams import snapshot
from streams.exposition import Exposition
from streams.exposition.floor import floor_families
from streams.exposition.worker import worker_families
from streams.planning import can_be_planned
from streams.planning.ahead import ahead
from streams.planning.given import gather
from tests.conftest import ROOT
from tests.integration.prometheus_stack import SHORTEST_SECONDS, Stack, program, shortened, stack, until
from tests.integration.scraped_floor import SECOND, by_hand, serving, simulated
from tests.integration.wall_floor import wall_now

pytestmark = pytest.mark.timeout(100)

GRAFANA = ROOT / "grafana"


async def test_a_breach_is_told_once_within_30_s_of_its_patience_and_over_when_it_is(tmp_path: Path) -> None:
    floor = by_hand()
    async with serving(floor) as worker, stack(tmp_path, worker) as one:
        received = one.received
        await until(lambda: _scraped(one), 20, "Prometheus has read the worker")
        floor.calls("billing", 25, 60 * SECOND)

        await until(
            lambda: received.told("ServiceLevelBreach", "firing"), SHORTEST_SECONDS + 30, "the webhook hears of it"
        )
        await asyncio.sleep(5)  # a second one would come with one of the next evaluations

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


BOARDS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}
QUERIES = [
    (name, panel["title"], target["expr"])
    for name, board in BOARDS.items()
    for panel in board["panels"]
    for target in panel.get("targets", [])
] + [
    (name, mark["name"], mark["expr"])
    for name, board in BOARDS.items()
    for mark in board.get("annotations", {}).get("list", [])
]


WEEK_AGO = [
    'contactcenter_window_offered{queue="billing",channel="voice",window="15m",instance="a",job="queuepulse"}',
    'queue_channel_window:contactcenter_aht:seconds{queue="billing",channel="voice",window="1h"}',
]


async def test_every_query_of_every_panel_returns_rows(tmp_path: Path) -> None:
    floor = simulated()
    async with serving(floor) as worker, stack(tmp_path, worker, alerting=False, week_ago=WEEK_AGO) as one:
        await until(lambda: _has_fired(one, "OldestWait", "returns"), 40, "an alert fires")
        await until(lambda: _rated(one), 20, "there are rates")
        await until(lambda: _foreseen(one), 30, "there are forecasts")

        assert len(QUERIES) > 60
        empty = []
        for board, panel, expr in QUERIES:
            asked = expr.replace("$queue", ".*").replace("$channel", ".*")
            if not await one.query(asked):
                empty.append((board, panel, expr))
        assert empty == []
        assert await one.unhealthy() == []


async def _rated(one: Stack) -> bool:
    return bool(await one.query("topic_partition:contactcenter_consumer_lag:seconds")) and bool(
        await one.query("rate(contactcenter_flushes_total[5m]) and on () type:contactcenter_events:rate5m")
    )


async def _foreseen(one: Stack) -> bool:
    return bool(await one.query('contactcenter_forecast_agents_required{queue="billing", ahead="60m"}'))


def test_every_metric_that_is_named_anywhere_is_exported_or_recorded() -> None:
    floor = simulated()
    partitions = list(floor.partitions.values())
    taken = snapshot.take(partitions, floor.settings, floor.status(), wall_now())
    text = Exposition(100_000, with_process=True).text(worker_families(taken)).decode()
    forecasts = {
        key: ahead(gather(partitions, taken, row, {}))
        for row in taken.rows
        if can_be_planned(taken, row)
        for key in [(row.queue, row.channel)]
    }
    text += Exposition(100_000, with_process=False).text(floor_families(taken, forecasts)).decode()
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
