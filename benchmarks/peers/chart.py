"""The outcome as a picture: rows enter, an SVG leaves. Pure; readable on light and dark pages and without colours.

Ours are filled, the others outlined and lighter, wrong totals hatched: no meaning hangs on the hue alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from benchmarks.peers.table import Row, ranked
from benchmarks.results import median

WIDTH: Final = 900
_LEFT, _RIGHT, _TOP, _STEP, _BAR = 280, 290, 58, 26, 16
_STYLE: Final = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.soft { fill: #59636e }
.name { font-weight: 600 }
.ours { fill: #0072b2 }
.peer { fill: #b9c1ca; stroke: #59636e }
.wrong { fill: url(#hatch); stroke: #b34e00 }
.hatch { stroke: #b34e00; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .soft { fill: #9198a1 }
  .ours { fill: #56b4e9 }
  .peer { fill: #3d444d; stroke: #9198a1 }
  .wrong { stroke: #ffa657 }
  .hatch { stroke: #ffa657 }
}
"""
_LEGEND: Final = (
    "Blue: Queuepulse. Hatched: its totals were wrong.",
    "Beside the bars: CPU seconds per million events, peak memory, what of the state survives the process.",
)
_HATCH: Final = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
)


def chart(rows: Sequence[Row], where: str) -> str:
    """Bars of events a second, fastest first, with processor time and memory beside them; ``where`` is the subtitle.

    Peers that never ran are left out. Raises ValueError when none did.
    """
    shown = [row for row in ranked(rows) if row.speed]
    if not shown:
        raise ValueError("nothing ran, so there is nothing to draw")
    most, height = shown[0].speed or 1.0, _TOP + _STEP * len(shown) + 46
    said = f"Events a second: {'; '.join(f'{row.name} {row.speed:,.0f}' for row in shown)}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">',
        f"<title>{escape(said)}</title><style>{_STYLE}</style>{_HATCH}",
        '<text class="title" x="10" y="22">Events a second, one process on one core (longer is faster)</text>',
        f'<text class="soft" x="10" y="42">{escape(where)}</text>',
    ]
    for n, row in enumerate(shown):
        parts += _bar(row, _TOP + n * _STEP, (WIDTH - _LEFT - _RIGHT) * (row.speed or 0.0) / most)
    parts += [f'<text class="soft" x="10" y="{height - 28 + 18 * n}">{text}</text>' for n, text in enumerate(_LEGEND)]
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _bar(row: Row, y: int, width: float) -> list[str]:
    kind = "ours" if row.is_ours else "peer" if row.counted == "all" else "wrong"
    name = ' class="name"' if row.is_ours else ""
    cpu, peak = median(row.cpu_seconds_per_million), median(row.peak_bytes) / 2**20
    beside = f"{row.speed:,.0f}  |  {cpu:.1f} s  |  {peak:,.0f} MiB  |  {row.keeps}"
    return [
        f'<text{name} x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(row.name)}</text>',
        f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{max(1.0, width):.1f}" height="{_BAR}" rx="2"/>',
        f'<text class="soft" x="{_LEFT + max(1.0, width) + 6:.1f}" y="{y + 13}">{escape(beside)}</text>',
    ]
