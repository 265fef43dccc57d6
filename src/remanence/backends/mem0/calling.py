"""A call of mem0 on behalf of an agent, and how models are asked from within it.

mem0 asks its models from threads of its own. The models belong to the agent, and many of them keep
connections of the event loop they were first used in. So they are asked on the event loop that the
call came from; the thread waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from remanence.backends.asking import Asked
from remanence.errors import BackendUnavailableError
from remanence.remote.connections import with_fresh_connections

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase

__all__ = ["Abort", "Call", "current_call"]

T = TypeVar("T")

_LOOK_SECONDS = 0.1
"""How often a thread that waits for a model looks whether anybody still wants the answer."""


class Abort(BaseException):
    """Takes a failure out of mem0.

    mem0 catches every ``Exception`` of a model, and goes on with what it has: it answers that there
    was nothing to store, or stores a part. This is none, so that mem0 stops where it is.

    Attributes:
        error: The failure.
    """

    def __init__(self, error: Exception) -> None:
        """Keep the failure."""
        super().__init__(error)
        self.error = error


class Call:
    """One call of mem0: the models it asks, and where it came from.

    Args:
        chat_model: What extracts; ``None`` where mem0 has an own one.
        embedding_model: What embeds; ``None`` where mem0 has an own one.

    Attributes:
        chat_model: As given.
        embedding_model: As given.
        facts: How many facts the chat model extracted; ``None`` if it was not asked.
    """

    def __init__(
        self,
        chat_model: ChatModelBase | None = None,
        embedding_model: EmbeddingModelBase[Any] | None = None,
    ) -> None:
        """Remember the running event loop."""
        self.chat_model = chat_model
        self.embedding_model = embedding_model
        self.facts: int | None = None
        self._loop = asyncio.get_running_loop()
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """Let no model be waited for any longer; from any thread."""
        self._given_up.set()

    def check(self) -> None:
        """Tell whether anybody still waits for it.

        Raises:
            BackendUnavailableError: Nobody does.
        """
        if self._given_up.is_set():
            raise BackendUnavailableError("the call of mem0 was given up")
        if not self._loop.is_running():
            raise BackendUnavailableError("the event loop of the agent ended meanwhile")

    def ask(self, make: Callable[[], Awaitable[T]]) -> T:
        """Await something on the event loop that the call came from, in another thread.

        Raises:
            BackendUnavailableError: That event loop ended, or nobody waits for it any more.
            Exception: Whatever was raised.
        """
        self.check()
        asked = Asked(self._loop, lambda: with_fresh_connections(make))
        try:
            while not asked.done(_LOOK_SECONDS):
                self.check()
        except BaseException:
            asked.cancel()
            raise
        return asked.result()


current_call: ContextVar[Call] = ContextVar("remanence_mem0_call")
"""The call that this code runs for, in mem0's threads too."""
