"""What an open memory does besides: vectors and facts are made of what is stored."""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Generator, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from remanence.clock import Clock
from remanence.embed.protocol import Embedder
from remanence.embedding import Embedding
from remanence.erasure import Elsewhere, Eraser
from remanence.errors import InputError, MemoryClosedError
from remanence.llm.choosing import Askable, as_chat_model
from remanence.search import Search
from remanence.store.jobs import NewJob
from remanence.store.protocol import Store
from remanence.store.usage import Usage, UsageOrder
from remanence.telemetry import Faults
from remanence.types import Filter, Scope, Stats
from remanence.validation import check_amount, check_count

if TYPE_CHECKING:
    from remanence.extract.drafts import Draft
    from remanence.extraction import Extraction
    from remanence.llm.protocol import ChatModel
    from remanence.types import Fact

__all__ = ["Background"]

_log = logging.getLogger(__name__)

_MOST_USERS = 10_000
_CANDIDATES = 5
"""With so many of the nearest known facts is a new one compared."""


class Background:
    """The life of a memory: it is opened, works in the background, tells how it does, and closes.

    Attributes:
        location: Where it stores: ``sqlite:///`` and an absolute path, or a ``postgresql://`` URL
            without its password.
        faults: What went wrong in the background, and how often.
    """

    def __init__(
        self,
        store: Store,
        *,
        location: str,
        clock: Clock,
        index_bytes: int,
        embedder: Embedder | None = None,
        query_seconds: float = 1.0,
        chat_model: ChatModel | None = None,
        extract_after: float = 30.0,
    ) -> None:
        """Wire the parts together; nothing is opened yet. Use :meth:`Memory.open`."""
        self.location = location
        self.faults = Faults(_log)
        self._store = store
        self._clock = clock
        self._embedding = (
            None
            if embedder is None
            else Embedding(
                embedder, store, clock=clock, faults=self.faults, query_seconds=query_seconds
            )
        )
        self._search = Search(
            store, self._embedding, index_bytes=index_bytes, take_up=self._take_up
        )
        self._eraser = Eraser(
            store,
            clock=clock,
            faults=self.faults,
            elsewhere=Elsewhere(
                self._search.let_go, self._search.forget_questions, self._read_again
            ),
        )
        self._chat_model = chat_model
        self._extract_after = extract_after
        self._extraction: Extraction | None = None
        self._opened = False

    async def __aenter__(self) -> Self:
        """Open."""
        await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self.aclose()

    def __await__(self) -> Generator[Any, None, Self]:
        """Open; close with :meth:`aclose`."""
        return self.__aenter__().__await__()

    async def _open(self) -> None:
        await self._store.open()
        try:
            if self._embedding is not None:
                await self._embedding.open()
            if self._chat_model is not None:
                await self._begin_to_extract(self._chat_model)
            await self._eraser.resume()
        except BaseException:
            await self._aclose()
            raise
        self._opened = True

    async def aclose(self) -> None:
        """Finish what was begun and close the store; closing twice does nothing."""
        self._opened = False
        await self._aclose()

    async def _aclose(self) -> None:
        extraction, self._extraction = self._extraction, None
        try:
            await self._eraser.aclose()
            if extraction is not None:
                await extraction.aclose()
        finally:
            try:
                if self._embedding is not None:
                    await self._embedding.aclose()
            finally:
                await self._store.aclose()

    def check_open(self) -> None:
        """Do nothing if the memory is open.

        Raises:
            MemoryClosedError: It is not.
        """
        if not self._opened:
            raise MemoryClosedError(
                "this memory is not open; use 'async with Memory.open(...) as memory', or "
                "'memory = await Memory.open(...)', and don't use it after aclose()"
            )

    @property
    def extracts(self) -> bool:
        """Whether a chat model reads what is stored from now on, and draws facts from it."""
        return self._extraction is not None

    async def extract_with(self, chat_model: Askable) -> None:
        """Have a chat model read what is stored from now on, unless one does already.

        Args:
            chat_model: As for :meth:`Memory.open`.

        Raises:
            InputError: It is none.
        """
        self.check_open()
        model = as_chat_model(chat_model)
        if model is None:
            raise InputError("chat_model", "is None", "give a chat model")
        if self._extraction is None:
            await self._begin_to_extract(model)

    async def _begin_to_extract(self, model: ChatModel) -> None:
        # What validates a model's answers takes a while to load, and is needed by nobody else.
        module = await asyncio.to_thread(importlib.import_module, "remanence.extraction")
        if self._extraction is None:
            self._chat_model = model
            extraction: Extraction = module.Extraction(
                model,
                self._store,
                nearest=self._nearest,
                then=self._embedding_jobs,
                clock=self._clock,
                faults=self.faults,
                pause=self._extract_after,
                wake=self._wake,
            )
            extraction.start()
            self._extraction = extraction

    async def _nearest(self, scope: Scope, drafts: Sequence[Draft]) -> list[list[Fact]]:
        """Return for each draft the known facts that are nearest to it, and those of its attribute.

        Only facts of the same agent's are: what one agent was told, another need not know.
        """
        return await asyncio.gather(
            *(
                self._search.nearest_facts(
                    scope, draft.statement, attribute=draft.attribute, limit=_CANDIDATES
                )
                for draft in drafts
            )
        )

    async def extract(self, *, scope: Scope | Filter) -> int:
        """Have a chat model read at once what was stored before, as far as it never was.

        Nothing is read twice. What is stored while no model reads, as by the command line, is read
        when this is called. :meth:`settle` waits for it.

        Args:
            scope: Which episodes; as for :meth:`Memory.recall`.

        Returns:
            In how many sessions there is something to read.

        Raises:
            InputError: No chat model was given.
            StoreError: The store can't.
        """
        self.check_open()
        if self._extraction is None:
            raise InputError(
                "chat_model", "is missing", "open the memory with one: Memory.open(…, chat_model=…)"
            )
        return await self._extraction.enlist(Filter.of(scope))

    def _embedding_jobs(self, user_ids: Iterable[str]) -> list[NewJob]:
        """Return what is to be done once items of these users are stored."""
        return [] if self._embedding is None else self._embedding.jobs(user_ids)

    def _extraction_jobs(self, scopes: Iterable[Scope]) -> list[NewJob]:
        """Return what is to be done once messages of these sessions are stored."""
        return [] if self._extraction is None else self._extraction.jobs(scopes)

    async def _take_up(self, user_id: str) -> None:
        """Remove what is asked to be erased of a user, before it is read."""
        await self._eraser.take_up(user_id)

    async def _read_again(self, scopes: Sequence[Scope]) -> None:
        """Have sessions read for facts again, as soon as a chat model does."""
        jobs = self._extraction_jobs(scopes)
        if jobs:
            await self._store.jobs.follow(jobs)
            self._wake()

    def _wake(self) -> None:
        """Tell the workers that there is something to do."""
        if self._embedding is not None:
            self._embedding.wake()
        if self._extraction is not None:
            self._extraction.wake()

    async def settle(self, seconds: float = 60.0) -> bool:
        """Wait until all that is stored was read for facts, and has its vector.

        What waits for its session to pause is read at once. Without a chat model and an embedder
        there is nothing to wait for.

        Args:
            seconds: How long to wait at most.

        Returns:
            Whether that came about. ``False`` when time was up, or a model that fails again and
            again was given up on: :attr:`faults` and ``remanence outbox list`` tell.

        Raises:
            InputError: ``seconds`` is negative, or no number.
            StoreError: The store can't be read.
        """
        self.check_open()
        deadline = time.monotonic() + check_amount("seconds", seconds)
        settled = True
        if self._extraction is not None:
            settled = await self._extraction.settle(seconds)
        if self._embedding is not None:
            settled &= await self._embedding.settle(max(0.0, deadline - time.monotonic()))
        return settled

    async def stats(self, *, scope: Scope | Filter | None = None) -> Stats:
        """Count what ``scope`` sees, or with ``None`` what the whole store holds."""
        self.check_open()
        counts = await self._store.count(None if scope is None else Filter.of(scope))
        embedding = None if self._embedding is None else await self._embedding.progress()
        expense = await self._store.extraction.spent()
        return Stats(
            users=counts.users,
            sessions=counts.sessions,
            episodes=counts.episodes,
            facts=counts.facts,
            first_at=counts.first_at,
            last_at=counts.last_at,
            store_bytes=counts.store_bytes,
            index_bytes=self._search.nbytes,
            commits=self._store.commits,
            embedded=0 if embedding is None else embedding.embedded,
            unembedded=0 if embedding is None else embedding.waiting,
            unextracted=await self._store.extraction.waiting(),
            model_calls=expense.calls,
            input_tokens=expense.input_tokens,
            output_tokens=expense.output_tokens,
        )

    async def usage(self, *, order: UsageOrder = "episodes", limit: int = 100) -> list[Usage]:
        """Return how much is kept of whom, for who runs the store: numbers, and no content.

        It counts over all users, which takes a while where there is much. On PostgreSQL it is asked
        as the role ``remanence_operator``.

        Args:
            order: ``"episodes"``, ``"facts"`` or ``"bytes"``: who has the most of it comes first.
            limit: How many users to return at most; 1 to 10,000.

        Returns:
            A record for each user of whom something is kept; an empty list if there is nobody. Its
            ``last_recorded_at`` is when something was stored, not when it was said.

        Raises:
            InputError: An argument is not acceptable.
            StoreError: The store can't be read.
        """
        self.check_open()
        if order not in ("episodes", "facts", "bytes"):
            raise InputError("order", f"is {order!r}", "use 'episodes', 'facts' or 'bytes'")
        check_count("limit", limit, least=1, most=_MOST_USERS)
        return await self._store.usage.by_user(order=order, limit=limit)
