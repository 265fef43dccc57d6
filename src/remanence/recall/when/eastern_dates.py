"""Dates, months, seasons, feasts and years in Chinese and Japanese."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from remanence.recall.when import calendar, within
from remanence.recall.when.feasts import feast
from remanence.recall.when.reader import FIRST_YEAR, LAST_YEAR, Found, Reader
from remanence.recall.when.scan import Token
from remanence.recall.when.span import Grain, Named, Period, Yearly, mapped

__all__ = ["EasternDates"]

_OF = frozenset({"of*", "in*"})
_LED = frozenset({"in*", "since*", "from*"})
_FOLLOWED = frozenset({"in*", "back*", "later*", "onwards*"})


class EasternDates(Reader):
    """Reads times that a calendar shows."""

    def __init__(self, tokens: list[Token], now: dt.datetime) -> None:
        super().__init__(tokens, now)
        self._within_year: dict[str, Callable[[int], Found]] = {
            "number": self.month,
            "season*": self.any_season,
            "seasonal*": self.any_season,
            "feast*": self.feast,
            "halves*": self.halves,
            "nth*": self.quarter,
        }

    def mark(self, place: int) -> str:
        """Return what the sign after a number makes of it: a year, a month or a day."""
        token = self.token(place)
        return token.name if token.kind == "mark*" else ""

    def unit(self, place: int) -> tuple[str, int] | None:
        """Return the unit of an amount, and the place after it."""
        token = self.token(place)
        if token.kind == "unit*" or (token.kind == "mark*" and token.name != "month"):
            return token.name, place + 1
        return ("quarter", place + 1) if token.kind == "quarter*" else None

    def narrowed(self, named: Named, place: int) -> Found:
        """Read "…早上", "…底", "…第一周", "…的周五", "…15号" after a time."""
        after = self.skip(place, _OF)
        token = self.token(after)
        if named.grain == Grain.DAY and token.kind == "part*":
            return mapped(named, lambda p: within.part(p, token.name)), after + 1
        if token.kind == "edge*" and named.grain >= Grain.WEEK:
            return mapped(named, lambda p: within.edge(p, token.name)), after + 1
        if token.kind == "nth*" and named.grain >= Grain.MONTH:
            return self._counted(named, after) or (named, place)
        if token.kind == "number" and named.grain == Grain.MONTH and self.mark(after + 1) == "day":
            return mapped(named, lambda p: _day_within(p, token.value)), after + 2
        if token.kind == "weekday*" and named.grain == Grain.WEEK and isinstance(named, Period):
            return self.narrowed(self.within_week(named, token.value), after + 1)
        return named, place

    def _counted(self, named: Named, place: int) -> Found:
        """Read "第一周", "第二个星期天", "最后一天" after a period."""
        after, number = place + 1, self.token(place).value
        if not number:
            if self.kind(after) != "number":
                return None
            number, after = self.token(after).value, after + 1
        elif self.token(after).value == 1:
            after += 1
        token, unit = self.token(after), self.unit(after)
        if token.kind == "weekday*":
            day = token.value
            return mapped(named, lambda p: within.counted_weekday(p, day, number)), after + 1
        if unit is None or calendar.GRAINS[unit[0]] >= named.grain:
            return None
        return mapped(named, lambda p: within.nth(p, unit[0], number)), unit[1]

    def date(self, place: int) -> Found:
        """Read "2023年5月7日", "5月", "90年代"."""
        token, follower = self.token(place), self.token(place + 1)
        number, mark = token.value, self.mark(place + 1)
        if follower.kind == "decades*":
            number += 0 if number >= 100 else 1900 if number > 20 else 2000
            return calendar.decade(number), place + 2
        if mark == "year" and len(token.text) == 2 and self.mark(place + 3) == "month":
            number += 2000 if number <= self.now.year % 100 + 1 else 1900
        if FIRST_YEAR <= number <= LAST_YEAR:
            if mark == "year":
                return self.in_year(number, place + 2, explicit=True)
            if follower.kind == "yearend*":
                return within.edge(calendar.year(number), follower.name), place + 2
        return self.month(place)

    def month(self, place: int) -> Found:
        """Read "5月", "5月7日", "5月底"."""
        number, follower = self.token(place).value, self.token(place + 1)
        if self.kind(place) != "number" or not 1 <= number <= 12:
            return None
        month = Yearly(lambda year: calendar.month(year, number), Grain.MONTH)
        if follower.kind == "monthend*":
            return mapped(month, lambda p: within.edge(p, follower.name)), place + 2
        if self.mark(place + 1) != "month":
            return None
        day = self.token(place + 2)
        if day.kind == "number" and self.mark(place + 3) == "day":
            return Yearly(
                lambda year: calendar.one_day(year, number, day.value), Grain.DAY
            ), place + 4
        return month, place + 2

    def in_year(self, year: int, place: int, *, explicit: bool) -> Found:
        """Read the rest of a time after its year."""
        after = self.skip(place, _OF)
        token = self.token(after)
        whole = calendar.year(year, explicit=explicit)
        if token.kind in {"yearend*", "edge*"}:
            return within.edge(whole, token.name), after + 1
        rule = self._within_year.get(token.kind)
        found = rule(after) if rule else None
        if found is None:
            return whole, place
        named, end = self.narrowed(*found) or found
        return self.of_year(named, year, explicit=explicit), end

    def this_year(self, place: int) -> Found:
        """Read "去年", "去年夏天"."""
        return self.in_year(self.now.year + self.token(place).value, place + 1, explicit=False)

    def year_end(self, place: int) -> Found:
        """Read "年底"."""
        name = self.token(place).name
        return Yearly(lambda year: within.edge(calendar.year(year), name), Grain.YEAR), place + 1

    def month_end(self, place: int) -> Found:
        """Read "月底": the latest that has begun."""
        name = self.token(place).name
        edge = within.edge(calendar.unit("month", self.now), name)
        if edge.start and edge.start > self.now and not self.ahead:
            edge = within.edge(calendar.unit("month", self.now, -1), name)
        return edge, place + 1

    def any_season(self, place: int) -> Found:
        """Read a season that was told to be one."""
        name = self.token(place).name
        return Yearly(lambda year: calendar.season(year, name), Grain.SEASON), place + 1

    def season(self, place: int) -> Found:
        """Read a season without a year, where a word says that a time is meant."""
        led = self.kind(place - 1) in _LED or self.kind(place + 1) in _FOLLOWED
        return self.any_season(place) if led else None

    def feast(self, place: int) -> Found:
        """Read a feast, unless somebody likes it."""
        if self.kind(place - 1) == "like*":
            return None
        name = self.token(place).name
        return Yearly(lambda year: feast(name, year), Grain.DAY), place + 1

    def halves(self, place: int) -> Found:
        """Read "上半年"."""
        number = self.token(place).value
        half = Yearly(lambda year: within.nth(calendar.year(year), "half", number), Grain.SEASON)
        return half, place + 1

    def quarter(self, place: int) -> Found:
        """Read "第三季度"."""
        number = self.token(place + 1).value
        if self.kind(place + 2) != "quarter*" or not 1 <= number <= 4:
            return None
        return Yearly(lambda year: calendar.quarter(year, number), Grain.SEASON), place + 3


def _day_within(month: Period, day: int) -> Period:
    start = within.near_end(month, -1)
    return calendar.one_day(start.year, start.month, day, explicit=month.explicit)
