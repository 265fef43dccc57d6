"""Where the tests get their embedders from."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from remanence.embed.protocol import Embedder

__all__ = ["Handles"]


class Handles:
    """Where the embedders come from."""

    tolerance = 1e-4
    """How far apart the numbers of two vectors of one text may be: models round differently
    beside other texts."""

    @pytest.fixture
    def make(self) -> Callable[[], Embedder]:
        """Return what makes embedders with the same model and settings."""
        raise NotImplementedError("a subclass defines the fixture 'make'")

    @pytest.fixture
    async def embedder(self, make: Callable[[], Embedder]) -> Embedder:
        """Prepare the embedder under test."""
        embedder = make()
        await embedder.prepare()
        return embedder

    def check(self, vectors: npt.NDArray[Any], *shape: int) -> None:
        """Fail unless these are vectors of length 1, in an array of this shape."""
        assert vectors.shape == shape
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=-1), 1, atol=self.tolerance)

    def same(self, one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
        """Return whether vectors are the same, but for rounding."""
        return one.shape == other.shape and np.allclose(one, other, atol=self.tolerance)
