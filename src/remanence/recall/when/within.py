"""Parts of a period, and what is just beside it."""

from __future__ import annotations

import datetime as dt

from remanence.recall.when.calendar import (
    GRAINS,
    day_of,
    days,
    distant,
    step,
    unit,
    weekday_near,
)
from remanence.recall.when.span import Grain, Period

__all__ = [
    "around",
    "away",
    "beside",
    "counted_weekday",
    "edge",
    "near_end",
    "nth",
    "part",
    "wider",
]

_WIDER = dt.timedelta(days=3)
_PARTS = {"morning": (5, 12), "afternoon": (12, 18), "evening": (17, 24), "night": (18, 30)}


def beside(anchor: Period, name: str, direction: int) -> Period:
    """Return the unit just before (-1) or after (1) ``anchor``: "the week before Christmas".

    Raises:
        ValueError: That end of the anchor is open.
    """
    edge_ = anchor.start if direction < 0 else anchor.end
    if edge_ is None:
        raise ValueError("an open end has nothing beside it")
    if name == "weekend":
        saturday = edge_ - dt.timedelta(days=2) if direction < 0 else edge_
        saturday += direction * dt.timedelta(days=(direction * (5 - saturday.weekday())) % 7)
        return days(saturday, 2)
    other = edge_ + step(name, direction)
    return Period(min(edge_, other), max(edge_, other), GRAINS[name], anchor.explicit)


def part(day: Period, name: str) -> Period:
    """Return the morning, afternoon, evening or night of a day; a night ends at six.

    Raises:
        ValueError: The day has no start.
    """
    if day.start is None:
        raise ValueError("no day")
    first, last = _PARTS[name]
    start = day_of(day.start)
    hour = dt.timedelta(hours=1)
    return Period(start + first * hour, start + last * hour, Grain.HOUR, day.explicit)


def edge(whole: Period, name: str) -> Period:
    """Return the start, middle or end of a period: a third of it, of a year the first quarter.

    Raises:
        ValueError: One of its ends is open.
    """
    if whole.start is None or whole.end is None:
        raise ValueError("an open period has no thirds")
    start, end = whole.start, whole.end
    if whole.grain == Grain.YEAR:
        first, last = start + step("month", 3), end - step("month", 3)
        if name == "middle":
            first, last = start + step("month", 4), end - step("month", 4)
    elif whole.grain == Grain.DECADE:
        first, last = start + step("year", 3), end - step("year", 3)
    else:
        third = max(1, round((end - start).days / 3)) * dt.timedelta(days=1)
        third = min(third, end - start)
        first, last = (start + third, end - third) if name != "middle" else (start, end)
        if name == "middle" and end - start > 2 * third:
            first, last = start + third, end - third
    ends = {"start": (start, first), "middle": (first, last), "end": (last, end)}[name]
    return Period(*ends, whole.grain, whole.explicit)


def nth(whole: Period, name: str, number: int, count: int = 1) -> Period:
    """Return the ``number``-th unit within a period, or, for -1, the last ``count`` ones.

    Weeks of a month are counted from its first day, weekends from the first Saturday.

    Raises:
        ValueError: The period does not have so many.
    """
    if whole.start is None or whole.end is None:
        raise ValueError("an open period is not counted through")
    if name == "half":
        middle = whole.start + (whole.end - whole.start) / 2
        middle = day_of(middle + dt.timedelta(hours=12))
        if whole.grain == Grain.YEAR:
            middle = whole.start + step("month", 6)
        ends = (whole.start, middle) if number == 1 else (middle, whole.end)
        return Period(*ends, whole.grain, whole.explicit)
    first = whole.start
    if name == "weekend":
        first += dt.timedelta(days=(5 - first.weekday()) % 7)
    if number > 0:
        start = first + step(name, number - 1)
        end = start + (dt.timedelta(days=2) if name == "weekend" else step(name, count))
    elif name == "weekend":
        last = whole.end - dt.timedelta(days=1)
        start = last - dt.timedelta(days=(last.weekday() - 5) % 7)
        end = start + dt.timedelta(days=2)
    else:
        start, end = whole.end - step(name, count), whole.end
    if not whole.start <= start < whole.end:
        raise ValueError("there are not so many")
    return Period(start, end, GRAINS[name], whole.explicit)


def away(anchor: Period, name: str, least: int, most: int) -> Period:
    """Return what is ``least`` to ``most`` units before (negative) or after an anchor.

    Raises:
        ValueError: That end of the anchor is open.
    """
    moved = distant(near_end(anchor, least), name, least, most)
    return Period(moved.start, moved.end, moved.grain, anchor.explicit)


def near_end(anchor: Period, direction: int) -> dt.datetime:
    """Return the first (-1) or last (1) moment of a period.

    Raises:
        ValueError: That end is open.
    """
    moment = anchor.start if direction < 0 else anchor.end
    if moment is None:
        raise ValueError("an open end")
    return moment if direction < 0 else moment - dt.timedelta(microseconds=1)


def counted_weekday(whole: Period, weekday: int, number: int) -> Period:
    """Return the ``number``-th weekday within a period, or, for -1, the last one.

    Raises:
        ValueError: One of its ends is open.
    """
    one = dt.timedelta(days=1)
    if number < 0:
        found = weekday_near(near_end(whole, 1) + one, weekday, -1)
    else:
        first = near_end(weekday_near(near_end(whole, -1) - one, weekday, 1), -1)
        found = days(first + dt.timedelta(weeks=number - 1))
    return Period(found.start, found.end, found.grain, whole.explicit)


def around(day: Period, name: str) -> Period:
    """Return the calendar unit that a day is in.

    Raises:
        ValueError: The day has no start.
    """
    whole = unit(name, near_end(day, -1))
    return Period(whole.start, whole.end, whole.grain, day.explicit)


def wider(period: Period) -> Period:
    """Return a period of days with three days on each side; a longer one as it is."""
    if period.grain != Grain.DAY or period.start is None or period.end is None:
        return period
    return Period(period.start - _WIDER, period.end + _WIDER, period.grain, period.explicit)
