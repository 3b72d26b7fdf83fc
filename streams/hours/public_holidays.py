"""Public holidays by name: a calendar such as "DE-BY" and a year enter, the days off leave.

The days are those of the ``holidays`` library, which keeps the laws of some 250 countries and their regions, moved
holidays included. It is imported when the first calendar is named, so that a floor without one doesn't pay for it.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache


@lru_cache(maxsize=1_024)
def public_holidays(name: str, year: int) -> frozenset[date]:
    """The public holidays of a country or region in a year; observed days too. Raises ValueError for an unknown name.

    A name is an ISO 3166 code: a country ("FR") or a country and its subdivision ("GB-SCT", "DE-BY").
    """
    import holidays

    country, _, subdivision = name.partition("-")
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    except NotImplementedError as error:  # what the library raises for a country or a part of one it doesn't have
        raise ValueError(f"{name!r} is no holiday calendar") from error
    return frozenset(day for day in found if day.year == year)


@lru_cache(maxsize=1)
def calendar_names() -> frozenset[str]:
    """Every name ``public_holidays`` takes."""
    import holidays

    countries = holidays.list_supported_countries(include_aliases=False)
    return frozenset(countries) | {f"{country}-{part}" for country, parts in countries.items() for part in parts}
