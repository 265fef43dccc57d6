"""Files of a workspace, written so that they are there as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

import uuid_utils

__all__ = ["fill_with_zeros", "overwrite", "rewrite", "write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Write a file durably; its folder is made if it is missing.

    Raises:
        OSError: It can't be written; what was there before still is.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid_utils.uuid7().hex}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(text.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def overwrite(path: Path) -> int:
    """Fill a file with zeros, durably, and remove it; return its size.

    Of a link, only the link itself goes, and so of what is no file: a pipe, a socket.

    Raises:
        OSError: It can't be.
    """
    size = 0
    try:
        if path.is_file() and not path.is_symlink():
            with path.open("r+b") as file:
                size = fill_with_zeros(file)
    except FileNotFoundError:
        return 0
    path.unlink(missing_ok=True)
    return size


def rewrite(path: Path, text: str) -> int:
    """Replace a file's text so that nothing of the one before stays on the disk; return its size.

    Raises:
        OSError: It can't be.
    """
    with path.open("r+b") as file:
        size = fill_with_zeros(file)
        file.seek(0)
        file.write(text.encode())
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    return size


def fill_with_zeros(file: BinaryIO) -> int:
    """Overwrite all of a file with zeros, durably; return its size."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    left = size
    while left > 0:
        left -= file.write(bytes(min(left, 1 << 20)))
    file.flush()
    os.fsync(file.fileno())
    return size


def _flush_folder(folder: Path) -> None:
    """Make durable what is in a folder, where the system lets folders be flushed."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
