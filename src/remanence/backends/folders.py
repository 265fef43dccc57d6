"""The folders that backends keep their files in."""

from __future__ import annotations

from pathlib import Path

from remanence.errors import InputError

__all__ = ["make_folder"]


def make_folder(field: str, folder: Path) -> None:
    """Create a folder that only its owner can look into; one that exists is left as it is.

    Args:
        field: The argument that names it, for the error.
        folder: The folder.

    Raises:
        InputError: It can't be created.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            field, f"{folder} can't be created ({error})", "name a folder that can be written"
        ) from error
