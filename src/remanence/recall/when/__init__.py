"""Dates in questions: "last weekend", "in May 2023", "two weeks before Christmas", "上个月"."""

from __future__ import annotations

import datetime as dt

from remanence.recall.when.scan import folded, speaks_of_time
from remanence.recall.when.span import Span
from remanence.validation import check_at

__all__ = ["Span", "named_time"]


def named_time(text: str, *, now: dt.datetime) -> Span | None:
    """Return the time that a text names.

    Understood are English and Chinese, and the common forms of German, French, Spanish and
    Japanese. What is said without a year is the latest that has begun ("in May", "at Christmas"),
    a weekday the latest before today, unless the text is about the future ("next week", "will").
    Weeks start on Monday, days at local midnight, a night ends at six; seasons are those of the
    northern half of the Earth. "Two weeks ago" is the week around that day, "a few" are up to
    five. Of several times, those with a year outweigh the others, and the span covers all that
    are left. What may be no date, such as "may", "March" at the start of a sentence, "05/07/2023",
    or "every Friday", is none.

    Args:
        text: A question. Its first 2,000 characters are read.
        now: When it is asked, in the asker's time zone.

    Returns:
        The span, in the time zone of ``now``, its end exclusive; its start is ``None`` for
        "before 2020", its end for "since March". ``None`` when no time is named.

    Raises:
        InputError: ``now`` has no time zone.
    """
    now = check_at("now", now)
    text = folded(text)
    language = speaks_of_time(text)
    if language is None:
        return None
    from remanence.recall.when.named import named_period

    period = named_period(text, language, now.replace(tzinfo=None))
    if period is None:
        return None
    start, end = (
        moment and moment.replace(tzinfo=now.tzinfo) for moment in (period.start, period.end)
    )
    return Span(start, end)
