"""What is measured with a term switched off."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

__all__ = ["DEPTHS", "Weighed"]

DEPTHS = (10, 50)


@dataclasses.dataclass(frozen=True, slots=True)
class Weighed:
    """What is found with a term switched off.

    Attributes:
        engine: ``lexical`` or ``embedder``.
        data_set: Of which questions.
        term: What is switched off.
        recall: For each of :data:`DEPTHS`, the fraction of evidence turns found, 0 to 1.
    """

    engine: str
    data_set: str
    term: str
    recall: Mapping[int, float]
