"""The vectors of questions that were asked lately."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from remanence.embed.protocol import Embedder
from remanence.embed.vectors import unit_rows
from remanence.errors import DimensionError

__all__ = ["QueryVectors"]

_Vector: TypeAlias = npt.NDArray[np.float32]
_Outcome: TypeAlias = _Vector | Exception | None
"""A vector, what went wrong, or nothing because whoever asked left."""


class QueryVectors:
    """Asks an embedder for the vectors of questions, once for each.

    Those asked last are kept; who asks for one that is being computed waits for it. It may be used
    from several event loops, and from any thread.

    Args:
        embedder: What computes them.
        most: How many are kept.
    """

    def __init__(self, embedder: Embedder, *, most: int = 256) -> None:
        """Keep none yet."""
        self._embedder = embedder
        self._most = most
        self._lock = threading.Lock()
        self._vectors: OrderedDict[str, _Vector] = OrderedDict()
        self._asked: dict[str, Future[_Outcome]] = {}

    async def vector(self, text: str) -> _Vector:
        """Return a question's vector, of shape ``(dimensions,)``, which can't be written to.

        Raises:
            DimensionError: The embedder returned a vector of another size than it says.
            Exception: Whatever the embedder raised, for all who waited for the same question. It is
                asked again by the next one.
        """
        while True:
            known, asked, mine = self._look_up(text)
            if known is not None:
                return known
            if mine:
                return await self._ask(text, asked)
            await asyncio.wait([asyncio.wrap_future(asked)])  # it goes on if this one is cancelled
            outcome = asked.result()
            if isinstance(outcome, Exception):
                raise outcome
            if outcome is not None:
                return outcome

    def clear(self) -> int:
        """Forget all questions and their vectors; return how many."""
        with self._lock:
            known = len(self._vectors)
            self._vectors.clear()
        return known

    def _look_up(self, text: str) -> tuple[_Vector | None, Future[_Outcome], bool]:
        """Return the vector if it is known, what ends with it, and whether the caller is to ask."""
        with self._lock:
            known = self._vectors.get(text)
            if known is not None:
                self._vectors.move_to_end(text)
                return known, Future(), False
            asked = self._asked.get(text)
            if asked is not None:
                return None, asked, False
            asked = self._asked[text] = Future()
            return None, asked, True

    def _checked(self, vector: _Vector) -> _Vector:
        """Return a vector as it is promised, whoever's embedder it comes from."""
        if vector.shape != (self._embedder.dimensions,):
            raise DimensionError(
                f"{self._embedder.identity} returned an array of shape {vector.shape} for a "
                f"question, and says that it makes vectors of {self._embedder.dimensions} numbers"
            )
        checked = unit_rows(vector[np.newaxis])[0]
        checked.flags.writeable = False
        return checked

    async def _ask(self, text: str, asked: Future[_Outcome]) -> _Vector:
        outcome: _Outcome = None
        try:
            outcome = checked = self._checked(await self._embedder.embed_query(text))
            return checked
        except Exception as error:
            outcome = error
            raise
        finally:
            with self._lock:
                del self._asked[text]
                if isinstance(outcome, np.ndarray) and self._most > 0:
                    self._vectors[text] = outcome
                    while len(self._vectors) > self._most:
                        self._vectors.popitem(last=False)
            asked.set_result(outcome)
