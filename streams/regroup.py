"""The state of a floor for more partitions: what stands in its changelog enters, what stands in a larger one leaves.

A contact's events go to the partition of its key, and with more partitions that is another one for most keys. So what
is kept by key (contacts, agents, customers, leads) moves to where its next event will come, with a stamp that includes
nothing of what is read there. What adds up stays where it was counted: sums over partitions do not change. Everything
that was published must have been applied before (``streams.grow`` sees to that), for nothing is applied again. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from streams.placing import PLACINGS, Placing, by_murmur2
from streams.stored import STATE_VERSION, check_version

Changelog: TypeAlias = Mapping[bytes, bytes]
"""One partition of a compacted changelog: what is stored now, by key."""


class Part(NamedTuple):
    """One partition of the new changelog; ``next_offsets`` are where each input is read on, by topic."""

    pairs: list[tuple[bytes, bytes]]
    next_offsets: dict[str, int]


class PlacingError(RuntimeError):
    """Keys stand in partitions in which no known partitioner puts them; the message names the topic."""


def regroup(
    state: Sequence[Changelog], count: int, anew: Mapping[str, str], partitioner: str = "murmur2"
) -> list[Part]:
    """The state for ``count`` partitions, as many as there are or more.

    ``anew`` are the topics that are read from their beginning, with their new names: what is kept includes nothing of
    them. Facts are among them always. ``partitioner`` is what producers place keys by where the keys that are kept do
    not tell: with one partition they never do. Raises StateRefusedError for another version, and PlacingError.
    """
    grows = count != len(state)
    placings = _placings(state, partitioner) if grows else {}
    parts: list[dict[bytes, bytes]] = [{} for _ in range(count)]
    markers: dict[str, dict[int, list[Any]]] = {}
    for number, changelog in enumerate(state):
        for (topic, code, name), value in _entries(changelog):
            if code == _TOLD or _is_left_over(changelog, topic, code, name, value):
                continue  # the new generation has told nobody anything yet
            if code == _MARKER:
                markers.setdefault(topic, {})[number] = _decode(value)
                continue
            new_topic, home = anew.get(topic, topic), number
            if code in _BY_KEY and not _is_ghost(value):
                home = _home(code, name, count, placings[topic]) if grows else number
            elif topic in anew and code in (_IDENTITY, *_BY_KEY):
                continue  # the identity of a topic that is not read any more; a ghost guards against what was read
            if topic in anew or home != number:
                value = _including_nothing(code, value)  # noqa: PLW2901 - the same piece of state
            parts[home][b"|".join((new_topic.encode(), code, name))] = value
    next_offsets: list[dict[str, int]] = [{} for _ in range(count)]
    for topic, known in markers.items():
        new_topic = anew.get(topic, topic)
        for number, marker in _markers(known, count, empty=topic in anew).items():
            parts[number][f"{new_topic}|m|".encode()] = _encode(marker)
            next_offsets[number][new_topic] = marker[_NEXT_OFFSET]
    return [Part(list(part.items()), offsets) for part, offsets in zip(parts, next_offsets, strict=True)]


def next_offsets(changelog: Changelog) -> dict[str, int]:
    """Up to where each input is in the state, by topic: the offset its marker would read next."""
    return {topic: _decode(value)[_NEXT_OFFSET] for (topic, code, _), value in _entries(changelog) if code == _MARKER}


def identities(state: Sequence[Changelog]) -> dict[str, str]:
    """The broker's id of each topic whose records are in the state, as far as it was stored."""
    return {
        topic: value.decode()
        for changelog in state
        for (topic, code, _), value in _entries(changelog)
        if code == _IDENTITY
    }


def _markers(known: Mapping[int, list[Any]], count: int, *, empty: bool) -> dict[int, list[Any]]:
    """The markers of one topic. ``empty``: the topic is read from its beginning, in every partition."""
    for marker in known.values():
        check_version(marker[0], "marker")
    _, _, _, *marks = next(iter(known.values()))
    watermark = max(marker[2] for marker in known.values())
    latest = [_latest(n, known.values()) for n in range(3, 3 + len(marks))]
    new = [STATE_VERSION, 0, watermark, *latest]
    return {n: new if empty or n not in known else [STATE_VERSION, *known[n][1:]] for n in range(count)}


def _latest(place: int, markers: Any) -> dict[str, Any]:
    """Of what several markers hold by name, the latest of each: times, and tuples that begin with what only grows."""
    found: dict[str, Any] = {}
    for marker in markers:
        for name, value in marker[place].items():
            found[name] = max(found.get(name, value), value)
    return found


def _home(code: bytes, name: bytes, count: int, placing: Placing) -> int:
    """Where the next event or fact about somebody comes; a fact's key is the name without its kind (``c:``)."""
    if code in _PAGES:
        code, name = _PAGES[code], name.partition(b"|")[2]
    return by_murmur2(name[2:], count) if code == _PERSON else placing(name, count)


def _placings(state: Sequence[Changelog], partitioner: str) -> Mapping[str, Placing]:
    """How the producers of each input place their keys: by that way all that is kept is where it should be."""
    found: dict[str, list[tuple[bytes, int]]] = defaultdict(list)
    for number, changelog in enumerate(state):
        for (topic, code, name), value in _entries(changelog):
            if code == _AGENT_PAGE:
                name = name.partition(b"|")[2]  # noqa: PLW2901 - the first page may be deleted
            if code in (_CONTACT, _AGENT, _AGENT_PAGE) and not _is_ghost(value):
                found[topic].append((name, number))
    placings: dict[str, Placing] = defaultdict(lambda: PLACINGS[partitioner])
    for topic, keys in found.items():
        astray = {way: sum(p(name, len(state)) != n for name, n in keys) for way, p in PLACINGS.items()}
        if not astray[partitioner]:
            continue
        way = min(astray, key=lambda way: astray[way])
        if astray[way]:
            counts = ", ".join(f"{n:,} by {way}" for way, n in astray.items())
            raise PlacingError(
                f"{topic}: of {len(keys):,} keys some are not where a known partitioner puts them ({counts}). Its "
                "sources must all use the same one, murmur2 or crc32: else nobody knows where their next events come."
            )
        placings[topic] = PLACINGS[way]
    return placings


def _entries(changelog: Changelog) -> Iterator[tuple[tuple[str, bytes, bytes], bytes]]:
    """Topic, code and name of each key, and the value."""
    for key, value in changelog.items():
        topic, code, name = key.split(b"|", 2)
        yield (topic.decode(), code, name), value


def _is_left_over(changelog: Changelog, topic: str, code: bytes, name: bytes, value: bytes) -> bool:
    """Whether a page, not yet deleted, is of somebody who was forgotten since, and may be back on a first page."""
    if code not in _PAGES:
        return False
    first = changelog.get(b"|".join((topic.encode(), _PAGES[code], name.partition(b"|")[2])))
    return first is not None and _decode(first)[_PAGE_STAMP_AT] > _decode(value)[_PAGE_STAMP_AT]


def _is_ghost(value: bytes) -> bool:
    return value[0] == _GHOST


def _including_nothing(code: bytes, value: bytes) -> bytes:
    """The same piece of state, stamped as including no offset at all."""
    if code not in _STAMP_AT:
        return value
    fields = _decode(value)
    if isinstance(fields, list):  # of days, one entry is a bare time
        fields[_STAMP_AT[code]] = -1
    return _encode(fields)


_MARKER, _IDENTITY, _CONTACT, _AGENT, _PERSON, _TOLD = b"m", b"i", b"c", b"a", b"p", b"f"
_AGENT_PAGE, _PERSON_PAGE = b"A", b"P"
_PAGES: Final = {_AGENT_PAGE: _AGENT, _PERSON_PAGE: _PERSON}
"""Further pages of whom, with the page's number before the name."""
_BY_KEY: Final = (_CONTACT, _AGENT, _PERSON, *_PAGES)
_STAMP_AT: Final = {b"s": 0, b"n": 0, b"d": 0, _CONTACT: 1, _AGENT: 1, _PERSON: 1, _AGENT_PAGE: 1, _PERSON_PAGE: 1}
_NEXT_OFFSET: Final = 1
_PAGE_STAMP_AT: Final = 1
"""Where ghosts have it, too."""
_GHOST: Final = 0x92
_decode = msgspec.msgpack.Decoder().decode
_encode = msgspec.msgpack.Encoder().encode
