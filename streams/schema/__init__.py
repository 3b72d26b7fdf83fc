"""The published contract: nothing enters but ``streams.events``; the files of ``schemas/`` leave.

``python -m streams.schema write`` makes them anew, ``python -m streams.schema check`` says which are not current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from streams.events import TOPICS
from streams.schema.asyncapi import TOPIC_TEXT, asyncapi
from streams.schema.events import KINDS, events_schema, kinds_on
from streams.schema.rejected import rejected_schema
from streams.writing import writing

FOLDER: Final = Path(__file__).resolve().parent.parent / "schemas"
USAGE: Final = "usage: python -m streams.schema write|check [FOLDER]"


def documents() -> dict[str, dict[str, Any]]:
    """Every generated document by its file name."""
    topics = {f"{topic}.schema.json": events_schema(topic, TOPIC_TEXT[topic][0], kinds_on(topic)) for topic in TOPICS}
    return {
        "events.schema.json": events_schema("events", "Every event Queuepulse understands", KINDS),
        **topics,
        "rejected.schema.json": rejected_schema(),
        "asyncapi.json": asyncapi(rejected_schema()),
    }


def text(document: dict[str, Any]) -> str:
    """A document as it is written: stable, indented by two, with a line feed at its end."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path = FOLDER) -> list[str]:
    """Write every document into ``folder`` and return the names of those which changed."""
    changed = stale(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in documents().items():
        if name in changed:
            with writing(folder / name):
                (folder / name).write_text(text(document), encoding="utf-8", newline="\n")
    return changed


def stale(folder: Path = FOLDER) -> list[str]:
    """Names of the documents in ``folder`` which are missing or not what would be written; empty: all current."""
    return [name for name, document in documents().items() if _read(folder / name) != text(document)]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(arguments: Sequence[str]) -> int:
    """Run ``write`` or ``check``: 0 is done or current, 1 not current, 2 wrong arguments."""
    if not 1 <= len(arguments) <= 2 or arguments[0] not in ("write", "check"):
        print(USAGE, file=sys.stderr)
        return 2
    folder = Path(arguments[1]) if len(arguments) == 2 else FOLDER
    if arguments[0] == "write":
        for name in write(folder):
            print(f"written: {folder / name}")
        return 0
    old = stale(folder)
    for name in old:
        print(f"not current: {folder / name}: run `python -m streams.schema write`", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
