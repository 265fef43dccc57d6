"""What ReMe's index found, in one order and on one scale."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

__all__ = ["Found", "fused", "place_of", "saturated"]

_K = 60
_MEANING, _WORDS = 0.7, 0.3
"""As ReMe itself weighs them."""

_LEAST_COSINE = 0.1
"""Below it, nothing that has no word in common is like what is looked for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A part of a note.

    Attributes:
        path: The note's path in the workspace.
        first: Its first line in the file, from 1.
        last: Its last line.
        text: What it says.
        score: How well it fits, 0 to 1.
    """

    path: str
    first: int
    last: int
    text: str
    score: float

    @property
    def place(self) -> str:
        """The path and the lines, as ReMe writes them."""
        return _place(self.path, self.first, self.last)


def place_of(chunk: Any) -> str:
    """Return the path and the lines of a chunk of ReMe's, as it writes them."""
    return _place(chunk.path, chunk.start_line, chunk.end_line)


def _place(path: str, first: int, last: int) -> str:
    return f"{path}:{first}-{last}"


def saturated(by_words: Sequence[Any]) -> list[Found]:
    """Return what was found by words, with ``s / (1 + s)`` of its BM25 as the score.

    Args:
        by_words: ReMe's chunks, best first.
    """
    return [_found(chunk, chunk.score / (1 + chunk.score)) for chunk in by_words]


def fused(by_words: Sequence[Any], by_meaning: Sequence[Any]) -> list[Found]:
    """Return what was found by words and by meaning in one order: reciprocal rank fusion.

    A chunk's score is the sum of ``weight / (60 + rank)`` over both lists (Cormack, Clarke and
    Büttcher, 2009; ReMe fuses them in the same way), as a share of what one that is first in both
    has.

    Args:
        by_words: ReMe's chunks, best first.
        by_meaning: As well.
    """
    scores: dict[str, float] = {}
    chunks: dict[str, Any] = {}
    words = {chunk.id for chunk in by_words}
    alike = [chunk for chunk in by_meaning if chunk.score >= _LEAST_COSINE or chunk.id in words]
    for weight, ranked in ((_MEANING, alike), (_WORDS, by_words)):
        for rank, chunk in enumerate(ranked, start=1):
            chunks.setdefault(chunk.id, chunk)
            scores[chunk.id] = scores.get(chunk.id, 0.0) + weight * (_K + 1) / (_K + rank)
    order = sorted(chunks, key=lambda each: (-scores[each], chunks[each].path))
    return [_found(chunks[each], scores[each]) for each in order]


def _found(chunk: Any, score: float) -> Found:
    return Found(
        path=str(chunk.path),
        first=int(chunk.start_line),
        last=int(chunk.end_line),
        text=str(chunk.text),
        score=min(max(float(score), 0.0), 1.0),
    )
