"""The command that asks a running worker: ``explain``."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.shared import ConfigOption, JsonOption, UrlOption, asked_of_worker, show_json


def explain(
    queue: Annotated[str, typer.Argument(help="A queue, a group, or ALL for the floor.")] = "ALL",
    kpi: Annotated[str, typer.Argument(help="The number, by its name in /api/floor.")] = "service_level",
    window: Annotated[str | None, typer.Option(help="Such as 30m or today; default: the first configured.")] = None,
    channel: Annotated[str | None, typer.Option(help="For a queue that has several.")] = None,
    url: UrlOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why a number is what it is: formula, inputs, rules in force, who is left out, who is behind it."""
    from rich.console import Console

    from streams.ask import show

    question = {"queue": queue, "kpi": kpi, "window": window, "channel": channel}
    answer = asked_of_worker(config, url, "/api/explain", question)
    if as_json:
        show_json(answer)
    else:
        show(answer, Console())
