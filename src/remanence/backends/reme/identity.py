"""What names a folder of workspaces, wherever it is moved to: an id that is kept in it."""

from __future__ import annotations

import os
from pathlib import Path

import uuid_utils

from remanence.backends.folders import make_folder
from remanence.backends.reme.files import write_whole
from remanence.errors import BackendUnavailableError, InputError

__all__ = ["check_place", "identify"]

_FILE = "remanence.id"


def identify(root: Path) -> str:
    """Return a folder's id; the folder, and its id, are made if they are missing.

    Raises:
        InputError: They can't be.
    """
    make_folder("workspace_dir", root)
    file = root / _FILE
    try:
        if not file.exists():
            _write(file)
        told = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{file} can't be read or written ({error})"
        raise InputError("workspace_dir", problem, "name a folder that can be written") from error
    if not told:
        raise InputError("workspace_dir", f"{file} is empty", "remove it, and it is made anew")
    return told


def check_place(root: Path, identity: str) -> None:
    """Refuse to go on in a folder that is no longer there, or is another one by now.

    Raises:
        BackendUnavailableError: It was moved, or removed.
    """
    try:
        told = (root / _FILE).read_text("utf-8").strip()
    except OSError:
        told = ""
    if told != identity:
        raise BackendUnavailableError(
            f"{root} was moved or removed while it was in use; use it where it is now"
        )


def _write(file: Path) -> None:
    """Write an id, unless somebody else does so first."""
    draft = file.with_name(f".{uuid_utils.uuid7().hex}.new")
    write_whole(draft, f"{uuid_utils.uuid7()}\n")
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    except OSError:  # there are file systems without links
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
