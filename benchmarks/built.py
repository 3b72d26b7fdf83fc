"""Whether the compiled core is that of the sources here: figures, and tests, of another one are of nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]


def outdated(folder: Path) -> Path | None:
    """A source that is gone or newer than what was compiled of it; None when there is none, or nothing is compiled."""
    for compiled in sorted(folder.rglob("*.so")):
        source = compiled.with_name(compiled.name.partition(".")[0] + ".py")
        if not source.is_file() or source.stat().st_mtime > compiled.stat().st_mtime:
            return source
    return None


def insist_on_built() -> None:
    """End the process with what to do when the core was compiled from other sources."""
    if source := outdated(ROOT / "streams"):
        raise SystemExit(f"{source} is newer than what was compiled of it: make compile, or make pure")
