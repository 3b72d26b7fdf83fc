"""What is shown of the numbers from outside without being asked for a period: the latest of each kind of period.

A book, our own counts and the day of the site enter; outcomes that have a value leave. Each KPI has its own latest
period: a quota that was set for next month doesn't hide this month's cost of a contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from streams.measures.book import WHOLE_FLOOR, Book, Labels
from streams.measures.outcome import Outcome, outcomes
from streams.measures.period import Period, covering
from streams.settings import Settings

KINDS: Final = ("day", "week", "month", "quarter", "year")
"""Kinds of period that follow one another; a range stands for itself and is only shown when asked for."""

MOST_PERIODS: Final = 13
"""Periods of a kind looked at for one that has a value: a year of months, a quarter of weeks."""


def latest(
    book: Book, own: Mapping[Period, Mapping[str, float]], today: date, labels: Labels = WHOLE_FLOOR
) -> list[Outcome]:
    """Of each kind of period and each KPI, the outcome of the latest period that has a value; sorted as given."""
    found: list[Outcome] = []
    given = book.periods_of(labels)
    for kind in KINDS:
        known: set[str] = set()
        periods = {period for period in given if period.kind == kind}
        if labels == WHOLE_FLOOR:
            periods.add(_before(kind, today))
        for period in sorted(periods, reverse=True)[:MOST_PERIODS]:
            for outcome in outcomes(book, own, period, labels):
                if outcome.value is not None and outcome.name not in known:
                    known.add(outcome.name)
                    found.append(outcome)
    return found


def _before(kind: str, today: date) -> Period:
    """The last period of a kind that is over; what is counted here may be known of it without any number given."""
    return covering(kind, covering(kind, today).start - timedelta(days=1))


def shown_labels(settings: Settings, book: Book) -> list[Labels]:
    """The floor, and those teams and clients with numbers that the configuration names: groups and weighted teams.

    Names come with the records; only a closed list of them may become labels of a time series.
    """
    named = {*settings.groups, *settings.team_weights}
    return [WHOLE_FLOOR, *(who for who in _others(book) if {who.team, who.client} - {""} <= named)]


def _others(book: Book) -> Iterable[Labels]:
    return (labels for labels in book.labels() if labels != WHOLE_FLOOR)
