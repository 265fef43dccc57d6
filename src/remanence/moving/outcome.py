"""What came of moving in."""

from __future__ import annotations

import dataclasses

from remanence.moving.arrivals import Skipped

__all__ = ["Moved"]


@dataclasses.dataclass(frozen=True, slots=True)
class Moved:
    """What became of what was found of one user.

    Attributes:
        user_id: Whose it is.
        episodes: How many messages are new.
        facts: How many statements are new.
        there: How many items were there already.
        skipped: What was not taken in, because something else is there.
        kept: What is there already and says the same, with something else beside it: another time,
            place or metadata. What is there is kept as it is.
        expected: How many items are to be there now: all that were found, but for those skipped.
        verified: How many of them were found there afterwards.
    """

    user_id: str
    episodes: int
    facts: int
    there: int
    skipped: tuple[Skipped, ...]
    kept: tuple[Skipped, ...]
    expected: int
    verified: int

    @property
    def complete(self) -> bool:
        """Whether all that is to be there was found there."""
        return self.verified == self.expected
