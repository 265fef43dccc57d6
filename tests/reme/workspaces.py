"""A look at what the files of a workspace say."""

from __future__ import annotations

import dataclasses
import importlib
import io
from pathlib import Path
from typing import Any

from remanence.backends.reme.catalog import is_page
from remanence.backends.reme.notes import read_note

__all__ = ["Told", "content_of", "files_with", "notes_of"]


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """What a note tells."""

    path: Path
    text: str
    role: str | None
    name: str | None


def notes_of(workspace: Path, kind: str | None = None) -> list[Told]:
    """Return the notes of a kind, in the order they were written; of any without one."""
    files = [
        path
        for path in workspace.glob("daily/**/*.md")
        if not is_page(path.relative_to(workspace).as_posix())
    ]
    told: list[Told] = []
    for path in sorted(files, key=lambda path: path.stat().st_mtime_ns):
        note = read_note(path.read_text("utf-8"))
        origin = note.origin
        if kind is None or (origin is not None and origin.kind == kind):
            role = origin.role if origin is not None else None
            name = origin.name if origin is not None else None
            told.append(Told(path, note.text, role, name))
    return told


def content_of(file: Path) -> bytes:
    """Return what a file holds, unpacked if it is packed."""
    data = file.read_bytes()
    if file.suffix != ".zst" or not data:
        return data
    zstandard: Any = importlib.import_module("zstandard")
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()


def files_with(folder: Path, *needles: str) -> list[str]:
    """Return the files in a folder that hold any of these texts, or are called by one."""
    return sorted(
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file()
        and any(each in file.name or each.encode() in content_of(file) for each in needles)
    )
