"""all-MiniLM-L6-v2 as the evaluations' embedder, with vectors that are made once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evals.vectors import CachedEmbedder

if TYPE_CHECKING:
    from remanence.embed.protocol import Embedder

__all__ = ["LABEL", "cached_minilm", "minilm"]

LABEL = "all-MiniLM-L6-v2, ONNX, float32"
"""What the model is called in tables."""


def minilm() -> Embedder:
    """Return the local embedder on the weights that ``evals.weights`` finds."""
    from evals.weights import minilm_folder
    from remanence.embed.local import LocalEmbedder

    return LocalEmbedder(minilm_folder())


def cached_minilm(path: Path) -> CachedEmbedder:
    """Return the same, with what was kept in a file; the model is loaded when it is needed."""
    return CachedEmbedder(path, minilm)
