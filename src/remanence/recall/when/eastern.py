"""Times told from the asker's now and from other times, in Chinese and Japanese."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from remanence.recall.when import calendar, within
from remanence.recall.when.eastern_dates import EasternDates
from remanence.recall.when.reader import Found
from remanence.recall.when.scan import Token
from remanence.recall.when.span import Grain, Named, Period, mapped

__all__ = ["EasternReader"]

_SIGNS = "-\u2013\u2014~"
_LEADING = frozenset({"since*", "from*"})
_SPANNING = frozenset({"week", "weekend", "month", "quarter", "year"})


class EasternReader(EasternDates):
    """Reads times as Chinese and Japanese say them."""

    def __init__(self, tokens: list[Token], now: dt.datetime) -> None:
        super().__init__(tokens, now)
        self._rules: dict[str, Callable[[int], Found]] = {
            "number": self._number,
            "few*": self._ago,
            "half*": self._half,
            "yearly*": self.this_year,
            "yearend*": self.year_end,
            "monthend*": self.month_end,
            "day*": self._day,
            "daypart*": self._day,
            "relative*": self._relative,
            "rolling*": self._rolling,
            "weekday*": self._weekday,
            "season*": self.season,
            "feast*": self.feast,
            "halves*": self.halves,
            "nth*": self.quarter,
        }

    def time(self, place: int) -> Found:
        """Return the time that starts at a place."""
        leading = self.kind(place) in _LEADING
        first = self.point(place + leading)
        if first is None:
            return None
        named, after = first
        if stretch := self._stretch(named, after):
            return stretch
        if self.kind(after) == "onwards*":
            return self.since(named), after + 1
        if self.kind(place) == "since*":
            return self.since(named), after + (self.kind(after) == "later*")
        return self._bounded(named, after)

    def point(self, place: int) -> Found:
        """Return the time that starts at a place, without what bounds it."""
        rule = self._rules.get(self.kind(place))
        found = rule(place) if rule and self.kind(place - 1) != "nth*" else None
        return found and self.narrowed(*found)

    def _stretch(self, named: Named, after: int) -> Found:
        """Read "…到五月", "…和五月之间", "…到7日"."""
        kind = self.kind(after)
        if kind not in {"to*", "join*"} and not self.sign(after, _SIGNS):
            return None
        last = self.point(after + 1) or self._other_day(named, after + 1)
        if last is None:
            return None
        return self.stretched(named, last[0]), last[1] + (self.kind(last[1]) == "within*")

    def _other_day(self, named: Named, place: int) -> Found:
        """Read the second of "5月3日到7日": another day of the same month."""
        token = self.token(place)
        if named.grain != Grain.DAY or token.kind != "number" or self.mark(place + 1) != "day":
            return None

        def later(period: Period) -> Period:
            start = within.near_end(period, -1)
            return calendar.one_day(start.year, start.month, token.value, explicit=period.explicit)

        return mapped(named, later), place + 2

    def _bounded(self, named: Named, after: int) -> Found:
        """Read "2020年以前", "春节前两周", "春节后"."""
        end = after + (self.kind(after) == "of*")
        kind = self.kind(end)
        if kind == "around*":
            return mapped(named, within.wider), end + 1
        if kind not in {"back*", "later*"}:
            return named, after
        amount = self._amount(end + 1)
        if amount is None:
            return (self.before if kind == "back*" else self.after)(named), end + 1
        least, most, name, place = amount
        if kind == "back*":
            least, most = -most, -least
        return mapped(named, lambda p: within.away(p, name, least, most)), place

    def _amount(self, place: int) -> tuple[int, int, str, int] | None:
        """Read "三天": return least, most, the unit and the place after it."""
        token, unit = self.token(place), self.unit(place + 1)
        if token.kind not in {"number", "few*"} or unit is None or not 0 < token.value <= 999:
            return None
        return token.value, token.most, *unit

    def _number(self, place: int) -> Found:
        return self._ago(place) or self.date(place)

    def _ago(self, place: int) -> Found:
        """Read "三天前", "两年前的夏天"."""
        amount = self._amount(place)
        part_of_more = self.kind(place - 1) in {"number", "few*"}  # "十几天前", "几十天前"
        if amount is None or self.kind(amount[3]) != "back*" or part_of_more:
            return None
        least, most, name, after = amount
        if name == "year" and least == most:
            found = self.in_year(self.now.year - least, after + 1, explicit=False)
            if found and found[1] > after + 1:
                return found
        return calendar.distant(self.now, name, -most, -least), after + 1

    def _half(self, place: int) -> Found:
        """Read "半年前", "半个月前"."""
        unit = self.unit(place + 1)
        found = self.half_ago(unit[0]) if unit and self.kind(unit[1]) == "back*" else None
        return found and (found, place + 3)

    def _day(self, place: int) -> Found:
        """Read "昨天", "昨晚"."""
        token = self.token(place)
        day = calendar.unit("day", self.now, token.value)
        return (within.part(day, token.name) if token.kind == "daypart*" else day), place + 1

    def _weekday(self, place: int) -> Found:
        to_another = self.kind(place + 1) == "to*" and self.kind(place + 2) == "weekday*"
        from_another = self.kind(place - 1) == "to*" and self.kind(place - 2) == "weekday*"
        if to_another or from_another:  # every week has Monday to Friday
            return None
        return self.weekday(self.token(place).value), place + 1

    def _relative(self, place: int) -> Found:
        """Read "上个月", "上周五", "这三天", "本周", "上个月底", "下个春节"."""
        offset, after = self.token(place).value, place + 1
        token = self.token(after)
        if token.kind == "weekday*":
            return self.weekday(token.value, offset), after + 1
        if token.kind in {"number", "few*"}:
            amount = None if offset else self._amount(after)
            return amount and (calendar.recent(self.now, amount[2], amount[1]), amount[3])
        if token.kind == "monthend*":
            return within.edge(calendar.unit("month", self.now, offset), token.name), after + 1
        if token.kind in {"season*", "feast*"}:
            found = self.feast(after) if token.kind == "feast*" else self.any_season(after)
            return found and (self.related(found[0], offset), found[1])
        return self._relative_unit(offset, after)

    def _relative_unit(self, offset: int, place: int) -> Found:
        unit = self.unit(place)
        name = unit[0] if unit else self.mark(place)
        if name not in _SPANNING or (name == "year" and not offset):
            return None
        return calendar.unit(name, self.now, offset), place + 1

    def _rolling(self, place: int) -> Found:
        """Read "最近三天", "过去一年"."""
        amount = self._amount(place + 1)
        if amount is None:
            return None
        count = -self.token(place).value * amount[1]
        return calendar.recent(self.now, amount[2], count), amount[3]
