"""When a statement was true, as far as it tells."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from remanence.extract.drafts import Draft
from remanence.types import Fact

__all__ = ["Period", "apart", "begin", "is_ahead", "reach"]


class Period(Protocol):
    """What both a fact and a draft tell of their time."""

    @property
    def at(self) -> dt.datetime:
        """When it was stated."""
        ...

    @property
    def valid_from(self) -> dt.datetime | None:
        """Since when it is true, if known."""
        ...

    @property
    def valid_until(self) -> dt.datetime | None:
        """Until when it was true, if an end is known."""
        ...


def begin(period: Period) -> dt.datetime | None:
    """Return since when something is true: since it was said, if nothing else is known.

    Returns:
        ``None`` for what was over when it was said, and may have begun at any time before.
    """
    if period.valid_from is not None:
        return period.valid_from
    if period.valid_until is not None and period.valid_until <= period.at:
        return None
    return period.at


def apart(one: Period, other: Period) -> bool:
    """Return whether one of them was over when the other began."""
    return _over(one, other) or _over(other, one)


def _over(one: Period, other: Period) -> bool:
    begins = begin(other)
    return one.valid_until is not None and begins is not None and one.valid_until <= begins


def is_ahead(known: Fact, draft: Draft) -> bool:
    """Return whether a fact began after a draft did, and was stated after it as well.

    Then the draft is of an earlier time, whenever it is read.
    """
    begins, drafted = begin(known), begin(draft)
    if begins is None or known.at <= draft.at:
        return False
    return drafted is None or drafted < begins


def reach(draft: Draft) -> dt.datetime | None:
    """Return until when at the latest the opposite of a draft may still have been true.

    What is known to have been so on the third of May may have ended "in May", as somebody says on
    the twentieth: by then.

    Returns:
        ``None`` if the draft names no year, month or day for its beginning.
    """
    return None if draft.begins_by is None else min(draft.begins_by, draft.at)
