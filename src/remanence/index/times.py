"""Terms that tell a time: "yesterday", "last", "March", a year."""

from __future__ import annotations

import functools
import re

from remanence.index.lists import lines
from remanence.index.terms import term_of

__all__ = ["names_a_time"]

_YEAR = re.compile("(?:19|20)[0-9]{2}")


@functools.cache
def _terms() -> frozenset[str]:
    english = [term_of(word) for word in lines("times_en.txt")]
    return frozenset([*english, *lines("times_zh.txt")])


def names_a_time(term: str) -> bool:
    """Return whether an index term tells when something was."""
    return term in _terms() or _YEAR.fullmatch(term) is not None
