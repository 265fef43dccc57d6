"""Receipts of erasures, and who asked for them, as commands show them."""

from __future__ import annotations

import dataclasses
import getpass
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from remanence.cli.items import json_fields
from remanence.cli.output import counted, print_fields, print_notice
from remanence.types import Receipt

__all__ = ["ByOption", "asking", "print_receipt", "receipt_fields", "warn_of_checks"]

_LISTED_IDS = 5

ByOption = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="NAME",
        help="Who asks for it, as the audit is to name them. Default: who is logged in.",
    ),
]


def asking(by: str | None) -> str | None:
    """Return who asks, if that is known."""
    if by is not None:
        return by
    try:
        return getpass.getuser().strip() or None
    except (OSError, KeyError, ImportError):  # a user without a name, as in some containers
        return None


def receipt_fields(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as JSON holds it."""
    checks = [dataclasses.asdict(check) for check in receipt.checks]
    return {**json_fields(receipt), "checks": checks, "complete": receipt.complete}


def print_receipt(receipt: Receipt) -> None:
    """Print what went, from where, and what was looked at."""
    ids = ", ".join(receipt.ids[:_LISTED_IDS])
    if len(receipt.ids) > _LISTED_IDS:
        ids += f", and {len(receipt.ids) - _LISTED_IDS:,} more"
    places = ", ".join(f"{name}: {count:,}" for name, count in receipt.places.items())
    fields = {
        "user": receipt.user_id,
        "erased": f"{counted(receipt.episodes, 'episode')}, {counted(receipt.facts, 'fact')}",
        "ids": ids or "-",
        "by place": places or "-",
        "asked by": receipt.asked_by or "-",
        "at": receipt.at.isoformat(sep=" ", timespec="seconds"),
    }
    print_fields(fields | {"checked": "; ".join(_passed(receipt)) or "-"})
    warn_of_checks([receipt])
    for place in receipt.out_of_reach:
        print_notice(f"Out of reach: {place}")


def warn_of_checks(receipts: Sequence[Receipt]) -> None:
    """Say what is not as it should be."""
    for receipt in receipts:
        for check in receipt.checks:
            if not check.passed:
                print_notice(f"Not yet for {receipt.user_id}: {check.name} ({check.told})")


def _passed(receipt: Receipt) -> list[str]:
    return [check.name for check in receipt.checks if check.passed]
