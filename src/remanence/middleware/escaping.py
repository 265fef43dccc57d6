"""Text that is data, made fit to stand among what a model is told."""

from __future__ import annotations

import re
import unicodedata

from remanence.extract.commands.machine import SQUARE_TOKEN
from remanence.unseen import without_unseen

__all__ = ["escaped", "named"]

_LINE_ENDS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_BLANKS = re.compile("[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]{2,}|\u2800")
"""Room in which what follows could be pushed out of sight, and a blank that is no white space."""

_WIDE = {"\ufe64": "<", "\uff1c": "<", "\ufe65": ">", "\uff1e": ">"}
"""Wide and small angle brackets are the same ones to what normalises a text."""

_ANGLE = re.compile(
    "[\u02c2\u1438\u2039\u226e\u2329\u276c\u276e\u2770\u27e8\u29fc\u3008\u300a\ufe3d\ufe3f]"
)
_TAG = re.compile(
    rf"{_ANGLE.pattern}(?=\s*[/\u2044\u2215\u29f8\uff0f]?\s*"
    r"(?:memor|profile|system|assistant|user|human|developer|tool|function|instruction|\|))",
    re.IGNORECASE,
)
"""What looks like an angle bracket, where it would open or close a tag."""

_NOT_IN_NAMES = re.compile(
    '[\\[\\](){}<>:;|=#*`"\u201c-\u201f\u00ab\u00bb\u3008-\u3011\u3014-\u301b]+'
)
_LONGEST_NAME = 60


def escaped(text: str) -> str:
    """Return a text as one line that can't leave its place.

    Angle brackets are escaped, also wide ones and, where a tag would begin, what looks like them,
    so that no text can open or close a tag; so are the tokens by which models tell turns apart.
    Line breaks of every kind become slashes, rows of blanks one blank, and characters that can't be
    seen are dropped unless they spell something.
    """
    if not text.isascii() or not text.isprintable():
        text = without_unseen(_LINE_ENDS.sub("\n", text))
        for wide, plain in _WIDE.items():
            text = text.replace(wide, plain)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if _BLANKS.search(text):
        text = _BLANKS.sub(" ", text)
    if _ANGLE.search(text):
        text = _TAG.sub("&lt;", text)
    if "[" in text:
        text = SQUARE_TOKEN.sub(r"(\1)", text)
    return " / ".join(line.strip() for line in text.split("\n") if line.strip())


def named(name: str) -> str:
    """Return somebody's name so that it can't be taken for anything else in a line.

    It has no brackets, quotation marks or colons, and 60 characters at most; it is empty if nothing
    is left.
    """
    plain = unicodedata.normalize("NFKC", without_unseen(_LINE_ENDS.sub(" ", name)))
    plain = " ".join(_NOT_IN_NAMES.sub(" ", plain).split())
    if len(plain) > _LONGEST_NAME:
        plain = f"{plain[: _LONGEST_NAME - 1].rstrip()}…"
    return escaped(plain)
