"""Where mem0's local store is: Qdrant's folder, and the history beside it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from remanence.errors import InputError

__all__ = ["META", "Located", "located"]

META = "meta.json"
"""What Qdrant has in the folder that it works in."""

_HISTORY = "history.db"
_STORE = "qdrant"


@dataclasses.dataclass(frozen=True, slots=True)
class Located:
    """What is to be read.

    Attributes:
        store: Qdrant's folder.
        history: mem0's history, if there is one.
    """

    store: Path
    history: Path | None


def located(path: Path, history: Path | None) -> Located:
    """Return what is to be read.

    Args:
        path: Qdrant's folder, or the folder that it is in as ``qdrant``.
        history: The history, where it is not beside the store or in its folder.

    Raises:
        InputError: There is no such thing.
    """
    if history is not None and not history.is_file():
        raise InputError("--history", f"{history} is no file", "name mem0's history.db")
    if not path.is_dir():
        raise InputError("path", f"{path} is no folder", "name the folder that mem0 stores in")
    for store in (path, path / _STORE):
        if (store / META).is_file():
            beside = (store.parent / _HISTORY, store / _HISTORY)
            found = next((file for file in beside if file.is_file()), None)
            return Located(store, history or found)
    if (path / _HISTORY).is_file():
        raise InputError(
            "path",
            f"{path} has mem0's history in it, and not its memories",
            "name the folder of its Qdrant store, which has meta.json in it and is the 'path' of "
            "mem0's vector_store (/tmp/qdrant if that was not set), with "
            f"--history {path / _HISTORY}",
        )
    raise InputError(
        "path",
        f"{path} is no store of mem0's: there is no {META} in it, nor in {_STORE} below it",
        "name the folder of mem0's Qdrant store; a Qdrant server's memories can't be read so",
    )
