"""What every grammar of times reads its tokens with."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Callable

from remanence.recall.when import calendar
from remanence.recall.when.scan import Token
from remanence.recall.when.span import Grain, Named, Period, Yearly, mapped, pick

__all__ = ["FIRST_YEAR", "LAST_YEAR", "Found", "Reader"]

Found = tuple[Named, int] | None
"""What a rule found, and the place after it."""

FIRST_YEAR, LAST_YEAR = 1900, 2099
_DEEPEST = 6
_BEYOND = Token("none", 0, "", 0, "")


class Reader(abc.ABC):
    """The tokens of a text, and what several grammars do with them.

    Args:
        tokens: The tokens.
        now: The asker's clock, without a time zone.
    """

    def __init__(self, tokens: list[Token], now: dt.datetime) -> None:
        self.tokens = tokens
        self.now = now
        self.today = calendar.day_of(now)
        self.ahead = any(self._looks_ahead(place) for place in range(len(tokens)))
        self._depth = 0

    @abc.abstractmethod
    def point(self, place: int) -> Found:
        """Return the time that starts at a place, without what bounds it."""

    @abc.abstractmethod
    def time(self, place: int) -> Found:
        """Return the time that starts at a place."""

    def _looks_ahead(self, place: int) -> bool:
        token = self.tokens[place]
        return token.kind == "future*" or (
            token.kind == "future" and (token.lower or not place or token.text == "Upcoming")
        )

    def token(self, place: int) -> Token:
        """Return the token at a place, one of kind ``none`` where there is none."""
        return self.tokens[place] if 0 <= place < len(self.tokens) else _BEYOND

    def kind(self, place: int) -> str:
        """Return the kind of the token at a place."""
        return self.tokens[place].kind if 0 <= place < len(self.tokens) else "none"

    def sign(self, place: int, signs: str) -> bool:
        """Return whether one of some signs is at a place."""
        token = self.token(place)
        return token.kind == "sign" and token.text in signs

    def skip(self, place: int, kinds: frozenset[str]) -> int:
        """Return the first place from ``place`` on that has none of some kinds."""
        while self.kind(place) in kinds:
            place += 1
        return place

    def deeper(self, rule: Callable[[int], Found], place: int) -> Found:
        """Apply a rule within a rule; nested too deeply, it finds nothing."""
        if self._depth >= _DEEPEST:
            return None
        self._depth += 1
        try:
            return rule(place)
        finally:
            self._depth -= 1

    def settled(self, named: Named) -> Period:
        """Return the period meant when no year is named.

        It is the latest that has begun, or, in a text about the future, the earliest that is not
        over.

        Raises:
            ValueError: There is none.
        """
        if self.ahead:
            return pick(
                named, self.now.year, lambda p: p.end is None or p.end > self.now, later=True
            )
        return pick(named, self.now.year, lambda p: (p.start or p.end or self.now) <= self.now)

    def related(self, named: Named, offset: int) -> Named:
        """Return the last (-1), this (0) or next (1) of what comes every year.

        Raises:
            ValueError: There is none.
        """
        year, now = self.now.year, self.now
        if offset < 0:
            return pick(named, year, lambda p: p.end is not None and p.end <= self.today)
        if offset > 0:
            return pick(named, year, lambda p: p.start is not None and p.start > now, later=True)
        if isinstance(named, Period):
            return named
        for candidate in (year, year - 1):
            period = named.at(candidate)
            if period.start and period.end and period.start <= now < period.end:
                return period
        return named.at(year)

    def of_year(self, named: Named, year: int, *, explicit: bool) -> Named:
        """Return what comes every year as it was in a year.

        Raises:
            ValueError: That year had none.
        """
        if isinstance(named, Period):
            return named
        period = named.at(year)
        return Period(period.start, period.end, period.grain, explicit)

    def weekday(self, weekday: int, offset: int | None = None) -> Period:
        """Return a weekday: the latest before today, or that of another week than this one."""
        if offset is None:
            return calendar.weekday_near(self.now, weekday, 1 if self.ahead else -1)
        week = calendar.unit("week", self.now, offset)
        return self.within_week(week, weekday)

    def half_ago(self, name: str) -> Period | None:
        """Return what is half a year or half a month ago."""
        if name == "year":
            return calendar.distant(self.now, "month", -7, -5)
        return calendar.distant(self.now, "day", -17, -13) if name == "month" else None

    def within_week(self, week: Period, weekday: int) -> Period:
        """Return a weekday of a week that starts on a Monday.

        Raises:
            ValueError: The week has no start.
        """
        if week.start is None:
            raise ValueError("no week")
        day = calendar.days(week.start + dt.timedelta(days=weekday))
        return Period(day.start, day.end, Grain.DAY, week.explicit)

    def since(self, named: Named) -> Named:
        """Return all time from the start of a period on."""
        return mapped(named, lambda p: Period(p.start, None, p.grain, p.explicit))

    def until(self, named: Named) -> Named:
        """Return all time until the end of a period."""
        return mapped(named, lambda p: Period(None, p.end, p.grain, p.explicit))

    def before(self, named: Named) -> Named:
        """Return all time before a period."""
        return mapped(named, lambda p: Period(None, p.start, p.grain, p.explicit))

    def after(self, named: Named) -> Named:
        """Return all time after a period."""
        return mapped(named, lambda p: Period(p.end, None, p.grain, p.explicit))

    def stretched(self, first: Named, last: Named) -> Named:
        """Return the time from the start of one period to the end of another.

        A first one without a year is the latest before the last one, and the other way round.
        """
        if isinstance(first, Period) and isinstance(last, Period):
            return _span_of(first, last)
        if isinstance(first, Period):
            first_start = first.start or dt.datetime.min  # noqa: DTZ901 - the asker's clock
            year = first_start.year
            end = pick(last, year, lambda p: bool(p.end and p.end > first_start), later=True)
            return _span_of(first, end)
        if isinstance(last, Period):
            return _span_of(_latest(first, last), last)
        return Yearly(
            lambda year: _span_of(_latest(first, last.at(year)), last.at(year)),
            min(first.grain, last.grain),
        )


def _latest(first: Named, last: Period) -> Period:
    limit = last.start or last.end
    if limit is None:
        raise ValueError("nothing to stretch to")
    return pick(first, limit.year, lambda p: bool(p.start and p.start <= limit))


def _span_of(first: Period, last: Period) -> Period:
    if first.start is None or last.end is None or first.start >= last.end:
        raise ValueError("it ends before it starts")
    return Period(
        first.start, last.end, min(first.grain, last.grain), first.explicit or last.explicit
    )
