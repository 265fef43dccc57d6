"""Several who use one embedder."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from remanence.embed.protocol import Embedder
from remanence.testing.embedders.handles import Handles

__all__ = ["Sharing"]

_TEXTS = [f"{number} falcons and {number * 7} otters" for number in range(12)]


class Sharing(Handles):
    """Tasks, event loops and threads."""

    async def test_several_may_ask_at_once(self, make: Callable[[], Embedder]) -> None:
        """Each gets the answer to what it asked, be it the first to do so or not."""
        embedder = make()
        await asyncio.gather(*(embedder.prepare() for _ in range(3)))
        vectors = await asyncio.gather(*(embedder.embed_documents([text]) for text in _TEXTS))
        questions = await asyncio.gather(*(embedder.embed_query(text) for text in _TEXTS))
        for text, vector, question in zip(_TEXTS, vectors, questions, strict=True):
            assert self.same(vector, await embedder.embed_documents([text]))
            assert self.same(question, await embedder.embed_query(text))

    async def test_it_serves_one_event_loop_after_the_other(self, embedder: Embedder) -> None:
        """A program may run several, and each of them may end."""
        right = await embedder.embed_documents(_TEXTS)
        for _ in range(3):
            made = await asyncio.to_thread(lambda: asyncio.run(_both(embedder)))
            assert self.same(made, right)
        assert self.same(await embedder.embed_documents(_TEXTS), right)

    async def test_it_serves_several_event_loops_at_once(self, embedder: Embedder) -> None:
        """Those of several threads."""
        right = await embedder.embed_documents(_TEXTS)
        together = threading.Barrier(3)

        def run() -> npt.NDArray[np.float32]:
            together.wait(30)
            return asyncio.run(_both(embedder))

        for made in await asyncio.gather(*(asyncio.to_thread(run) for _ in range(3))):
            assert self.same(made, right)

    async def test_it_goes_on_after_somebody_left(self, embedder: Embedder) -> None:
        """A call that is cancelled leaves nothing behind that would disturb another."""
        right = await embedder.embed_query(_TEXTS[0])
        leaving = asyncio.ensure_future(embedder.embed_documents(_TEXTS))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
        assert self.same(await embedder.embed_query(_TEXTS[0]), right)


async def _both(embedder: Embedder) -> npt.NDArray[np.float32]:
    await embedder.embed_query(_TEXTS[0])
    return await embedder.embed_documents(_TEXTS)
