"""Models on Hugging Face's hub, which are downloaded once."""

from __future__ import annotations

from pathlib import Path

from remanence.embed.folder import FILES
from remanence.errors import BackendUnavailableError, InputError, MissingExtraError

__all__ = ["downloaded"]


def downloaded(name: str) -> Path:
    """Return the folder of a model in the hub's cache; download it if it is not there yet.

    What is in the cache is used without asking the network. The cache is where ``huggingface_hub``
    has it: ``$HF_HOME``, or ``~/.cache/huggingface``.

    Args:
        name: The model's name, as in ``sentence-transformers/all-MiniLM-L6-v2``.

    Raises:
        MissingExtraError: ``huggingface_hub`` is not installed.
        InputError: There is no such model.
        BackendUnavailableError: It is not there yet, and can't be downloaded.
    """
    try:
        from huggingface_hub import (
            snapshot_download,  # pyright: ignore[reportUnknownVariableType]
        )
        from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError
    except ImportError as error:
        raise MissingExtraError("local", "A local embedder") from error
    files = list(FILES)
    try:
        try:
            folder = Path(snapshot_download(name, allow_patterns=files, local_files_only=True))
        except FileNotFoundError:
            folder = None
        if folder is None or not _is_whole(folder):
            folder = Path(snapshot_download(name, allow_patterns=files))
    except (HFValidationError, RepositoryNotFoundError) as error:
        raise InputError(
            "model",
            f"there is no folder and no public model {name!r}",
            "give a folder, or a name like sentence-transformers/all-MiniLM-L6-v2",
        ) from error
    except Exception as error:  # of whichever client it downloads with
        raise BackendUnavailableError(
            f"the model {name} is not on this machine and could not be downloaded "
            f"({type(error).__name__}: {error}); give a folder that has it: "
            'LocalEmbedder("path/to/folder")'
        ) from error
    return folder


def _is_whole(folder: Path) -> bool:
    """Tell whether a download that began was finished, as far as what is always needed goes."""
    models = (folder / "onnx" / "model.onnx", folder / "model.onnx")
    return (folder / "tokenizer.json").is_file() and any(model.is_file() for model in models)
