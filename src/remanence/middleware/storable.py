"""What an agent's messages may hold and a memory may not, made fit to be kept.

A message is somebody's; one character that no store can keep must not lose the rest of it.
"""

from __future__ import annotations

import hashlib
import re

from remanence.errors import InputError
from remanence.validation import MAX_CONTENT_CHARS, MAX_ID_CHARS, check_identifier

__all__ = ["storable_id", "storable_name", "storable_session", "storable_texts"]

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_ID = MAX_ID_CHARS - 16
"""Leaves room for the number of a part."""
_NOTE = re.compile(
    r"(?:^## [^\n]{1,200}\n[^\n]{0,1000}\n)?(?:^[^\n]{0,200}\b[0-9]+\.\n)?"
    r"^<memories>\n(?:- \[\d{4}-\d\d-\d\d \d\d:\d\d[^\n]*(?:\n|\Z))+(?:</memories>|\Z)?",
    re.MULTILINE,
)
"""A note as :mod:`remanence.middleware.note` writes it, or the beginning of one that was cut."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def storable_texts(text: str) -> list[str]:
    """Return a text in parts that can be stored; none for a blank text.

    A NUL character or lone surrogate becomes U+FFFD. A text that is too long for one message comes
    in several parts. A memory note that is quoted in it, word for word, is left out: what it tells
    is stored already, with who said it and when.
    """
    clean = _UNSTORABLE.sub("\ufffd", _without_notes(text))
    parts = [
        clean[start : start + MAX_CONTENT_CHARS]
        for start in range(0, len(clean), MAX_CONTENT_CHARS)
    ]
    return [part for part in parts if part.strip()]


def _without_notes(text: str) -> str:
    return _NOTE.sub("", text) if "<memories>" in text else text


def storable_name(name: str) -> str | None:
    """Return a speaker's name as it can be stored, or ``None`` if nothing of it can."""
    clean = _UNSTORABLE.sub("\ufffd", _CONTROL.sub(" ", name)).strip()[:MAX_ID_CHARS].strip()
    return None if clean in ("", "*") else clean


def storable_id(message_id: str) -> str:
    """Return a message's id, or what stands for it always if it can't be stored itself."""
    try:
        if len(message_id) <= _LONGEST_ID:
            return check_identifier("id", message_id)
    except InputError:
        pass
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()


def storable_session(session_id: str) -> str:
    """Return a session's id, or what stands for it always if no scope can have it."""
    try:
        return check_identifier("session_id", session_id)
    except InputError:
        return storable_id(session_id)
