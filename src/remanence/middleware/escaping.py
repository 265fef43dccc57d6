"""Text that is data, made fit to stand among what a model is told."""

from __future__ import annotations

import re

__all__ = ["escaped"]

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)


def escaped(text: str) -> str:
    """Return a text as one line that can't leave its place.

    Angle brackets are escaped, so that no text can open or close a tag; line breaks become
    slashes, and characters that can't be seen are dropped.
    """
    seen = _INVISIBLE.sub("", text)
    seen = seen.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " / ".join(line.strip() for line in seen.splitlines() if line.strip())
