"""Records as commands show them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from remanence.cli.output import print_text
from remanence.cli.printable import on_one_line, printable
from remanence.store.usage import Usage
from remanence.types import Episode, Fact, Receipt, Recollection, Role, Scope, Stats

__all__ = [
    "about_fact",
    "json_fields",
    "print_below",
    "print_item",
    "print_item_in_full",
    "source_of",
    "speaker_of",
    "text_of",
    "when",
]

_ORIGINS: dict[Role | None, str] = {
    "user": "said by the user",
    "assistant": "said by the assistant",
    "system": "said by the system",
    "tool": "found by a tool",
    None: "added by the program",
}


def json_fields(record: Episode | Fact | Recollection | Receipt | Stats | Usage) -> dict[str, Any]:
    """Return a record as JSON holds it: times in ISO 8601, its scope's ids beside its own."""
    fields: dict[str, Any] = {}
    if isinstance(record, Episode | Fact):
        fields["origin"] = "episode" if isinstance(record, Episode) else "fact"
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        match value:
            case Scope():
                fields |= dataclasses.asdict(value)
            case dt.datetime():
                fields[field.name] = value.isoformat()
            case Mapping():
                fields[field.name] = {**value}
            case _:
                fields[field.name] = value
    return fields


def when(time: dt.datetime) -> str:
    """Return a time to the minute, as the clock showed it where it happened."""
    return time.replace(tzinfo=None).isoformat(sep=" ", timespec="minutes")


def text_of(item: Episode | Fact) -> str:
    """Return what was said, or the statement."""
    return item.content if isinstance(item, Episode) else item.text


def speaker_of(item: Episode | Fact | Recollection) -> str:
    """Return who spoke, or that it is a fact."""
    match item:
        case Episode(name=name, role=role):
            return name or role
        case Recollection(role=str(role), speaker=speaker):
            return speaker or role
        case _:
            return "(fact)"


def source_of(item: Episode | Fact | Recollection) -> str:
    """Return who spoke, and whether that is imported; or that it is a fact."""
    is_fact = isinstance(item, Fact) or (isinstance(item, Recollection) and item.origin == "fact")
    return f"{speaker_of(item)} (imported)" if item.imported and not is_fact else speaker_of(item)


def about_fact(fact: Fact | Recollection) -> str:
    """Return a fact's kind, where it comes from, and its dates; what is known of these."""
    parts = [fact.kind, _ORIGINS[fact.stated_by]]
    if fact.imported:
        parts.append("imported")
    if fact.valid_from is not None:
        parts.append(f"since {_day_or_time(fact.valid_from)}")
    if fact.valid_until is not None:
        parts.append(f"until {_day_or_time(fact.valid_until)}")
    if isinstance(fact, Fact) and fact.ending == "corrected":
        parts.append("was never so")
    return ", ".join(part for part in parts if part)


def _day_or_time(time: dt.datetime) -> str:
    return when(time).removesuffix(" 00:00")


def print_below(text: str) -> None:
    """Print what belongs to the line above, indented."""
    print_text("\n".join(f"    {line}" for line in printable(text).split("\n")))


def print_item(item: Episode | Fact) -> None:
    """Print one item of a listing: a line about it, and its text below, indented.

    Below a fact's statement it says what :func:`about_fact` does.
    """
    session = item.scope.session_id or "(unnamed session)"
    about = (when(item.at), session, source_of(item), item.id)
    print_text("  ".join(map(on_one_line, about)), style="dim")
    print_below(text_of(item))
    if isinstance(item, Fact):
        print_below(f"({about_fact(item)})")


def print_item_in_full(item: Episode | Fact) -> None:
    """Print every field of an item, the text last and verbatim but for control characters."""
    fields = json_fields(item)
    text = fields.pop("content" if isinstance(item, Episode) else "text")
    fields["metadata"] = json.dumps(fields["metadata"], ensure_ascii=False)
    width = max(map(len, fields))
    for name, value in fields.items():
        print_text(f"{name:<{width}}  {'-' if value is None else on_one_line(str(value))}")
    print_text("")
    print_text(text)
