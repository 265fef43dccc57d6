"""The contract of an embedder: what gives texts their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Embedder"]


class Embedder(Protocol):
    """Gives texts their vectors, so that texts of the same meaning are near one another.

    All vectors are float32 and of length 1: the product of two is their cosine. An embedder is used
    by several tasks at once, and by event loops of several threads; it computes and waits without
    holding up any of them. :class:`remanence.testing.EmbedderConformance` checks all of this.

    Errors say whether trying again is of use. :class:`~remanence.errors.BackendUnavailableError`:
    the embedder can't be reached now, no matter what the texts are.
    :class:`~remanence.errors.BackendRefusedError`: it will never embed one of these texts.
    """

    @property
    def identity(self) -> str:
        """What stands for all that the vectors depend on, the same in every process.

        Vectors of two identities are never compared: a store whose embedder gets another one is
        embedded anew. At most 256 characters, without secrets. It may be known only after
        :meth:`prepare`.
        """
        ...

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has. It may be known only after :meth:`prepare`."""
        ...

    @property
    def batch(self) -> int:
        """How many texts are best given at once, at least 1. More are taken all the same."""
        ...

    async def prepare(self) -> None:
        """Do what takes long and is needed once, such as loading a model.

        It is called before anything else, and more than once.

        Raises:
            RemanenceError: The embedder can't be used; the error says why.
        """
        ...

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the vectors of texts that are stored.

        Args:
            texts: Any number of them, of any length; what is too long is cut.

        Returns:
            An array of shape ``(len(texts), dimensions)``, which is the caller's own; without
            texts, of shape ``(0, dimensions)``.

        Raises:
            BackendError: The texts could not be embedded.
        """
        ...

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Return the vector of a question.

        Args:
            text: The question; what is too long is cut.

        Returns:
            An array of shape ``(dimensions,)``, which is the caller's own.

        Raises:
            BackendError: The question could not be embedded.
        """
        ...
