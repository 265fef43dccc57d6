"""mem0 as a backend: a client, and a durable queue before it."""

from __future__ import annotations

import inspect
import logging
import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remanence.backends.exchange import Exchange
from remanence.backends.mem0.access import Access, BuiltClient, GivenClient, is_async_client
from remanence.backends.mem0.building import plan
from remanence.backends.mem0.quiet import make_folder
from remanence.backends.mem0.service import Mem0Service
from remanence.backends.mem0.sharing import Queue, queues
from remanence.backends.queued import ErasingBackend
from remanence.backends.request import RecallRequest
from remanence.clock import Clock
from remanence.config import default_mem0_folder
from remanence.errors import InputError, MemoryClosedError, StoreError
from remanence.outbox.settings import OutboxSettings
from remanence.telemetry import Faults, span
from remanence.types import Filter, Receipt, Recollection, Scope
from remanence.validation import check_unspaced_identifier

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase
    from mem0.configs.base import MemoryConfig

__all__ = ["Mem0Backend"]

_log = logging.getLogger(__name__)


class Mem0Backend:
    """Keeps memories in mem0, and what waits for it in a file.

    It fulfils :class:`Backend`, :class:`ChecksIds`, :class:`CountsFaults` and :class:`Erases`.

    There are three ways to say where mem0's client comes from: AgentScope's models, of which a
    client is built; models, or none, and mem0's configuration, in which they take the place of
    mem0's own; or a client that you made. A client that is built here is closed here; yours never
    is.

    Nothing is opened before it is used. Backends of one process that store in the same place share
    the client and the queue, whose settings are those of the first. Close a backend with
    :meth:`aclose`; whoever does not loses nothing.

    Args:
        client: A ``mem0.AsyncMemory`` or ``mem0.AsyncMemoryClient``, or something with their
            coroutine methods ``search`` and ``add``. Everything else that mem0 is built of is
            ignored then.
        chat_model: What extracts facts.
        embedding_model: What embeds them.
        mem0_config: mem0's configuration; it stays as it is.
        data_dir: The folder of the queue, and of mem0's store and history where the configuration
            does not name others; by default ``mem0`` in the user's data folder. It is created, for
            its owner only.
        settings: How much may wait, and how it is delivered.
        clock: Where the time of records comes from; the machine's clock by default.

    Attributes:
        identity: Where it stores.
        faults: What went wrong with deliveries, and how often.

    Raises:
        InputError: It is not said where the client comes from; the embedding model's vectors have
            another size than the configuration or the store; the store is used in this process
            already with another configuration; or the folder can't be created.
        TypeError: The client is a synchronous one.
        MissingExtraError: mem0 or AgentScope is needed, and not installed.
    """

    kind = Mem0Service.kind

    def __init__(
        self,
        *,
        client: object | None = None,
        chat_model: ChatModelBase | None = None,
        embedding_model: EmbeddingModelBase[Any] | None = None,
        mem0_config: MemoryConfig | None = None,
        data_dir: str | Path | None = None,
        settings: OutboxSettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Check the arguments; nothing is opened yet."""
        _check_kind("data_dir", data_dir, (str, Path))
        _check_kind("settings", settings, (OutboxSettings,))
        folder = Path(data_dir) if data_dir is not None else default_mem0_folder()
        self._folder = folder.expanduser().absolute()
        if client is not None:
            self._access: Access = _given(
                client,
                chat_model=chat_model,
                embedding_model=embedding_model,
                mem0_config=mem0_config,
            )
        else:
            self._access = _built(chat_model, embedding_model, mem0_config, self._folder)
        self._service = Mem0Service(self._access, clock=clock)
        self._settings = settings
        self._clock = clock
        self.identity = self._access.identity
        self.faults = queues.faults(self._file, self.identity, Faults(_log))
        self._joining = threading.Lock()
        self._queue: Queue | None = None
        self._closed = False

    def check_id(self, field: str, value: object) -> str:
        """Return ``value`` if mem0 keeps a user or an agent of this name apart from others.

        Raises:
            InputError: It does not: it takes ``*`` for everybody, and trims white space.
        """
        return check_unspaced_identifier(field, value)

    @property
    def _file(self) -> Path:
        return self._folder / "outbox.db"

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Search mem0; what still waits to be delivered is not found.

        Raises:
            BackendError: mem0 failed, or something of the user is to be erased first, which it
                can't yet.
            MemoryClosedError: The backend was closed.
        """
        try:
            queue = await self._opened()  # what an earlier process left is delivered from now on
            await queue.take_up(request.where.user_id)
        except StoreError as error:
            self.faults.record("outbox", error)
        with span("recall", backend=self.kind, limit=request.limit) as current:
            found = await self._service.recall(request)
            current.set_attribute("remanence.hits", len(found))
        return found

    async def retain(self, exchange: Exchange, *, scope: Scope, wait: float) -> bool:
        """Put an exchange into the queue, durably; then wait for its delivery.

        Raises:
            OutboxFullError: As much waits as was allowed; it was not put in.
            StoreError: The file can't be written; it was not put in.
            MemoryClosedError: The backend was closed.
        """
        queue = await self._opened()
        return await queue.retain(exchange, scope=scope, wait=wait)

    async def remember(self, statements: Sequence[str], *, scope: Scope, wait: float) -> bool:
        """Put statements into the queue as one delivery, durably; then wait for it.

        Raises:
            InputError: One of them is not a text that can be stored; none was put in.
            OutboxFullError: As for :meth:`retain`.
            StoreError: As for :meth:`retain`.
            MemoryClosedError: The backend was closed.
        """
        queue = await self._opened()
        return await queue.remember(statements, scope=scope, wait=wait)

    async def forget(
        self,
        ids: Iterable[str] | None = None,
        *,
        scope: Scope | Filter,
        asked_by: str | None = None,
    ) -> Receipt:
        """Erase memories by their ids, or all of a session; see :class:`Erases`.

        With a session goes what waits to be delivered of it. What was stored by versions that did
        not tell mem0 the session stays, and the receipt says so. With any memory go the last
        messages that mem0 keeps for its user and agent, which it may have been drawn from.

        Raises:
            InputError: There are neither ids nor a session, or one of the arguments is not
                acceptable.
            BackendRefusedError: The client can't erase; nothing was erased.
            BackendError: mem0 could not; it is tried again, and nothing is recalled of the user
                before that is done.
            StoreError: The file can't be written; nothing was erased.
            MemoryClosedError: The backend was closed.
        """
        queue = await self._erasing()
        where = Filter.of(scope)
        self.check_id("user_id", where.user_id)
        if where.agent_id is not None:
            self.check_id("agent_id", where.agent_id)
        return await queue.forget(ids, scope=where, asked_by=asked_by)

    async def forget_user(self, user_id: str, *, asked_by: str | None = None) -> Receipt:
        """Erase everything of a user: memories, history, messages, and what waits.

        Raises:
            InputError: ``user_id`` can't be one.
            BackendRefusedError: As for :meth:`forget`, and so are the others.
            BackendError: As well.
            StoreError: As well.
            MemoryClosedError: As well.
        """
        queue = await self._erasing()
        return await queue.forget_user(self.check_id("user_id", user_id), asked_by=asked_by)

    async def _erasing(self) -> ErasingBackend:
        """Return the queue, if the client can erase.

        Raises:
            BackendRefusedError: It can't.
        """
        self._service.check_erasing()
        return await self._opened()

    async def settle(self, seconds: float) -> bool:
        """Wait until nothing waits to be delivered any more; return whether that came about.

        Args:
            seconds: How long to wait at most.

        Raises:
            StoreError: The file can't be read.
            MemoryClosedError: The backend was closed.
        """
        queue = await self._opened()
        return await queue.settle(seconds)

    async def aclose(self) -> None:
        """Close what was opened, unless others use it; closing twice does nothing.

        The last user of a queue delivers for a moment what waits; what is left stays in the file.
        The last user of a client that was built here closes it, and ends its threads.
        """
        with self._joining:
            self._closed = True
            queue, self._queue = self._queue, None
        try:
            # After a fork it is the parent's.
            here = queue is not None and queue.process == os.getpid()
            if queue is not None and here and queues.leave(queue, self._service):
                await queue.backend.aclose()
        finally:
            await self._access.aclose()

    async def _opened(self) -> ErasingBackend:
        with self._joining:
            if self._closed:
                raise MemoryClosedError("this backend was closed; make another one")
            if self._queue is None or self._queue.process != os.getpid():
                make_folder(self._folder)
                self._queue = queues.join(
                    self._service,
                    self._file,
                    settings=self._settings,
                    clock=self._clock,
                    faults=self.faults,
                )
            queue = self._queue.backend
        return await queue


def _given(client: object, **ignored: object) -> GivenClient:
    """Return the access to a client of the user's; warn of what it makes of no use.

    Raises:
        TypeError: It is a synchronous one.
    """
    if inspect.isclass(client):
        raise TypeError(f"client: is the class {client.__name__}; give an object of it")
    if not is_async_client(client):
        raise TypeError(
            f"client: {type(client).__name__} has no coroutine methods 'search' and 'add'; give a "
            "mem0.AsyncMemory or a mem0.AsyncMemoryClient, not the synchronous Memory or "
            "MemoryClient"
        )
    names = [name for name, value in ignored.items() if value is not None]
    if names:
        _log.warning(
            "client is given, so %s %s ignored; leave out the client to have one built of it",
            ", ".join(names),
            "is" if len(names) == 1 else "are",
        )
    return GivenClient(client)


def _built(
    chat_model: ChatModelBase | None,
    embedding_model: EmbeddingModelBase[Any] | None,
    mem0_config: MemoryConfig | None,
    folder: Path,
) -> BuiltClient:
    """Return the access to a client that is built of models, a configuration, or both.

    Raises:
        InputError: Neither both models nor a configuration are given.
    """
    if mem0_config is None and (chat_model is None or embedding_model is None):
        missing = "chat_model" if chat_model is None else "embedding_model"
        neither = chat_model is None and embedding_model is None
        raise InputError(
            "client" if neither else missing,
            "nothing is given that mem0 could be built of" if neither else "is missing",
            "pass a client, or chat_model and embedding_model together, or a mem0_config (with or "
            "without models)",
        )
    _check_models(chat_model, embedding_model)
    if mem0_config is not None and not all(
        hasattr(mem0_config, part) for part in ("llm", "embedder", "vector_store")
    ):
        raise InputError(
            "mem0_config",
            f"is {type(mem0_config).__name__}",
            "give a mem0.configs.base.MemoryConfig, as MemoryConfig(**settings)",
        )
    made = plan(
        chat_model=chat_model, embedding_model=embedding_model, config=mem0_config, folder=folder
    )
    return BuiltClient(made, chat_model, embedding_model)


def _check_models(chat_model: object, embedding_model: object) -> None:
    """Refuse what are no models of AgentScope, the one taken for the other included.

    Raises:
        InputError: One of them is something else.
    """
    if chat_model is None and embedding_model is None:
        return
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase

    _check_kind("chat_model", chat_model, (ChatModelBase,))
    _check_kind("embedding_model", embedding_model, (EmbeddingModelBase,))


def _check_kind(field: str, value: object, kinds: tuple[type, ...]) -> None:
    if value is not None and not isinstance(value, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise InputError(field, f"is {type(value).__name__}", f"give a {names}")
