"""The glossary: every KPI and every exported metric with its formula, unit, range, empty case, source and example.

Nothing of it is written by hand. Definitions are the docstrings, formulas are read off the code that computes them
(``streams.kpis.terms``), examples are computed, metrics are the families that the endpoints have. ``make docs`` writes
``docs/glossary.md`` from it, a worker serves it at ``/glossary``.
"""

from __future__ import annotations

from streams.glossary.kpis import counts, kpis, live, presets
from streams.glossary.metrics import metrics
from streams.glossary.section import Section

__all__ = ["Section", "sections"]


def sections() -> list[Section]:
    """All of it, in the order in which it is shown."""
    return [presets(), kpis(), counts(), live(), *metrics()]
