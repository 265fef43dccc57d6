"""A stretch of time, and periods that come every year."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Callable

__all__ = ["Grain", "Named", "Period", "Span", "Yearly", "hull", "mapped", "pick"]

_YEARS_TRIED = 9
"""A 29 February is at most eight years away."""


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time; at least one of its ends is known.

    Attributes:
        start: Its first moment, timezone-aware; ``None`` for "before 2020".
        end: The moment after its last one, timezone-aware; ``None`` for "since March".
    """

    start: dt.datetime | None
    end: dt.datetime | None


class Grain(enum.IntEnum):
    """How finely a time is named."""

    HOUR = 0
    DAY = 1
    WEEK = 2
    MONTH = 3
    SEASON = 4
    YEAR = 5
    DECADE = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Period:
    """A span on the asker's clock, without a time zone.

    Attributes:
        start: Its first moment, or ``None``.
        end: The moment after its last one, or ``None``.
        grain: How finely it was named.
        explicit: Whether its year was named.
    """

    start: dt.datetime | None
    end: dt.datetime | None
    grain: Grain
    explicit: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Yearly:
    """A period of which the year is not known yet.

    Attributes:
        at: Returns that of a year; raises ``ValueError`` when the year has none.
        grain: How finely it was named.
    """

    at: Callable[[int], Period]
    grain: Grain


Named = Period | Yearly


def mapped(named: Named, change: Callable[[Period], Period]) -> Named:
    """Return ``named`` after ``change``, whichever its year is."""
    if isinstance(named, Period):
        return change(named)
    return Yearly(lambda year: change(named.at(year)), named.grain)


def hull(first: Period, last: Period) -> Period:
    """Return the shortest period that both are in; an open end stays open."""
    starts = [first.start, last.start]
    ends = [first.end, last.end]
    return Period(
        None if None in starts else min(start for start in starts if start),
        None if None in ends else max(end for end in ends if end),
        min(first.grain, last.grain),
        explicit=first.explicit or last.explicit,
    )


def pick(named: Named, year: int, fits: Callable[[Period], bool], *, later: bool = False) -> Period:
    """Return the latest period that fits, looking back from the year after ``year``.

    Args:
        named: What was named. A period is returned as it is.
        year: The asker's.
        fits: Whether a period is the one.
        later: Return the earliest that fits instead, looking ahead from the year before.

    Raises:
        ValueError: None within nine years fits.
    """
    if isinstance(named, Period):
        return named
    for distance in range(-1, _YEARS_TRIED):
        try:
            period = named.at(year + distance if later else year - distance)
        except ValueError:
            continue
        if fits(period):
            return period
    raise ValueError("no such time")
