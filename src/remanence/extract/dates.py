"""Dates as models write them: a year, a month, a day or a moment, where somebody said so."""

from __future__ import annotations

import datetime as dt
import re

from remanence.errors import InputError
from remanence.validation import check_at

__all__ = ["FORMS", "Stretch", "stretch_of"]

FORMS = "2024, 2024-05, 2024-05-03 or 2024-05-03T14:30"
"""Examples of what can be read."""

Stretch = tuple[dt.datetime, dt.datetime]
"""The start and the end, excluded, of what a date names; the same moment twice for a moment."""

_PARTS = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?) ?(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)
_DECEMBER = 12


def stretch_of(text: str, offset: dt.timedelta) -> Stretch | None:
    """Return what a date names.

    Args:
        text: One of :data:`FORMS`; a moment may have an offset of its own.
        offset: From UTC, of whoever said it.

    Returns:
        ``None`` if it is no date, or one at the ends of the calendar. Both times are in the
        offset of whoever said it, unless the date has its own.
    """
    zone = dt.timezone(offset)
    try:
        if parts := _PARTS.fullmatch(text):
            start, end = _whole(parts, zone)
        elif moment := _MOMENT.fullmatch(text):
            start = end = _moment(moment, zone)
        else:
            return None
        return check_at("start", start), check_at("end", end)
    except (InputError, ValueError, OverflowError):
        return None


def _whole(parts: re.Match[str], zone: dt.timezone) -> Stretch:
    """Return a year, month or day.

    Raises:
        ValueError: There is no such one, or none after it.
        OverflowError: There is none after it.
    """
    year, month, day = int(parts[1]), int(parts[2] or 1), int(parts[3] or 1)
    start = dt.datetime(year, month, day, tzinfo=zone)
    if parts[3]:
        return start, start + dt.timedelta(days=1)
    if not parts[2] or month == _DECEMBER:
        return start, start.replace(year=year + 1, month=1)
    return start, start.replace(month=month + 1)


def _moment(moment: re.Match[str], zone: dt.timezone) -> dt.datetime:
    """Return a moment.

    Raises:
        ValueError: There is no such one.
    """
    date, time, own = moment[1], moment[2], (moment[3] or "").upper()
    read = dt.datetime.fromisoformat(f"{date}T{time}{own}")
    return read if own else read.replace(tzinfo=zone)
