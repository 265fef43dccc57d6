"""What a memory service has to be able to do to stand behind a middleware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from remanence.backends.exchange import Exchange
from remanence.backends.request import RecallRequest
from remanence.recall.quotations import Around
from remanence.telemetry import Faults
from remanence.types import Recollection, Scope

__all__ = ["Backend", "ChecksIds", "CountsFaults", "TellsContext"]


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
        """What went wrong with deliveries, and how often, in this process."""
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
