from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evals.madeup import MadeUpEmbedder
from evals.vectors import CachedEmbedder


class _Counting(MadeUpEmbedder):
    def __init__(self, identity: str = "counting") -> None:
        super().__init__(16)
        self.documents = 0
        self.queries = 0
        self._identity = identity

    @property
    def identity(self) -> str:
        return self._identity

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.documents += len(texts)
        return await super().embed_documents(texts)

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        self.queries += 1
        return (await super().embed_documents([text]))[0]


async def test_made_up_vectors_are_unit_vectors_and_always_the_same() -> None:
    texts = ["one", "another", "one"]
    vectors = await MadeUpEmbedder(64).embed_documents(texts)
    assert vectors.shape == (3, 64)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(vectors[0], await MadeUpEmbedder(64).embed_query("one"))
    assert abs(vectors[0] @ vectors[1]) < 0.7
    assert (await MadeUpEmbedder(64).embed_documents([])).shape == (0, 64)


async def test_vectors_are_made_once_and_found_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "vectors.npz"
    inner = _Counting()
    first = CachedEmbedder(path, lambda: inner)
    await first.learn(["a", "b", "a"], ["a", "q"])
    assert (inner.documents, inner.queries, first.made) == (2, 2, 4)
    again = CachedEmbedder(path, _none)
    await again.prepare()
    assert (again.identity, again.dimensions) == ("counting", 16)
    right = await MadeUpEmbedder(16).embed_documents(["b", "a", "b"])
    np.testing.assert_array_equal(await again.embed_documents(["b", "a", "b"]), right)
    np.testing.assert_array_equal(await again.embed_query("a"), right[1])
    assert again.made == 0


def _none() -> MadeUpEmbedder:
    raise AssertionError("all that is asked for is known")


async def test_another_embedder_does_not_get_the_vectors_of_one(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    await CachedEmbedder(path, lambda: _Counting("one")).learn(["a"], [])
    other = _Counting("other")
    cached = CachedEmbedder(path, lambda: other)
    await cached.learn(["a"], [])
    assert other.documents == 1
    assert cached.identity == "other"


async def test_live_questions_are_made_anew_and_documents_are_not(tmp_path: Path) -> None:
    inner = _Counting()
    cached = CachedEmbedder(tmp_path / "vectors.npz", lambda: inner)
    await cached.learn(["a"], ["q"])
    cached.live = True
    await cached.embed_query("q")
    await cached.embed_documents(["a"])
    assert (inner.documents, inner.queries, cached.made) == (1, 2, 2)
    assert cached.known("q") is None
    assert cached.known("a") is not None


async def test_nothing_is_embedded_for_no_texts(tmp_path: Path) -> None:
    cached = CachedEmbedder(tmp_path / "vectors.npz", _Counting)
    await cached.learn([], [])
    assert (await cached.embed_documents([])).shape == (0, 16)
