"""The embedded engine: what was said is stored, and found again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from remanence.clock import Clock, check_clock
from remanence.embed.choosing import Embeddable, as_embedder
from remanence.engine.facts import CURSOR, MOST_LISTED
from remanence.engine.reading_out import ReadableMemory
from remanence.errors import InputError
from remanence.intake import as_tuple, check_conversation, check_scope, new_batches
from remanence.llm.choosing import Askable, as_chat_model
from remanence.search import Wanted
from remanence.store.choosing import store_at
from remanence.telemetry import count, span
from remanence.types import (
    Conversation,
    Dated,
    Episode,
    Fact,
    Filter,
    Message,
    Origin,
    Page,
    Recollection,
    Scope,
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

_MOST_RESULTS = 1_000
_LONGEST_PAUSE = 3_600.0
_ANALYSED_INLINE = 16
"""More texts than this are analysed in a thread, so that the event loop goes on."""


class Memory(ReadableMemory):
    """Long-term memory in one file: no server, no key, no model; or in PostgreSQL, for many.

    Make one with :meth:`open`::

        async with Memory.open("alice.db") as memory:
            scope = Scope("alice", session_id="2026-03-01")
            await memory.observe([Message("user", "My sister Nora lives in Ghent.")], scope=scope)
            hits = await memory.recall("Where does my sister live?", scope=Scope("alice"))

    Methods may be called from any number of tasks, threads' event loops and processes at once.
    Leaving without :meth:`aclose` loses nothing that was acknowledged.

    Given a chat model, it has what is stored read in the background, and keeps the facts that are
    found: with their dates, their sources, and an end.

    Attributes:
        location: Where it stores: ``sqlite:///`` and an absolute path, or a ``postgresql://`` URL
            without its password.
        faults: What went wrong in the background, and how often.
    """

    @classmethod
    def open(  # noqa: PLR0913 - what can be set, each by its name
        cls,
        location: str | Path,
        *,
        key: str | bytes | None = None,
        embedder: Embeddable = None,
        chat_model: Askable = None,
        clock: Clock | None = None,
        busy_timeout: float = 30.0,
        connections: int = 8,
        index_bytes: int = 256 * 1024 * 1024,
        query_seconds: float = 1.0,
        extract_after: float = 30.0,
    ) -> Memory:
        """Return a memory to be entered with ``async with``, or opened with ``await``.

        Args:
            location: A file name, or ``sqlite:///`` and a file name (a fourth slash begins an
                absolute one). The file is created if missing; its folder is not. Or
                ``postgresql://`` and what libpq understands (needs the extra ``postgres``): the
                schema is made if whoever logs in may, else by ``remanence migrate``.
            key: What the file is encrypted with: a passphrase, or 32 random bytes. It needs a build
                of SQLite that can encrypt, and every process that opens the file has to give it.
                Who loses it loses what is in the file. Without a key, nothing is encrypted.
            embedder: What gives texts their vectors, so that what means the same is found in other
                words: ``"local"`` for a model on this machine (needs the extra ``local``), an
                AgentScope embedding model, or any
                :class:`~remanence.embed.protocol.Embedder`. Without one, words are searched.
                Vectors are made in the background, and made anew when the embedder changes;
                :meth:`settle` waits for them.
            chat_model: What reads what is stored, and draws facts from it: an AgentScope chat
                model, or any :class:`~remanence.llm.protocol.ChatModel`. Without one there are only
                the facts that are stored explicitly. It reads in the background, each message once;
                :meth:`settle` waits for it.
            clock: Where the time of records comes from; the machine's clock by default.
            busy_timeout: Seconds to wait for another process that is writing to the file, or holds
                the same user's rows; and to go on trying while a server can't be reached.
            connections: How many connections to a server this holds at most, besides two that hear
                of work that others put in; at least 4.
            index_bytes: How much memory search indexes may hold, over all users.
            query_seconds: How long a search waits for the question's vector before it goes on
                without.
            extract_after: How many seconds a session has to pause before it is read for facts;
                3,600 at most.

        Raises:
            InputError: ``location`` names no store, ``key`` can't be one, ``embedder`` or
                ``chat_model`` is none, or a number is not acceptable.
            MissingExtraError: ``location`` names a server, and psycopg is not installed.
            StoreError: While opening: the store can't be used; the error says why.
        """
        check_amount("busy_timeout", busy_timeout)
        check_count("connections", connections, least=4, most=1_000)
        check_amount("index_bytes", index_bytes)
        check_amount("query_seconds", query_seconds)
        if check_amount("extract_after", extract_after) > _LONGEST_PAUSE:
            raise InputError(
                "extract_after", f"is {extract_after}", f"give {_LONGEST_PAUSE:g} seconds at most"
            )
        store = store_at(location, key=key, busy_timeout=busy_timeout, connections=connections)
        return cls(
            store,
            location=store.location,
            clock=check_clock(clock),
            index_bytes=index_bytes,
            embedder=as_embedder(embedder),
            query_seconds=query_seconds,
            chat_model=as_chat_model(chat_model),
            extract_after=extract_after,
        )

    async def observe(
        self, messages: Message | Iterable[Message], *, scope: Scope, imported: bool = False
    ) -> list[Episode]:
        """Store messages of one session, in order; they are durable when this returns.

        Args:
            messages: What was said. A message whose ``id`` the session already holds is not
                stored again: the episode that is there is returned for it.
            scope: Where it was said.
            imported: Whether it comes from a file, so that nobody here has heard it. It is marked,
                and so are the facts that rest on it.

        Returns:
            One episode for each message, in order.

        Raises:
            InputError: Something is no message, or ``scope`` no scope; nothing was stored.
            ConflictError: An ``id`` is taken by a message of another role or content; nothing
                was stored.
            StoreError: The store can't; nothing was stored.
        """
        told = (messages,) if isinstance(messages, Message) else as_tuple("messages", messages)
        stored = await self.observe_all([Conversation(scope, told, imported)])
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
            told = [batch.scope for batch in batches if batch.episodes]
            jobs = self._embedding_jobs(scope.user_id for scope in told)
            stored = await self._store.append(
                batches, then=[*jobs, *self._extraction_jobs(told)], extract=self.extracts
            )
        self._wake()
        count("observed", amount)
        return stored

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
        origin: Origin | None = None,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
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
            origin: Only ``"episode"``, or only ``"fact"``; ``None`` for both.
            as_of: A moment, timezone-aware, to look from: only facts that were true then, by what
                is known now, and only what had been said by then. Without one, facts that were
                superseded are not returned.
            known_at: A moment, timezone-aware: only what was known then, facts as they were
                believed then.

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
        _check_origin(origin)
        wanted = Wanted(
            text=query,
            where=where,
            limit=limit,
            excluded=check_ids("exclude", exclude),
            threshold=threshold,
            now=self._clock.now().astimezone() if now is None else check_at("now", now),
            dated=dated,
            origin=origin,
            as_of=None if as_of is None else check_at("as_of", as_of),
            known_at=None if known_at is None else check_at("known_at", known_at),
        )
        with span("recall", limit=limit) as current:
            found = await self._search.find(wanted)
            current.set_attribute("remanence.hits", len(found))
        count("recalled", len(found))
        return found

    async def get(self, id: str, *, scope: Scope | Filter) -> Episode | Fact | None:  # noqa: A002 - the field's name
        """Return an episode or fact by its id, or ``None`` if ``scope`` sees none of that id."""
        self.check_open()
        where = Filter.of(scope)
        wanted = check_identifier("id", id)
        await self._eraser.take_up(where.user_id)
        found = await self._store.find(where, [wanted])
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
        check_count("limit", limit, least=1, most=MOST_LISTED)
        if cursor is not None and not CURSOR.fullmatch(str(cursor)):
            raise InputError("cursor", f"is {cursor!r}", "give the cursor of the page before")
        _check_origin(origin)
        where = Filter.of(scope)
        await self._eraser.take_up(where.user_id)
        found = await self._store.page(
            where, after=int(cursor or 0), limit=limit + 1, origin=origin
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
        await self._eraser.take_up(where.user_id)
        return await self._store.around(where, wanted, before=before, after=after)


def _check_origin(origin: object) -> None:
    if origin not in (None, "episode", "fact"):
        raise InputError("origin", f"is {origin!r}", "use 'episode', 'fact' or None")
