"""What a store has to be able to do so that what is erased is gone, whatever happens meanwhile.

An erasure has three steps. It is *asked* for, which is written down first: whoever opens the store
or reads of that user next takes it up if nobody else does. Its rows are *removed*, in one
transaction. What freed space still holds of them is *overwritten*. Each step may be done again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from remanence.types import Fact, Filter, Scope

__all__ = ["Erasure", "ErasureStore", "NewErasure", "Scrub"]


@dataclasses.dataclass(frozen=True, slots=True)
class NewErasure:
    """What somebody wants erased.

    Attributes:
        where: What may be erased.
        ids: Which of it, by id; ``None`` for all of it.
        asked_at: When.
        asked_by: Who asked, as they were named; ``None`` if nobody was.
        action: ``forget``, or ``expire`` for what is too old.
    """

    where: Filter
    ids: tuple[str, ...] | None
    asked_at: dt.datetime
    asked_by: str | None = None
    action: Literal["forget", "expire"] = "forget"


@dataclasses.dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure removed.

    Attributes:
        number: Its number in the store.
        user_id: Whose.
        ids: The ids of the episodes and facts that went.
        numbers: Their numbers within the user.
        places: How much went from each place, by its name.
        reread: The sessions in which episodes wait to be read again, because a fact that was drawn
            of them went with another episode.
    """

    number: int
    user_id: str
    ids: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    places: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])
    reread: tuple[Scope, ...] = ()

    @property
    def episodes(self) -> int:
        """How many episodes went."""
        return self.places.get("episodes", 0)

    @property
    def facts(self) -> int:
        """How many facts went."""
        return self.places.get("facts", 0)


@dataclasses.dataclass(frozen=True, slots=True)
class Scrub:
    """What was found and done where freed space may still hold what is gone.

    Attributes:
        clean: Whether freed space holds nothing now.
        log_empty: Whether the write-ahead log, or whatever is like one, is empty.
        told: What was found, in a sentence.
        bytes_read: How many bytes were looked through.
        bytes_rewritten: How many were overwritten.
        reachable: Whether freed space can be overwritten from here at all.
    """

    clean: bool
    log_empty: bool
    told: str
    bytes_read: int = 0
    bytes_rewritten: int = 0
    reachable: bool = True

    @property
    def over(self) -> bool:
        """Whether nothing is left to be done from here."""
        return not self.reachable or (self.clean and self.log_empty)


class ErasureStore(Protocol):
    """Erases, in steps that each are there after a crash."""

    async def ask(self, wanted: Sequence[NewErasure]) -> list[int]:
        """Write down what is to be erased, durably when this returns; return the numbers."""
        ...

    async def is_asked(self, user_id: str) -> bool:
        """Return whether something is to be removed of a user; made to be asked often."""
        ...

    async def asked(self, user_id: str | None) -> list[int]:
        """Return the numbers of what was asked for and not removed yet, oldest first.

        Args:
            user_id: Of whom; ``None`` for everybody.
        """
        ...

    async def remove(self, number: int, *, at: dt.datetime) -> Erasure | None:
        """Remove what was asked for, in one transaction; doing so twice removes nothing more.

        With an episode go its terms, its vectors, its place, and the facts that were drawn from it;
        a fact that it only confirmed loses it as a source. What a fact that goes had superseded is
        as if that had never been: it holds again, or ends where the one that goes had its own end.
        Where all that a filter sees goes, the jobs go that carry some of it. A session without
        items, and a user without items, are forgotten altogether. Who asked is written down.

        Args:
            number: The erasure's number.
            at: When that is done.

        Returns:
            What went, also when it was removed before, until :meth:`finish` forgets it; ``None`` if
            there is nothing of that number.
        """
        ...

    async def removed(self, *, now: dt.datetime) -> list[Erasure]:
        """Return what was removed, and may still be in freed space, oldest first.

        With what was carried out whole, and was asked for an hour before ``now`` or earlier.
        """
        ...

    async def overwrite(self, number: int) -> Scrub:
        """Overwrite what freed space still holds of what was removed up to now.

        Args:
            number: For which erasure: if that was done since it was removed, nothing is done.
        """
        ...

    async def finish(self, numbers: Sequence[int]) -> None:
        """Forget erasures that were carried out whole; others stay."""
        ...

    async def referring(self, erasure: Erasure) -> int:
        """Return how many rows still refer to what was erased."""
        ...

    async def going_along(self, where: Filter, ids: Sequence[str]) -> list[Fact]:
        """Return the facts that would go with these episodes, and are not named themselves."""
        ...

    async def expired(self, until: dt.datetime, *, user_id: str | None) -> list[str]:
        """Return the users of whom something happened before a time; of one user, or of all."""
        ...
