"""Writes ``grafana/dashboards/*.json`` from the code in ``grafana/boards``: ``make dashboards``.

The same code gives the same bytes; a test compares them with what is committed.
"""

from __future__ import annotations

import json
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
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in rendered().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
