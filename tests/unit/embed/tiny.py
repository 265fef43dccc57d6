"""Small models with random weights, in the layout of real ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from evals.bert import Shape, Weights, bert_graph, random_weights

__all__ = ["MINILM", "SHAPE", "TOKENS", "WIDTH", "tiny_folder", "tiny_tokenizer", "tiny_weights"]

SHAPE = Shape(layers=2, heads=2)
WIDTH = 16
TOKENS = 24
"""How many tokens the tiny model takes."""

MINILM: Mapping[str, Any] = {
    "1_Pooling/config.json": {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True},
    "config.json": {"max_position_embeddings": TOKENS, "pad_token_id": 0},
    "modules.json": [
        {"type": "sentence_transformers.models.Transformer"},
        {"type": "sentence_transformers.models.Pooling"},
        {"type": "sentence_transformers.models.Normalize"},
    ],
    "sentence_bert_config.json": {"max_seq_length": TOKENS},
}
"""Settings like those of all-MiniLM-L6-v2."""

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_SIGNS = [chr(code) for code in range(33, 127)]


def tiny_weights(seed: int = 0) -> Weights:
    """Return weights of the tiny model."""
    vocabulary = len(_SPECIAL) + 2 * len(_SIGNS)
    return random_weights(
        SHAPE, vocabulary=vocabulary, width=WIDTH, inner=32, positions=TOKENS, seed=seed
    )


def tiny_tokenizer() -> Tokenizer:
    """Return a tokenizer of which each character is a token, with marks at the ends."""
    pieces = [*_SPECIAL, *_SIGNS, *(f"##{sign}" for sign in _SIGNS)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def tiny_folder(
    folder: Path,
    *,
    seed: int = 0,
    model: str = "onnx/model.onnx",
    settings: Mapping[str, Any] = MINILM,
) -> Path:
    """Write the tiny model into a folder.

    Args:
        folder: Where to.
        seed: Which weights.
        model: Where in the folder the model is to be.
        settings: The other files, as what their JSON says.
    """
    (folder / model).parent.mkdir(parents=True, exist_ok=True)
    onnx.save_model(bert_graph(tiny_weights(seed), SHAPE), folder / model)  # pyright: ignore[reportUnknownMemberType]
    tokenizer = tiny_tokenizer()
    # As real ones come: the embedder must not take these for what it is to do.
    tokenizer.enable_padding(length=8)  # pyright: ignore[reportUnknownMemberType]
    tokenizer.enable_truncation(5)  # pyright: ignore[reportUnknownMemberType]
    tokenizer.save(str(folder / "tokenizer.json"))
    for name, value in settings.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(value), "utf-8")
    return folder
