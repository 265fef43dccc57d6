"""Vectors that are made once and kept, so that every engine has the same and a re-run is quick."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from remanence.embed.protocol import Embedder

__all__ = ["CachedEmbedder", "digest"]

Floats = npt.NDArray[np.float32]


def digest(text: str) -> bytes:
    """Return what stands for a text in a file of vectors."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class CachedEmbedder:
    """An embedder that remembers its vectors in a file, by what the texts say.

    A file holds the vectors of one embedder; what another one left there is passed over.

    Args:
        path: The file; need not exist.
        make: Makes the embedder, when there is first a text whose vector is not known.

    Attributes:
        live: Whether questions are embedded anew even if their vectors are known, to see what that
            takes. Documents never are.
        made: How many vectors had to be made, live questions aside.
    """

    def __init__(self, path: Path, make: Callable[[], Embedder]) -> None:
        """Read the file if it is there."""
        self._path = path
        self._make = make
        self._inner: Embedder | None = None
        self._identity = ""
        self._dimensions = 0
        self._batch = 64
        self._documents: dict[bytes, Floats] = {}
        self._queries: dict[bytes, Floats] = {}
        self.live = False
        self.made = 0
        if path.is_file():
            self._read()

    def _read(self) -> None:
        with np.load(self._path, allow_pickle=False) as kept:
            self._identity = str(kept["identity"])
            self._dimensions, self._batch = (int(number) for number in kept["sizes"])
            for kind, known in (("documents", self._documents), ("queries", self._queries)):
                digests, vectors = kept[f"{kind}_digests"], kept[kind]
                known.update(zip(map(bytes, digests), vectors, strict=True))

    @property
    def identity(self) -> str:
        """What names the embedder."""
        return self._identity

    @property
    def dimensions(self) -> int:
        """How long a vector is."""
        return self._dimensions

    @property
    def batch(self) -> int:
        """How many texts the embedder likes at once."""
        return self._batch

    async def prepare(self) -> None:
        """Load the embedder if nothing is known of it yet."""
        if not self._identity:
            await self.check()

    async def check(self) -> None:
        """Load the embedder, and forget what another one left."""
        inner = await self._loaded()
        if self._identity != inner.identity:
            self._documents.clear()
            self._queries.clear()
        self._identity, self._dimensions = inner.identity, inner.dimensions
        self._batch = inner.batch

    async def _loaded(self) -> Embedder:
        if self._inner is None:
            self._inner = self._make()
            await self._inner.prepare()
        return self._inner

    async def embed_documents(self, texts: Sequence[str]) -> Floats:
        """Return the texts' vectors, made now if they are not known."""
        digests = [digest(text) for text in texts]
        unknown = {
            key: text
            for key, text in zip(digests, texts, strict=True)
            if key not in self._documents
        }
        if unknown:
            self.made += len(unknown)
            made = await self._documents_of(list(unknown.values()))
            self._documents.update(zip(unknown, made, strict=True))
        return np.array([self._documents[key] for key in digests], np.float32).reshape(
            len(texts), self._dimensions
        )

    async def _documents_of(self, texts: list[str]) -> Floats:
        inner = await self._loaded()
        parts = [
            await inner.embed_documents(texts[start : start + inner.batch])
            for start in range(0, len(texts), inner.batch)
        ]
        return np.concatenate(parts)

    async def embed_query(self, text: str) -> Floats:
        """Return a question's vector, made now if it is not known."""
        key = digest(text)
        if self.live:
            return await (await self._loaded()).embed_query(text)
        if key not in self._queries:
            self.made += 1
            self._queries[key] = await (await self._loaded()).embed_query(text)
        return self._queries[key]

    def known(self, text: str) -> Floats | None:
        """Return a text's vector if it is known, as a question's unless these are to be made anew.

        For engines that embed on a thread, and don't say what a text is.
        """
        key = digest(text)
        found = self._documents.get(key)
        return self._queries.get(key) if found is None and not self.live else found

    async def learn(self, documents: Iterable[str], queries: Iterable[str]) -> None:
        """Make the vectors that are not known yet, and write the file if there were any."""
        await self.check()
        before = self.made
        wanted = list(dict.fromkeys(documents))
        step = 8 * self._batch
        for start in range(0, len(wanted), step):
            await self.embed_documents(wanted[start : start + step])
        for query in dict.fromkeys(queries):
            await self.embed_query(query)
        if self.made > before or not self._path.is_file():
            self.save()

    def save(self) -> None:
        """Write the file anew, whole or not at all."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=self._path.parent, suffix=".npz", delete=False
        ) as file:
            np.savez(
                file,
                identity=np.array(self._identity),
                sizes=np.array([self._dimensions, self._batch]),
                documents_digests=self._keys(self._documents),
                documents=self._values(self._documents),
                queries_digests=self._keys(self._queries),
                queries=self._values(self._queries),
            )
        Path(file.name).replace(self._path)

    @staticmethod
    def _keys(known: dict[bytes, Floats]) -> npt.NDArray[np.uint8]:
        return np.frombuffer(b"".join(known), np.uint8).reshape(len(known), 32)

    def _values(self, known: dict[bytes, Floats]) -> Floats:
        return np.array(list(known.values()), np.float32).reshape(len(known), self._dimensions)
