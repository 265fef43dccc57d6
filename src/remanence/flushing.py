"""Names of files, made sure of on the disk."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["flush_folder"]


def flush_folder(folder: Path) -> None:
    """Make sure that the names in a folder survive a crash, where folders can be flushed."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # not on Windows
        return
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
