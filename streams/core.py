"""How the pure core runs: compiled or from its sources, with the same numbers."""

from __future__ import annotations

from typing import Final

from streams import partition

CORE: Final = "python" if (partition.__file__ or "").endswith(".py") else "compiled"
"""What the core runs as: "compiled" or "python"."""
