"""Where a middleware keeps what was said: the engine, a service behind an outbox, mem0, or ReMe.

The contract of the middleware is the same over all, so its tests run over all.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Protocol

from remanence import Filter, Memory, Message, Scope
from remanence.backends import Backend, Exchange, QueuedBackend
from remanence.backends.mem0 import Mem0Backend
from remanence.backends.reme import ReMeBackend
from remanence.outbox.settings import OutboxSettings
from remanence.store.sqlite import SQLiteStore
from remanence.testing.service import ScriptedService
from remanence.types import Episode
from tests.mem0.clients import Added, HearingMemory, made_client
from tests.reme.workspaces import notes_of

__all__ = [
    "ALICE",
    "KINDS",
    "QUICK",
    "EnginePlace",
    "Mem0Place",
    "OutboxPlace",
    "Place",
    "ReMePlace",
    "Spoken",
    "opened",
]

KINDS = ("engine", "outbox", "mem0", "reme")

ALICE = Scope("alice", session_id="last spring")
"""Where Alice talked before."""

Spoken = tuple[str, str | None, str]
"""Role, speaker and text."""

QUICK = OutboxSettings(first_delay=0.05, longest_delay=0.2, poll_seconds=0.1, drain_seconds=2.0)


class Place(Protocol):
    """A memory under test, and a look at what it really holds."""

    @property
    def memory(self) -> Memory | Backend:
        """What a middleware is given."""
        ...

    async def tell(self, *texts: str, scope: Scope = ALICE) -> None:
        """Store what Alice said before."""
        ...

    async def spoken(self, user_id: str = "alice", *, tools: bool = False) -> list[Spoken]:
        """Return what is stored of a user, in order; tools' results only where asked for."""
        ...

    async def stated(self, user_id: str = "alice") -> list[str]:
        """Return the statements that are stored of a user."""
        ...

    async def forget(self, user_id: str) -> None:
        """Erase all of a user's."""
        ...

    def reopen(self) -> contextlib.AbstractAsyncContextManager[Memory | Backend]:
        """Open it once more, as another process does."""
        ...


def _told(texts: Sequence[str]) -> Exchange:
    """Return an exchange of its own in which Alice says these texts."""
    reply_id = uuid.uuid4().hex
    messages = [
        Message("user", text, "Alice", id=f"{reply_id}-{number}")
        for number, text in enumerate(texts)
    ]
    return Exchange(reply_id, tuple(messages))


class EnginePlace:
    """The embedded engine."""

    def __init__(self, memory: Memory, path: Path) -> None:
        self.memory = memory
        self._path = path

    async def tell(self, *texts: str, scope: Scope = ALICE) -> None:
        await self.memory.observe([Message("user", text, "Alice") for text in texts], scope=scope)

    async def spoken(self, user_id: str = "alice", *, tools: bool = False) -> list[Spoken]:
        page = await self.memory.list(scope=Filter(user_id), origin="episode", limit=10_000)
        episodes = [item for item in page.items if isinstance(item, Episode)]
        return [
            (item.role, item.name, item.content)
            for item in episodes
            if tools or item.role != "tool"
        ]

    async def stated(self, user_id: str = "alice") -> list[str]:
        page = await self.memory.list(scope=Filter(user_id), origin="fact")
        return [item.text for item in page.items if not isinstance(item, Episode)]

    async def forget(self, user_id: str) -> None:
        await self.memory.forget_user(user_id)

    def reopen(self) -> contextlib.AbstractAsyncContextManager[Memory | Backend]:
        return Memory.open(self._path)


class OutboxPlace:
    """A scripted service behind an outbox."""

    def __init__(self, backend: QueuedBackend, service: ScriptedService, path: Path) -> None:
        self.memory = backend
        self.service = service
        self._path = path

    async def tell(self, *texts: str, scope: Scope = ALICE) -> None:
        assert await self.memory.retain(_told(texts), scope=scope, wait=10.0)

    async def spoken(self, user_id: str = "alice", *, tools: bool = False) -> list[Spoken]:
        assert await self.memory.settle(10.0)
        return list(self.service.kept(Filter(user_id)))

    async def stated(self, user_id: str = "alice") -> list[str]:
        assert await self.memory.settle(10.0)
        return list(self.service.statements(Filter(user_id)))

    async def forget(self, user_id: str) -> None:
        assert await self.memory.settle(10.0)
        self.service.forget(user_id)

    async def asked(self) -> bool:
        """Return whether the service was asked anything."""
        return bool(self.service.requests)

    async def waiting(self) -> int:
        """Return how many jobs wait to be delivered."""
        async with contextlib.AsyncExitStack() as stack:
            store = SQLiteStore(self._path)
            await store.open()
            stack.push_async_callback(store.aclose)
            counts = await store.jobs.job_counts()
        return sum(count.pending + count.leased for count in counts)

    def reopen(self) -> contextlib.AbstractAsyncContextManager[Memory | Backend]:
        return QueuedBackend.open(self.service, self._path, settings=QUICK)


class Mem0Place:
    """mem0's open source client on its local store."""

    def __init__(self, backend: Mem0Backend, client: HearingMemory, folder: Path) -> None:
        self.memory = backend
        self._client = client
        self._folder = folder

    async def tell(self, *texts: str, scope: Scope = ALICE) -> None:
        assert await self.memory.retain(_told(texts), scope=scope, wait=10.0)

    async def spoken(self, user_id: str = "alice", *, tools: bool = False) -> list[Spoken]:
        assert await self.memory.settle(10.0)
        told = [added for added in self._client.heard if added.user_id == user_id]
        return [
            (message["role"], message.get("name"), message["content"])
            for added in told
            for message in added.messages
            if not _is_statement(added)
        ]

    async def stated(self, user_id: str = "alice") -> list[str]:
        assert await self.memory.settle(10.0)
        told = [added for added in self._client.heard if added.user_id == user_id]
        return [
            statement
            for added in told
            if _is_statement(added)
            for statement in added.messages[0]["content"].split("\n")
        ]

    async def forget(self, user_id: str) -> None:
        assert await self.memory.settle(10.0)
        await self._client.forget(user_id)

    def reopen(self) -> contextlib.AbstractAsyncContextManager[Memory | Backend]:
        return contextlib.aclosing(
            Mem0Backend(client=self._client, data_dir=self._folder, settings=QUICK)
        )


class ReMePlace:
    """Workspaces of ReMe, without a model."""

    def __init__(self, backend: ReMeBackend, folder: Path) -> None:
        self.memory = backend
        self._folder = folder

    async def tell(self, *texts: str, scope: Scope = ALICE) -> None:
        assert await self.memory.retain(_told(texts), scope=scope, wait=10.0)

    async def spoken(self, user_id: str = "alice", *, tools: bool = False) -> list[Spoken]:
        assert await self.memory.settle(10.0)
        told = notes_of(self._folder / "users" / user_id, "message")
        return [(str(note.role), note.name, note.text) for note in told]

    async def stated(self, user_id: str = "alice") -> list[str]:
        assert await self.memory.settle(10.0)
        return [note.text for note in notes_of(self._folder / "users" / user_id, "statement")]

    async def forget(self, user_id: str) -> None:
        assert await self.memory.settle(10.0)
        await self.memory.forget_user(user_id)

    def reopen(self) -> contextlib.AbstractAsyncContextManager[Memory | Backend]:
        return contextlib.aclosing(ReMeBackend(workspace_dir=self._folder, settings=QUICK))


def _is_statement(added: Added) -> bool:
    """Return whether mem0 was given statements, which nobody said."""
    return "name" not in added.messages[0]


@contextlib.asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncGenerator[Place]:
    """Open an empty place in a folder."""
    path = folder / f"{kind}.db"
    if kind == "engine":
        async with Memory.open(path) as memory:
            yield EnginePlace(memory, path)
    elif kind == "mem0":
        client = made_client(folder / "mem0")
        backend = Mem0Backend(client=client, data_dir=folder / "data", settings=QUICK)
        async with contextlib.aclosing(backend):
            yield Mem0Place(backend, client, folder / "data")
        client.let_go()
    elif kind == "reme":
        reme = ReMeBackend(workspace_dir=folder / "reme", settings=QUICK)
        async with contextlib.aclosing(reme):
            yield ReMePlace(reme, folder / "reme")
    else:
        service = ScriptedService()
        async with QueuedBackend.open(service, path, settings=QUICK) as backend:
            yield OutboxPlace(backend, service, path)
