"""The indexes of the users who were searched last, within a bound of memory."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Future

from remanence.index.scope import ScopeIndex
from remanence.index.text import ANALYZER_VERSION, analyze
from remanence.store.analysis import Reanalysis
from remanence.store.protocol import Head, IndexFeed
from remanence.store.vectors import VectorStore

__all__ = ["IndexCache"]

_ENTRIES_AT_ONCE = 20_000
_TEXTS_AT_ONCE = 1_000
_BLOCKS_AT_ONCE = 64


class IndexCache:
    """Keeps indexes by user, the least recently used leaving first.

    Args:
        feed: Where the indexes load from.
        vectors: Where they load vectors from.
        most_bytes: How much memory they may hold together; the one in use is kept regardless.
        take_up: Removes what is asked to be erased of a user, before it is found.
    """

    def __init__(
        self,
        feed: IndexFeed,
        vectors: VectorStore,
        *,
        most_bytes: int,
        take_up: Callable[[str], Awaitable[None]],
    ) -> None:
        """Start without indexes."""
        self._feed = feed
        self._vectors = vectors
        self._take_up = take_up
        self.embedder: int | None = None
        self.removals = 0
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._indexes: OrderedDict[str, ScopeIndex] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._bytes = 0
        self._loading: dict[str, Future[None]] = {}

    embedder: int | None
    """Whose vectors the indexes hold, by its number in the store; ``None`` for none."""

    removals: int
    """How often an index has learnt that something was erased."""

    @property
    def nbytes(self) -> int:
        """The memory that all indexes hold, in bytes."""
        return self._bytes

    async def current(self, user_id: str) -> ScopeIndex:
        """Return a user's index, knowing everything that was stored before this call.

        Callers of any event loop who need the same user at the same time share the work.
        """
        doubted: Head | None = None
        while True:
            head = await self._feed.head(user_id, embedder=self.embedder)
            if head.erasing:
                await self._take_up(user_id)
                continue
            index = self._touch(user_id)
            known = Head(0, 0) if index is None else index.head
            if index is not None and known == head:
                return index
            if _is_ahead(known, head):
                # Another search brought the index on meanwhile, or else the store went back in
                # time (a backup was restored into it), and the index knows what is not so.
                if known == doubted:
                    self.drop(user_id)
                doubted = known
                continue
            loading, mine = self._claim(user_id)
            if mine:
                index = ScopeIndex() if index is None else index
                await self._load(user_id, index, loading)
                return index
            await asyncio.wait([asyncio.wrap_future(loading)])

    def _touch(self, user_id: str) -> ScopeIndex | None:
        """Return the index there is, which counts as used."""
        with self._lock:
            index = self._indexes.get(user_id)
            if index is not None:
                self._indexes.move_to_end(user_id)
            return index

    def _claim(self, user_id: str) -> tuple[Future[None], bool]:
        """Return the future that ends with the user's load, and whether the caller has to do it."""
        with self._lock:
            loading = self._loading.get(user_id)
            if loading is not None:
                return loading, False
            loading = self._loading[user_id] = Future()
            return loading, True

    async def _load(self, user_id: str, index: ScopeIndex, loading: Future[None]) -> None:
        try:
            await self._bring_up_to_date(user_id, index)
            with self._lock:
                self._drop(user_id)
                if len(index):  # nobody is remembered for being unknown
                    self._indexes[user_id] = index
                    self._sizes[user_id] = index.nbytes
                    self._bytes += index.nbytes
                while len(self._indexes) > 1 and self._bytes > self._most_bytes:
                    self._drop(next(iter(self._indexes)))
        finally:
            with self._lock:
                del self._loading[user_id]
            loading.set_result(None)

    async def _bring_up_to_date(self, user_id: str, index: ScopeIndex) -> None:
        while True:
            since = index.head
            changes = await self._feed.changes(user_id, since, limit=_ENTRIES_AT_ONCE)
            if any(entry.version < ANALYZER_VERSION for entry in changes.entries):
                await self._analyze_again(user_id)
                continue
            if changes.removed or (changes.rebuild and since.seq):
                self.removals += 1
            # A load that was cancelled may have moved the index on meanwhile: then ask again.
            applied = await asyncio.to_thread(index.apply, since, changes)
            if applied and changes.complete:
                break
        await self._load_vectors(user_id, index)

    async def _load_vectors(self, user_id: str, index: ScopeIndex) -> None:
        """Load the vectors that the embedder has made meanwhile."""
        while self.embedder is not None:
            since = index.head
            vectors = await self._vectors.load(
                user_id, self.embedder, after=since.embedded, limit=_BLOCKS_AT_ONCE
            )
            applied = await asyncio.to_thread(index.apply_vectors, since, vectors)
            if applied and (vectors.complete or index.head.embedded >= index.head.seq):
                return

    async def _analyze_again(self, user_id: str) -> None:
        """Replace the terms that an older analyser found."""
        while texts := await self._feed.stale(
            user_id, version=ANALYZER_VERSION, limit=_TEXTS_AT_ONCE
        ):
            items = await asyncio.to_thread(
                lambda: [Reanalysis(item.seq, analyze(item.text)) for item in texts]
            )
            await self._feed.replace_terms(user_id, items)

    def _drop(self, user_id: str) -> None:
        self._indexes.pop(user_id, None)
        self._bytes -= self._sizes.pop(user_id, 0)

    def drop(self, user_id: str) -> None:
        """Forget a user's index, so that the next search builds it anew."""
        with self._lock:
            self._drop(user_id)

    async def catch_up(self, user_id: str) -> ScopeIndex | None:
        """Bring a user's index up to date if there is one, and return it."""
        with self._lock:
            known = user_id in self._indexes
        return await self.current(user_id) if known else None


def _is_ahead(known: Head, head: Head) -> bool:
    """Return whether ``known`` is later than ``head``."""
    return (known.epoch, known.seq) > (head.epoch, head.seq)
