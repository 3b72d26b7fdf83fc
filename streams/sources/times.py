"""Clock readings of a site enter as text, epoch milliseconds leave.

A reading is a date and a time in one column, or a time of day whose date stands in another column. A time of day far
before the call's first one is taken to be past midnight, on the next day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_HALF_A_DAY: Final = timedelta(hours=12)
_DAY: Final = timedelta(days=1)
_LATEST_MS: Final = 2**47
_LONGEST_MS: Final = 366 * 86_400_000
UNITS_MS: Final = {"milliseconds": 1, "seconds": 1_000, "minutes": 60_000}


class UnreadableError(ValueError):
    """A field that is no time or no duration."""


@lru_cache(maxsize=100_000)
def reading(text: str, form: str) -> datetime:
    """A date and time without a zone, or with one where the text names it. Raises UnreadableError."""
    try:
        if form == "iso":
            return datetime.fromisoformat(text)
        if form in ("epoch", "epoch_ms"):
            return _since_epoch(Decimal(text) * (1000 if form == "epoch" else 1))
        return datetime.strptime(text, form)  # noqa: DTZ007  the zone is the map's, given by epoch_ms
    except (ValueError, ArithmeticError) as error:
        raise UnreadableError(f"a time does not fit the format {form!r}") from error


def _since_epoch(ms: Decimal) -> datetime:
    if abs(ms) > _LATEST_MS:
        raise OverflowError
    return _EPOCH + timedelta(milliseconds=int(ms.to_integral_value("ROUND_FLOOR")))


def on_day(day: date, at: datetime, after: datetime | None) -> datetime:
    """A time of day on its date; on the next one when it would else be half a day or more before ``after``."""
    moment = datetime.combine(day, at.time())
    return moment + _DAY if after is not None and after - moment >= _HALF_A_DAY else moment


def epoch_ms(moment: datetime, zone: ZoneInfo) -> int:
    """Epoch milliseconds. Of an hour that the clocks repeat, the first is meant."""
    aware = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
    return (aware - _EPOCH) // _MILLISECOND


def duration_ms(text: str, unit: str) -> int:
    """A duration in milliseconds, from a number of ``unit`` or from ``H:MM:SS`` when the unit is "clock"."""
    try:
        value = _clock(text) if unit == "clock" else Decimal(text) * UNITS_MS[unit]
        fits = 0 <= value <= _LONGEST_MS
    except ArithmeticError as error:
        raise UnreadableError(f"a duration is not in {unit}") from error
    if not fits:
        raise UnreadableError("a duration is negative or longer than a year")
    return int(value.to_integral_value("ROUND_HALF_EVEN"))


def _clock(text: str) -> Decimal:
    """Milliseconds of ``H:MM:SS``, ``MM:SS`` or ``SS``."""
    seconds = Decimal(0)
    for part in text.split(":"):
        seconds = seconds * 60 + Decimal(part)
    return seconds * 1000
