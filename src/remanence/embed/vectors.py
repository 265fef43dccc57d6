"""What models return, as vectors of length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from remanence.errors import BackendAnswerError, DimensionError

__all__ = ["check_vectors", "unit_rows"]


def unit_rows(data: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """Return vectors scaled to length 1.

    Args:
        data: Vectors, of shape (count, dimensions).

    Raises:
        BackendAnswerError: A vector has a number that is not finite, or no length.
    """
    wide = data.astype(np.float64)  # the squares of large float32 may overflow
    lengths = np.sqrt(np.square(wide).sum(axis=1, keepdims=True))
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise BackendAnswerError("the embedding model returned a vector without a direction")
    return (wide / lengths).astype(np.float32)


def check_vectors(answer: object, *, count: int, dimensions: int) -> npt.NDArray[np.float32]:
    """Return what a model answered as vectors of length 1.

    Args:
        answer: What it answered, which ought to be a list of vectors.
        count: How many there ought to be.
        dimensions: How many numbers each ought to have.

    Returns:
        An array of shape (count, dimensions).

    Raises:
        BackendAnswerError: It is something else.
        DimensionError: The vectors have another size.
    """
    if not isinstance(answer, Sequence) or isinstance(answer, str):
        raise BackendAnswerError(f"the embedding model returned {type(answer).__name__}, no list")
    if len(answer) != count:  # pyright: ignore[reportUnknownArgumentType] - of any elements
        raise BackendAnswerError(
            f"the embedding model returned {len(answer)} vectors for {count} texts"  # pyright: ignore[reportUnknownArgumentType] - as above
        )
    if count == 0:
        return np.zeros((0, dimensions), np.float32)
    try:
        data = np.array(answer, np.float64)
    except (TypeError, ValueError) as error:
        raise BackendAnswerError("the embedding model left out vectors, or numbers") from error
    if data.ndim != 2:
        raise BackendAnswerError("the embedding model returned something else than vectors")
    if data.shape[1] != dimensions:
        raise DimensionError(
            f"the embedding model returned vectors of {data.shape[1]} numbers, and says that it "
            f"makes them of {dimensions}"
        )
    return unit_rows(data)
