# ruff: noqa: INP001 - a script beside the picture it draws, part of no package
"""Draw docs/pictures/terminal.svg: the demo's view of the simulated floor, through the real core, without a broker.

The events are the demo's (seed 1), the view is ``streams.terminal``: the picture shows what ``make demo`` does, and is
the same every time. Run it in the project's root: ``.venv/bin/python -m docs.pictures.terminal``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Final

from msgspec import structs
from rich.console import Console
from rich.terminal_theme import MONOKAI

from streams import api, demo, snapshot, terminal
from streams.events import TOPICS
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.simulate import Item, simulate
from streams.simulate import demo as demo_floor

PICTURE: Final = Path(__file__).with_suffix(".svg")
SEED: Final = 1
START_MS: Final = round(datetime(2026, 3, 2, 13, 30, tzinfo=UTC).timestamp() * 1000)
END_MS: Final = START_MS + 47 * 60_000  # a moment when some are waiting
_COLUMNS: Final = 84
_FONTS: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def floor_settings() -> Settings:
    """The demo's rules for its queues."""
    defaults = Settings().defaults
    return Settings(queues={name: structs.replace(defaults, **rule) for name, rule in demo._RULES.items()})


def played(items: Iterable[Item], settings: Settings) -> list[Partition]:
    """One partition of each topic that has applied everything published before the end."""
    partitions = {topic: Partition(settings, topic, 0) for topic in TOPICS}
    for item in items:
        if item.publish_at > END_MS:
            break
        partition = partitions[item.topic]
        partition.apply([Record(partition.next_offset, item.key, item.value, item.publish_at)])
    return list(partitions.values())


def picture() -> str:
    """The view as SVG; fonts are the reader's own, nothing is loaded from anywhere."""
    settings = floor_settings()
    spec = demo_floor(START_MS, demo.WARM_UP_SECONDS, hour=13.5)
    partitions = played(simulate(spec, SEED), settings)
    taken = snapshot.take(partitions, settings, snapshot.WorkerStatus(), END_MS)
    console = Console(record=True, width=_COLUMNS, file=StringIO(), force_terminal=True)
    console.print(terminal.render(api.floor(taken)))
    svg = console.export_svg(title="make demo", theme=MONOKAI)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family: (Fira Code, monospace|arial)", f"font-family: {_FONTS}", svg)


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
