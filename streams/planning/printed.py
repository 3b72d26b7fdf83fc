"""The answer of ``/api/whatif`` as a person reads it: printed as a table, and what could be moved in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}".removesuffix(".0")


LINES: Final[tuple[tuple[str, str, Callable[[float | None], str]], ...]] = (
    ("agents", "agents at work", _number),
    ("required", "agents required", _number),
    ("gap", "too few (-) or to spare", _number),
    ("service_level", "service level", _share),
    ("asa_seconds", "average speed of answer, s", _number),
    ("abandonment_ratio", "abandoned", _share),
    ("occupancy_ratio", "occupancy", _share),
    ("arrivals_per_hour", "contacts an hour", _number),
    ("aht_seconds", "handling, s", _number),
    ("patience_seconds", "patience, s", _number),
)


def show(told: Mapping[str, Any], console: Console) -> None:
    """Print an answer."""
    target, before, after = told["target"], told["before"], told["after"]
    goal = f"{_share(target['service_level_ratio'])} within {_number(target['service_level_threshold_seconds'])} s"
    console.print(f"[bold]{told['queue']} {told['channel']}[/], in the long run; goal {goal}", highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("now", justify="right")
    table.add_column("then", justify="right")
    for key, words, write in LINES:
        now, then = write(before[key]), write(after[key])
        table.add_row(words, now, then if now == then else f"[bold]{then}[/]")
    console.print(table)
    for words in remarks(told):
        console.print(words, highlight=False, soft_wrap=True)


def remarks(told: Mapping[str, Any]) -> list[str]:
    """What leans on belief, who could move, and what is missing still."""
    said = []
    if told["assumed"]:
        said.append(f"Too little was seen of {', '.join(told['assumed'])}: assumed in part.")
    moves, missing = told["mend"]["moves"], told["mend"]["missing"]
    for move in moves:
        (low, high), (had, keeps) = move["to_service_level"], move["from_service_level"]
        said.append(
            f"Move one from {move['from']} to {move['to']}: {move['to']} {_share(low)} -> {_share(high)}, "
            f"{move['from']} {_share(had)} -> {_share(keeps)} ({move['lost_per_hour']:.1f} answered in time an hour "
            f"lost, {move['won_per_hour']:.1f} won)."
        )
    for queue, number in missing.items():
        said.append(f"{queue} still needs {number} more, and nobody who could serve it can be spared.")
    if not moves and not missing:
        said.append("Every queue has its goal then: nobody needs to move.")
    return said
