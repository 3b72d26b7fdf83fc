"""Where the outcome goes: into ``.cache/peers``, or into what the README shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.peers.chart import chart
from benchmarks.peers.environment import KEPT
from benchmarks.peers.table import HEADER, Row, cells
from benchmarks.results import FILE, machine, record

TITLE: Final = "Beside others"
PICTURE: Final = Path(__file__).parents[2] / "docs" / "pictures" / "peers.svg"


def report(rows: Sequence[Row], command: str, notes: str, *, final: bool) -> None:
    """Print the table, and write it and the chart: to be kept when ``final``, otherwise to ``.cache/peers``."""
    KEPT.mkdir(parents=True, exist_ok=True)
    record(TITLE, command, HEADER, cells(rows), notes, FILE if final else KEPT / "results.md")
    picture = PICTURE if final else KEPT / "peers.svg"
    picture.write_text(chart(rows, machine()), "utf-8")
    print(f"The chart is {picture}.", flush=True)
