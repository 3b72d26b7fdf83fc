"""The commands ``state save`` and ``state load``: a drained floor into a file, and a file into a new generation."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.shared import (
    BrokerOption,
    ConfigOption,
    IntoOption,
    JsonOption,
    PartitionerOption,
    quiet_clients,
    settings_for,
    show_json,
)

app = typer.Typer(
    name="state",
    help="All that was counted, in a file: for a back-up, or for another cluster. It holds ids as sources sent them.",
    no_args_is_help=True,
)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file; saving takes no other's place.")]


def save(
    file: FileArgument, broker: BrokerOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Write the state to a file. Sources hold back, all is counted, no worker runs: docs/operations.md."""
    from streams.state_file import save as run

    settings = settings_for(config, broker)
    quiet_clients()
    stored = asyncio.run(run(settings, file))
    if as_json:
        show_json({"file": str(file), "stored": stored})
    else:
        print(f"{file}: {stored:,} pieces of state of {settings.broker.app_id}.")


def load(
    file: FileArgument,
    into: IntoOption,
    partitions: Annotated[
        int | None, typer.Option(min=1, help="Of the new generation; default: as many as there were.")
    ] = None,
    partitioner: PartitionerOption = "murmur2",
    broker: BrokerOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin a new generation with a file's state, on this cluster or another."""
    from streams.state_file import load as run

    settings = settings_for(config, broker)
    quiet_clients()
    grown = asyncio.run(run(settings, file, into, partitions, partitioner))
    if as_json:
        show_json({"app_id": into, **grown._asdict()})
    else:
        print(f"{grown.stored:,} pieces of state in {grown.after} partitions.")
        print(f'Set broker.app_id = "{into}" for every worker and start them, then the sources.')
