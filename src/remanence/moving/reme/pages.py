"""What of a page states nothing: the list that ReMe keeps of a day's notes, and mere sources."""

from __future__ import annotations

import re

from remanence.moving.reme.cutting import Piece, cut

__all__ = ["is_evidence", "written_by_hand"]

_EVIDENCE = frozenset(("source", "sources", "\u6765\u6e90", "\u51fa\u5904"))
"""What notes call the section in which they name what they were made of."""

_LINKS = re.compile(r"(?:\[\[[^\[\]]*\]\][\s,;.*+-]*)+")
_LISTED = re.compile(r"<!-- notes:auto -->.*?(?:<!-- /notes:auto -->|\Z)", re.DOTALL)


def is_evidence(piece: Piece, *, is_digest: bool) -> bool:
    """Return whether a piece only names what was noted elsewhere.

    In a digest, which is made of notes, that is all of such a section that has a link in it; in a
    note only what is nothing but links.
    """
    names = "[[" in piece.words if is_digest else _LINKS.fullmatch(piece.words) is not None
    return names and any(title.casefold() in _EVIDENCE for title in piece.above)


def written_by_hand(body: str, first_line: int) -> list[Piece]:
    """Return the statements of a day's index page that stand beside the list of its notes.

    Args:
        body: What the page says.
        first_line: The number of its first line.
    """
    rest = _LISTED.sub(lambda listed: "\n" * listed[0].count("\n"), body)
    return [
        piece
        for piece in cut(rest, first_line)
        if not piece.is_title and not is_evidence(piece, is_digest=False)
    ]
