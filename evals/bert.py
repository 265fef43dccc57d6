"""BERT (Devlin et al., NAACL 2019) as an ONNX graph, and once more in NumPy to compare it with.

Both take weights by the names that Hugging Face's ``BertModel`` gives them, without a prefix.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

__all__ = ["Shape", "Weights", "bert_graph", "bert_states", "random_weights"]

Weights = Mapping[str, npt.NDArray[np.floating[Any]]]

_OPSET = 17
"""The first one with layer normalisation as one operation."""

_IR_VERSION = 8

_HIDDEN_AWAY = -10_000.0
"""What is added to the score of a place that holds no token, as BERT has it."""

_TINY_SPREAD = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """How large a BERT is.

    Attributes:
        layers: How many layers it has.
        heads: How many heads a layer has.
        epsilon: What layer normalisation adds to a variance.
    """

    layers: int
    heads: int
    epsilon: float = 1e-12


class _Graph:
    """Collects the operations of a graph; every operation's output has a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: npt.ArrayLike) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def number(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, np.float32))

    def node(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        output = output or f"{kind}_{len(self.nodes)}"
        made = helper.make_node(kind, list(inputs), [output], **attributes)  # pyright: ignore[reportUnknownMemberType]
        self.nodes.append(made)
        return output


class _Bert:
    """Writes a BERT into a graph."""

    def __init__(self, weights: Weights, shape: Shape) -> None:
        self.graph = _Graph()
        self._weights = weights
        self._shape = shape
        self._width = weights["embeddings.word_embeddings.weight"].shape[1]
        self._half = self.graph.number("half", 0.5)
        self._one = self.graph.number("one", 1.0)
        self._root = self.graph.number("root", math.sqrt(2))

    def _weight(self, name: str, *, turned: bool = False) -> str:
        value = self._weights[name].astype(np.float32)
        return self.graph.constant(name, np.ascontiguousarray(value.T) if turned else value)

    def _linear(self, name: str, value: str) -> str:
        product = self.graph.node("MatMul", [value, self._weight(f"{name}.weight", turned=True)])
        return self.graph.node("Add", [product, self._weight(f"{name}.bias")])

    def _normalized(self, name: str, value: str, output: str = "") -> str:
        scale, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self.graph.node(
            "LayerNormalization",
            [value, scale, bias],
            output,
            axis=-1,
            epsilon=self._shape.epsilon,
        )

    def _gelu(self, value: str) -> str:
        error = self.graph.node("Erf", [self.graph.node("Div", [value, self._root])])
        raised = self.graph.node("Add", [error, self._one])
        return self.graph.node("Mul", [self.graph.node("Mul", [value, raised]), self._half])

    def embeddings(self) -> str:
        words = self._weight("embeddings.word_embeddings.weight")
        types = self._weight("embeddings.token_type_embeddings.weight")
        positions = self._weight("embeddings.position_embeddings.weight")
        size = self.graph.node("Shape", ["input_ids"], start=1, end=2)
        start, step = self.graph.constant("zero", np.array([0])), self.graph.constant("along", [0])
        first = self.graph.node("Slice", [positions, start, size, step])
        summed = self.graph.node(
            "Add",
            [
                self.graph.node("Gather", [words, "input_ids"]),
                self.graph.node("Gather", [types, "token_type_ids"]),
            ],
        )
        return self._normalized("embeddings.LayerNorm", self.graph.node("Add", [summed, first]))

    def mask(self) -> str:
        axes = self.graph.constant("mask_axes", np.array([1, 2]))
        raised = self.graph.node("Unsqueeze", ["attention_mask", axes])
        present = self.graph.node("Cast", [raised], to=onnx.TensorProto.FLOAT)
        away = self.graph.number("hidden_away", _HIDDEN_AWAY)
        return self.graph.node("Mul", [self.graph.node("Sub", [self._one, present]), away])

    def layer(self, number: int, value: str, mask: str, output: str) -> str:
        name = f"encoder.layer.{number}"
        parts = [self._heads(f"{name}.attention.self.{part}", value) for part in _PARTS]
        query, key, content = parts
        turned = self.graph.node("Transpose", [key], perm=[0, 1, 3, 2])
        scores = self.graph.node("MatMul", [query, turned])
        scale = self.graph.number(f"{name}.scale", math.sqrt(self._width // self._shape.heads))
        scores = self.graph.node("Add", [self.graph.node("Div", [scores, scale]), mask])
        shares = self.graph.node("Softmax", [scores], axis=-1)
        mixed = self.graph.node(
            "Transpose", [self.graph.node("MatMul", [shares, content])], perm=[0, 2, 1, 3]
        )
        joined = self.graph.constant(f"{name}.joined", np.array([0, 0, self._width]))
        attended = self._linear(
            f"{name}.attention.output.dense", self.graph.node("Reshape", [mixed, joined])
        )
        value = self._normalized(
            f"{name}.attention.output.LayerNorm", self.graph.node("Add", [attended, value])
        )
        inner = self._gelu(self._linear(f"{name}.intermediate.dense", value))
        outer = self._linear(f"{name}.output.dense", inner)
        return self._normalized(
            f"{name}.output.LayerNorm", self.graph.node("Add", [outer, value]), output
        )

    def _heads(self, name: str, value: str) -> str:
        heads = self._shape.heads
        size = self.graph.constant(f"{name}.heads", np.array([0, 0, heads, self._width // heads]))
        parted = self.graph.node("Reshape", [self._linear(name, value), size])
        return self.graph.node("Transpose", [parted], perm=[0, 2, 1, 3])


_PARTS = ("query", "key", "value")
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def bert_graph(weights: Weights, shape: Shape) -> onnx.ModelProto:
    """Return a model from tokens to their states, in float32.

    Its inputs are ``input_ids``, ``attention_mask`` and ``token_type_ids``, each of shape
    (texts, tokens); its output is ``last_hidden_state``, of shape (texts, tokens, width).
    """
    bert = _Bert(weights, shape)
    value, mask = bert.embeddings(), bert.mask()
    for number in range(shape.layers):
        output = "last_hidden_state" if number == shape.layers - 1 else ""
        value = bert.layer(number, value, mask, output)
    width = weights["embeddings.word_embeddings.weight"].shape[1]
    dims: tuple[str | int, ...] = ("texts", "tokens")
    inputs = [helper.make_tensor_value_info(name, onnx.TensorProto.INT64, dims) for name in _INPUTS]
    outputs = [helper.make_tensor_value_info(value, onnx.TensorProto.FLOAT, (*dims, width))]
    graph = helper.make_graph(
        bert.graph.nodes, "bert", inputs, outputs, initializer=bert.graph.constants
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model)  # pyright: ignore[reportUnknownMemberType]
    return model


def bert_states(
    weights: Weights, shape: Shape, ids: npt.NDArray[np.int64], mask: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return what the model does, computed in float64: slow, to compare with.

    Args:
        weights: The weights.
        shape: How large the model is.
        ids: Tokens, of shape (texts, tokens).
        mask: 1 where there is a token, else 0; of the same shape.
    """
    wide = {name: value.astype(np.float64) for name, value in weights.items()}

    def linear(name: str, value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return value @ wide[f"{name}.weight"].T + wide[f"{name}.bias"]

    def normalized(name: str, value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        centred = value - value.mean(-1, keepdims=True)
        variance = np.square(centred).mean(-1, keepdims=True)
        scaled = centred / np.sqrt(variance + shape.epsilon)
        return scaled * wide[f"{name}.weight"] + wide[f"{name}.bias"]

    def heads(name: str, value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return linear(name, value).reshape(*ids.shape, shape.heads, -1).transpose(0, 2, 1, 3)

    erf = np.vectorize(math.erf, otypes=[np.float64])
    value = normalized(
        "embeddings.LayerNorm",
        wide["embeddings.word_embeddings.weight"][ids]
        + wide["embeddings.token_type_embeddings.weight"][0]
        + wide["embeddings.position_embeddings.weight"][: ids.shape[1]],
    )
    away = (1 - mask[:, None, None, :]) * _HIDDEN_AWAY
    for number in range(shape.layers):
        name = f"encoder.layer.{number}"
        query, key, content = (heads(f"{name}.attention.self.{part}", value) for part in _PARTS)
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(query.shape[-1]) + away
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        mixed = (shares @ content).transpose(0, 2, 1, 3).reshape(value.shape)
        attended = linear(f"{name}.attention.output.dense", mixed)
        value = normalized(f"{name}.attention.output.LayerNorm", attended + value)
        inner = linear(f"{name}.intermediate.dense", value)
        inner = 0.5 * inner * (1 + cast("npt.NDArray[np.float64]", erf(inner / math.sqrt(2))))
        value = normalized(
            f"{name}.output.LayerNorm", linear(f"{name}.output.dense", inner) + value
        )
    return value


def random_weights(
    shape: Shape, *, vocabulary: int, width: int, inner: int, positions: int, seed: int = 0
) -> dict[str, npt.NDArray[np.float32]]:
    """Return made-up weights, always the same ones for a seed.

    Args:
        shape: How large the model is.
        vocabulary: How many tokens it knows.
        width: How long a state is.
        inner: How wide a layer is inside.
        positions: How many tokens a text may have.
        seed: Which weights.
    """
    source = np.random.default_rng(seed)
    sizes = {
        "embeddings.word_embeddings.weight": (vocabulary, width),
        "embeddings.position_embeddings.weight": (positions, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        **_norm("embeddings.LayerNorm", width),
    }
    for number in range(shape.layers):
        name = f"encoder.layer.{number}"
        for part in _PARTS:
            sizes |= _dense(f"{name}.attention.self.{part}", width, width)
        sizes |= _dense(f"{name}.attention.output.dense", width, width)
        sizes |= _norm(f"{name}.attention.output.LayerNorm", width)
        sizes |= _dense(f"{name}.intermediate.dense", inner, width)
        sizes |= _dense(f"{name}.output.dense", width, inner)
        sizes |= _norm(f"{name}.output.LayerNorm", width)
    drawn = {
        name: (source.standard_normal(size) * _TINY_SPREAD).astype(np.float32)
        for name, size in sizes.items()
    }
    for name in drawn:
        if name.endswith("LayerNorm.weight"):
            drawn[name] += np.float32(1)
    return drawn


def _dense(name: str, out: int, inside: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (out, inside), f"{name}.bias": (out,)}


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
