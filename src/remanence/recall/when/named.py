"""The time that a text names."""

from __future__ import annotations

import datetime as dt

from remanence.recall.when.eastern import EasternReader
from remanence.recall.when.ranges import RangeReader
from remanence.recall.when.scan import Token, tokens
from remanence.recall.when.span import Grain, Named, Period, Yearly, hull

__all__ = ["named_period"]

_TIMES = frozenset({"unit", "weekday", "season", "feast", "month", "namesake", "part", "day"})
_EASTERN_TIMES = frozenset({f"{kind}*" for kind in _TIMES} | {"mark*", "number"})


def _after_every(found: list[Token], place: int) -> int:
    """Return the place after a habit: "every Friday", "each summer", "每年春节"."""
    place += 1
    if found[place - 1].kind == "every*":
        while place < len(found) and found[place].kind in _EASTERN_TIMES:
            place += 1
        return place
    if place < len(found) and found[place].kind in _TIMES:
        place += 1
        if place + 1 < len(found) and found[place].kind in {"in", "on"}:
            place += 2 if found[place + 1].kind in _TIMES - {"unit"} else 0
    return place


def _all_named(found: list[Token], now: dt.datetime) -> tuple[list[Named], RangeReader]:
    western, eastern = RangeReader(found, now), EasternReader(found, now)
    named: list[Named] = []
    place = 0
    while place < len(found):
        if found[place].kind in {"every", "every*"}:
            place = _after_every(found, place)
            continue
        for reader in (eastern, western):
            try:
                here = reader.time(place)
            except (ValueError, OverflowError):  # a day that no calendar has
                continue
            if here:
                named.append(here[0])
                place = here[1] - 1
                break
        place += 1
    return named, western


def _settled(named: list[Named], reader: RangeReader) -> list[Period]:
    """Return the periods meant; a year is that of all months and feasts: "in 2022, ... in May"."""
    years = [
        period
        for period in named
        if isinstance(period, Period) and period.grain == Grain.YEAR and period.start and period.end
    ]
    shared = years[0] if len(years) == 1 and any(isinstance(n, Yearly) for n in named) else None
    periods: list[Period] = []
    for one in named:
        if one is shared:
            continue
        try:
            if shared and shared.start and isinstance(one, Yearly):
                year = shared.start.year
                one = reader.of_year(one, year, explicit=shared.explicit)  # noqa: PLW2901
            periods.append(reader.settled(one))
        except (ValueError, OverflowError):  # a day that no calendar has
            continue
    return periods


def named_period(text: str, language: str, now: dt.datetime) -> Period | None:
    """Return the period that a folded text names on the asker's clock.

    Times with a year outweigh those without, which are often told from them ("last week, as
    mentioned on 6 November 2023"), and those with two ends outweigh open ones. What is left is
    taken together, from the earliest start to the latest end.
    """
    periods = _settled(*_all_named(tokens(text, language), now))
    periods = [period for period in periods if period.explicit] or periods
    periods = [period for period in periods if period.start and period.end] or periods
    if not periods:
        return None
    whole = periods[0]
    for period in periods[1:]:
        whole = hull(whole, period)
    return whole if whole.start or whole.end else None
