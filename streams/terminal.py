"""The floor on a terminal: the JSON of ``/api/floor`` enters, a rich table or one plain line leaves. Pure.

A state is a word and a sign, never a colour alone. What has no value is a dash, and a floor whose sources are silent
is grey and says so: it is not a quiet floor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

PREFERRED: Final = ("30m", "15m", "1h", "5m", "1m")
"""The window shown: the first of these that there is."""

_STATES: Final = {
    "fine": ("\N{CHECK MARK} fine", "green"),
    "at_risk": ("\N{BLACK UP-POINTING TRIANGLE} at risk", "yellow"),
    "breach": ("\N{MULTIPLICATION X} breach", "bold red"),
    "none": ("no calls", "dim"),
}


def window_of(floor: Mapping[str, Any]) -> str:
    """The name of the window shown."""
    names = list(floor["floor"]["windows"])
    return next((name for name in PREFERRED if name in names), names[-1] if names else "")


def duration(seconds: float | None) -> str:
    """``0:42``, ``12:05``, ``1:02:03``; a dash for nothing."""
    if seconds is None:
        return "-"
    whole = int(seconds)
    minutes, hours = whole // 60 % 60, whole // 3600
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def percent(ratio: float | None) -> str:
    """``81.9 %``; a dash for nothing."""
    return "-" if ratio is None else f"{ratio * 100:.1f} %"


def _short(seconds: float) -> str:
    """A limit as people write it: ``20 s``, ``15 min``, ``4 h``."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length and seconds % length == 0:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:g} s"


def data_age_seconds(floor: Mapping[str, Any]) -> float | None:
    """How long ago the source that was heard of last was heard of; None before the first event."""
    return min((source["staleness_seconds"] for source in floor["sources"]), default=None)


def render(floor: Mapping[str, Any], links: Sequence[str] = ()) -> RenderableType:
    """The whole view: one row a queue, the floor at the end, and under it how old the data are."""
    window = window_of(floor)
    table = Table(
        title=f"Contact centre, last {window}", title_justify="left", header_style="bold",
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    table.add_column("\nqueue", no_wrap=True)
    for name in ("\nwaiting", "oldest\nwait", "service\nlevel", "\ntarget"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("\nstate", no_wrap=True, min_width=9)
    for name in ("\nASA", "aban-\ndoned", "agents\nfree"):
        table.add_column(name, justify="right", no_wrap=True)
    grey = "dim" if floor["stale"] else ""
    for row in floor["queues"]:
        table.add_row(*_cells(row, window), style=grey)
    table.add_section()
    table.add_row(*_cells(floor["floor"], window), style=grey or "bold")
    return Group(table, _trust(floor), *(Text(f"  {link}", style="cyan") for link in links))


def line(floor: Mapping[str, Any]) -> str:
    """The floor in one line of plain text, for a file or a pipe."""
    row, window = floor["floor"], window_of(floor)
    live = row["live"]
    found = row["windows"].get(window)
    level, asa, abandonment, state = _judged(row, found)
    age = data_age_seconds(floor)
    return (
        f"{floor['as_of'][11:19]} waiting {live['waiting']} oldest {duration(live['oldest_wait_seconds'])} "
        f"service level {window} {percent(level)} ({state.replace('_', ' ')}) ASA {duration(asa)} "
        f"abandoned {percent(abandonment)} agents {live['agents_available']}/{live['agents_serving']} "
        f"data {'none yet' if age is None else f'{age:.0f} s old'}"
    )


def _judged(
    row: Mapping[str, Any], found: Mapping[str, Any] | None
) -> tuple[float | None, float | None, float | None, str]:
    if found is None:
        return None, None, None, "none"
    kpis = found["kpis"]
    level = found["service_level"][row["preset"]]
    return level, kpis["asa_seconds"], kpis["abandonment_ratio"], found["state"]["service_level"]


def _cells(row: Mapping[str, Any], window: str) -> list[Text]:
    live, target = row["live"], row["target"]
    level, asa, abandonment, state = _judged(row, row["windows"].get(window))
    word, style = _STATES[state]
    if row["trust"]["stale"]:
        word, style = "stale", "dim"
    elif row["trust"]["incomplete"]:
        word = "incomplete" if state == "fine" else f"{word}, incomplete"
    wanted = f"{target['service_level_ratio'] * 100:.0f}/{_short(target['service_level_threshold_seconds'])}"
    late = live["state"].get("oldest_wait") == "breach"
    name = "whole floor" if row["channel"] == "" else row["queue"]
    if row["channel"] not in ("", "voice", row["queue"]):
        name += f" ({row['channel']})"
    return [
        Text(name),
        Text(str(live["waiting"])),
        Text(duration(live["oldest_wait_seconds"]) if live["waiting"] else "-", style="bold red" if late else ""),
        Text(percent(level)),
        Text(wanted, style="dim"),
        Text(word, style=style),
        Text(duration(asa)),
        Text(percent(abandonment)),
        Text(f"{live['agents_available']} / {live['agents_serving']}"),
    ]


def _trust(floor: Mapping[str, Any]) -> Text:
    """How old the data are, and what is missing."""
    age = data_age_seconds(floor)
    words = f"as of {floor['as_of'][11:19]} UTC, "
    words += "no data yet" if age is None else f"data {age:.0f} s old"
    if floor["stale"] and age is not None:
        words += " (stale)"
    missing, recovering = len(floor["missing_partitions"]), len(floor["recovering"])
    if missing:
        words += f"; {missing} partitions missing" + (f", {recovering} being restored" if recovering else "")
    return Text(words, style="bold yellow" if floor["stale"] or missing else "dim")
