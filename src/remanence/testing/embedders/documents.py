"""The vectors of what is stored."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import numpy as np
import pytest

from remanence.embed.protocol import Embedder
from remanence.testing.embedders.handles import Handles

__all__ = ["ODD_TEXTS", "Documents"]

ODD_TEXTS = {
    "a letter": "a",
    "punctuation": "?!",
    "white space": " \n\t ",
    "nothing": "",
    "an emoji": "🦅",
    "several scripts": "榛子 фундук בונדוק 🦅",
    "control characters": "a\x07b\x7f",
    "half a character": "\ud83e and nothing",
    "one long word": "x" * 50_000,
    "a long text": "falcons eat pigeons " * 10_000,
}
"""Texts that people do write, by what is odd about them."""


class Documents(Handles):
    """What :meth:`Embedder.embed_documents` returns."""

    async def test_no_texts_are_no_vectors(self, embedder: Embedder) -> None:
        """The array has no rows, of the right size."""
        vectors = await embedder.embed_documents([])
        assert vectors.shape == (0, embedder.dimensions)
        assert vectors.dtype == np.float32

    async def test_each_text_has_a_vector_of_length_one(self, embedder: Embedder) -> None:
        """Vectors are float32, one a row."""
        vectors = await embedder.embed_documents(["a falcon", "an otter", "a falcon and an otter"])
        self.check(vectors, 3, embedder.dimensions)

    async def test_more_texts_than_a_batch_are_taken(self, embedder: Embedder) -> None:
        """The order is that of the texts, whatever their lengths; nothing depends on neighbours."""
        texts = [
            f"{'falcon ' * (1 + 7 * number % 23)}{number}" for number in range(embedder.batch + 3)
        ]
        vectors = await embedder.embed_documents(texts)
        self.check(vectors, len(texts), embedder.dimensions)
        for place in (0, 1, embedder.batch - 1, embedder.batch, len(texts) - 1):
            (alone,) = await embedder.embed_documents([texts[place]])
            assert self.same(alone, vectors[place]), place

    async def test_a_text_always_has_the_same_vector(self, embedder: Embedder) -> None:
        """Also twice in one call."""
        first, owl, again = await embedder.embed_documents(["a falcon", "owls, two", "a falcon"])
        assert self.same(first, again)
        assert not self.same(first, owl)

    async def test_texts_may_come_in_any_sequence(self, embedder: Embedder) -> None:
        """It is left as it is."""
        texts = ["a falcon", "an otter, and another one"]
        vectors = await embedder.embed_documents(tuple(texts))
        assert self.same(vectors, await embedder.embed_documents(texts))
        assert texts == ["a falcon", "an otter, and another one"]

    @pytest.mark.parametrize("odd", ODD_TEXTS)
    async def test_odd_texts_have_vectors(self, embedder: Embedder, odd: str) -> None:
        """One odd text must not keep those beside it from theirs."""
        plain, _ = vectors = await embedder.embed_documents(["a falcon", ODD_TEXTS[odd]])
        self.check(vectors, 2, embedder.dimensions)
        assert self.same(plain, (await embedder.embed_documents(["a falcon"]))[0])

    async def test_vectors_are_the_callers_own(self, embedder: Embedder) -> None:
        """Writing to them changes nothing that is returned later."""
        vectors = await embedder.embed_documents(["a falcon"])
        before = vectors.copy()
        vectors[:] = 0
        assert self.same(await embedder.embed_documents(["a falcon"]), before)
