"""Plain BM25 (bm25s), plain cosine, and the sum of both as z-scores: over one case's turns."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from evals.retrieval.cases import Case, Question
from remanence.embed.protocol import Embedder

__all__ = ["Plain", "best", "standardised"]

Floats = npt.NDArray[np.float64]

# Loaded by name: both come without types, and the first is installed for evaluations only.
_bm25s: Any = import_module("bm25s")
_stemmer: Any = import_module("Stemmer").Stemmer("english")


class Plain:
    """One index a case.

    BM25 is bm25s with its defaults, its own tokenizer, English stop words and Snowball's English
    stemmer; the cosine is that of a turn's and the question's vector. Turns are "speaker: text".

    Args:
        kind: What a turn's score is: ``bm25``, ``cosine``, or ``sum`` of both, standardised over
            the case's turns.
        embedder: What gives texts their vectors; not needed for BM25.
    """

    def __init__(
        self, kind: Literal["bm25", "cosine", "sum"], embedder: Embedder | None = None
    ) -> None:
        self._kind = kind
        self._embedder = embedder
        self._ids: dict[str, list[str]] = {}
        self._bm25: dict[str, Any] = {}
        self._vectors: dict[str, npt.NDArray[np.float32]] = {}

    async def ingest(self, cases: Sequence[Case]) -> None:
        """Index every case."""
        for case in cases:
            turns = list(case.turns())
            self._ids[case.name] = [turn.id for turn in turns]
            if self._kind != "cosine":
                index = _bm25s.BM25()
                index.index(_tokens([turn.attributed for turn in turns]), show_progress=False)
                self._bm25[case.name] = index
            if self._kind != "bm25":
                texts = [turn.attributed for turn in turns]
                self._vectors[case.name] = await self._embedding().embed_documents(texts)

    def _embedding(self) -> Embedder:
        assert self._embedder is not None
        return self._embedder

    async def find(self, case: Case, question: Question, limit: int) -> list[str]:
        """Return the turns of the highest scores; for BM25 alone, only those that have any."""
        scores = await self._scores(case, question)
        ids = self._ids[case.name]
        places = best(scores, limit)
        if self._kind == "bm25":
            places = [place for place in places if scores[place] > 0]
        return [ids[place] for place in places]

    async def _scores(self, case: Case, question: Question) -> Floats:
        words = cosines = np.zeros(0)
        if self._kind != "cosine":
            (tokens,) = _tokens([question.text], return_ids=False)
            index = self._bm25[case.name]
            words = np.asarray(
                index.get_scores(tokens) if tokens else np.zeros(len(self._ids[case.name])),
                np.float64,
            )
        if self._kind != "bm25":
            vector = await self._embedding().embed_query(question.text)
            cosines = (self._vectors[case.name] @ vector).astype(np.float64)
        if self._kind == "sum":
            return standardised(words) + standardised(cosines)
        return words if self._kind == "bm25" else cosines

    async def aclose(self) -> None:
        """Do nothing."""


def _tokens(texts: Sequence[str], **options: Any) -> Any:
    return _bm25s.tokenize(
        list(texts), stopwords="en", stemmer=_stemmer, show_progress=False, **options
    )


def best(scores: Floats, limit: int) -> list[int]:
    """Return the places of the highest scores, best first, the earlier of equals before."""
    return np.argsort(-scores, kind="stable")[:limit].tolist()


def standardised(scores: Floats) -> Floats:
    """Return (x - mean) / standard deviation; zeros where all are the same."""
    deviation = scores.std()
    return np.zeros_like(scores) if deviation == 0 else (scores - scores.mean()) / deviation
