"""The embedded engine: what was said is stored, and found again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from remanence.clock import Clock, SystemClock
from remanence.errors import InputError, MemoryClosedError
from remanence.index.cache import IndexCache
from remanence.index.scope import ScopeIndex
from remanence.index.text import Query, analyze_query
from remanence.intake import as_tuple, check_conversation, check_scope, new_batches, new_fact
from remanence.location import path_of
from remanence.recall.rank import rank
from remanence.store.protocol import Item, Store
from remanence.store.sqlite import SQLiteStore
from remanence.telemetry import count, span
from remanence.types import (
    Conversation,
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
    check_content,
    check_count,
    check_fraction,
    check_identifier,
    check_ids,
)

__all__ = ["Memory"]

_MOST_RESULTS = 1_000
_MOST_LISTED = 10_000
_CURSOR = re.compile("[0-9]{1,18}")
_REPETITIONS = 3
"""How often a search is repeated because something that it found was forgotten meanwhile."""
_SEARCHED_INLINE = 20_000
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
    """

    def __init__(self, store: Store, *, location: str, clock: Clock, index_bytes: int) -> None:
        """Wire the parts together; nothing is opened yet. Use :meth:`open`."""
        self.location = location
        self._store = store
        self._clock = clock
        self._indexes = IndexCache(store, most_bytes=index_bytes)
        self._opened = False

    @classmethod
    def open(
        cls,
        location: str | Path,
        *,
        clock: Clock | None = None,
        busy_timeout: float = 30.0,
        index_bytes: int = 256 * 1024 * 1024,
    ) -> Memory:
        """Return a memory to be entered with ``async with``, or opened with ``await``.

        Args:
            location: A file name, or ``sqlite:///`` and a file name (a fourth slash begins an
                absolute one). The file is created if missing; its folder is not.
            clock: Where the time of records comes from; the machine's clock by default.
            busy_timeout: Seconds to wait for another process that is writing to the file.
            index_bytes: How much memory search indexes may hold, over all users.

        Raises:
            InputError: ``location`` names no store.
            StoreError: While opening: the file can't be used; the error says why.
        """
        path = path_of(location).expanduser().absolute()
        check_amount("busy_timeout", busy_timeout)
        check_amount("index_bytes", index_bytes)
        return cls(
            SQLiteStore(path, busy_timeout=busy_timeout),
            location=f"sqlite:///{path}",
            clock=clock or SystemClock(),
            index_bytes=index_bytes,
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
        self._opened = True

    async def aclose(self) -> None:
        """Finish what was begun and close the store; closing twice does nothing."""
        self._opened = False
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
            stored = await self._store.append(batches)
        count("observed", amount)
        return stored

    async def recall(
        self,
        query: str,
        *,
        scope: Scope | Filter,
        limit: int = 10,
        since: datetime | None = None,
        until: datetime | None = None,
        exclude: Iterable[str] = (),
        threshold: float | None = None,
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
        excluded = check_ids("exclude", exclude)
        wanted = analyze_query(query)
        if not wanted.terms:
            return []
        with span("recall", limit=limit) as current:
            hidden: list[int] = []
            if excluded:
                everything = Filter(where.user_id)
                found = await self._store.find(everything, excluded)
                hidden = [number for number, _ in found.values()]
            search = partial(
                _best, query=wanted, where=where, hidden=hidden, limit=limit, threshold=threshold
            )
            found, complete = await self._search(where.user_id, search)
            for _ in range(_REPETITIONS):
                if complete:
                    break
                found, complete = await self._search(where.user_id, search)
            current.set_attribute("remanence.hits", len(found))
        count("recalled", len(found))
        return found

    async def _search(
        self, user_id: str, search: Callable[[ScopeIndex], list[tuple[int, float]]]
    ) -> tuple[list[Recollection], bool]:
        """Search once; tell whether all that the index found is still in the store."""
        index = await self._indexes.current(user_id)
        # A small scope is searched in less time than it takes to hand it to a thread.
        small = len(index) <= _SEARCHED_INLINE
        best = search(index) if small else await asyncio.to_thread(search, index)
        items = await self._store.at_sequence(user_id, [number for number, _ in best])
        found = [_recollection(items[number], score) for number, score in best if number in items]
        return found, len(found) == len(best)

    async def remember(
        self,
        text: str,
        *,
        scope: Scope,
        at: datetime | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Fact:
        """Store a statement that stands by itself; it is durable when this returns.

        Args:
            text: The statement, such as "Nora is allergic to hazelnuts."
            scope: Where it belongs.
            at: When it was stated, timezone-aware; now by default.
            metadata: Anything JSON can hold, given back as it was.

        Raises:
            InputError: An argument is not acceptable; nothing was stored.
            StoreError: The store can't; nothing was stored.
        """
        self.check_open()
        check_scope(scope)
        fact = new_fact(text, at=at, metadata=metadata or {}, now=self._clock.now())
        with span("remember"):
            return (await self._store.add_facts(scope, [fact]))[0]

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

    async def stats(self, *, scope: Scope | Filter | None = None) -> Stats:
        """Count what ``scope`` sees, or with ``None`` what the whole store holds."""
        self.check_open()
        counts = await self._store.count(None if scope is None else Filter.of(scope))
        return Stats(
            users=counts.users,
            sessions=counts.sessions,
            episodes=counts.episodes,
            facts=counts.facts,
            first_at=counts.first_at,
            last_at=counts.last_at,
            store_bytes=counts.store_bytes,
            index_bytes=self._indexes.nbytes,
            commits=self._store.commits,
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
            await self._indexes.catch_up(where.user_id)  # what is gone leaves this process, too
        count("forgotten", len(erasure.ids))
        return Receipt(
            user_id=where.user_id,
            episodes=erasure.episodes,
            facts=erasure.facts,
            ids=erasure.ids,
            at=self._clock.now(),
            log_truncated=erasure.log_truncated,
        )


def _best(
    index: ScopeIndex,
    query: Query,
    where: Filter,
    hidden: Sequence[int],
    limit: int,
    threshold: float | None,
) -> list[tuple[int, float]]:
    """Return the sequence numbers of the best turns with their scores, best first."""
    evidence = index.evidence(query, where, hidden)
    ranking = rank(
        lexical=evidence.lexical,
        named=evidence.named,
        distinct=evidence.distinct,
        visible=evidence.visible,
        limit=limit,
        threshold=threshold,
    )
    numbers = evidence.numbers[ranking.turns].tolist()
    return list(zip(numbers, ranking.scores.tolist(), strict=True))


def _recollection(item: Item, score: float) -> Recollection:
    if isinstance(item, Fact):
        return Recollection(
            text=item.text,
            origin="fact",
            id=item.id,
            score=score,
            at=item.at,
            scope=item.scope,
            metadata=item.metadata,
        )
    return Recollection(
        text=item.content,
        origin="episode",
        id=item.id,
        score=score,
        at=item.at,
        scope=item.scope,
        role=item.role,
        speaker=item.name,
        metadata=item.metadata,
    )
