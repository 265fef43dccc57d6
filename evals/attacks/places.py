"""Where the attacks are carried out: the engine, mem0, AgentScope's own middleware over mem0."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Protocol

from agentscope.middleware import MiddlewareBase

from evals.attacks.models import GullibleLLM, gullible_model
from remanence import Fact, Filter, Memory, Message, Scope
from remanence.middleware import MemoryMiddleware
from remanence.outbox.settings import OutboxSettings

__all__ = ["PLACES", "Place", "opened"]

PLACES = ("engine", "mem0", "AgentScope's own")

_SECONDS = 60.0
_QUICK = OutboxSettings(first_delay=0.02, longest_delay=0.1, poll_seconds=0.1, drain_seconds=2.0)


class Place(Protocol):
    """A memory under attack.

    Attributes:
        name: What it is called.
        ours: Whether it is this package that tells what is recalled.
        imports: Whether it takes in files.
    """

    name: str
    ours: bool
    imports: bool

    def middleware(self, user_id: str) -> MiddlewareBase:
        """Return a new middleware for one user's agents.

        Raises:
            InputError: There can't be such a user.
        """
        ...

    async def take_in(self, user_id: str, texts: list[str]) -> None:
        """Import what a file says that Alice said."""
        ...

    async def settle(self) -> None:
        """Wait until all is stored, and read for facts."""
        ...

    async def stored(self, user_id: str, mark: str) -> int:
        """Return how many messages, or memories of a service, have a word in them."""
        ...

    async def facts(self, user_id: str, mark: str) -> Counter[str]:
        """Return of what kind the facts with a word are, and in whose words they were found."""
        ...


class _Engine:
    name = PLACES[0]
    ours = True
    imports = True

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def middleware(self, user_id: str) -> MiddlewareBase:
        return MemoryMiddleware(
            self._memory, user_id=user_id, profile=True, search_timeout=_SECONDS
        )

    async def take_in(self, user_id: str, texts: list[str]) -> None:
        messages = [Message("user", text, "Alice") for text in texts]
        await self._memory.observe(messages, scope=Scope(user_id, None, "file"), imported=True)

    async def settle(self) -> None:
        assert await self._memory.settle(_SECONDS)

    async def stored(self, user_id: str, mark: str) -> int:
        page = await self._memory.list(scope=Filter(user_id), origin="episode", limit=10_000)
        return sum(mark in item.content for item in page.items if not isinstance(item, Fact))

    async def facts(self, user_id: str, mark: str) -> Counter[str]:
        page = await self._memory.facts(scope=Filter(user_id), limit=10_000)
        return Counter(
            f"{fact.kind or 'statement'} by {fact.stated_by}{' (import)' if fact.imported else ''}"
            for fact in page.items
            if mark in fact.text
        )


class _Mem0:
    name = PLACES[1]
    ours = True
    imports = False

    def __init__(self, client: Any, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._all: list[Any] = []

    def middleware(self, user_id: str) -> MiddlewareBase:
        from remanence.middleware import Mem0Middleware

        made = Mem0Middleware(
            user_id=user_id,
            client=self._client,
            data_dir=self._folder,
            outbox=_QUICK,
            search_timeout=_SECONDS,
        )
        self._all.append(made)
        return made

    async def take_in(self, user_id: str, texts: list[str]) -> None:
        raise NotImplementedError

    async def settle(self) -> None:
        for each in self._all:
            assert await each.settle(_SECONDS)
            await each.aclose()
        self._all.clear()

    async def stored(self, user_id: str, mark: str) -> int:
        return sum(mark in memory["memory"] for memory in await _memories(self._client, user_id))

    async def facts(self, user_id: str, mark: str) -> Counter[str]:
        return Counter()


class _Upstream:
    name = PLACES[2]
    ours = False
    imports = False

    def __init__(self, client: Any, kind: Any) -> None:
        self._client = client
        self._kind = kind

    def middleware(self, user_id: str) -> MiddlewareBase:
        return self._kind(user_id=user_id, client=self._client)

    async def take_in(self, user_id: str, texts: list[str]) -> None:
        raise NotImplementedError

    async def settle(self) -> None:
        """Nothing waits: it stores before a reply ends."""

    async def stored(self, user_id: str, mark: str) -> int:
        return sum(mark in memory["memory"] for memory in await _memories(self._client, user_id))

    async def facts(self, user_id: str, mark: str) -> Counter[str]:
        return Counter()


async def _memories(client: Any, user_id: str) -> list[dict[str, Any]]:
    found = await client.get_all(filters={"user_id": user_id}, top_k=999)
    return found["results"]


@contextlib.asynccontextmanager
async def opened(name: str, folder: Path) -> AsyncGenerator[Place | None]:
    """Open an empty place in a folder; ``None`` if the framework has none of that name."""
    if name == PLACES[0]:
        file, model = folder / "engine.db", gullible_model()
        async with Memory.open(file, chat_model=model, extract_after=0) as memory:
            yield _Engine(memory)
        return
    from evals.perf.mem0.bare import opened as opened_client

    with opened_client(folder / name.replace(" ", "-")) as client:
        client.llm = GullibleLLM()
        if name == PLACES[1]:
            yield _Mem0(client, folder / "outbox")
            return
        try:
            from agentscope.middleware import Mem0Middleware as Kind
        except ImportError:  # older frameworks have no such middleware
            yield None
            return
        yield _Upstream(client, Kind)
