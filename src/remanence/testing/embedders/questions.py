"""The vectors of what is asked."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import pytest

from remanence.embed.protocol import Embedder
from remanence.testing.embedders.documents import ODD_TEXTS
from remanence.testing.embedders.handles import Handles

__all__ = ["Questions"]


class Questions(Handles):
    """What :meth:`Embedder.embed_query` returns."""

    async def test_a_question_has_a_vector_of_length_one(self, embedder: Embedder) -> None:
        """It is one vector, not an array of one."""
        self.check(await embedder.embed_query("where is the falcon?"), embedder.dimensions)

    async def test_the_same_question_has_the_same_vector(self, embedder: Embedder) -> None:
        """Also after another one."""
        first = await embedder.embed_query("where is the falcon?")
        other = await embedder.embed_query("how many otters are there?")
        assert self.same(await embedder.embed_query("where is the falcon?"), first)
        assert not self.same(first, other)

    async def test_the_text_itself_is_nearest(self, embedder: Embedder) -> None:
        """Questions and what is stored can be compared with one another."""
        texts = ["a falcon over the moor", "seven otters", "the price of tea in 1852", "Vega"]
        vectors = await embedder.embed_documents(texts)
        for place, text in enumerate(texts):
            assert int((vectors @ await embedder.embed_query(text)).argmax()) == place

    @pytest.mark.parametrize("odd", ODD_TEXTS)
    async def test_odd_questions_have_vectors(self, embedder: Embedder, odd: str) -> None:
        """A search must not fail for how it is worded."""
        self.check(await embedder.embed_query(ODD_TEXTS[odd]), embedder.dimensions)

    async def test_a_questions_vector_is_the_callers_own(self, embedder: Embedder) -> None:
        """Writing to it changes nothing that is returned later."""
        vector = await embedder.embed_query("where is the falcon?")
        before = vector.copy()
        vector[:] = 0
        assert self.same(await embedder.embed_query("where is the falcon?"), before)
