"""Dates, months, seasons, feasts and years, in languages that put spaces between words."""

from __future__ import annotations

from remanence.recall.when import calendar
from remanence.recall.when.feasts import feast
from remanence.recall.when.reader import FIRST_YEAR, LAST_YEAR, Found, Reader
from remanence.recall.when.span import Grain, Named, Period, Yearly

__all__ = ["AbsoluteReader"]

_MONTHS = frozenset({"month", "namesake", "abbreviation"})
_THE = frozenset({"the"})
_DASHES = "-\u2013\u2014~"
_IN = frozenset({"in", "since", "until", "between", "edge", "relative", "rolling"})
_BOUNDS = frozenset({"before", "after", "from", "around", "prior", "by"})
_COUNTED = frozenset(
    {"unit", "units", "edge", "half", "ordinal", "quarter", "weekday", "part", "number", "feast"}
)
_FEAST = _IN | _BOUNDS | {"on", "at", "for", "to", "join"}


class AbsoluteReader(Reader):
    """Reads times that a calendar shows.

    Attributes:
        pairing: Whether the two ends of "between" are being read.
    """

    pairing = False

    def cued(self, place: int, kinds: frozenset[str]) -> bool:
        """Return whether a word before ``place`` says that a time follows."""
        before = place - 1
        while self.kind(before) == "the":
            before -= 1
        before -= self.sign(before, "-") and self.kind(before - 1) == "edge"
        kind = self.kind(before)
        if kind == "between" or (self.pairing and kind in {"join", "to", "until"}):
            return self.pairing
        if kind in kinds:
            return not (kind == "relative" and self.token(place).lower and self.is_verb(place))
        if kind == "of":
            return self.kind(before - 1) in _COUNTED
        if kind in {"join", "to", "until"} or self.sign(before, _DASHES):
            return self.kind(before - 1) in _MONTHS or (
                self.kind(before - 1) == "number" and self.token(before - 1).value >= FIRST_YEAR
            )
        return False

    def is_verb(self, place: int) -> bool:
        """Return whether a word is "may" or "march" in small letters."""
        return self.token(place).text in {"may", "march", "mars"}

    def year_number(self, place: int) -> int | None:
        """Return the year that is written at a place."""
        token = self.token(place)
        if token.kind == "number" and len(token.text) == 4:
            follower = self.token(place + 1)
            if FIRST_YEAR <= token.value <= LAST_YEAR and follower.kind != "counted":
                return token.value
        return None

    def with_year(self, named: Named, place: int) -> Found:
        """Return what was named with the year that follows it, if one does."""
        if isinstance(named, Period):
            return named, place
        after = place
        while self.kind(after) in {"of", "in", "the"} or self.sign(after, ","):
            after += 1
        year = self.year_number(after)
        if year is not None:
            return self.of_year(named, year, explicit=True), after + 1
        if not self.sign(place, ",") and (found := self.year_phrase(after)):
            return self.of_year(named, found[0], explicit=False), found[1]
        if self.kind(place) == "trailing":
            return self.related(named, self.token(place).value), place + 1
        return named, place

    def year_phrase(self, place: int) -> tuple[int, int] | None:
        """Return the year that "last year" means, and the place after it."""
        token, follower = self.token(place), self.token(place + 1)
        if token.kind == "relative" and follower.kind == "unit" and follower.name == "year":
            return self.now.year + token.value, place + 2
        if token.kind == "unit" and token.name == "year" and follower.kind == "trailing":
            return self.now.year + follower.value, place + 2
        return None

    def written_date(self, place: int) -> Found:
        """Read 2023-05-07, 2023-05 and 7.5.2023; a date that could be two is none."""
        token = self.token(place)
        pieces = [int(piece) for piece in token.text.replace("/", "-").replace(".", "-").split("-")]
        if token.kind == "iso":
            found = calendar.month(pieces[0], pieces[1])
            return Period(found.start, found.end, found.grain, explicit=True), place + 1
        if token.kind == "date":
            return calendar.one_day(pieces[0], pieces[1], pieces[2], explicit=True), place + 1
        first, second, year = pieces
        if "." not in token.text and first != second:
            if first <= 12 and second <= 12:
                return None
            if second > 12:
                first, second = second, first
        return calendar.one_day(year, second, first, explicit=True), place + 1

    def day_month(self, place: int) -> Found:
        """Read "7 May 2023", "7th of May", "3-7 May" and "7. Mai"."""
        first = last = self.token(place).value
        after = place + 1
        ranged = self.kind(after) in {"to", "join", "until"} or self.sign(after, _DASHES)
        if ranged and self.kind(after + 1) in {"number", "ordinal"}:
            last, after = self.token(after + 1).value, after + 2
        if self.sign(after, ".") and self.kind(after + 1) == "month":
            after += 1
        after = self.skip(after, frozenset({"of", "the"}))
        if self.kind(after) not in _MONTHS or not 1 <= first <= last <= 31:
            return None
        if self.is_verb(after) and self.kind(place) != "ordinal" and not self.year_near(after + 1):
            return None
        return self.with_year(self.month_days(self.token(after).value, first, last), after + 1)

    def year_near(self, place: int) -> bool:
        """Return whether a year is written at a place or after a comma."""
        place += self.sign(place, ",")
        return self.year_number(place) is not None

    def month_days(self, month: int, first: int, last: int) -> Named:
        """Return some days of a month."""

        def at(year: int) -> Period:
            start, end = calendar.one_day(year, month, first), calendar.one_day(year, month, last)
            return Period(start.start, end.end, Grain.DAY)

        return Yearly(at, Grain.DAY)

    def month(self, place: int) -> Found:
        """Read "May 7, 2023", "May 3-7", "May 2023" and "May"."""
        token = self.token(place)
        number, after = token.value, place + 1
        after += token.kind == "abbreviation" and self.sign(after, ".")
        if found := self._month_day(place, self.skip(after, _THE)):
            return found
        found = self.with_year(self.whole_month(number), after)
        if found is None or found[1] > after:
            return found
        return found if self._is_month(place) else None

    def whole_month(self, number: int) -> Named:
        """Return a month."""
        return Yearly(lambda year: calendar.month(year, number), Grain.MONTH)

    def _month_day(self, place: int, after: int) -> Found:
        month, first = self.token(place).value, self.token(after)
        if first.kind not in {"number", "ordinal"} or not 1 <= first.value <= 31:
            return None
        last, end = first.value, after + 1
        if self.kind(end) in {"to", "until"} or self.sign(end, _DASHES):
            closing = self.token(end + 1)
            if closing.kind in {"number", "ordinal"} and first.value < closing.value <= 31:
                last, end = closing.value, end + 2
        if self.is_verb(place) and first.kind == "number":
            closed = self.kind(end) in {"none", "possessive"} or self.sign(end, ",.?!;)")
            if not closed and self.year_number(end) is None:
                return None
        return self.with_year(self.month_days(month, first.value, last), end)

    def _is_month(self, place: int) -> bool:
        """Return whether a word without a day or a year is a month rather than a name or a verb."""
        token = self.token(place)
        if self.sign(place + 1, "-") and self.kind(place + 2) == "other":
            return False
        if token.kind == "month":
            return True
        if self.kind(place + 1) == "possessive" and self.kind(place - 1) != "relative":
            return False
        if token.kind == "abbreviation" and token.lower:
            return False
        return self.cued(place, _IN)

    def season(self, place: int) -> Found:
        """Read "summer of 2022" and, after a word that leads to a time, "summer"."""
        name = self.token(place).name
        found = self.with_year(
            Yearly(lambda year: calendar.season(year, name), Grain.SEASON), place + 1
        )
        if found is None or found[1] > place + 1:
            return found
        follower = self.kind(place + 1)
        if self.kind(place - 1) == "relative":
            return found
        if follower in {"of", "possessive", "other", "thing"}:
            return None
        return found if self.cued(place, _IN | _BOUNDS | {"at"}) else None

    def feast(self, place: int) -> Found:
        """Read "Christmas 2022" and, after a word that leads to a time, "Christmas"."""
        name = self.token(place).name
        found = self.with_year(Yearly(lambda year: feast(name, year), Grain.DAY), place + 1)
        if found is None or found[1] > place + 1:
            return found
        if self.kind(place + 1) == "thing" or not self.cued(place, _FEAST):
            return None
        return found

    def quarter(self, place: int) -> Found:
        """Read "Q3 2022" and "Q3"."""
        number = self.token(place).value
        quarter = Yearly(lambda year: calendar.quarter(year, number), Grain.SEASON)
        found = self.with_year(quarter, place + 1)
        if found is None or found[1] > place + 1 or self.cued(place, _IN | _BOUNDS):
            return found
        return None

    def decade(self, place: int) -> Found:
        """Read "the 90s" and "1990s"."""
        token = self.token(place)
        if self.kind(place - 1) not in {"the", "edge"} and not token.text[:4].isdigit():
            return None
        return calendar.decade(token.value), place + 1

    def year(self, place: int) -> Found:
        """Read a year after a word that leads to a time, and what follows it: "2022 summer"."""
        number = self.year_number(place)
        if number is None:
            return None
        if self.kind(place + 1) in {"season", "quarter"} and not self.cued(place, _IN):
            return self._in_year(number, place + 1)
        if self.kind(place - 1) == "around" and self.kind(place + 1) == "other":
            return None
        said = self.kind(place - 1) == "unit" and self.token(place - 1).name == "year"
        if not said and not self.cued(place, _IN | _BOUNDS):
            return None
        return self._in_year(number, place + 1) or (calendar.year(number), place + 1)

    def _in_year(self, number: int, place: int) -> Found:
        token = self.token(place)
        if token.kind not in {"season", "quarter"}:
            return None
        season = token.kind == "season"
        part = calendar.season(number, token.name) if season else None
        period = part or calendar.quarter(number, token.value)
        return Period(period.start, period.end, period.grain, explicit=True), place + 1
