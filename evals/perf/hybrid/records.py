"""What is measured of recall with vectors."""

from __future__ import annotations

import dataclasses

__all__ = ["Hybrid"]


@dataclasses.dataclass(frozen=True, slots=True)
class Hybrid:
    """What recall with vectors takes in one user's memory; medians over repeats, milliseconds.

    Attributes:
        episodes: How many the user has.
        product_p50: The bare product of all vectors and one, by numpy: the median.
        warm_p50: A recall, the index being loaded: the median over questions.
        warm_p95: The 95th percentile of these.
        few_p50: The same in a memory of 100 episodes: what is not ranking.
        first_touch: The first recall after the file is opened.
        ingest_seconds: How long storing took.
        settle_seconds: How much longer it took until all had vectors.
        index_bytes: Memory that the index holds for each episode.
        store_bytes: Space on disk for each episode.
        resident_bytes: By how much the process grew from before opening to after the questions.
    """

    episodes: int
    product_p50: float
    warm_p50: float
    warm_p95: float
    few_p50: float
    first_touch: float
    ingest_seconds: float
    settle_seconds: float
    index_bytes: float
    store_bytes: float
    resident_bytes: int

    @property
    def ranking_p50(self) -> float:
        """What ranking takes, about: the recall less one in a memory of 100 episodes."""
        return self.warm_p50 - self.few_p50
