"""The command ``schedule load``: what agents are planned to do, from a file of the workforce system to Kafka."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer

from streams.cli.shared import BrokerOption, ConfigOption, JsonOption, quiet_clients, settings_for, show_json

app = typer.Typer(name="schedule", help="What agents are planned to do, and when.", no_args_is_help=True)


def load(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV: agent, start, end, activity, paid. - reads stdin.")],
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Of times without an offset; the floor's own if not given.")
    ] = None,
    broker: BrokerOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish a schedule. It takes the place of what was planned before where they begin together.

    A file with a line that can't be used is refused whole, and every such line is told.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from streams.events import AgentScheduled
    from streams.publish import Publisher
    from streams.settings import Settings
    from streams.sources.files import lines_of
    from streams.sources.schedule import read_schedule
    from streams.topics import check_topics

    async def publish(settings: Settings, events: list[AgentScheduled]) -> None:
        async with Publisher(settings.broker) as publisher:
            for event in events:
                await publisher.event(event)

    settings = settings_for(config, broker)
    name = timezone or settings.defaults.timezone
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise typer.BadParameter(f"there is no time zone {name!r}: write one such as Europe/Vienna") from None
    text = (line.decode("utf-8-sig") for line in lines_of(file))
    try:
        found = read_schedule(text, zone, time.time_ns() // 1_000_000)
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file} is no UTF-8 text: save it as UTF-8") from None
    if found.problems:
        told = "\n".join(f"  line {problem.line}: {problem.what}" for problem in found.problems[:20])
        more = "" if len(found.problems) <= 20 else f"\n  and {len(found.problems) - 20} more"
        raise typer.BadParameter(f"nothing was published, {file} has lines that can't be used:\n{told}{more}")
    quiet_clients()
    check_topics(settings)
    asyncio.run(publish(settings, found.events))
    agents = len({event.agent_id for event in found.events})
    if as_json:
        show_json({"activities": len(found.events), "agents": agents})
    else:
        print(f"Published: {len(found.events)} activities of {agents} agents.")
