"""``/api/measures``: a question enters, the numbers from outside and the KPIs composed of them leave.

Without a period it is the latest of each kind that has a value; with one, every KPI of it, those without a value too:
each with its formula, the numbers it is made of, and what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from streams.api.intervals import QueryError
from streams.measures.book import Book, Labels
from streams.measures.inputs import INPUTS
from streams.measures.latest import latest
from streams.measures.outcome import outcomes
from streams.measures.period import Period, PeriodError
from streams.measures.period import parse as parse_period
from streams.slices import day_of
from streams.snapshot import Snapshot

PARAMETERS: Final = ("period", "team", "client")
MOST_LISTED: Final = 1_000
"""Numbers, and teams and clients, listed at most."""


class Question(NamedTuple):
    """About whom, and of which period; None is the latest of each kind."""

    labels: Labels
    period: Period | None


def parse(parameters: Mapping[str, str]) -> Question:
    """Read the parameters. Raises QueryError."""
    unknown = sorted(set(parameters) - set(PARAMETERS))
    if unknown:
        raise QueryError(f"There is no parameter {unknown[0][:40]!r}; there are {', '.join(PARAMETERS)}.")
    labels = Labels(parameters.get("team", ""), parameters.get("client", ""))
    try:
        return Question(labels, parse_period(parameters["period"]) if "period" in parameters else None)
    except PeriodError as error:
        raise QueryError(f"{error}.") from error


def answer(snapshot: Snapshot, question: Question) -> dict[str, Any]:
    """The answer. ``complete`` is false while the topic is being read: then there may be more, or other, numbers."""
    settings, given = snapshot.settings.measures, snapshot.given
    labels, period = question
    if period is None:
        found = latest(given.book, given.own, day_of(snapshot.now, ZoneInfo(settings.timezone)), labels)
    else:
        found = outcomes(given.book, given.own, period, labels)
    listed = _numbers(given.book, labels, period)
    about = given.book.labels()
    return {
        "complete": given.complete,
        "timezone": settings.timezone,
        "currency": settings.currency,
        "team": labels.team,
        "client": labels.client,
        "period": None if period is None else str(period),
        "about": [who._asdict() for who in about[:MOST_LISTED]],
        "numbers": listed[:MOST_LISTED],
        "left_off": max(0, len(listed) - MOST_LISTED) + max(0, len(about) - MOST_LISTED),
        "kpis": [
            {**msgspec.to_builtins(outcome), "inputs": {name: n._asdict() for name, n in outcome.inputs.items()}}
            for outcome in found
        ],
    }


def _numbers(book: Book, labels: Labels, period: Period | None) -> list[dict[str, Any]]:
    """What was given, by name: of one period, or of the latest of each kind."""
    return [
        {
            "name": name,
            "period": str(each),
            "value": book.find(name, each, labels),
            "unit": INPUTS[name].unit if name in INPUTS else "",
        }
        for name in book.names(labels)
        for each in _chosen(book.periods(name, labels), period)
    ]


def _chosen(periods: Iterable[Period], period: Period | None) -> list[Period]:
    if period is not None:
        return [each for each in periods if each == period]
    return list({each.kind: each for each in periods}.values())  # in order: the latest of its kind is the one kept
