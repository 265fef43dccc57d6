"""When feasts are, by the rules in ``feasts.toml``.

What is counted from Easter or by weekdays is left to dateutil, what follows the moon to the
``holidays`` package, which is loaded when such a feast is first named.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.resources
import re
import tomllib

from dateutil.easter import easter
from dateutil.relativedelta import FR, MO, SA, SU, TH, TU, WE, relativedelta

from remanence.recall.when.span import Grain, Period

__all__ = ["feast", "feast_names"]

_RULE = re.compile(
    r"(?:(?P<month>\d\d)-(?P<day>\d\d)"
    r"|(?P<easter>easter)"
    r"|(?P<of>\d\d) (?P<weekday>[A-Z]{2}) (?P<nth>-?\d)"
    r"|(?P<country>[A-Z]{2}) (?P<name>[A-Z].*?))"
    r" ?(?P<shift>[+-]\d+)?(?: x(?P<length>\d+))?"
)
_WEEKDAYS = {"MO": MO, "TU": TU, "WE": WE, "TH": TH, "FR": FR, "SA": SA, "SU": SU}


@functools.cache
def _rules() -> dict[str, str]:
    text = (
        importlib.resources.files("remanence.recall.when")
        .joinpath("feasts.toml")
        .read_text("utf-8")
    )
    return {name: str(rule) for name, rule in tomllib.loads(text).items()}


def feast_names() -> frozenset[str]:
    """Return the names of all feasts that have a rule."""
    return frozenset(_rules())


@functools.lru_cache(maxsize=256)
def _named_day(country: str, name: str, year: int) -> dt.date:
    import holidays

    calendar = holidays.country_holidays(country, years=year, language="en_US")
    found = [day for one in name.split("|") for day in calendar.get_named(one, lookup="exact")]
    return min(day for day in found if day.year == year)


def _first_day(rule: re.Match[str], year: int) -> dt.date:
    if rule["month"]:
        return dt.date(year, int(rule["month"]), int(rule["day"]))
    if rule["easter"]:
        return easter(year)
    if rule["of"]:
        ordinal = int(rule["nth"])
        counted = _WEEKDAYS[rule["weekday"]](ordinal)
        step = relativedelta(day=1 if ordinal > 0 else 31, weekday=counted)
        return dt.date(year, int(rule["of"]), 1) + step
    return _named_day(rule["country"], rule["name"], year)


@functools.lru_cache(maxsize=256)
def feast(name: str, year: int) -> Period:
    """Return a feast of a year.

    Raises:
        ValueError: The calendar does not reach that year.
    """
    rule = _RULE.fullmatch(_rules()[name])
    if rule is None:
        raise ValueError(f"the rule of {name} is not understood")
    first = _first_day(rule, year) + dt.timedelta(days=int(rule["shift"] or 0))
    start = dt.datetime.combine(first, dt.time())
    return Period(start, start + dt.timedelta(days=int(rule["length"] or 1)), Grain.DAY)
