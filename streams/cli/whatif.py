"""The command that asks a running worker what would be if: ``whatif``."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.shared import ConfigOption, JsonOption, UrlOption, asked_of_worker, show_json

CHANGE = "+2, -10% or the new value"


def whatif(
    queue: Annotated[str, typer.Option(help="The queue in question.")],
    agents: Annotated[str | None, typer.Option(metavar="CHANGE", help=f"Agents at work: {CHANGE}.")] = None,
    aht: Annotated[str | None, typer.Option(metavar="CHANGE", help=f"Seconds of handling: {CHANGE}.")] = None,
    arrivals: Annotated[str | None, typer.Option(metavar="CHANGE", help=f"Contacts an hour: {CHANGE}.")] = None,
    patience: Annotated[str | None, typer.Option(metavar="CHANGE", help=f"Seconds of patience: {CHANGE}.")] = None,
    channel: Annotated[str | None, typer.Option(help="For a queue that has several.")] = None,
    url: UrlOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """A queue with more agents or shorter calls, beside the queue as it is; and who could move from where."""
    from rich.console import Console

    from streams.planning.printed import show

    question = {
        "queue": queue, "channel": channel, "agents": agents, "aht": aht, "arrivals": arrivals, "patience": patience,
    }  # fmt: skip
    answer = asked_of_worker(config, url, "/api/whatif", question)
    if as_json:
        show_json(answer)
    else:
        show(answer, Console())
