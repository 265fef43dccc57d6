"""What is measured of one store."""

from __future__ import annotations

import dataclasses

__all__ = ["Cell", "Read", "Written"]


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """What writing took.

    Attributes:
        seconds: How long, all episodes.
        settle_seconds: How much longer until all had vectors; 0 without an embedder.
        store_bytes: Space on disk.
    """

    seconds: float
    settle_seconds: float
    store_bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class Read:
    """What reading took, in another process.

    Attributes:
        asked_users: How many users were asked about.
        first_touch_p50: Milliseconds the first recall of a user takes, index and all: the median
            over users.
        first_touch_p95: The 95th percentile of these.
        warm_p50: Milliseconds a recall takes after that, while its index is held.
        warm_p95: The 95th percentile of these.
        index_bytes: What indexes held at the end, over all users.
        resident_bytes: By how much the process grew from before opening to the end.
    """

    asked_users: int
    first_touch_p50: float
    first_touch_p95: float
    warm_p50: float
    warm_p95: float
    index_bytes: int
    resident_bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One store.

    Attributes:
        episodes: How many it holds.
        users: Of how many users, each of whom has as many.
        written: What writing them took.
        read: What recalling took.
    """

    episodes: int
    users: int
    written: Written
    read: Read
