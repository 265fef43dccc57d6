"""Vectors of what is stored, made in the background, and of what is asked."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import uuid_utils

from remanence.clock import Clock
from remanence.embed.protocol import Embedder
from remanence.embed.queries import QueryVectors
from remanence.errors import (
    BackendAnswerError,
    BackendRefusedError,
    BackendUnavailableError,
    DimensionError,
    InputError,
)
from remanence.outbox import Outbox, OutboxSettings
from remanence.store.jobs import LeasedJob, NewJob
from remanence.store.protocol import Store
from remanence.store.vectors import EmbeddingProgress, Unembedded, VectorBlock
from remanence.telemetry import Faults, span
from remanence.types import Scope
from remanence.validation import check_count, check_identifier

__all__ = ["Embedding"]

_KIND = "embed"
_PAYLOAD = '{"version": 1}'
_SETTINGS = OutboxSettings(concurrency=4, lease_seconds=3.0, keep_done_days=0)
_MOST_AT_ONCE = 256
_JOB_SECONDS = 20.0
"""After so long a job leaves the rest to another one, so that one user keeps nobody waiting."""
_USERS_AT_ONCE = 200
_MANY = 100_000
_BLAMED_AFTER = 5
"""So many attempts must have failed before a text is passed over that nobody said to be bad."""

_REMIND_SECONDS = 5.0
_MOST_REMINDED = 10_000
_PROBE = "The weather is fine today."
"""What any embedder can embed, if it can embed anything."""

Floats = npt.NDArray[np.float32]


class Embedding:
    """Gives everything in a store its vector, and questions theirs.

    What is stored waits as a job of its user, put in by the transaction that stores it, and is
    embedded by the worker of an outbox: a process that dies loses none of it, and several share
    the work. Each job goes on where the user's vectors end.

    Args:
        embedder: What makes the vectors.
        store: What holds texts, vectors and jobs; an open one, that stays the caller's to close.
        clock: Where the time of jobs comes from.
        faults: Where to tell what goes wrong: ``embed`` (a text, a question, or another embedder
            was chosen), and what an outbox tells.
        query_seconds: How long a question's vector is waited for.
    """

    def __init__(
        self,
        embedder: Embedder,
        store: Store,
        *,
        clock: Clock,
        faults: Faults,
        query_seconds: float,
    ) -> None:
        """Wire the parts together; nothing is embedded yet. Use :meth:`open`."""
        self._embedder = embedder
        self._store = store
        self._clock = clock
        self._faults = faults
        self._query_seconds = query_seconds
        self._queries = QueryVectors(embedder)
        self._number: int | None = None
        self._outbox: Outbox | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._reminded: dict[str, float] = {}

    @property
    def number(self) -> int | None:
        """What stands for the embedder in the store, once it is open."""
        return self._number

    async def open(self) -> None:
        """Choose the embedder for the store, and begin with what has no vectors of it.

        Raises:
            RemanenceError: The embedder can't be used; the error says why.
            StoreError: The store can't be read or written.
        """
        await self._embedder.prepare()
        check_identifier("embedder.identity", self._embedder.identity)
        check_count("embedder.dimensions", self._embedder.dimensions, least=1, most=_MANY)
        check_count("embedder.batch", self._embedder.batch, least=1, most=_MANY)
        self._number = await self._store.vectors.choose(
            self._embedder.identity, self._embedder.dimensions
        )
        if self._outbox is None:
            self._outbox = Outbox(
                self._store.jobs,
                destination=self._destination,
                handle=self._embed,
                settings=_SETTINGS,
                clock=self._clock,
                faults=self._faults,
            )
        self._outbox.start()
        self._go_and(self._enlist(self._number))

    @property
    def _destination(self) -> str:
        return f"{_KIND}:{self._embedder.identity}:{self._embedder.dimensions}"

    async def aclose(self) -> None:
        """End; what has no vector yet gets it after the next opening."""
        outbox, self._outbox = self._outbox, None
        for task in tuple(self._tasks):
            with contextlib.suppress(RuntimeError):  # its event loop is closed, and it with it
                task.get_loop().call_soon_threadsafe(task.cancel)
        if outbox is not None:
            await outbox.aclose(0)

    def _go_and(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something without anybody waiting for it."""
        task = asyncio.create_task(self._in_peace(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_peace(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # the task's edge: what is stored later makes jobs of its own
            self._faults.record(_KIND, error)

    async def _enlist(self, number: int) -> None:
        """Put in jobs for the users who have something without a vector."""
        after = ""
        while users := await self._store.vectors.behind(number, after=after, limit=_USERS_AT_ONCE):
            await self._follow(users)
            after = users[-1]

    def remind(self, user_id: str) -> None:
        """Have a job put in for a user who is behind, unless that was done a moment ago.

        Whoever has no embedder, or another one, stores without putting in jobs for this one. It is
        not waited for: it takes a write, and a search takes none.
        """
        now = time.monotonic()
        if now - self._reminded.get(user_id, -_REMIND_SECONDS) < _REMIND_SECONDS:
            return
        if len(self._reminded) >= _MOST_REMINDED:
            self._reminded.clear()
        self._reminded[user_id] = now
        self._go_and(self._follow([user_id]))

    async def _follow(self, user_ids: Sequence[str]) -> None:
        await self._store.jobs.follow(self.jobs(user_ids))
        self.wake()

    def jobs(self, user_ids: Iterable[str]) -> list[NewJob]:
        """Return a job for each of these users, to be put in with what is stored of them."""
        jobs: list[NewJob] = []
        for user_id in dict.fromkeys(user_ids):
            id_ = str(uuid_utils.uuid7())
            scope, now = Scope(user_id), self._clock.now()
            jobs.append(NewJob(id_, _KIND, self._destination, scope, id_, _PAYLOAD, now))
        return jobs

    def wake(self) -> None:
        """Tell the worker that there is something to do."""
        if self._outbox is not None:
            self._outbox.wake()

    async def _embed(self, leased: LeasedJob) -> None:
        """Embed what a user has without a vector."""
        user_id, number, vectors = leased.job.scope.user_id, self._number, self._store.vectors
        assert number is not None  # noqa: S101 - jobs are handed over once it is open
        until = time.monotonic() + _JOB_SECONDS
        limit = min(self._embedder.batch, _MOST_AT_ONCE)
        while time.monotonic() < until:
            todo = await vectors.unembedded(user_id, number, limit=limit)
            if todo.outdated:
                self._faults.record(
                    _KIND,
                    f"the memory was opened with another embedder than {self._embedder.identity} "
                    "since, which embeds nothing any more: use one embedder for one memory",
                )
                return
            if not todo.numbers:
                await vectors.drop_others(user_id, number)
                await self._clear_parked(user_id)
                return
            with span(_KIND, items=len(todo.numbers)):
                block, progress = await self._block(todo, leased.job.attempts)
                await vectors.add(user_id, number, block, since=todo.progress, progress=progress)
        await self._store.jobs.follow(self.jobs([user_id]))

    async def _clear_parked(self, user_id: str) -> None:
        """Remove the jobs that were given up on for a user who has everything now."""
        parked = await self._store.jobs.jobs(
            destination=self._destination, user_id=user_id, states=["parked"]
        )
        if parked:
            ids = [job.id for job in parked]
            await self._store.jobs.drop(ids, now=self._clock.now())

    async def _block(self, todo: Unembedded, attempts: int) -> tuple[VectorBlock, int]:
        """Return the vectors of these items, and the number up to which that is all of them.

        Those that can't be embedded are left out.
        """
        try:
            data = await self._documents(todo.texts)
        except (BackendUnavailableError, ConnectionError):
            raise
        except Exception as error:  # whatever an embedder raises: which text is it?
            return await self._one_by_one(todo, error, attempts)
        return _packed(todo.numbers, data), todo.numbers[-1]

    async def _one_by_one(
        self, todo: Unembedded, error: Exception, attempts: int
    ) -> tuple[VectorBlock, int]:
        """Embed texts apart, up to one that fails and may yet be embedded.

        Raises:
            Exception: That is the first one.
        """
        rows: dict[int, Floats] = {}
        progress = todo.progress
        for number, text in zip(todo.numbers, todo.texts, strict=True):
            try:
                rows[number] = (await self._documents([text]))[0]
            except (BackendUnavailableError, ConnectionError):
                raise
            except Exception as reason:
                if not await self._is_to_blame(reason, attempts):
                    if progress == todo.progress:
                        raise error from None
                    break
                self._faults.record(_KIND, reason)
            progress = number
        data = np.array(list(rows.values())) if rows else np.zeros((0, 1), np.float32)
        return _packed(tuple(rows), data), progress

    async def _is_to_blame(self, error: Exception, attempts: int) -> bool:
        """Tell whether it is a text's own fault that it could not be embedded."""
        if isinstance(error, DimensionError):
            return False
        refused = isinstance(error, BackendRefusedError | InputError)
        if not refused and attempts < _BLAMED_AFTER:
            return False
        # An embedder that embeds nothing refuses whatever it is given.
        with contextlib.suppress(Exception):
            await self._documents([_PROBE])
            return True
        return False

    async def _documents(self, texts: Sequence[str]) -> Floats:
        data = np.asarray(await self._embedder.embed_documents(texts), np.float32)
        wanted = (len(texts), self._embedder.dimensions)
        if data.shape != wanted or not np.isfinite(data).all():
            raise BackendAnswerError(
                f"{self._embedder.identity} gave vectors of shape {data.shape}, or not finite "
                f"ones; {wanted} was expected"
            )
        return data

    async def query(self, text: str) -> Floats | None:
        """Return a question's vector, of unit length; ``None`` if it can't be had in time."""
        try:
            async with asyncio.timeout(self._query_seconds):
                return await self._queries.vector(text)
        except Exception as error:  # a search goes on without, whatever an embedder raises
            self._faults.record(_KIND, error)
            return None

    def forget_questions(self) -> int:
        """Forget what was asked, and its vectors; return how many questions."""
        return self._queries.clear()

    async def progress(self) -> EmbeddingProgress:
        """Return how much has a vector, and how much is still to get one."""
        if self._number is None:
            return EmbeddingProgress(0, 0)
        return await self._store.vectors.count(self._number)

    async def settle(self, seconds: float) -> bool:
        """Wait until everything has been embedded; return whether that came about in time."""
        deadline = time.monotonic() + seconds
        if self._number is not None:
            await self._enlist(self._number)
        while self._outbox is not None:
            left = max(0.0, deadline - time.monotonic())
            settled = await self._outbox.settle(left)
            if (await self.progress()).waiting == 0:
                return True
            if settled or left == 0:  # what is left is parked, or nobody's to do
                return False
        return False


def _packed(numbers: tuple[int, ...], data: Floats) -> VectorBlock:
    """Return vectors of unit length, in half precision; those without any length are left out.

    Some stores keep no more than that: so all of them rank alike.
    """
    lengths = np.linalg.norm(data, axis=1)
    good = lengths > 0
    halves = (data[good] / lengths[good, np.newaxis]).astype(np.float16)
    return VectorBlock(np.array(numbers, np.int64)[good], halves.astype(np.float32))
