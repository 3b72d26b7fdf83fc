"""JSON Lines of our own events: one event a line enters and leaves as it is, a wrong line leaves as ``Bad``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.events import Event
from streams.sources import Bad, Hints, SourceRow

_DECODER: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)


class JsonLines:
    """Reads what ``simulate`` writes. Blank lines are skipped."""

    hints: Final = Hints()

    def __init__(self) -> None:
        self._line_number = 0

    def read(self, line: bytes) -> Sequence[SourceRow]:
        self._line_number += 1
        text = line.strip()
        if not text:
            return ()
        try:
            return (_DECODER.decode(text),)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return (Bad(self._line_number, str(error)[:300]),)

    def end(self) -> Sequence[SourceRow]:
        return ()
