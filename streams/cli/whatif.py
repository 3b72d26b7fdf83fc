"""The command that asks a running worker what would be if: ``whatif``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streams.cli.shared import ConfigOption, JsonOption, settings_for, show_json

CHANGE = "+2, -10% or the new value"


def whatif(
    queue: Annotated[str, typer.Option(help="The queue in question.")],
    agents: Annotated[str | None, typer.Option(metavar="CHANGE", help=f"Agents at work: {CHANGE}.")] = None,
    aht: Annotated[str | None, typer.Option(metavar="CHANGE", help=f"Seconds of handling: {CHANGE}.")] = None,
    arrivals: Annotated[str | None, typer.Option(metavar="CHANGE", help=f"Contacts an hour: {CHANGE}.")] = None,
    patience: Annotated[str | None, typer.Option(metavar="CHANGE", help=f"Seconds of patience: {CHANGE}.")] = None,
    channel: Annotated[str | None, typer.Option(help="For a queue that has several.")] = None,
    url: Annotated[str | None, typer.Option(help="A worker's address; default: the configuration's.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """A queue with more agents or shorter calls, beside the queue as it is; and who could move from where."""
    from rich.console import Console

    from streams.ask import ask
    from streams.planning.printed import show

    web = settings_for(config).web
    scheme = "http" if web.ssl_certfile is None else "https"
    token = None if web.token is None else web.token.reveal()
    asked = {
        "queue": queue, "channel": channel, "agents": agents, "aht": aht, "arrivals": arrivals, "patience": patience,
    }  # fmt: skip
    question = {name: value for name, value in asked.items() if value is not None}
    answer: dict[str, Any] = ask(url or f"{scheme}://{web.host}:{web.port}", question, token, path="/api/whatif")
    if as_json:
        show_json(answer)
    else:
        show(answer, Console())
