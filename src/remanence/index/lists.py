"""The word lists beside this module, read once."""

from __future__ import annotations

import functools
import importlib.resources

__all__ = ["lines", "sections"]


def lines(name: str) -> list[str]:
    """Return the lines of a list, without comments and empty ones."""
    return [line for line in _read(name) if line and not line.startswith("#")]


@functools.cache
def sections(name: str) -> dict[str, list[str]]:
    """Return a list's words by section; a line ``## name`` begins one."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in _read(name):
        if line.startswith("## "):
            current = found.setdefault(line.removeprefix("## "), [])
        elif not line.startswith("#"):
            current.extend(line.split())
    return found


def _read(name: str) -> list[str]:
    words = importlib.resources.files("remanence.index") / "words"
    return (words / name).read_text("utf-8").splitlines()
