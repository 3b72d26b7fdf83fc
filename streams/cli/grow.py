"""The command ``grow``: more partitions for a floor that is counted already."""

from __future__ import annotations

import asyncio
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


def grow(
    partitions: Annotated[int, typer.Argument(min=2, metavar="PARTITIONS", help="How many there are to be.")],
    into: IntoOption,
    partitioner: PartitionerOption = "murmur2",
    check: Annotated[bool, typer.Option("--check", help="Change nothing, only say whether it can be done.")] = False,
    broker: BrokerOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """More partitions, all numbers kept. Sources hold back, all is counted, no worker runs: docs/operations.md."""
    from streams.grow import grow as run
    from streams.topics import topic_names

    settings = settings_for(config, broker)
    quiet_clients()
    grown = asyncio.run(run(settings, partitions, into, partitioner, only_check=check))
    if as_json:
        show_json({"checked_only": check, "app_id": into, **grown._asdict()})
        return
    print(f"{grown.before} partitions become {grown.after}; {grown.stored:,} pieces of state.")
    if check:
        print("It can be done; nothing was changed.")
        return
    own = [topic for topic in topic_names(settings.broker.app_id) if topic.startswith(settings.broker.app_id)]
    print(f'Set broker.app_id = "{into}" for every worker and start them, then the sources.')
    print(f"When their numbers have been looked at, these are needed no more: {', '.join(own)}.")
