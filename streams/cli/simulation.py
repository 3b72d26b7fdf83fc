"""The command ``simulate``: a seeded contact centre to a file or to Kafka, and the totals it must give."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.files import IdempotentOption, SpeedOption, speed_of
from streams.cli.shared import BrokerOption, ConfigOption, quiet_clients, settings_for, show_json
from streams.writing import writing

if TYPE_CHECKING:
    from streams.settings import Settings
    from streams.simulate import Item

A_MONDAY = "2026-01-05T10:00:00Z"
Share = Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of all records.")]


def simulate(
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help='JSON lines; "-": stdout.')] = None,
    publish: Annotated[bool, typer.Option("--publish", help="To Kafka.")] = False,
    oracle: Annotated[Path | None, typer.Option(metavar="FILE", help="The totals it must give, as JSON.")] = None,
    duration: Annotated[float, typer.Option(min=1.0, help="Simulated seconds.")] = 3_600.0,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help=f"ISO 8601; default: now for --publish, else {A_MONDAY}.")
    ] = None,
    hour: Annotated[float, typer.Option(min=0.0, max=24.0, help="What o'clock it is there at the start.")] = 10.0,
    scale: Annotated[float, typer.Option(min=0.05, max=1_000.0, help="Times the contacts and the agents.")] = 1.0,
    rate: Annotated[float | None, typer.Option(min=1.0, help="Load: a flat day of so many events a second.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed simulates the same floor.")] = 1,
    drain: Annotated[bool, typer.Option("--drain", help="Go on until the last contact is over.")] = False,
    speed: SpeedOption = "1",
    duplicates: Share = 0.0,
    late: Share = 0.0,
    malformed: Share = 0.0,
    missing_ends: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of contacts without an end.")] = 0.0,
    disorder: Annotated[float, typer.Option(min=0.0, help="Seconds by which records may be held up.")] = 0.0,
    skew: Annotated[float, typer.Option(help="Seconds the clock of pbx-south is wrong by.")] = 0.0,
    idempotent: IdempotentOption = True,
    broker: BrokerOption = None,
    config: ConfigOption = None,
) -> None:
    """A believable contact centre. Its events to a file or to Kafka, and the totals they must give."""
    if (out is None) == (not publish):
        raise typer.BadParameter("choose one: --out FILE writes lines, --publish sends to Kafka")
    from streams import simulate as floor

    times = speed_of(speed)
    begin_ms = _start_ms(start or (None if publish else A_MONDAY))
    if rate is None:
        spec = floor.demo(begin_ms, duration, hour=hour, scale=scale)
    else:
        spec = floor.for_rate(rate, begin_ms, duration)
    spec = replace(spec, drain=drain, missing_ends=missing_ends)
    faults = floor.Faults(
        duplicates=duplicates,
        late=late,
        malformed=malformed,
        disorder_ms=round(disorder * 1000),
        skew_ms={"pbx-south": round(skew * 1000)} if skew else {},
    )
    truth = floor.Oracle()
    items = floor.spoil(floor.simulate(spec, seed, truth), faults, seed)
    if out is not None:
        finished = _write(items, out)
    else:
        quiet_clients()
        pace = None if times == "max" else times
        finished = asyncio.run(_publish(items, settings_for(config, broker), begin_ms, pace, idempotent))
    if oracle is not None and finished:
        with writing(oracle), oracle.open("w") as file, contextlib.redirect_stdout(file):
            show_json(truth.dump())
    if not finished:
        raise typer.Exit(130)


def _write(items: Iterator[Item], out: Path) -> bool:
    from streams.feed import write_lines

    if str(out) == "-":
        write_lines(items, sys.stdout.buffer)
        return True
    with writing(out), out.open("wb") as file:
        written = write_lines(items, file)
    left_out = (
        f" ({written.left_out:,} malformed ones left out: only --publish can send them)" if written.left_out else ""
    )
    print(f"{written.records:,} records in {out}{left_out}.", file=sys.stderr)
    return True


async def _publish(
    items: Iterator[Item], settings: Settings, begin_ms: int, speed: float | None, idempotent: bool
) -> bool:
    """Publish; False when Ctrl-C cut it short."""
    from streams import feed
    from streams.publish import Publisher
    from streams.topics import check_topics

    partitions = check_topics(settings)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Publisher(settings.broker, idempotent=idempotent) as publisher:
        pace = None if speed is None else feed.Pace(begin_ms, time.monotonic(), speed)
        count = await feed.publish(items, publisher, partitions, pace, stop)
    print(f"{count:,} records published.", file=sys.stderr)
    return not stop.is_set()


def _start_ms(text: str | None) -> int:
    if text is None:
        return int(time.time() * 1000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--start {text!r}: a time such as {A_MONDAY}") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
