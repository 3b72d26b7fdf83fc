"""Writes ``grafana/dashboards/*.json`` from the code in ``grafana/boards``: ``make dashboards``.

The same code gives the same bytes; with ``--check`` nothing is written, and it fails when a file is not current.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.boards.pipeline import pipeline
from grafana.boards.staffing import staffing
from grafana.boards.supervisor import supervisor
from grafana.boards.wallboard import wallboard

FOLDER: Final = Path(__file__).parent / "dashboards"
BOARDS: Final = {"wallboard": wallboard, "supervisor": supervisor, "staffing": staffing, "pipeline": pipeline}


def rendered() -> dict[Path, str]:
    """The text of every dashboard by its file."""
    return {
        FOLDER / f"{name}.json": json.dumps(
            make().build(), cls=JSONEncoder, sort_keys=True, indent=2, ensure_ascii=False
        )
        + "\n"
        for name, make in BOARDS.items()
    }


def main() -> None:
    """Write them, or say which are not current."""
    parser = argparse.ArgumentParser(description="Write grafana/dashboards/ from code.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is not current")
    check = parser.parse_args().check
    texts = rendered()
    stale = {p for p, text in texts.items() if not p.exists() or p.read_text("utf-8") != text}
    unknown = set(FOLDER.glob("*.json")) - set(texts)
    if check and (stale or unknown):
        names = ", ".join(sorted(path.name for path in stale | unknown))
        sys.exit(f"not what the code writes: {names}. Run `make dashboards`.")
    if check:
        return
    FOLDER.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(texts[path], "utf-8")
    for path in unknown:
        path.unlink()


if __name__ == "__main__":
    main()
