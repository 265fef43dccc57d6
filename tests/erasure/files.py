"""What can still be read in the files of a store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["readable", "word"]


def word(number: int) -> str:
    """Return a word that nothing else says."""
    return f"qz{number:05}vk"


def readable(database: Path, words: Iterable[str]) -> set[str]:
    """Return which words are in the files of a database."""
    data = b"\0".join(file.read_bytes() for file in database.parent.glob(f"{database.name}*"))
    return {each for each in words if each.encode() in data}
