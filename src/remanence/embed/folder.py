"""A folder with a model in ONNX, laid out as on Hugging Face, and what its settings say."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from remanence.errors import InputError

__all__ = ["FILES", "Folder", "Pooling", "read_folder"]

Pooling: TypeAlias = Literal["mean", "cls"]
"""How the states of a text's tokens become one vector: their mean, or the first token's."""

_MODELS = ("onnx/model.onnx", "model.onnx")
_TOKENIZER = "tokenizer.json"
_POOLING = "1_Pooling/config.json"

FILES = (
    *_MODELS,
    *(f"{name}_data" for name in _MODELS),
    _POOLING,
    _TOKENIZER,
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer_config.json",
)
"""All files that are read, as far as they are there."""

_DEFAULT_TOKENS = 512
_MOST_TOKENS = 8_192
"""More are never embedded at once: attention takes memory by their square."""

_UNDERSTOOD = ("Transformer", "Pooling", "Normalize")
_KINDS: Mapping[str, Pooling] = {
    "cls": "cls",
    "cls_token": "cls",
    "mean": "mean",
    "mean_tokens": "mean",
    "mean_sqrt_len": "mean",  # another length, the same direction
    "mean_sqrt_len_tokens": "mean",
}
_DIGEST_CHARS = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Folder:
    """A model's files and settings.

    Attributes:
        model: The model, in ONNX.
        tokenizer: The tokenizer, as the library ``tokenizers`` writes it.
        pooling: From ``1_Pooling/config.json``; the mean where there is none.
        tokens: How many tokens of a text are embedded, those that mark its ends among them: from
            ``sentence_bert_config.json``, else the least that ``tokenizer_config.json`` and
            ``config.json`` allow, else 512.
        padding: The token that fills a batch up.
        query_prefix: What goes in front of a question, from
            ``config_sentence_transformers.json``; nothing where there is none.
        document_prefix: The same for what is stored.
    """

    model: Path
    tokenizer: Path
    pooling: Pooling
    tokens: int
    padding: int
    query_prefix: str
    document_prefix: str

    def digest(self) -> str:
        """Return what stands for the bytes of model and tokenizer: 12 hexadecimal digits.

        Raises:
            OSError: A file can't be read.
        """
        whole = hashlib.sha256()
        data = self.model.with_name(f"{self.model.name}_data")
        for path in (self.model, data, self.tokenizer):
            if path.is_file():
                with path.open("rb") as file:
                    whole.update(hashlib.file_digest(file, "sha256").digest())
        return whole.hexdigest()[:_DIGEST_CHARS]


def read_folder(folder: Path) -> Folder:
    """Find a model and its settings.

    Args:
        folder: A folder with ``onnx/model.onnx`` or ``model.onnx``, and ``tokenizer.json``.

    Raises:
        InputError: Something is missing, can't be read, or asks for what is not supported.
    """
    if not folder.is_dir():
        raise InputError("model", f"there is no folder {str(folder)!r}", "name the model's folder")
    model = next((path for name in _MODELS if (path := folder / name).is_file()), None)
    if model is None:
        raise InputError(
            "model",
            f"neither {' nor '.join(_MODELS)} is in {str(folder)!r}",
            "put the model there in ONNX, in float32: one that is quantized finds less",
        )
    tokenizer = folder / _TOKENIZER
    if not tokenizer.is_file():
        raise InputError(
            "model",
            f"{_TOKENIZER} is not in {str(folder)!r}",
            "put the model's fast tokenizer there",
        )
    _check_modules(_entries(_read(folder / "modules.json")))
    config = _settings(folder / "config.json")
    prompts = _mapping(_settings(folder / "config_sentence_transformers.json").get("prompts"))
    return Folder(
        model=model,
        tokenizer=tokenizer,
        pooling=_pooling(_settings(folder / _POOLING)),
        tokens=_tokens(
            _settings(folder / "sentence_bert_config.json").get("max_seq_length"),
            _settings(folder / "tokenizer_config.json").get("model_max_length"),
            config.get("max_position_embeddings"),
        ),
        padding=_number(config.get("pad_token_id")) or 0,
        query_prefix=_text(prompts, "query"),
        document_prefix=_text(prompts, "document") or _text(prompts, "passage"),
    )


def _check_modules(modules: list[Mapping[str, Any]]) -> None:
    kinds = [str(module.get("type")).rpartition(".")[2] for module in modules]
    strange = [kind for kind in kinds if kind not in _UNDERSTOOD]
    if strange:
        raise InputError(
            "model",
            f"it ends in a module {strange[0]!r}, which is not supported",
            f"choose one of {', '.join(_UNDERSTOOD)} alone",
        )


def _pooling(settings: Mapping[str, Any]) -> Pooling:
    chosen = [
        key.removeprefix("pooling_mode_")
        for key, value in settings.items()
        if key.startswith("pooling_mode_") and value is True
    ]
    if isinstance(settings.get("pooling_mode"), str):
        chosen = [settings["pooling_mode"]]
    if not chosen:
        return "mean"
    if len(chosen) > 1 or chosen[0] not in _KINDS:
        raise InputError(
            "model",
            f"it pools by {' and '.join(chosen)}, which is not supported",
            "choose one that pools by mean or cls, or say pooling= yourself",
        )
    return _KINDS[chosen[0]]


def _tokens(said: object, tokenizer: object, positions: object) -> int:
    own = _number(said)
    limits = [limit for limit in (_number(tokenizer), _number(positions)) if limit]
    return min(own or min(limits, default=_DEFAULT_TOKENS), _MOST_TOKENS)


def _number(value: object) -> int | None:
    """Return a whole number that is not negative; ``model_max_length`` is 1e30 for none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def _text(prompts: Mapping[str, Any], name: str) -> str:
    value = prompts.get(name)
    return value if isinstance(value, str) else ""


def _settings(path: Path) -> Mapping[str, Any]:
    return _mapping(_read(path))


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _entries(value: object) -> list[Mapping[str, Any]]:
    return (
        [_mapping(each) for each in cast("list[object]", value)] if isinstance(value, list) else []
    )


def _read(path: Path) -> object:
    """Return what a file of settings says, or ``None`` if it is not there."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError("model", f"{path} can't be read ({error})", "restore the file") from error
