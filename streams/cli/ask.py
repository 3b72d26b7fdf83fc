"""The command that asks a running worker: ``explain``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streams.cli.shared import ConfigOption, JsonOption, settings_for, show_json


def explain(
    queue: Annotated[str, typer.Argument(help="A queue, a group, or ALL for the floor.")] = "ALL",
    kpi: Annotated[str, typer.Argument(help="The number, by its name in /api/floor.")] = "service_level",
    window: Annotated[str | None, typer.Option(help="Such as 30m or today; default: the first configured.")] = None,
    channel: Annotated[str | None, typer.Option(help="For a queue that has several.")] = None,
    url: Annotated[str | None, typer.Option(help="A worker's address; default: the configuration's.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why a number is what it is: formula, inputs, rules in force, who is left out, who is behind it."""
    from rich.console import Console

    from streams.ask import ask, show

    web = settings_for(config).web
    scheme = "http" if web.ssl_certfile is None else "https"
    token = None if web.token is None else web.token.reveal()
    question = {"queue": queue, "kpi": kpi, "window": window, "channel": channel}
    said = {name: value for name, value in question.items() if value is not None}
    answer: dict[str, Any] = ask(url or f"{scheme}://{web.host}:{web.port}", said, token)
    if as_json:
        show_json(answer)
    else:
        show(answer, Console())
