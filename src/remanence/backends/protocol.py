"""What a memory service has to be able to do to stand behind a middleware."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from remanence.backends.exchange import Exchange
from remanence.backends.request import RecallRequest
from remanence.recall.quotations import Around
from remanence.telemetry import Faults
from remanence.types import Filter, Recollection, Scope

__all__ = [
    "Backend",
    "ChecksIds",
    "CountsFaults",
    "Edits",
    "Extracts",
    "TellsContext",
    "TellsProfile",
]


@runtime_checkable
class Backend(Protocol):
    """Recalls and retains. Whoever made it closes it; a middleware never does."""

    @property
    def kind(self) -> str:
        """What it is, in a word: it tells the records of several memories on one agent apart."""
        ...

    @property
    def identity(self) -> str:
        """A fingerprint of where it stores: the same in every process that stores there.

        A write that waits in a queue is delivered only to the identity that it was meant for.
        """
        ...

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Return what is found, best first; an empty list when nothing is.

        Raises:
            RemanenceError: It could not be searched. Errors of the service underneath are
                translated, and stay reachable as ``__cause__``.
        """
        ...

    async def retain(self, exchange: Exchange, *, scope: Scope, wait: float) -> bool:
        """Keep an exchange durably; retaining the same one again changes nothing.

        Args:
            exchange: What was said.
            scope: Where it belongs.
            wait: How many seconds to wait at most until the service has it, once it is durable
                here; 0 returns as soon as it is. A backend that stores here has nothing to wait
                for.

        Returns:
            Whether the service has it. ``False`` when that is still to come: it is durable here,
            and delivered as soon as that can be done.

        Raises:
            RemanenceError: It was not kept, or that can't be known: retain it again.
        """
        ...

    async def remember(self, statements: Sequence[str], *, scope: Scope, wait: float) -> bool:
        """Keep statements that stand by themselves, as they are or distilled.

        Args:
            statements: What to keep.
            scope: Where they belong.
            wait: As for :meth:`retain`.

        Returns:
            Whether the service has them; ``False`` when that is still to come, as for
            :meth:`retain`.

        Raises:
            RemanenceError: They were not all kept, or that can't be known.
        """
        ...


@runtime_checkable
class ChecksIds(Protocol):
    """The ability of a backend to refuse ids that its service can't keep apart from others."""

    def check_id(self, field: str, value: object) -> str:
        """Return ``value`` if it can name a user or an agent.

        Args:
            field: The name to give in the error.
            value: The id.

        Raises:
            InputError: It can't.
        """
        ...


@runtime_checkable
class CountsFaults(Protocol):
    """The ability of a backend to tell what went wrong after it had kept something."""

    @property
    def faults(self) -> Faults:
        """What went wrong in the background, and how often, in this process."""
        ...


@runtime_checkable
class TellsContext(Protocol):
    """The ability of a backend to tell what was said around what it found."""

    async def context(
        self, found: Sequence[Recollection], request: RecallRequest
    ) -> Mapping[str, Around]:
        """Return what was said right before and after messages, in their sessions.

        Args:
            found: What :meth:`Backend.recall` returned.
            request: What it was asked; nothing is told that this does not let be seen, and nothing
                that the agent that asks still sees.

        Returns:
            What was said around each of them, by its id; those of which nothing is known are left
            out.

        Raises:
            RemanenceError: It could not be read.
        """
        ...


@runtime_checkable
class TellsProfile(Protocol):
    """The ability of a backend to tell in short what it knows of a user."""

    async def profile(
        self, where: Filter, *, token_budget: int, count_tokens: Callable[[str], int]
    ) -> str:
        """Return what is so now, a line beginning with ``- `` for each statement.

        Args:
            where: What may be seen.
            token_budget: How many tokens it may be.
            count_tokens: Counts those of a text.

        Returns:
            The lines, the most important ones first; empty when nothing is known, or nothing fits.

        Raises:
            RemanenceError: It could not be read.
        """
        ...


@runtime_checkable
class Edits(Protocol):
    """The ability of a backend to change what it holds, by the ids of recollections."""

    async def correct(self, memory_id: str, statement: str, *, where: Filter) -> None:
        """Put a statement of the agent's in the place of a fact, whose history tells both.

        Args:
            memory_id: The fact's id.
            statement: What is so instead.
            where: What may be seen.

        Raises:
            InputError: ``where`` sees nothing of that id, or it is no fact, or the statement can't
                be stored; nothing was changed.
            RemanenceError: It was not changed, or that can't be known.
        """
        ...

    async def forget(self, memory_ids: Sequence[str], *, where: Filter) -> list[str]:
        """Erase messages and facts for good.

        Args:
            memory_ids: Their ids; those that ``where`` does not see are passed over.
            where: What may be seen.

        Returns:
            The ids of what was erased, in any order; facts that rested on nothing else included.

        Raises:
            RemanenceError: They were not all erased, or that can't be known.
        """
        ...


@runtime_checkable
class Extracts(Protocol):
    """The ability of a backend to have what it keeps read for facts by a chat model.

    That is done in the background, never while something is retained.
    """

    async def extract_with(self, chat_model: Any) -> None:
        """Let a chat model read what is kept from now on, unless one does already.

        Args:
            chat_model: A chat model of the framework, or a
                :class:`~remanence.llm.protocol.ChatModel`.

        Raises:
            InputError: It is no chat model.
            RemanenceError: It could not be begun.
        """
        ...
