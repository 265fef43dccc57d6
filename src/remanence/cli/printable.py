"""Stored text, made safe to show: a terminal must not obey what somebody said."""

from __future__ import annotations

import re

__all__ = ["on_one_line", "printable"]

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # titles, links
    r"|\x1b[ -/]*[0-~]"  # the rest: one letter
)
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f]"
    r"|[\u202a-\u202e\u2066-\u2069]"  # turn the direction of what follows, beyond the text itself
)


def printable(text: str) -> str:
    """Return ``text`` without escape sequences and control characters, lines and tabs kept."""
    return _CONTROL.sub("", _LINE_END.sub("\n", _ESCAPE_SEQUENCE.sub("", text)))


def on_one_line(text: str) -> str:
    """Return ``text`` as printable text with each run of white space as one space."""
    return " ".join(printable(text).split())
