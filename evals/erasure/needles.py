"""Looks for many short byte strings in files at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

__all__ = ["files_of", "found_in"]

_KEY = 8
_READ_AT_ONCE = 1 << 24


def files_of(folder: Path) -> list[Path]:
    """Return all files of a folder and of the folders in it."""
    return sorted(file for file in folder.rglob("*") if file.is_file())


def found_in(files: Iterable[Path], needles: Sequence[bytes]) -> set[bytes]:
    """Return which of these byte strings, of 8 bytes or more, are anywhere in some files."""
    by_key: dict[int, list[bytes]] = {}
    for needle in needles:
        by_key.setdefault(int.from_bytes(needle[:_KEY], "little"), []).append(needle)
    keys = np.array(sorted(by_key), np.uint64)
    found: set[bytes] = set()
    for file in files:
        if len(keys):
            found |= _found(file, keys, by_key, max(map(len, needles)))
    return found


def _found(
    file: Path, keys: np.ndarray, by_key: dict[int, list[bytes]], longest: int
) -> set[bytes]:
    found: set[bytes] = set()
    before = b""
    with file.open("rb") as stream:
        while part := stream.read(_READ_AT_ONCE):
            data = before + part
            for shift in range(min(_KEY, len(data) - _KEY + 1)):
                words = np.frombuffer(data, "<u8", (len(data) - shift) // _KEY, shift)
                places = np.minimum(np.searchsorted(keys, words), len(keys) - 1)
                for hit in np.flatnonzero(keys[places] == words).tolist():
                    start = shift + hit * _KEY
                    for needle in by_key[int(words[hit])]:
                        if data.startswith(needle, start):
                            found.add(needle)
            before = data[-longest:]
    return found
