"""Text as it can stand in Markdown, whatever is in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

__all__ = ["day", "file_name", "inline", "moment", "verbatim"]

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&])")
_LINE_ENDS = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")
_TICKS = re.compile(r"`+")
_UNSAFE = re.compile(r"[^a-z0-9]+")
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONGEST_NAME = 60
_DIGITS = 8


def inline(text: str) -> str:
    """Return a text that is neither Markdown nor HTML where something else begins its line.

    Line ends become ``<br>``; what can't be seen, or turns the direction of what follows, becomes
    U+FFFD.
    """
    lines = [_UNSEEN.sub("\ufffd", line) for line in _LINE_ENDS.split(text.strip())]
    return "<br>".join(_SPECIAL.sub(r"\\\1", line) for line in lines)


def verbatim(text: str) -> str:
    """Return a text word for word, between two lines that no line of it can be."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    end = "" if text.endswith("\n") else "\n"
    return f"{fence}text\n{text}{end}{fence}\n"


def day(at: dt.datetime) -> str:
    """Return a date."""
    return at.date().isoformat()


def moment(at: dt.datetime) -> str:
    """Return a date with its time and offset from UTC."""
    return at.isoformat(sep=" ", timespec="seconds")


def file_name(at: dt.datetime, agent_id: str | None, session_id: str | None) -> str:
    """Return what a session's file is called, without its ending.

    It has small letters, digits and hyphens alone, so that it is one on every system. Where a
    session's name has something else in it, a digest of it follows, so that files of two sessions
    differ.
    """
    told = session_id or "unnamed"
    plain = _UNSAFE.sub("-", told.casefold()).strip("-")[:_LONGEST_NAME].strip("-")
    if agent_id is None and session_id is not None and plain == told:
        return f"{day(at)}-{plain}"
    digest = hashlib.sha256(repr((agent_id, session_id)).encode()).hexdigest()[:_DIGITS]
    return "-".join(part for part in (day(at), plain, digest) if part)
