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

    if url is None:
        web = settings_for(config).web
        url = f"http://{web.host}:{web.port}"
    question = {"queue": queue, "kpi": kpi, "window": window, "channel": channel}
    answer: dict[str, Any] = ask(url, {name: value for name, value in question.items() if value is not None})
    if as_json:
        show_json(answer)
    else:
        show(answer, Console())
