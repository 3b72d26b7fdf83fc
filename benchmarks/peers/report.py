"""Where the outcome goes: into ``.cache/peers``, or into what the README shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.peers.chart import chart
from benchmarks.peers.environment import KEPT
from benchmarks.peers.records import LIVE_PER_SECOND
from benchmarks.peers.table import HEADER, Row, cells, ranked
from benchmarks.results import FILE, machine, record, table

TITLE: Final = "Beside others"
ROOT: Final = Path(__file__).parents[2]
PICTURE: Final = ROOT / "docs" / "pictures" / "peers.svg"
README: Final = ROOT / "README.md"
_BLOCK: Final = re.compile(
    r"(?<=<!-- beside others: written by python -m benchmarks.peers --record -->\n).*?(?=<!-- end -->)", re.DOTALL
)


def report(rows: Sequence[Row], command: str, notes: str, *, final: bool) -> None:
    """Print the table, and write it and the chart: to be kept when ``final``, otherwise to ``.cache/peers``."""
    KEPT.mkdir(parents=True, exist_ok=True)
    record(TITLE, command, HEADER, cells(rows), notes, FILE if final else KEPT / "results.md")
    picture = PICTURE if final else KEPT / "peers.svg"
    picture.write_text(chart(rows, machine()), "utf-8")
    print(f"The chart is {picture}.", flush=True)
    if final:
        README.write_text(shown(README.read_text("utf-8"), rows, command, machine()), "utf-8")


def shown(readme: str, rows: Sequence[Row], command: str, where: str) -> str:
    """The README with the picture, the table, and our latency beside the others' in words.

    Raises ValueError when it has no place for it.
    """
    if not _BLOCK.search(readme):
        raise ValueError("the README has no block for what is beside others")
    begin = f"The same job on the same records by others and by us, as `{command}` measured it on {where};"
    said = [
        f"{begin} what each counted is compared with the truth.",
        *_live([row for row in ranked(rows) if row.speed is not None]),
        "Why it is so, and what is left: [how far from the goal](docs/decisions/0019-how-far-from-the-goal.md).",
    ]
    picture = "![Events a second and latency of everybody who ran, as bars, fastest first](docs/pictures/peers.svg)"
    return _BLOCK.sub(lambda _: "\n".join([picture, "", *said, "", table(HEADER, cells(rows)), ""]), readme)


def _live(ran: Sequence[Row]) -> list[str]:
    """Ours beside all the others, in a sentence; none where it did not run live, or nobody else."""
    ours = [row.latency.p50_ms for row in ran if row.is_ours and row.latency]
    theirs = [row.latency.p50_ms for row in ran if row.latency and not row.is_ours]
    if not ours or not theirs:
        return []
    shown = f"the median event is in our `/metrics` after {min(ours):,.0f}-{max(ours):,.0f} ms"
    counted = f"the others have counted it, in memory, after {min(theirs):,.0f}-{max(theirs):,.0f} ms"
    return [f"Live, at {LIVE_PER_SECOND:,} events a second, {shown}; {counted}."]
