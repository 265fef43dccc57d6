"""Clocks, and what is made of their readings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np

__all__ = ["Stopwatch", "percentile"]


class Stopwatch:
    """Measures a block.

    Attributes:
        wall: Seconds it took.
        processor: Seconds of processor time the process spent meanwhile, in all threads.
        here: Seconds of processor time that the measuring thread spent.
    """

    wall: float
    processor: float
    here: float

    def __enter__(self) -> Self:
        self._began = (time.perf_counter(), time.process_time(), time.thread_time())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        ended = (time.perf_counter(), time.process_time(), time.thread_time())
        self.wall, self.processor, self.here = (
            end - begin for begin, end in zip(self._began, ended, strict=True)
        )


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile, interpolated."""
    return float(np.percentile(np.array(values), share))
