"""Times with two ends, or one: "between March and May 2023", "since March", "before 2020"."""

from __future__ import annotations

from collections.abc import Callable

from remanence.recall.when import calendar, within
from remanence.recall.when.reader import Found
from remanence.recall.when.span import Grain, mapped
from remanence.recall.when.western import WesternReader

__all__ = ["RangeReader"]

_TO = frozenset({"to", "until", "at", "for"})
_DASHES = "-\u2013\u2014~"
_SPACE = frozenset({"the"})


class RangeReader(WesternReader):
    """Reads whole times in languages that put spaces between words."""

    def time(self, place: int) -> Found:
        """Return the time that starts at a place."""
        rules: dict[str, Callable[[int], Found]] = {
            "between": self._between,
            "from": self._from,
            "since": self._since,
            "until": self._until,
            "by": self._by,
            "before": self._open,
            "prior": self._open,
            "after": self._open,
            "around": self._around,
        }
        rule = rules.get(self.kind(place))
        found = rule(place) if rule else None
        return found or self._pair(place)

    def _after(self, place: int) -> Found:
        return self.point(self.skip(place + 1, _SPACE))

    def _second(self, first: Found, place: int) -> Found:
        """Return the time from ``first`` to the one at a place."""
        last = self.point(self.skip(place, _SPACE))
        if first is None or last is None or self._weekdays(first[1] - 1, last[1] - 1):
            return None
        return self.stretched(first[0], last[0]), last[1]

    def _weekdays(self, first: int, last: int) -> bool:
        """Return whether "Monday to Friday" is said: every week has one."""
        return self.kind(first) == "weekday" and self.kind(last) == "weekday"

    def _between(self, place: int) -> Found:
        self.pairing = True
        try:
            first = self._after(place) or self._bare(place + 1)
            if first is None or self.kind(first[1]) != "join":
                return None
            return self._second(first, first[1] + 1)
        finally:
            self.pairing = False

    def _bare(self, place: int) -> Found:
        """Read the first of "between 3 and 7 May"."""
        return self.day_month(place) if self.kind(place) in {"number", "ordinal"} else None

    def _from(self, place: int) -> Found:
        first = self._after(place) or self._first_month(place + 1)
        if first is None:
            return None
        if self.kind(first[1]) in _TO or self.sign(first[1], _DASHES):
            return self._second(first, first[1] + 1) or first
        return first

    def _first_month(self, place: int) -> Found:
        """Read "May" in "from May to July", where "from May" alone may be a person's."""
        token = self.token(place)
        if token.kind != "namesake" or self.kind(place + 1) not in _TO or token.lower:
            return None
        return self.whole_month(token.value), place + 1

    def _pair(self, place: int) -> Found:
        first = self.point(place)
        if first is None:
            return None
        kind, after = self.kind(first[1]), first[1] + 1
        joined = kind == "join" and first[0].grain >= Grain.DAY
        if joined or kind == "to" or self.sign(first[1], _DASHES):
            return self._second(first, after) or first
        return first

    def _since(self, place: int) -> Found:
        after = self.skip(place + 1, _SPACE)
        amount = self.amount(after)
        found = self.point(after)
        if found is None and amount and self.kind(amount[3]) != "ago":
            return self.since(calendar.recent(self.now, amount[2], amount[1])), amount[3]
        return found and (self.since(found[0]), found[1])

    def _until(self, place: int) -> Found:
        found = self._after(place)
        return found and (self.until(found[0]), found[1])

    def _by(self, place: int) -> Found:
        """Read "by July 10" and "by the end of 2022"; "by May" may be a person's."""
        found = self._after(place)
        if found is None or (found[1] == place + 2 and found[0].grain > Grain.DAY):
            return None
        return self.until(found[0]), found[1]

    def _open(self, place: int) -> Found:
        found = self._after(place)
        if found is None:
            return None
        bounded = self.after if self.kind(place) == "after" else self.before
        return bounded(found[0]), found[1]

    def _around(self, place: int) -> Found:
        found = self._after(place)
        if found and self.kind(self.skip(place + 1, _SPACE)) == "unit":
            return found
        return found and (mapped(found[0], within.wider), found[1])
