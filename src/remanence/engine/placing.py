"""Where a statement stands among those of the same attribute, which has one value at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from remanence.store.facts import NewFact, Supersession
from remanence.types import Fact

__all__ = ["placed"]


def placed(new: NewFact, known: Sequence[Fact]) -> tuple[NewFact, list[Supersession]]:
    """Return a statement with the end that later ones give it, and those that it ends.

    What began before it ends where it begins. What begins after it stays, and gives it an end. What
    begins with it was a mistake. What does not touch it in time stays as it is.

    Args:
        new: The statement.
        known: The others of its attribute.
    """
    begin, superseded = _begin(new), list[Supersession]()
    end = new.valid_until
    for fact in known:
        start = _begin(fact)
        if begin is None or _is_over(fact.valid_until, begin) or _is_over(new.valid_until, start):
            continue
        if start is None or start < begin:
            superseded.append(Supersession(fact.id, new.id, "ended", begin))
        elif start > begin:
            end = start if end is None else min(end, start)
        else:
            superseded.append(Supersession(fact.id, new.id, "corrected"))
    return dataclasses.replace(new, valid_until=end), superseded


def _begin(fact: Fact | NewFact) -> dt.datetime | None:
    """Return since when a fact is taken to be true; ``None`` if it was over when it was stated."""
    if fact.valid_from is not None:
        return fact.valid_from
    return None if _is_over(fact.valid_until, fact.at) else fact.at


def _is_over(end: dt.datetime | None, time: dt.datetime | None) -> bool:
    return end is not None and time is not None and end <= time
