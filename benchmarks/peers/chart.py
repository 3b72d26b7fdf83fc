"""The outcome as a picture: rows enter, an SVG leaves. Pure; readable on light and dark pages and without colours.

Two panels of bars, in the same order: events a second, and latency, the median as a bar with a line on to its p99. Ours
are filled, the others outlined and lighter, wrong totals hatched: no meaning hangs on the hue alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import Final
from xml.sax.saxutils import escape

from benchmarks.peers.records import LIVE_PER_SECOND
from benchmarks.peers.table import Row, ranked
from benchmarks.results import median

WIDTH: Final = 900
_LEFT, _RIGHT, _TOP, _STEP, _BAR = 280, 290, 58, 26, 16
_LONGEST: Final = WIDTH - _LEFT - _RIGHT
_WORDS: Final = 80
_STYLE: Final = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.soft { fill: #59636e }
.name { font-weight: 600 }
.ours { fill: #0072b2 }
.peer { fill: #b9c1ca; stroke: #59636e }
.wrong { fill: url(#hatch); stroke: #b34e00 }
.hatch { stroke: #b34e00; stroke-width: 2 }
.p99 { stroke: #1f2328; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .soft { fill: #9198a1 }
  .ours { fill: #56b4e9 }
  .peer { fill: #3d444d; stroke: #9198a1 }
  .wrong { stroke: #ffa657 }
  .hatch { stroke: #ffa657 }
  .p99 { stroke: #e6edf3 }
}
"""
_LEGEND: Final = (
    "Blue: Queuepulse. Hatched: its totals were wrong.",
    "Beside the upper bars: CPU seconds per million events, peak memory, what of the state survives the process.",
    "Beside the lower bars: the median and the 99th percentile, to which the line goes.",
)
_HATCH: Final = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
)


def chart(rows: Sequence[Row], where: str) -> str:
    """Bars of events a second, fastest first, processor time and memory beside them; then bars of latency.

    ``where`` is the subtitle. Peers that never ran are left out. Raises ValueError when none did.
    """
    shown = [row for row in ranked(rows) if row.speed]
    if not shown:
        raise ValueError("nothing ran, so there is nothing to draw")
    panel = _TOP + _STEP * len(shown)
    height = 2 * panel + 28 + 18 * len(_LEGEND)
    said = (
        f"Events a second: {'; '.join(f'{row.name} {row.speed:,.0f}' for row in shown)}. "
        f"Latency live, p50 / p99 in ms: {'; '.join(f'{row.name} {row.latency or row.not_live}' for row in shown)}"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">',
        f"<title>{escape(said)}</title><style>{_STYLE}</style>{_HATCH}",
        *_head(0, "Events a second, one process on one core (longer is faster)", where),
    ]
    most = max(row.speed or 0.0 for row in shown)
    for n, row in enumerate(shown):
        parts += _speed(row, _TOP + n * _STEP, most)
    parts += _head(
        panel + 12,
        f"Latency at {LIVE_PER_SECOND:,} events a second, live (shorter is sooner)",
        "Theirs until an event is counted in memory; Queuepulse's until /metrics shows it, flushed and committed",
    )
    most = max((row.latency.p99_ms for row in shown if row.latency), default=1.0)
    for n, row in enumerate(shown):
        parts += _latency(row, panel + 12 + _TOP + n * _STEP, most)
    last = height - 10 - 18 * (len(_LEGEND) - 1)
    parts += [f'<text class="soft" x="10" y="{last + 18 * n}">{text}</text>' for n, text in enumerate(_LEGEND)]
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _head(y: int, title: str, subtitle: str) -> list[str]:
    return [
        f'<text class="title" x="10" y="{y + 22}">{escape(title)}</text>',
        f'<text class="soft" x="10" y="{y + 42}">{escape(subtitle)}</text>',
    ]


def _speed(row: Row, y: int, most: float) -> list[str]:
    cpu, peak = median(row.cpu_seconds_per_million), median(row.peak_bytes) / 2**20
    width = _LONGEST * (row.speed or 0.0) / most
    beside = f"{row.speed:,.0f}  |  {cpu:.1f} s  |  {peak:,.0f} MiB  |  {row.keeps}"
    return [_name(row, y), _bar(row, y, width), _beside(y, width, beside)]


def _latency(row: Row, y: int, most: float) -> list[str]:
    if row.latency is None:
        return [_name(row, y), _beside(y, 0, f"-  {shorten(row.not_live, _WORDS)}")]
    p50, p99 = (_LONGEST * ms / most for ms in row.latency)
    return [
        _name(row, y),
        _bar(row, y, p50),
        f'<line class="p99" x1="{_LEFT + p50:.1f}" y1="{y + _BAR / 2}" x2="{_LEFT + p99:.1f}" y2="{y + _BAR / 2}"/>',
        _beside(y, p99, f"{row.latency} ms"),
    ]


def _name(row: Row, y: int) -> str:
    name = ' class="name"' if row.is_ours else ""
    return f'<text{name} x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(row.name)}</text>'


def _bar(row: Row, y: int, width: float) -> str:
    kind = "ours" if row.is_ours else "peer" if row.counted == "all" else "wrong"
    return f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{max(1.0, width):.1f}" height="{_BAR}" rx="2"/>'


def _beside(y: int, width: float, text: str) -> str:
    return f'<text class="soft" x="{_LEFT + max(1.0, width) + 6:.1f}" y="{y + 13}">{escape(text)}</text>'
