"""Times told from other times, in languages that put spaces between words."""

from __future__ import annotations

from collections.abc import Callable

from remanence.recall.when import calendar, within
from remanence.recall.when.absolute import AbsoluteReader
from remanence.recall.when.feasts import feast
from remanence.recall.when.reader import Found
from remanence.recall.when.span import Grain, Named, Period, Yearly, mapped

__all__ = ["OF", "UNITS", "AnchoredReader"]

OF = frozenset({"of", "the", "in"})
UNITS = frozenset({"unit", "units"})
_NUMBERS = frozenset({"number", "few"})
_OFF = frozenset({"on", "in", "at", "the", "possessive"})
_WITHIN_YEAR = frozenset({"month", "namesake", "season", "feast"})


class AnchoredReader(AbsoluteReader):
    """Reads "two weeks before Christmas", "the first week of August", "the end of last month"."""

    def amount(self, place: int) -> tuple[int, int, str, int] | None:
        """Read "three days": return least, most, the unit and the place after it."""
        token, unit = self.token(place), self.token(place + 1)
        if token.kind not in _NUMBERS or unit.kind not in UNITS or not 0 < token.value <= 999:
            return None
        return token.value, token.most, unit.name, place + 2

    def narrowed(self, named: Named, place: int) -> Found:
        """Read what follows a time: "last year in May", "last week on Friday", "... evening"."""
        if not isinstance(named, Period) or named.start is None:
            return named, place
        after = self.skip(place, _OFF)
        kind = self.kind(after)
        if named.grain == Grain.YEAR and kind in _WITHIN_YEAR:
            return self._within_year(named, named.start.year, after) or (named, place)
        if named.grain == Grain.WEEK and kind == "weekday" and named.start.weekday() == 0:
            return self.narrowed(self.within_week(named, self.token(after).value), after + 1)
        if named.grain == Grain.DAY and kind == "part":
            return within.part(named, self.token(after).name), after + 1
        return named, place

    def _within_year(self, whole: Period, year: int, place: int) -> Found:
        name, kind = self.token(place).name, self.kind(place)
        if kind in {"season", "feast"}:
            part = calendar.season(year, name) if kind == "season" else feast(name, year)
            return Period(part.start, part.end, part.grain, whole.explicit), place + 1
        found = self.month(place)
        if found is None or isinstance(found[0], Period):
            return None
        return self.of_year(found[0], year, explicit=whole.explicit), found[1]

    def from_anchor(self, place: int) -> Found:
        """Read "two weeks before Christmas"."""
        amount = self.amount(place)
        anchor = amount and self.deeper(self.point, amount[3] + 1)
        if amount is None or not anchor:
            return None
        least, most, name, after = amount
        if self.kind(after) != "after":
            least, most = -most, -least
        return mapped(anchor[0], lambda p: within.away(p, name, least, most)), anchor[1]

    def counted(self, place: int, number: int) -> Found:
        """Read "first week of August" and "first two weeks of August" from the ordinal on."""
        after, count = place + 1, 1
        if self.kind(after) == "number" and self.kind(after + 1) == "units":
            count, after = self.token(after).value, after + 1
        unit = self.token(after)
        if unit.kind not in UNITS | {"half", "weekday"} or self.kind(after + 1) not in {"of", "in"}:
            return None
        whole = self.deeper(self.point, self.skip(after + 1, OF))
        if whole is None or calendar.GRAINS.get(unit.name, Grain.DAY) >= whole[0].grain:
            return None
        if unit.kind == "weekday":
            counted = within.counted_weekday
            return mapped(whole[0], lambda p: counted(p, unit.value, number)), whole[1]
        name = "half" if unit.kind == "half" else unit.name
        return mapped(whole[0], lambda p: within.nth(p, name, number, count)), whole[1]

    def beside(self, place: int, move: Callable[[Period, int], Period]) -> Found:
        """Read the anchor after "before" or "after", and move from it, backwards or forwards."""
        anchor = self.deeper(self.point, place + 1)
        if anchor is None:
            return None
        direction = 1 if self.kind(place) == "after" else -1

        def moved(period: Period) -> Period:
            other = move(period, direction)
            return Period(other.start, other.end, other.grain, period.explicit)

        return mapped(anchor[0], moved), anchor[1]

    def one_beside(self, place: int) -> Found:
        """Read "week before Christmas" and "Friday before 15 July"."""
        token = self.token(place)
        if token.kind == "weekday":
            return self.beside(
                place + 1,
                lambda p, d: calendar.weekday_near(within.near_end(p, d), token.value, d),
            )
        return self.beside(place + 1, lambda p, d: within.beside(p, token.name, d))

    def unit_of(self, place: int) -> Found:
        """Read "week of June 5"."""
        name = self.token(place).name
        if name not in {"week", "weekend", "month"}:
            return None
        anchor = self.deeper(self.point, self.skip(place + 1, OF))
        if anchor is None or anchor[0].grain != Grain.DAY:
            return None
        return mapped(anchor[0], lambda p: within.around(p, name)), anchor[1]

    def part(self, place: int) -> Found:
        """Read "the evening of 7 July", "the night before Christmas"."""
        name, after = self.token(place).name, place + 1
        if self.kind(place - 1) not in {"the", "on"}:
            return None
        if self.kind(after) in {"before", "after"}:
            return self.beside(after, lambda p, d: within.part(within.beside(p, "day", d), name))
        if self.kind(after) != "of":
            return None
        day = self.deeper(self.point, self.skip(after, OF))
        if day is None or day[0].grain != Grain.DAY:
            return None
        return mapped(day[0], lambda p: within.part(p, name)), day[1]

    def _the_year(self, place: int) -> bool:
        unit = self.token(place + 1)
        if self.kind(place) != "the" or unit.kind != "unit" or unit.name != "year":
            return False
        return self.kind(place + 2) not in {"number", "of", "trailing"}

    def edge(self, place: int) -> Found:
        """Read "the end of last month", "early May", "late 2022", "mid-May"."""
        name, after = self.token(place).name, place + 1
        after += self.sign(after, "-")
        if self.kind(after) == "of" and self._the_year(after + 1):
            year = Yearly(lambda number: within.edge(calendar.year(number), name), Grain.YEAR)
            return year, after + 3
        whole = self.deeper(self.point, self.skip(after, OF))
        if whole is None or whole[0].grain < Grain.WEEK:
            return None
        return mapped(whole[0], lambda p: within.edge(p, name)), whole[1]
