"""The commands about files: ``replay`` (to Kafka) and ``report`` (no broker)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from streams.cli.shared import BrokerOption, ConfigOption, JsonOption, quiet_clients, settings_for, show_json
from streams.settings import Attribution
from streams.sources import Format

FileArgument = Annotated[str, typer.Argument(metavar="FILE", help='The file; "-" is standard input.')]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="What the file holds.")]
MapOption = Annotated[
    Path | None, typer.Option("--map", metavar="MAP.toml", help="Which column means what; csv needs it.")
]
SpeedOption = Annotated[str, typer.Option(metavar="N|max", help="Times real time, or max.")]
IdempotentOption = Annotated[bool, typer.Option(help="Off for brokers that can't, as the embedded one.")]


def replay(
    file: FileArgument,
    form: FormatOption = "jsonl",
    map_path: MapOption = None,
    speed: SpeedOption = "1",
    follow: Annotated[bool, typer.Option("--follow", help="Go on as the file grows, until Ctrl-C.")] = False,
    idempotent: IdempotentOption = True,
    broker: BrokerOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish a file of calls to Kafka. In event-time order, at the speed of life or any other."""
    from rich.console import Console

    from streams.replay import replay as run

    times = speed_of(speed)
    if follow and file == "-":
        raise typer.BadParameter("--follow needs the name of a file: standard input is read to its end anyway")
    settings = settings_for(config, broker)
    quiet_clients()
    summary = run(
        file,
        form=form,
        broker=settings.broker,
        map_path=map_path,
        speed=times,
        follow=follow,
        idempotent=idempotent,
        console=Console(stderr=True),
    )
    if as_json:
        show_json(summary)
    else:
        for bad in summary.bad:
            print(f"line {bad.line_number}: {bad.reason}", file=sys.stderr)
        ignored = sum(summary.ignored.values())
        print(f"{summary.events:,} events published, {ignored:,} rows ignored, {summary.bad_rows:,} rows unreadable.")
    if summary.stopped and not follow:
        raise typer.Exit(130)


def report(
    file: FileArgument,
    form: FormatOption = "jsonl",
    map_path: MapOption = None,
    by: Annotated[Literal["hour", "day", "all"], typer.Option(help="One row for each of these.")] = "day",
    queue: Annotated[str | None, typer.Option(help="This queue only; ALL is the floor as one.")] = None,
    attribution: Annotated[
        Attribution | None, typer.Option(help="Where a contact counts; default: the map's, else the configuration's.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Whose hours and days; default: the map's, else the queue's.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The numbers of a file, with no broker. Through the worker's own core; quantiles and maxima are exact."""
    from rich.console import Console

    from streams import report as reporting

    result = reporting.report(
        file,
        form=form,
        settings=settings_for(config),
        map_path=map_path,
        by=by,
        queue=queue,
        attribution=attribution,
        zone=zone,
    )
    if as_json:
        print(reporting.as_json(result))
        for bad in result.bad:
            print(f"line {bad.line_number}: {bad.reason}", file=sys.stderr)
    else:
        reporting.show(result, Console())


def speed_of(text: str) -> float | Literal["max"]:
    """``60`` or ``max``; anything else is misuse."""
    if text == "max":
        return "max"
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.0 < speed < float("inf"):
        raise typer.BadParameter(f"--speed {text!r}: a number above 0, such as 1 or 60, or max")
    return speed
