"""``remanence expire``: what is too old is erased, such as by cron."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from typing import Annotated

import typer

from remanence.cli.database import open_existing
from remanence.cli.options import DatabaseOption, JsonOption
from remanence.cli.output import counted, notices, print_json, print_notice, print_text
from remanence.cli.receipts import ByOption, asking, receipt_fields, warn_of_checks
from remanence.types import Receipt

__all__ = ["expire"]

_AGE = re.compile(r"([0-9]{1,6}) *(h|d|w|y)")
_MOST_HOURS = 1_000 * 365 * 24
_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "y": 365 * 24}


def _age(text: str) -> dt.timedelta:
    """Read a length of time, such as ``90d``."""
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no age; write 90d, 12w, 36h or 2y")
    hours = int(found[1]) * _HOURS[found[2]]
    if not 0 < hours <= _MOST_HOURS:
        raise typer.BadParameter(f"{text!r} is no age to erase by; give 1h at least, 1000y at most")
    return dt.timedelta(hours=hours)


def expire(
    older_than: Annotated[
        dt.timedelta,
        typer.Option(
            "--older-than",
            metavar="AGE",
            parser=_age,
            help="How old: 90d (days), 12w (weeks), 36h (hours), 2y (years of 365 days).",
            show_default=False,
        ),
    ],
    *,
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="NAME", help="Whose memories. Default: everybody's."),
    ] = None,
    db: DatabaseOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase what was said or stated too long ago, of one user or of all.

    It asks nothing, so that it can be run regularly. Facts that were drawn from what goes, go as
    well. Prints a line for each user of whom something went, and nothing if there is nothing so
    old; ends with code 1 if an erasure could not be completed yet.
    """
    receipts = asyncio.run(_expire(db, older_than, user, asking(by)))
    for receipt in receipts:
        if as_json:
            print_json(receipt_fields(receipt))
        else:
            gone = f"{counted(receipt.episodes, 'episode')}, {counted(receipt.facts, 'fact')}"
            print_text(f"{receipt.user_id}  {gone}")
    if not receipts and notices().is_terminal:  # else somebody would get a mail a day
        print_notice("Nothing is so old.")
    warn_of_checks(receipts)
    if not all(receipt.complete for receipt in receipts):
        raise typer.Exit(1)


async def _expire(
    db: str | None, older_than: dt.timedelta, user: str | None, asked_by: str | None
) -> list[Receipt]:
    async with open_existing(db) as memory:
        return await memory.expire(older_than=older_than, user_id=user, asked_by=asked_by)
