"""Texts as mem0 can take them."""

from __future__ import annotations

import re

__all__ = ["clean"]

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return a text whose lone surrogates, which mem0 can't encode, are U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)
