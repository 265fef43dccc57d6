"""Arithmetic on the asker's calendar: units near a moment. Weeks start on Monday."""

from __future__ import annotations

import datetime as dt

from dateutil.relativedelta import relativedelta

from remanence.recall.when.span import Grain, Period

__all__ = [
    "GRAINS",
    "day_of",
    "days",
    "decade",
    "distant",
    "month",
    "one_day",
    "quarter",
    "recent",
    "season",
    "step",
    "unit",
    "weekday_near",
    "year",
]

GRAINS = {
    "hour": Grain.HOUR,
    "day": Grain.DAY,
    "weekend": Grain.DAY,
    "week": Grain.WEEK,
    "fortnight": Grain.WEEK,
    "month": Grain.MONTH,
    "quarter": Grain.SEASON,
    "year": Grain.YEAR,
    "decade": Grain.DECADE,
}
_STEPS = {
    "hour": relativedelta(hours=1),
    "day": relativedelta(days=1),
    "weekend": relativedelta(weeks=1),
    "week": relativedelta(weeks=1),
    "fortnight": relativedelta(weeks=2),
    "month": relativedelta(months=1),
    "quarter": relativedelta(months=3),
    "year": relativedelta(years=1),
    "decade": relativedelta(years=10),
}
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
_HALF = {
    "hour": dt.timedelta(minutes=30),
    "week": dt.timedelta(days=3),
    "weekend": dt.timedelta(0),
    "day": dt.timedelta(0),
    "fortnight": dt.timedelta(days=7),
    "month": dt.timedelta(days=15),
    "quarter": dt.timedelta(days=45),
    "year": dt.timedelta(days=183),
    "decade": dt.timedelta(days=1826),
}
"""What "two weeks ago" may be off by; a day is taken at its word."""


def day_of(moment: dt.datetime) -> dt.datetime:
    """Return the midnight at which the day of ``moment`` starts."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def days(start: dt.datetime, count: int = 1, grain: Grain = Grain.DAY) -> Period:
    """Return ``count`` days from the day of ``start`` on."""
    first = day_of(start)
    return Period(first, first + dt.timedelta(days=count), grain)


def step(name: str, count: int) -> relativedelta:
    """Return the length of ``count`` units, to be added to a moment."""
    return _STEPS[name] * count


def year(number: int, *, explicit: bool = True) -> Period:
    """Return a year."""
    return Period(dt.datetime(number, 1, 1), dt.datetime(number + 1, 1, 1), Grain.YEAR, explicit)  # noqa: DTZ001


def one_day(year: int, month: int, day: int, *, explicit: bool = False) -> Period:
    """Return a day of the calendar.

    Raises:
        ValueError: There is no such day.
    """
    start = dt.datetime(year, month, day)  # noqa: DTZ001 - the asker's clock
    return Period(start, start + dt.timedelta(days=1), Grain.DAY, explicit)


def decade(number: int) -> Period:
    """Return the ten years from the year ``number`` on."""
    first = dt.datetime(number, 1, 1)  # noqa: DTZ001 - the asker's clock
    return Period(first, first + step("decade", 1), Grain.DECADE, explicit=True)


def month(year_: int, number: int, count: int = 1, grain: Grain = Grain.MONTH) -> Period:
    """Return ``count`` months of a year from a month on."""
    first = dt.datetime(year_, number, 1)  # noqa: DTZ001 - the asker's clock
    return Period(first, first + step("month", count), grain)


def quarter(year_: int, number: int) -> Period:
    """Return a quarter, 1 to 4."""
    return month(year_, 3 * number - 2, 3, Grain.SEASON)


def season(year_: int, name: str) -> Period:
    """Return a season of the northern half of the Earth; winter starts in December."""
    return month(year_, _SEASONS[name], 3, Grain.SEASON)


def unit(name: str, moment: dt.datetime, offset: int = 0) -> Period:
    """Return the calendar unit that ``moment`` is in, or another one ``offset`` units away.

    The weekend of a moment is the one that its week ends with.
    """
    today = day_of(moment)
    monday = today - dt.timedelta(days=today.weekday())
    if name in {"week", "weekend", "fortnight"}:
        start = monday + step(name, offset)
        start += dt.timedelta(days=5 if name == "weekend" else 0)
        return days(start, {"weekend": 2, "week": 7}.get(name, 14), GRAINS[name])
    if name == "hour":
        start = moment.replace(minute=0, second=0, microsecond=0) + step(name, offset)
        return Period(start, start + step(name, 1), Grain.HOUR)
    starts = {
        "day": today,
        "month": today.replace(day=1),
        "quarter": today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1),
        "year": today.replace(month=1, day=1),
        "decade": today.replace(year=max(1, today.year // 10 * 10), month=1, day=1),
    }
    start = starts[name] + step(name, offset)
    return Period(start, start + step(name, 1), GRAINS[name])


def distant(moment: dt.datetime, name: str, least: int, most: int) -> Period:
    """Return what is ``least`` to ``most`` units away; negative ones are past.

    Days are taken at their word, other units may be off by half of one: "two weeks ago" is the
    week around that day.
    """
    if name == "hour":
        start, end = moment + step(name, least), moment + step(name, most)
        return Period(start - _HALF[name], end + _HALF[name], Grain.HOUR)
    if name == "weekend":
        first, last = unit(name, moment, least), unit(name, moment, most)
        return Period(first.start, last.end, Grain.DAY)
    today = day_of(moment)
    start, end = today + step(name, least), today + step(name, most)
    grain = GRAINS[name]
    return Period(start - _HALF[name], end + _HALF[name] + dt.timedelta(days=1), grain)


def recent(moment: dt.datetime, name: str, count: int) -> Period:
    """Return the last ``count`` units up to the end of today, or, negative, the next ones."""
    if name == "hour":
        ends = sorted((moment, moment - step(name, count)))
        return Period(ends[0], ends[1], Grain.HOUR)
    today = day_of(moment)
    tomorrow = today + dt.timedelta(days=1)
    if count < 0:
        return Period(tomorrow, tomorrow + step(name, -count), GRAINS[name])
    return Period(today - step(name, count), tomorrow, GRAINS[name])


def weekday_near(moment: dt.datetime, weekday: int, direction: int) -> Period:
    """Return the nearest such weekday before (-1) or after (1) the day of ``moment``."""
    today = day_of(moment)
    distance = (direction * (weekday - today.weekday()) - 1) % 7 + 1
    return days(today + direction * dt.timedelta(days=distance))
