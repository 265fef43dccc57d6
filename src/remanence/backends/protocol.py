"""What a memory service has to be able to do to stand behind a middleware."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from remanence.backends.exchange import Exchange
from remanence.backends.request import RecallRequest
from remanence.recall.quotations import Around
from remanence.telemetry import Faults
from remanence.types import Filter, Receipt, Recollection, Scope

__all__ = [
    "Backend",
    "ChecksIds",
    "CountsFaults",
    "Edits",
    "Erases",
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
    """The ability of a backend to correct what it holds, by the ids of recollections."""

    async def correct(
        self, memory_id: str, statement: str, *, where: Filter, asked_by: str | None = None
    ) -> None:
        """Put a statement of the agent's in the place of a fact, whose history tells both.

        Args:
            memory_id: The fact's id.
            statement: What is so instead.
            where: What may be seen.
            asked_by: Who asks for it, as an audit is to name them.

        Raises:
            InputError: ``where`` sees nothing of that id, or it is no fact, or the statement can't
                be stored; nothing was changed.
            RemanenceError: It was not changed, or that can't be known.
        """
        ...


@runtime_checkable
class Erases(Protocol):
    """The ability of a backend to forget for good, and to tell how that was made sure.

    What was asked for is carried out also if the process ends meanwhile: by whoever opens the
    backend next, before anything of that user is recalled.
    """

    async def forget(
        self,
        ids: Iterable[str] | None = None,
        *,
        scope: Scope | Filter,
        asked_by: str | None = None,
    ) -> Receipt:
        """Erase memories by the ids of recollections, or all of a session.

        Args:
            ids: Which; those that ``scope`` does not see are passed over. Without ids, everything
                that ``scope`` sees, which then has to name a session.
            scope: Whose, and of which session.
            asked_by: Who asks for it, as the audit is to name them.

        Returns:
            What went, from where, and what was looked at afterwards. Nothing found is no error:
            the receipt says so.

        Raises:
            InputError: There are neither ids nor a session, or one of the arguments is not
                acceptable; nothing was erased.
            BackendRefusedError: The service can't erase.
            RemanenceError: It was not all erased yet, or that can't be known; it is tried again.
        """
        ...

    async def forget_user(self, user_id: str, *, asked_by: str | None = None) -> Receipt:
        """Erase everything of a user, and what still waits to be kept.

        Args:
            user_id: Whose.
            asked_by: As for :meth:`forget`.

        Returns:
            As for :meth:`forget`; an unknown user is no error.

        Raises:
            InputError: ``user_id`` can't be one.
            BackendRefusedError: As for :meth:`forget`.
            RemanenceError: As for :meth:`forget`.
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
