"""Plain BM25 over turns, by bm25s: what recall is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

__all__ = ["BM25"]

# Loaded by name: both come without types, and the first is installed for evaluations only.
_bm25s: Any = import_module("bm25s")
_stemmer: Any = import_module("Stemmer").Stemmer("english")


class BM25:
    """One index over texts, with bm25s's defaults, English stop words and Snowball's stemmer."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        self._index: Any = _bm25s.BM25()
        self._index.index(self._tokens(texts), show_progress=False)

    @staticmethod
    def _tokens(texts: Sequence[str], **options: Any) -> Any:
        return _bm25s.tokenize(
            list(texts), stopwords="en", stemmer=_stemmer, show_progress=False, **options
        )

    def best(self, query: str, limit: int) -> list[int]:
        """Return the places of the texts that share a word with the query, best first."""
        tokens = self._tokens([query], return_ids=False)
        found, scores = self._index.retrieve(tokens, k=min(limit, self._size), show_progress=False)
        return [int(place) for place, score in zip(found[0], scores[0], strict=True) if score > 0]
