"""Families as lines of text, each new series by prometheus-client, known ones by what it wrote before their value.

Of a floor that is looked at every second the same series come back with other values: their names, labels and escapes
are not worked out again, which is nine tenths of the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client.core import CollectorRegistry, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from streams.exposition.families import PREFIX, Family, Point

_NOTHING: Final = " 0.0"


class Lines:
    """The text of families. At most ``limit`` series are remembered: beyond it all are worked out again."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[tuple[str, ...], str] = {}
        self._headers: dict[tuple[str, str, str], str] = {}
        self._written = _Written()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self._written)

    @property
    def remembered(self) -> int:
        """How many series are known."""
        return len(self._known)

    def text(self, families: Iterable[Family]) -> bytes:
        """What ``generate_latest`` gives for the same families."""
        found: list[str] = []
        known = self._known
        for family in families:
            header, name = self._header(family), family.name
            found.append(header)
            keys = [(name, suffix, *labels, *labels.values()) for labels, _, suffix in family.points]
            new = {key: point for key, point in zip(keys, family.points, strict=True) if key not in known}
            if new:
                lines = self._generated(family, new.values()).removeprefix(header)
                # Not splitlines: a label may have a line separator of its own.
                for key, line in zip(new, lines.split("\n")[:-1], strict=True):
                    known[key] = line.removesuffix(_NOTHING) + " "
            for key, point in zip(keys, family.points, strict=True):
                found.append(known[key])
                found.append(floatToGoString(point.value))  # type: ignore[no-untyped-call]
                found.append("\n")
        if len(self._known) > self._limit:
            self._known.clear()
            self._headers.clear()
        return "".join(found).encode()

    def _header(self, family: Family) -> str:
        key = (family.name, family.kind, family.help)
        header = self._headers.get(key)
        if header is None:
            header = self._headers[key] = self._generated(family, ())
        return header

    def _generated(self, family: Family, points: Iterable[Point]) -> str:
        """The family with a value of 0 everywhere, as prometheus-client writes it."""
        name = PREFIX + family.name
        self._written.metric = Metric(name, family.help, family.kind)
        self._written.metric.samples = [Sample(name + point.suffix, dict(point.labels), 0.0) for point in points]
        return generate_latest(self._registry).decode()


class _Written(Collector):
    """Hands one metric to the registry."""

    def __init__(self) -> None:
        self.metric: Metric | None = None

    def collect(self) -> Iterator[Metric]:
        if self.metric is not None:
            yield self.metric
