"""Times as stores keep them: whole microseconds since 1970 UTC, and the offset beside them."""

from __future__ import annotations

import datetime as dt

__all__ = ["to_microseconds", "to_offset", "to_time"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def to_microseconds(time: dt.datetime) -> int:
    """Return microseconds since 1970 UTC."""
    return (time - _EPOCH) // _MICROSECOND


def to_offset(time: dt.datetime) -> int:
    """Return the offset from UTC, in seconds."""
    offset = time.utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def to_time(microseconds: int, offset: int = 0) -> dt.datetime:
    """Return the time at an offset from UTC, given in seconds."""
    time = _EPOCH + dt.timedelta(microseconds=microseconds)
    return time.astimezone(dt.timezone(dt.timedelta(seconds=offset))) if offset else time
