"""A model in ONNX, run by ONNX Runtime: texts in, vectors out, all of it in the calling thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from remanence.embed.folder import Folder, Pooling
from remanence.embed.vectors import unit_rows
from remanence.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

__all__ = ["OnnxModel"]

_CHARS_PER_TOKEN = 64
"""Of a long text no more is tokenized than this: tokens are shorter, but for freaks."""

_TOKENS_AT_ONCE = 512
"""Tokens of a batch, filled up: what stays in the processor's caches. Measured on the turns of
conversations: 2,048 are a fifth slower, 16,384 take more than twice as long."""

_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class OnnxModel:
    """Turns texts into vectors of length 1.

    Args:
        folder: The model and its settings.
        pooling: How the states of tokens become one vector.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        InputError: The files are no model, or none of this kind.
    """

    def __init__(self, folder: Folder, *, pooling: Pooling) -> None:
        """Load the model."""
        self._folder = folder
        self._pooling: Pooling = pooling
        self._tokenizer = _tokenizer(folder.tokenizer, folder.tokens)
        self._session = _session(folder.model)
        self._wanted = [each.name for each in self._session.get_inputs()]
        if "input_ids" not in self._wanted or not set(self._wanted) <= _INPUTS:
            raise InputError(
                "model",
                f"it takes {', '.join(self._wanted)}",
                f"choose one that takes {', '.join(sorted(_INPUTS))}, or some of them",
            )
        self._output = _output(
            [(each.name, len(each.shape)) for each in self._session.get_outputs()]
        )
        self.dimensions = self._run([[folder.padding]]).shape[1]

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of texts, in their order; of shape ``(len(texts), dimensions)``."""
        encoded = [self._tokens(text) for text in texts]
        made = np.empty((len(texts), self.dimensions), np.float32)
        # Texts of about the same length need little filling up.
        order = sorted(range(len(texts)), key=lambda place: len(encoded[place]))
        for places in _batches(order, [len(tokens) for tokens in encoded]):
            made[places] = unit_rows(self._run([encoded[place] for place in places]))
        return made

    def _tokens(self, text: str) -> list[int]:
        start = text[: self._folder.tokens * _CHARS_PER_TOKEN]
        known = start.encode("utf-8", "replace").decode("utf-8")  # a surrogate is no character
        return self._tokenizer.encode(known).ids or [self._folder.padding]

    def _run(self, tokens: Sequence[Sequence[int]]) -> Floats:
        longest = max(len(each) for each in tokens)
        ids: Ints = np.full((len(tokens), longest), self._folder.padding, np.int64)
        mask: Ints = np.zeros_like(ids)
        for row, each in enumerate(tokens):
            ids[row, : len(each)] = each
            mask[row, : len(each)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        inputs = {name: given[name] for name in self._wanted}
        states = self._session.run([self._output], inputs)[0]
        return self._pooled(states, mask)

    def _pooled(self, states: Floats, mask: Ints) -> Floats:
        if states.ndim == 2:  # the model does it
            return states
        if self._pooling == "cls":
            return states[:, 0]
        # A product of matrices for each text: the sum over its tokens, without a copy of them all.
        return np.matmul(mask[:, np.newaxis].astype(np.float32), states)[:, 0]


def _tokenizer(path: Path, tokens: int) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtraError("local", "A local embedder") from error
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # what it raises is a plain one
        raise InputError(
            "model", f"{path} is no tokenizer ({error})", "put the model's fast tokenizer there"
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)  # pyright: ignore[reportUnknownMemberType]
    return tokenizer


def _session(path: Path) -> InferenceSession:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("local", "A local embedder") from error
    onnxruntime.disable_telemetry_events()  # which it has on Windows
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    # One thread a call: several calls at once use the cores better than several threads for one,
    # which spin while they wait for each other.
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # errors, which are raised as well
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # what it raises has no base of its own
        raise InputError(
            "model", f"{path} can't be loaded ({error})", "put a model in ONNX there"
        ) from error


def _output(outputs: Sequence[tuple[str, int]]) -> str:
    """Return the output that has the states of tokens, or else the vectors of texts."""
    for rank in (3, 2):
        for name, axes in outputs:
            if axes == rank:
                return name
    raise InputError(
        "model",
        f"it returns {', '.join(name for name, _ in outputs)}, no states of tokens",
        "choose one exported for feature extraction",
    )


def _batches(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    """Cut an order by ascending length into batches of about as many tokens each."""
    batches: list[list[int]] = []
    for place in order:
        if not batches or (len(batches[-1]) + 1) * lengths[place] > _TOKENS_AT_ONCE:
            batches.append([])
        batches[-1].append(place)
    return batches
