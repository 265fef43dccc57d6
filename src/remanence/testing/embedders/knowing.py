"""What an embedder tells about itself."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

from collections.abc import Callable

from remanence.embed.protocol import Embedder
from remanence.testing.embedders.handles import Handles
from remanence.validation import check_identifier

__all__ = ["Knowing"]


class Knowing(Handles):
    """Identity, size and preparation."""

    async def test_its_identity_can_be_stored(self, embedder: Embedder) -> None:
        """It is a line of at most 256 characters."""
        assert check_identifier("identity", embedder.identity) == embedder.identity

    async def test_the_same_model_has_the_same_identity(
        self, embedder: Embedder, make: Callable[[], Embedder]
    ) -> None:
        """Otherwise whatever is stored would be embedded anew by every process."""
        another = make()
        await another.prepare()
        assert (another.identity, another.dimensions) == (embedder.identity, embedder.dimensions)

    async def test_its_identity_and_size_stay(self, embedder: Embedder) -> None:
        """Use changes neither."""
        before = embedder.identity, embedder.dimensions
        await embedder.embed_documents(["a falcon"])
        await embedder.embed_query("a falcon?")
        assert (embedder.identity, embedder.dimensions) == before

    async def test_it_can_be_prepared_again(self, embedder: Embedder) -> None:
        """Whoever opens it second does not know of the first."""
        before = await embedder.embed_query("a falcon")
        await embedder.prepare()
        assert self.same(await embedder.embed_query("a falcon"), before)

    async def test_its_numbers_are_positive(self, embedder: Embedder) -> None:
        """Vectors have a size, and at least one text is taken at once."""
        assert isinstance(embedder.dimensions, int)
        assert isinstance(embedder.batch, int)
        assert embedder.dimensions >= 1
        assert embedder.batch >= 1
