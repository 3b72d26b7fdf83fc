"""Families enter, Prometheus' text format leaves; above the series budget only the process and the refusal.

``Exposition`` has a registry of its own, so two of them live in one process. ``text`` may be called in any thread, by
one caller at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from streams.exposition.families import Family, gauge, size
from streams.exposition.lines import Lines

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
log = logging.getLogger(__name__)


class Exposition:
    """One endpoint's text. ``with_process`` adds what the process itself uses (memory, processor, collections)."""

    def __init__(self, series_budget: int, *, with_process: bool) -> None:
        self._budget = series_budget
        self._lines = Lines(2 * series_budget)  # names of queues and agents come and go
        self._process = CollectorRegistry(auto_describe=False)
        self._exceeded = False
        if with_process:
            ProcessCollector(registry=self._process)
            PlatformCollector(registry=self._process)
            GCCollector(registry=self._process)

    def text(self, families: Sequence[Family]) -> bytes:
        """The families as text; when they are more series than the budget, one series that says so instead."""
        series = size(families)
        exceeded = series > self._budget
        if exceeded and not self._exceeded:
            log.warning(
                "%d time series, more than worker.series_budget = %d: none is exposed. "
                "Raise it, show fewer windows, or spread the partitions over more workers.",
                series,
                self._budget,
            )
        self._exceeded = exceeded
        shown = [*_budget(series, self._budget), *(() if exceeded else families)]
        return self._lines.text(shown) + generate_latest(self._process)


def _budget(series: int, budget: int) -> Iterator[Family]:
    exceeded = series > budget
    yield gauge("series", "Time series there are to expose.", [({}, series)])
    yield gauge("series_budget", "Time series that may be exposed: worker.series_budget.", [({}, budget)])
    help_ = "1: there are more time series than the budget, and none of them is here."
    yield gauge("series_budget_exceeded", help_, [({}, float(exceeded))])
