"""Text as it can stand in Markdown, whatever is in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

from remanence.unseen import replace_unseen

__all__ = ["LINE_ENDS", "SPECIAL", "day", "file_name", "inline", "moment", "shown"]

SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&])")
"""What begins or ends something in Markdown or HTML wherever it stands."""

LINE_ENDS = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")
_UNSAFE = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 60
_DIGITS = 8


def inline(text: str) -> str:
    """Return a text that is neither Markdown nor HTML where something else begins its line.

    Line ends become ``<br>``; what can't be seen is told by its number.
    """
    lines = LINE_ENDS.split(text.strip())
    return "<br>".join(SPECIAL.sub(r"\\\1", shown(line)) for line in lines)


def shown(text: str) -> str:
    """Return a text in which what can't be seen, or turns what follows around, can be.

    What spells something stays, as the joiners of Persian and of emoji. Tabs do as well.
    """
    return replace_unseen(text, lambda character: f"\u27e8U+{ord(character):04X}\u27e9")


def day(at: dt.datetime) -> str:
    """Return a date."""
    return at.date().isoformat()


def moment(at: dt.datetime) -> str:
    """Return a date with its time and offset from UTC."""
    return at.isoformat(sep=" ", timespec="seconds")


def file_name(
    at: dt.datetime, agent_id: str | None, session_id: str | None, title: str | None = None
) -> str:
    """Return what a session's file is called, without its ending.

    It has small letters, digits and hyphens alone, so that it is one on every system. Where a
    session's name has something else in it, or is not in it since a title is, a digest of it
    follows, so that files of two sessions differ.
    """
    told = session_id or "unnamed"
    plain = _plain(told)
    if title is not None:
        plain = _plain(title) or plain
    elif agent_id is None and session_id is not None and plain == told:
        return f"{day(at)}-{plain}"
    digest = hashlib.sha256(repr((agent_id, session_id)).encode()).hexdigest()[:_DIGITS]
    return "-".join(part for part in (day(at), plain, digest) if part)


def _plain(name: str) -> str:
    return _UNSAFE.sub("-", name.casefold()).strip("-")[:_LONGEST_NAME].strip("-")
