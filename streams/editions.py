"""The definitions that contacts are counted under, and since when: a changed setting is a new edition.

A contact is counted, and corrected however much later, under the edition in force when it was first heard of: what a
correction takes back is what was counted. Editions begin at an offset of the source, are part of the stored state, and
stay for as long as a contact of theirs is kept. Settings enter, limits by queue leave.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from streams.books import Limits
from streams.hours.calendar import business_ms, calendar_of
from streams.settings import QueueSettings, Settings
from streams.tally.rules import rules_of

NOW: Final = 2**62
"""Beyond every offset: of the edition in force now."""


class Definitions(Struct, frozen=True, kw_only=True):
    """The settings that decide what is counted, as they are stored."""

    queues: dict[str, QueueSettings] = {}
    defaults: QueueSettings = QueueSettings()
    teams: dict[str, tuple[str, ...]] = {}
    tags: tuple[str, ...] = ()


class Edition:
    """Definitions in force for contacts first heard of at offset ``since`` and later."""

    def __init__(self, since: int, definitions: Definitions) -> None:
        self.since = since
        self.definitions = definitions
        self._limits: dict[str, Limits] = {}
        self._defaults = _limits(definitions.defaults)
        self._team_of = {agent: team for team, agents in definitions.teams.items() for agent in agents}

    def limits(self, queue: str) -> Limits:
        """The limits of a queue; the defaults of one that is not configured."""
        found = self._limits.get(queue)
        if found is None:
            own = self.definitions.queues.get(queue)
            found = self._limits[queue] = self._defaults if own is None else _limits(own)
        return found

    def team(self, team: str, agent: str) -> str | None:
        """The configured team: as it was told, or of the agent."""
        return team if team in self.definitions.teams else self._team_of.get(agent)


class Editions:
    """The editions of one partition, the oldest first; the last is ``current``, in force from offset ``since`` on."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        self._key = key
        self.current = Edition(
            0,
            Definitions(
                queues=dict(settings.queues), defaults=settings.defaults, teams=dict(settings.teams), tags=settings.tags
            ),
        )
        self.since = 0
        self._earlier: list[Edition] = []
        self._unwritten = True

    def of(self, born: int) -> Edition:
        """The edition of a contact first heard of at this offset; of what is older than all, the oldest."""
        if born >= self.since:
            return self.current
        return next((each for each in reversed(self._earlier) if born >= each.since), [*self._earlier, self.current][0])

    def changed(self) -> list[tuple[bytes, bytes]]:
        """The editions to store, when they are not stored yet."""
        if not self._unwritten:
            return []
        self._unwritten = False
        return [(self._key, _encode([(each.since, each.definitions) for each in [*self._earlier, self.current]]))]

    def restore(self, value: bytes) -> None:
        """Take back what was stored."""
        self._earlier = [Edition(since, definitions) for since, definitions in _decode(value)]

    def begin(self, offset: int, oldest_born: int, again_from: int) -> None:
        """All is read back: this program's settings hold from here on, where they are others than the last ones.

        ``offset`` is beyond everything that may be counted already; ``oldest_born`` that of the oldest contact kept;
        what is read once more begins at ``again_from``.
        """
        if not self._earlier:
            return
        last = self._earlier[-1]
        self._unwritten = last.definitions != self.current.definitions
        self.since = self.current.since = offset if self._unwritten else last.since
        if not self._unwritten:
            self._earlier.pop()
        needed = min(oldest_born, again_from)
        while self._earlier and needed >= [*self._earlier, self.current][1].since:
            self._earlier.pop(0)
            self._unwritten = True


def _limits(queue: QueueSettings) -> Limits:
    calendar = calendar_of(queue)
    business = None if calendar.hours is None else partial(business_ms, calendar)
    return Limits(
        round(queue.service_level_threshold_seconds * 1000), round(queue.short_abandon_seconds * 1000),
        queue.attribution == "contact_arrival", round(queue.ring_band_from_seconds * 1000),
        round(queue.ring_band_to_seconds * 1000), rules_of(queue, business),
    )  # fmt: skip


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[int, Definitions]]).decode
