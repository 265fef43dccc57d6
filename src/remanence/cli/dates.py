"""Dates as they are typed."""

from __future__ import annotations

import datetime as dt

import typer

__all__ = ["parse_date"]


def parse_date(text: str) -> dt.datetime:
    """Return the time that ``text`` names: ISO 8601, local unless it has an offset from UTC.

    A date alone means its midnight.

    Raises:
        typer.BadParameter: It is something else.
    """
    try:
        named = dt.datetime.fromisoformat(text)
        return named if named.tzinfo is not None else named.astimezone()
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is no date; write 2026-03-01, 2026-03-01T09:30 or 2026-03-01T09:30:00+01:00"
        ) from error
