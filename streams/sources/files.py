"""Files: a path enters, lines leave; for a log that still grows, the lines there are now, again and again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from streams.sources import Format, Source
from streams.sources.asterisk import AsteriskQueueLog
from streams.sources.csv_map import CallDetail, MapError, load_map
from streams.sources.jsonl import JsonLines

_CHUNK: Final = 1 << 20


def source_of(form: Format, map_path: Path | str | None = None) -> Source:
    """The reader of a format. Raises MapError when ``csv`` has no map, or a wrong one."""
    match form:
        case "jsonl":
            return JsonLines()
        case "asterisk-queue-log":
            return AsteriskQueueLog()
        case "csv":
            if map_path is None:
                raise MapError("csv needs a map: a TOML file that names the columns (--map MAP.toml)")
            return CallDetail(load_map(map_path))


def lines_of(path: str) -> Iterator[bytes]:
    """The lines of a file, or of standard input for "-". Raises OSError when it cannot be read."""
    if path == "-":
        yield from sys.stdin.buffer
        return
    with Path(path).open("rb") as file:
        yield from file


class Tail:
    """A growing log from its first line on. Survives rotation (a new file by the name) and truncation.

    Never waits: ``lines`` returns what is complete now, empty when the end is reached. A last line without its line
    break waits for it, or for the rotation that makes it final.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._file: BinaryIO | None = self._path.open("rb")
        self._partial = b""

    def lines(self) -> list[bytes]:
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except FileNotFoundError:
                return []
        chunk = self._file.read(_CHUNK)
        if chunk:
            *whole, self._partial = (self._partial + chunk).split(b"\n")
            return whole
        return self._at_end(self._file)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _at_end(self, file: BinaryIO) -> list[bytes]:
        """Look whether the name means another file by now, or this one was cut short."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return []  # between the two steps of a rotation; the old file may still grow
        mine = os.fstat(file.fileno())
        if (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            rest = file.read()  # written between our last look and the rotation
            self.close()
        elif there.st_size < file.tell():
            rest = b""
            file.seek(0)
        else:
            return []
        whole, self._partial = self._partial + rest, b""
        return whole.split(b"\n") if whole else []
