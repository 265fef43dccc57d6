"""Times told from the asker's now, in languages that put spaces between words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from remanence.recall.when import calendar, within
from remanence.recall.when.anchored import OF, UNITS, AnchoredReader
from remanence.recall.when.reader import Found
from remanence.recall.when.scan import Token
from remanence.recall.when.span import Grain, Period

__all__ = ["WesternReader"]

_WEEKEND = frozenset({"on", "at", "around", "in", "since", "before", "after", "until"})
_WEEKDAY = frozenset({"on", "since", "until", "around", "by"})
_BESIDE = frozenset({"before", "after", "prior"})
_DATED = frozenset({"month", "namesake", "abbreviation", "number", "date"})
_SPANNING = frozenset({"week", "weekend", "fortnight", "month", "quarter", "year", "decade"})
_DAYS_TRIED = 5000
"""A Friday the 13th is never so far away."""


class WesternReader(AnchoredReader):
    """Reads single times as English, German, French and Spanish say them."""

    def __init__(self, tokens: list[Token], now: dt.datetime) -> None:
        super().__init__(tokens, now)
        yearly: dict[str, Callable[[int], Found]] = {
            "month": self.month,
            "namesake": self.month,
            "abbreviation": self.month,
            "season": self.season,
            "feast": self.feast,
        }
        self._yearly = yearly
        self._rules: dict[str, Callable[[int], Found]] = yearly | {
            "the": self._the,
            "number": self._number,
            "few": self._number,
            "half": self._half,
            "ordinal": self._ordinal,
            "weekday": self._weekday,
            "quarter": self.quarter,
            "decade": self.decade,
            "unit": self._unit,
            "relative": self._relative,
            "rolling": self._rolling,
            "day": self._day,
            "daypart": self._day,
            "part": self.part,
            "edge": self.edge,
            "prior": self._prior,
            "date": self.written_date,
            "iso": self.written_date,
            "numeric": self.written_date,
        }

    def point(self, place: int) -> Found:
        """Return the time that starts at a place, without what bounds it."""
        rule = self._rules.get(self.kind(place))
        found = rule(place) if rule else None
        return found and self.narrowed(*found)

    def _the(self, place: int) -> Found:
        return self.deeper(self.point, place + 1)

    def _number(self, place: int) -> Found:
        """Read "three days ago", "two weeks before Christmas", "7 May" and "2019"."""
        amount = self.amount(place)
        if amount is None:
            return self.day_month(place) or self.year(place)
        least, most, name, after = amount
        if self.kind(after) == "ago":
            return calendar.distant(self.now, name, -most, -least), after + 1
        if self.kind(after) == "ahead":
            return calendar.distant(self.now, name, least, most), after + 1
        return self.from_anchor(place) if self.kind(after) in _BESIDE else None

    def _prior(self, place: int) -> Found:
        """Read "vor drei Tagen", "il y a deux semaines", "hace tres días"."""
        amount = self.amount(place + 1)
        if amount is None:
            return None
        least, most, name, after = amount
        return calendar.distant(self.now, name, -most, -least), after

    def _half(self, place: int) -> Found:
        """Read "half a year ago"."""
        article, unit = self.token(place + 1), self.token(place + 2)
        if article.text.lower() not in {"a", "an"} or self.kind(place + 3) != "ago":
            return None
        found = self.half_ago(unit.name)
        return found and (found, place + 4)

    def _ordinal(self, place: int) -> Found:
        return self.counted(place, self.token(place).value) or self.day_month(place)

    def _weekday(self, place: int) -> Found:
        """Read "Friday evening", "Saturday, 6 May", "the Friday before 15 July", "on Friday"."""
        value, after = self.token(place).value, place + 1
        following = self.skip(after + self.sign(after, ","), frozenset({"the", "on"}))
        if self.kind(following) in _DATED:
            found = self.deeper(self.point, following)
            if found and found[0].grain == Grain.DAY:
                return found
        if self.kind(after) in _BESIDE and self.kind(place - 1) == "the":
            return self.one_beside(place)
        if self.kind(after) == "of" and (found := self._weekday_of(place)):
            return found
        if self.kind(after) == "trailing":
            direction = self.token(after).value
            return calendar.weekday_near(self.now, value, direction), after + 1
        cued = self.cued(place, _WEEKDAY)
        if self.kind(following) == "ordinal":
            return self._thirteenth(value, following) if cued else None
        return (self.weekday(value), after) if cued or self.kind(after) == "part" else None

    def _weekday_of(self, place: int) -> Found:
        """Read "Friday of last week"."""
        week = self.deeper(self.point, self.skip(place + 1, OF))
        if week is None or not isinstance(week[0], Period) or week[0].grain != Grain.WEEK:
            return None
        return self.within_week(week[0], self.token(place).value), week[1]

    def _thirteenth(self, weekday: int, place: int) -> Found:
        """Read "on Friday the 13th": the latest day that is both."""
        day = self.today
        for _ in range(_DAYS_TRIED):
            if day.day == self.token(place).value and day.weekday() == weekday:
                return calendar.days(day), place + 1
            day -= dt.timedelta(days=1)
        return None

    def _unit(self, place: int) -> Found:
        """Read "the week of June 5", "the week before Christmas", "at the weekend"."""
        name, after = self.token(place).name, place + 1
        kind = self.kind(after)
        if name == "year" and self.year_number(after) is not None:
            return self.year(after)
        if kind == "trailing":
            return calendar.unit(name, self.now, self.token(after).value), after + 1
        if kind == "of":
            return self.unit_of(place)
        if kind in _BESIDE and self.kind(place - 1) == "the":
            return self._before_last(name, after) or self.one_beside(place)
        if name == "weekend" and self.cued(place, _WEEKEND):
            return self._weekend(), after
        return None

    def _before_last(self, name: str, place: int) -> Found:
        """Read "the week before last"."""
        token = self.token(place + 1)
        if token.kind != "relative" or self.kind(place + 2) in UNITS | self._yearly.keys():
            return None
        return calendar.unit(name, self.now, 2 * token.value), place + 2

    def _weekend(self) -> Period:
        weekend = calendar.unit("weekend", self.now)
        if self.ahead or (weekend.start and weekend.start <= self.now):
            return weekend
        return calendar.unit("weekend", self.now, -1)

    def _relative(self, place: int) -> Found:
        """Read "last week", "the last two weeks", "last Friday", "last summer", "this morning"."""
        offset, after = self.token(place).value, place + 1
        token, amount = self.token(after), self.amount(after)
        if amount and offset:
            return calendar.recent(self.now, amount[2], -offset * amount[1]), amount[3]
        if token.kind in UNITS | {"weekday"} and offset < 0:
            before = token.kind != "units" and self.kind(after + 1) == "before"
            found = self.one_beside(after) if before else self.counted(place, -1)
            if found:
                return found
        if token.kind == "unit":
            return self._relative_unit(place, offset, after)
        if token.kind == "part" and not offset:
            return within.part(calendar.days(self.now), token.name), after + 1
        if token.kind == "weekday":
            near = calendar.weekday_near(self.now, token.value, offset) if offset else None
            return near or self.weekday(token.value, 0), after + 1
        return self._relative_yearly(offset, after)

    def _relative_unit(self, place: int, offset: int, after: int) -> Found:
        """Read "last week"; "the last week" ends today, and that of school is none."""
        name = self.token(after).name
        if name not in _SPANNING or self.kind(after + 1) == "of":
            return None
        rolling = offset < 0 and self.token(place - 1).text.lower() == "the"
        if rolling and name != "weekend":
            return calendar.recent(self.now, name, 1), after + 1
        return calendar.unit(name, self.now, offset), after + 1

    def _relative_yearly(self, offset: int, place: int) -> Found:
        """Read "last summer", "next May"."""
        rule = self._yearly.get(self.kind(place))
        found = rule(place) if rule else None
        if found is None or isinstance(found[0], Period):
            return found
        return self.related(found[0], offset), found[1]

    def _rolling(self, place: int) -> Found:
        """Read "the past week", "the past few months", "this past Friday"."""
        offset, after = self.token(place).value, place + 1
        token = self.token(after)
        if amount := self.amount(after):
            return calendar.recent(self.now, amount[2], -offset * amount[1]), amount[3]
        if token.kind == "weekday":
            return calendar.weekday_near(self.now, token.value, offset), after + 1
        if token.kind != "unit" or token.name not in _SPANNING | {"day", "hour"}:
            return None
        if token.name == "weekend" or offset > 0:
            return calendar.unit(token.name, self.now, offset), after + 1
        return calendar.recent(self.now, token.name, 1), after + 1

    def _day(self, place: int) -> Found:
        """Read "yesterday", "last night"."""
        token = self.token(place)
        noun = token.text == "Morgen" and place  # "am Morgen", in the morning
        if noun or (token.text == "mañana" and self.kind(place - 1) == "the"):
            return None
        day = calendar.unit("day", self.now, token.value)
        return (within.part(day, token.name) if token.kind == "daypart" else day), place + 1
