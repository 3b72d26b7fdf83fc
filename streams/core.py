"""How the pure core runs: compiled or from its sources, with the same numbers; and how it has garbage sought."""

from __future__ import annotations

from typing import Final

from streams import partition

CORE: Final = "python" if (partition.__file__ or "").endswith(".py") else "compiled"
"""What the core runs as: "compiled" or "python"."""

COLLECT_AFTER: Final = (50_000, 4, 500)
"""Python's thresholds for looking for cycles.

The state is large and has none: looking took a fifth of the time. What has survived once is looked at again after
200,000 new objects, some ten milliseconds' work, so that the loop is not held.
"""
