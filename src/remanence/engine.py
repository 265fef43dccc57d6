"""The embedded engine: what was said is stored, and found again."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Generator, Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from remanence.clock import Clock, check_clock
from remanence.embed.choosing import Embeddable, as_embedder
from remanence.embed.protocol import Embedder
from remanence.embedding import Embedding
from remanence.errors import InputError, MemoryClosedError
from remanence.intake import as_tuple, check_conversation, check_scope, new_batches, new_fact
from remanence.location import path_of
from remanence.search import Search, Wanted
from remanence.store.jobs import NewJob
from remanence.store.protocol import Batch, Store
from remanence.store.sqlite import SQLiteStore
from remanence.telemetry import Faults, count, span
from remanence.types import (
    Conversation,
    Dated,
    Episode,
    Fact,
    Filter,
    Message,
    Origin,
    Page,
    Receipt,
    Recollection,
    Scope,
    Stats,
)
from remanence.validation import (
    check_amount,
    check_at,
    check_content,
    check_count,
    check_fraction,
    check_identifier,
    check_ids,
)

__all__ = ["Memory"]

_log = logging.getLogger(__name__)

_MOST_RESULTS = 1_000
_MOST_LISTED = 10_000
_CURSOR = re.compile("[0-9]{1,18}")
_ANALYSED_INLINE = 16
"""More texts than this are analysed in a thread, so that the event loop goes on."""


class Memory:
    """Long-term memory in one file: no server, no key, no model.

    Make one with :meth:`open`::

        async with Memory.open("alice.db") as memory:
            scope = Scope("alice", session_id="2026-03-01")
            await memory.observe([Message("user", "My sister Nora lives in Ghent.")], scope=scope)
            hits = await memory.recall("Where does my sister live?", scope=Scope("alice"))

    Methods may be called from any number of tasks, threads' event loops and processes at once.
    Leaving without :meth:`aclose` loses nothing that was acknowledged.

    Attributes:
        location: Where it stores, in the form ``sqlite:///`` and an absolute path.
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
    ) -> None:
        """Wire the parts together; nothing is opened yet. Use :meth:`open`."""
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
        self._search = Search(store, self._embedding, index_bytes=index_bytes)
        self._opened = False

    @classmethod
    def open(
        cls,
        location: str | Path,
        *,
        embedder: Embeddable = None,
        clock: Clock | None = None,
        busy_timeout: float = 30.0,
        index_bytes: int = 256 * 1024 * 1024,
        query_seconds: float = 1.0,
    ) -> Memory:
        """Return a memory to be entered with ``async with``, or opened with ``await``.

        Args:
            location: A file name, or ``sqlite:///`` and a file name (a fourth slash begins an
                absolute one). The file is created if missing; its folder is not.
            embedder: What gives texts their vectors, so that what means the same is found in other
                words: ``"local"`` for a model on this machine (needs the extra ``local``), an
                AgentScope embedding model, or any
                :class:`~remanence.embed.protocol.Embedder`. Without one, words are searched.
                Vectors are made in the background, and made anew when the embedder changes;
                :meth:`settle` waits for them.
            clock: Where the time of records comes from; the machine's clock by default.
            busy_timeout: Seconds to wait for another process that is writing to the file.
            index_bytes: How much memory search indexes may hold, over all users.
            query_seconds: How long a search waits for the question's vector before it goes on
                without.

        Raises:
            InputError: ``location`` names no store, or ``embedder`` is none.
            StoreError: While opening: the file can't be used; the error says why.
        """
        path = path_of(location).expanduser().absolute()
        check_amount("busy_timeout", busy_timeout)
        check_amount("index_bytes", index_bytes)
        check_amount("query_seconds", query_seconds)
        return cls(
            SQLiteStore(path, busy_timeout=busy_timeout),
            location=f"sqlite:///{path}",
            clock=check_clock(clock),
            index_bytes=index_bytes,
            embedder=as_embedder(embedder),
            query_seconds=query_seconds,
        )

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
        if self._embedding is not None:
            try:
                await self._embedding.open()
            except BaseException:
                await self._store.aclose()
                raise
        self._opened = True

    async def aclose(self) -> None:
        """Finish what was begun and close the store; closing twice does nothing."""
        self._opened = False
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

    async def observe(
        self, messages: Message | Iterable[Message], *, scope: Scope
    ) -> list[Episode]:
        """Store messages of one session, in order; they are durable when this returns.

        Args:
            messages: What was said. A message whose ``id`` the session already holds is not
                stored again: the episode that is there is returned for it.
            scope: Where it was said.

        Returns:
            One episode for each message, in order.

        Raises:
            InputError: Something is no message, or ``scope`` no scope; nothing was stored.
            ConflictError: An ``id`` is taken by a message of another role or content; nothing
                was stored.
            StoreError: The store can't; nothing was stored.
        """
        told = (messages,) if isinstance(messages, Message) else as_tuple("messages", messages)
        stored = await self.observe_all([Conversation(scope, told)])
        return stored[0]

    async def observe_all(self, conversations: Iterable[Conversation]) -> list[list[Episode]]:
        """Store several conversations in one transaction: all of it or nothing.

        Args:
            conversations: Their scopes and messages; as for :meth:`observe`.

        Returns:
            For each conversation its episodes, in order.

        Raises:
            InputError: Something is not acceptable; nothing was stored.
            ConflictError: As for :meth:`observe`; nothing was stored.
            StoreError: The store can't; nothing was stored.
        """
        self.check_open()
        told = as_tuple("conversations", conversations)
        for conversation in told:
            check_conversation(conversation)
        amount = sum(len(conversation.messages) for conversation in told)
        if not amount:
            return [[] for _ in told]
        now = self._clock.now()
        with span("observe", messages=amount):
            if amount > _ANALYSED_INLINE:
                batches = await asyncio.to_thread(new_batches, told, now)
            else:
                batches = new_batches(told, now)
            stored = await self._store.append(batches, then=self._next_jobs(batches))
        self._wake()
        count("observed", amount)
        return stored

    def _next_jobs(self, batches: Iterable[Batch]) -> list[NewJob]:
        """Return what is to be done once these are stored."""
        if self._embedding is None:
            return []
        return self._embedding.jobs(batch.scope.user_id for batch in batches if batch.episodes)

    def _wake(self) -> None:
        if self._embedding is not None:
            self._embedding.wake()

    async def settle(self, seconds: float = 60.0) -> bool:
        """Wait until all that is stored has its vector; without an embedder there is no need to.

        Args:
            seconds: How long to wait at most.

        Returns:
            Whether that came about. ``False`` when time was up, or an embedder that fails again and
            again was given up on: :attr:`faults` and ``remanence outbox list`` tell.

        Raises:
            InputError: ``seconds`` is negative, or no number.
            StoreError: The store can't be read.
        """
        self.check_open()
        check_amount("seconds", seconds)
        return True if self._embedding is None else await self._embedding.settle(seconds)

    async def recall(  # noqa: PLR0913 - what may be asked for, each by its name
        self,
        query: str,
        *,
        scope: Scope | Filter,
        limit: int = 10,
        since: datetime | None = None,
        until: datetime | None = None,
        exclude: Iterable[str] = (),
        threshold: float | None = None,
        now: datetime | None = None,
        dated: Dated = "prior",
    ) -> list[Recollection]:
        """Find what was said, or stated, that answers a question.

        Args:
            query: A question or keywords, in any language.
            scope: Whose memories to search. Without ``session_id`` all sessions, without
                ``agent_id`` those of all agents.
            limit: How many recollections to return at most; 1 to 1,000.
            since: Only what happened at or after this time, timezone-aware.
            until: Only what happened before this time, timezone-aware.
            exclude: Ids of episodes and facts not to return.
            threshold: The least score to return, 0 to 1; ``None`` for any.
            now: The asker's now, timezone-aware, against which a time that the question names is
                understood ("last weekend"); this machine's by default.
            dated: ``"prior"``: what was said at a time that the question names, or soon after, is
                preferred. ``"only"``: nothing that was said at another time is returned, also not
                what was told later of that time.

        Returns:
            The recollections, best first; an empty list when nothing is found.

        Raises:
            InputError: An argument is not acceptable.
            StoreError: The store can't be read.
        """
        self.check_open()
        check_content("query", query)
        where = Filter.of(scope, since=since, until=until)
        check_count("limit", limit, least=1, most=_MOST_RESULTS)
        if threshold is not None:
            check_fraction("threshold", threshold)
        if dated not in ("prior", "only"):
            raise InputError("dated", f"is {dated!r}", "use 'prior' or 'only'")
        wanted = Wanted(
            text=query,
            where=where,
            limit=limit,
            excluded=check_ids("exclude", exclude),
            threshold=threshold,
            now=self._clock.now().astimezone() if now is None else check_at("now", now),
            dated=dated,
        )
        with span("recall", limit=limit) as current:
            found = await self._search.find(wanted)
            current.set_attribute("remanence.hits", len(found))
        count("recalled", len(found))
        return found

    async def remember(
        self,
        text: str,
        *,
        scope: Scope,
        at: datetime | None = None,
        metadata: dict[str, Any] | None = None,
        sources: Iterable[str] = (),
    ) -> Fact:
        """Store a statement that stands by itself; it is durable when this returns.

        Args:
            text: The statement, such as "Nora is allergic to hazelnuts."
            scope: Where it belongs.
            at: When it was stated, timezone-aware; now by default.
            metadata: Anything JSON can hold, given back as it was.
            sources: The ids of the episodes that it rests on. Whoever looks for what it says finds
                them as well; and when the last of them is forgotten, so is the fact.

        Raises:
            InputError: An argument is not acceptable, or a source is no episode of the user's;
                nothing was stored.
            StoreError: The store can't; nothing was stored.
        """
        self.check_open()
        check_scope(scope)
        fact = new_fact(
            text,
            at=at,
            metadata=metadata or {},
            sources=check_ids("sources", sources),
            now=self._clock.now(),
        )
        jobs = [] if self._embedding is None else self._embedding.jobs([scope.user_id])
        with span("remember"):
            (stored,) = await self._store.add_facts(scope, [fact], then=jobs)
        self._wake()
        return stored

    async def get(self, id: str, *, scope: Scope | Filter) -> Episode | Fact | None:  # noqa: A002 - the field's name
        """Return an episode or fact by its id, or ``None`` if ``scope`` sees none of that id."""
        self.check_open()
        found = await self._store.find(Filter.of(scope), [check_identifier("id", id)])
        return next((item for _, item in found.values()), None)

    async def list(
        self,
        *,
        scope: Scope | Filter,
        limit: int = 100,
        cursor: str | None = None,
        origin: Origin | None = None,
    ) -> Page:
        """List episodes and facts in the order they were recorded.

        Args:
            scope: Whose; as for :meth:`recall`.
            limit: How many to return at most; 1 to 10,000.
            cursor: The page before's, to go on; ``None`` to begin.
            origin: Only ``episode``, or only ``fact``; ``None`` for both.

        Returns:
            A page; without items when there is nothing (more).

        Raises:
            InputError: An argument is not acceptable.
            StoreError: The store can't be read.
        """
        self.check_open()
        check_count("limit", limit, least=1, most=_MOST_LISTED)
        if cursor is not None and not _CURSOR.fullmatch(str(cursor)):
            raise InputError("cursor", f"is {cursor!r}", "give the cursor of the page before")
        if origin not in (None, "episode", "fact"):
            raise InputError("origin", f"is {origin!r}", "use 'episode', 'fact' or None")
        found = await self._store.page(
            Filter.of(scope), after=int(cursor or 0), limit=limit + 1, origin=origin
        )
        more = len(found) > limit
        found = found[:limit]
        return Page(tuple(item for _, item in found), str(found[-1][0]) if more else None)

    async def episode_ids(self, message_ids: Iterable[str], *, scope: Scope) -> list[str]:
        """Return the ids of the episodes that carry these message ids, in one session.

        The parts of a message, whose ids are its own followed by ``#`` and anything, are found
        with it. Those that the session does not hold are left out.
        """
        self.check_open()
        check_scope(scope)
        wanted = check_ids("message_ids", message_ids)
        return await self._store.episode_ids(scope, wanted) if wanted else []

    async def around(
        self, ids: Iterable[str], *, scope: Scope | Filter, before: int = 1, after: int = 1
    ) -> dict[str, tuple[Episode, ...]]:
        """Return episodes with what was said right before and after them in their sessions.

        Args:
            ids: Ids of episodes, as :meth:`recall` gives them; others are passed over.
            scope: What may be seen; as for :meth:`recall`.
            before: How many turns to look back; 0 to 1,000.
            after: How many turns to look ahead; 0 to 1,000.

        Returns:
            For each episode that is seen, by its id, it and the turns around it, in order. What was
            forgotten leaves a gap: no other turn comes in its place.

        Raises:
            InputError: An argument is not acceptable.
            StoreError: The store can't be read.
        """
        self.check_open()
        wanted = check_ids("ids", ids)
        where = Filter.of(scope)
        check_count("before", before, least=0, most=_MOST_RESULTS)
        check_count("after", after, least=0, most=_MOST_RESULTS)
        if not wanted:
            return {}
        return await self._store.around(where, wanted, before=before, after=after)

    async def stats(self, *, scope: Scope | Filter | None = None) -> Stats:
        """Count what ``scope`` sees, or with ``None`` what the whole store holds."""
        self.check_open()
        counts = await self._store.count(None if scope is None else Filter.of(scope))
        embedding = None if self._embedding is None else await self._embedding.progress()
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
        )

    async def forget(self, ids: Iterable[str] | None = None, *, scope: Scope | Filter) -> Receipt:
        """Erase episodes and facts by id, or a whole session.

        Args:
            ids: Which; ids that ``scope`` does not see are passed over. Without ids, everything
                that ``scope`` sees, which then has to name a session.
            scope: Whose, and of which session.

        Returns:
            What went. Nothing found is no error: the receipt says so.

        Raises:
            InputError: There are neither ids nor a session.
            StoreError: The store can't; nothing was erased.
        """
        self.check_open()
        where = Filter.of(scope)
        wanted = None if ids is None else check_ids("ids", ids)
        if wanted is None and where.session_id is None:
            raise InputError(
                "ids",
                "is missing and scope names no session",
                "give ids, name a session, or call forget_user to erase everything of a user",
            )
        return await self._erase(where, wanted)

    async def forget_user(self, user_id: str) -> Receipt:
        """Erase everything of a user, and the user.

        Returns:
            What went; an unknown user is no error.

        Raises:
            InputError: ``user_id`` can't be one.
            StoreError: The store can't; nothing was erased.
        """
        self.check_open()
        return await self._erase(Filter(user_id), None)

    async def _erase(self, where: Filter, ids: list[str] | None) -> Receipt:
        with span("forget"):
            erasure = await self._store.erase(where, ids)
            await self._search.catch_up(where.user_id)  # what is gone leaves this process, too
        count("forgotten", len(erasure.ids))
        return Receipt(
            user_id=where.user_id,
            episodes=erasure.episodes,
            facts=erasure.facts,
            ids=erasure.ids,
            at=self._clock.now(),
            log_truncated=erasure.log_truncated,
        )
