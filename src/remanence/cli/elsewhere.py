"""Tells what another memory keeps by its files, so that whoever forgot to say so is told."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path, PurePosixPath

from remanence.cli.formats import Format
from remanence.errors import InputError

__all__ = ["check_no_memory"]

_LOOKED_AT = 64 * 1024
"""So much of a file is read; an export may have hundreds of megabytes."""

_CONVERSATIONS = re.compile(r"conversations(?:[-_]\d{1,9})?\.json")
_IN_A_LIST = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{")
_MAPPING = re.compile(rb'(?<!\\)"mapping"\s*:\s*\{')
_MEM0, _REME, _CHATGPT = (
    ("mem0", "is a store of mem0's"),
    ("reme", "is a workspace of ReMe"),
    ("chatgpt", "holds conversations of ChatGPT"),
)


def check_no_memory(path: Path, format_: Format) -> None:
    """Refuse what only ``--from`` can read, naming the option.

    Args:
        path: What is to be imported as messages or an archive.
        format_: What it was said to be.

    Raises:
        InputError: It is another memory's.
    """
    try:
        if path.is_dir():
            found = _folder(path)
        elif format_ is Format.AUTO and path.is_file():
            found = _CHATGPT if _is_export(path) else None
        else:
            return
    except OSError:  # whoever reads it next tells why
        return
    if found is not None:
        source, what = found
        raise InputError(str(path), what, f"give --from {source}")


def _folder(path: Path) -> tuple[str, str] | None:
    for store in (path, path / "qdrant"):
        if (store / "meta.json").is_file() and (store / "collection").is_dir():
            return _MEM0
    if (path / "daily").is_dir() or any(each.is_dir() for each in path.glob("users/*/daily")):
        return _REME
    if any(_CONVERSATIONS.fullmatch(each.name) for each in path.iterdir()):
        return _CHATGPT
    return None


def _is_export(path: Path) -> bool:
    with path.open("rb") as file:
        begin = file.read(_LOOKED_AT)
    if begin.startswith(b"PK"):
        return _has_conversations(path)
    return _IN_A_LIST.match(begin) is not None and _MAPPING.search(begin) is not None


def _has_conversations(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError):
        return False
    return any(_CONVERSATIONS.fullmatch(PurePosixPath(name).name) for name in names)
