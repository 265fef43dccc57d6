"""How a client of mem0 is called: one that was built here, or one that the user made."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from remanence.backends.mem0.building import Plan
from remanence.backends.mem0.calling import Call
from remanence.backends.mem0.doomed import Doomed
from remanence.backends.mem0.erasing import erase_from
from remanence.backends.mem0.hosted import erase_at
from remanence.backends.mem0.library import Loan, library
from remanence.backends.mem0.locked import put_lock
from remanence.backends.mem0.places import identity_of_client, is_class
from remanence.backends.mem0.turns import turns_of
from remanence.backends.service import Erased
from remanence.remote.connections import with_fresh_connections

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase

T = TypeVar("T")

__all__ = ["Access", "Added", "BuiltClient", "GivenClient", "is_async_client"]


@dataclasses.dataclass(frozen=True, slots=True)
class Added:
    """What came of an add.

    Attributes:
        answer: mem0's answer.
        facts: How many facts the model extracted, if that is known here.
    """

    answer: object
    facts: int | None = None


class Access(Protocol):
    """A client of mem0 as the service uses it. Errors are mem0's."""

    @property
    def identity(self) -> str:
        """Where it stores."""
        ...

    def takes(self, keyword: str) -> bool:
        """Return whether ``add`` takes a keyword argument."""
        ...

    @property
    def takes_names(self) -> bool:
        """Whether messages may name their speakers."""
        ...

    @property
    def lists(self) -> bool:
        """Whether there is a ``get_all``."""
        ...

    async def search(self, query: str, **arguments: Any) -> object:
        """Search; return the answer as it is."""
        ...

    async def add(self, messages: Sequence[dict[str, str]], **arguments: Any) -> Added:
        """Add, when nothing else is being added."""
        ...

    async def one_with(self, ids: dict[str, str], metadata: dict[str, str]) -> object:
        """List one memory that has these ids and this metadata, when nothing is being added."""
        ...

    @property
    def erases(self) -> bool:
        """Whether it can erase."""
        ...

    async def erase(self, doomed: Doomed) -> Erased:
        """Erase, when nothing is being added."""
        ...

    async def aclose(self) -> None:
        """Give back what was taken."""
        ...


class BuiltClient:
    """A client that is built here when it is first used; fulfils :class:`Access`.

    Args:
        plan: How it is built.
        chat_model: What extracts on behalf of this user of it.
        embedding_model: What embeds on behalf of this user of it.

    Raises:
        InputError: The store is used with other settings in this process.
    """

    takes_names = True
    lists = True
    erases = True

    def __init__(
        self,
        plan: Plan,
        chat_model: ChatModelBase | None,
        embedding_model: EmbeddingModelBase[Any] | None,
    ) -> None:
        """Keep the parts."""
        library.register(plan)
        self.identity = plan.identity
        self._plan = plan
        self._chat_model = chat_model
        self._embedding_model = embedding_model
        self._borrowing = threading.Lock()
        self._loan: Loan | None = None

    def takes(self, keyword: str) -> bool:
        """Return ``True``: this client is mem0's own."""
        del keyword
        return True

    async def search(self, query: str, **arguments: Any) -> object:
        """Search."""
        return await self._use(lambda memory: memory.search(query, **arguments), self._call())

    async def add(self, messages: Sequence[dict[str, str]], **arguments: Any) -> Added:
        """Add."""
        call = self._call()
        answer = await self._use(
            lambda memory: memory.add(list(messages), **arguments), call, alone=True
        )
        return Added(answer, call.facts)

    async def one_with(self, ids: dict[str, str], metadata: dict[str, str]) -> object:
        """List one memory."""
        filters = {**ids, **metadata}
        return await self._use(
            lambda memory: memory.get_all(filters=filters, top_k=1), self._call(), alone=True
        )

    async def erase(self, doomed: Doomed) -> Erased:
        """Erase; what has begun comes to its end even if this is cancelled."""
        return await self._use(
            lambda memory: asyncio.to_thread(erase_from, memory, doomed), self._call(), alone=True
        )

    async def aclose(self) -> None:
        """Give the client back, which closes it if nobody else has it."""
        with self._borrowing:
            loan, self._loan = self._loan, None
        if loan is not None:
            await loan.give_back()

    def _call(self) -> Call:
        return Call(self._chat_model, self._embedding_model)

    async def _use(
        self, work: Callable[[Any], Awaitable[T]], call: Call, *, alone: bool = False
    ) -> T:
        with self._borrowing:
            if self._loan is None or self._loan.process != os.getpid():
                self._loan = library.borrow(self._plan)
            loan = self._loan
        return await loan.use(call, work, alone=alone)


class GivenClient:
    """A client that the user made, and closes; fulfils :class:`Access`.

    It is called on the running event loop. Where it stores in a folder, a lock is put around its
    Qdrant client.
    """

    def __init__(self, client: Any) -> None:
        """Keep the client."""
        self.identity = identity_of_client(client)
        self.takes_names = is_class(client, "AsyncMemory")
        self.lists = _is_async(client, "get_all")
        self.erases = self.takes_names or (self.lists and _is_async(client, "delete"))
        self._hosted = is_class(client, "AsyncMemoryClient")
        self._client = client
        self._turns = turns_of(client)
        if self.takes_names:
            put_lock(client)  # searches beside adds would fail

    def takes(self, keyword: str) -> bool:
        """Return whether ``add`` names the keyword, or takes any."""
        parameters = inspect.signature(inspect.unwrap(self._client.add)).parameters
        return keyword in parameters or any(
            parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()
        )

    async def search(self, query: str, **arguments: Any) -> object:
        """Search."""
        return await with_fresh_connections(lambda: self._client.search(query, **arguments))

    async def add(self, messages: Sequence[dict[str, str]], **arguments: Any) -> Added:
        """Add; what mem0's own client has begun comes to its end even if this is cancelled."""

        async def add() -> Added:
            return Added(
                await with_fresh_connections(lambda: self._client.add(list(messages), **arguments))
            )

        return await self._alone(add)

    async def erase(self, doomed: Doomed) -> Erased:
        """Erase; as for adding."""
        if self.takes_names:
            return await self._alone(lambda: asyncio.to_thread(erase_from, self._client, doomed))
        return await self._alone(lambda: erase_at(self._client, doomed, hosted=self._hosted))

    async def _alone(self, work: Callable[[], Awaitable[T]]) -> T:
        """Have a turn, and do something."""
        begun = False

        async def have_a_turn() -> T:
            nonlocal begun
            async with self._turns.taken():
                begun = True
                return await work()

        if not self.takes_names:
            return await have_a_turn()
        # What mem0 does in threads goes on after a cancellation; the next one has to wait for it.
        working = asyncio.ensure_future(have_a_turn())
        working.add_done_callback(_looked_at)
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            if not begun:
                working.cancel()
            raise

    async def one_with(self, ids: dict[str, str], metadata: dict[str, str]) -> object:
        """List one memory; the Platform has a form of its own for that."""
        arguments: dict[str, Any] = {"filters": {**ids, **metadata}, "top_k": 1}
        if self._hosted:
            arguments = {"filters": {**ids, "metadata": metadata}, "page": 1, "page_size": 1}
        async with self._turns.taken():
            return await with_fresh_connections(lambda: self._client.get_all(**arguments))

    async def aclose(self) -> None:
        """Do nothing: the client is the user's."""


def is_async_client(client: object) -> bool:
    """Return whether ``search`` and ``add`` are coroutine functions, behind decorators maybe."""
    return _is_async(client, "search") and _is_async(client, "add")


def _is_async(client: object, name: str) -> bool:
    method = getattr(client, name, None)
    return callable(method) and inspect.iscoroutinefunction(inspect.unwrap(method))


def _looked_at(working: asyncio.Future[Any]) -> None:
    """Let an error that nobody waits for any more not be reported as forgotten."""
    if not working.cancelled():
        working.exception()
