"""mem0 as a backend: a client, and a durable queue before it."""

from __future__ import annotations

import inspect
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remanence.backends.mem0.access import Access, BuiltClient, GivenClient, is_async_client
from remanence.backends.mem0.building import plan
from remanence.backends.mem0.service import Mem0Service
from remanence.backends.shared import SharedBackend
from remanence.clock import Clock
from remanence.config import default_mem0_folder
from remanence.errors import InputError
from remanence.outbox.settings import OutboxSettings
from remanence.telemetry import Faults
from remanence.validation import check_unspaced_identifier

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase
    from mem0.configs.base import MemoryConfig

__all__ = ["Mem0Backend"]

_log = logging.getLogger(__name__)


class Mem0Backend(SharedBackend):
    """Keeps memories in mem0, and what waits for it in a file.

    There are three ways to say where mem0's client comes from: AgentScope's models, of which a
    client is built; models, or none, and mem0's configuration, in which they take the place of
    mem0's own; or a client that you made. A client that is built here is closed here; yours never
    is.

    Nothing is opened before it is used. Backends of one process that store in the same place share
    the client and the queue, whose settings are those of the first. The last user of a client that
    was built here closes it, and ends its threads.

    When a session is forgotten, what was stored by versions that did not tell mem0 the session
    stays, and the receipt says so. With any memory go the last messages that mem0 keeps for its
    user and agent, which it may have been drawn from.

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
        folder = default_mem0_folder() if data_dir is None else Path(data_dir)
        folder = folder.expanduser().absolute()
        if client is not None:
            self._access: Access = _given(
                client,
                chat_model=chat_model,
                embedding_model=embedding_model,
                mem0_config=mem0_config,
            )
        else:
            self._access = _built(chat_model, embedding_model, mem0_config, folder)
        self._service = Mem0Service(self._access, clock=clock)
        super().__init__(
            self._service,
            folder / "outbox.db",
            field="data_dir",
            settings=settings,
            clock=clock,
            faults=Faults(_log),
        )

    def check_id(self, field: str, value: object) -> str:
        """Return ``value`` if mem0 keeps a user or an agent of this name apart from others.

        Raises:
            InputError: It does not: it takes ``*`` for everybody, and trims white space.
        """
        return check_unspaced_identifier(field, value)

    def _check_erasing(self) -> None:
        self._service.check_erasing()

    async def _release(self) -> None:
        await self._access.aclose()


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
