"""Which key a command opens its database with."""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from pathlib import Path

from remanence.cli.output import print_notice
from remanence.config import default_key_file
from remanence.errors import InputError

__all__ = ["default_key", "named_key", "read_key", "use_key_file"]

_MOST_BYTES = 4_096
_HEXADECIMAL = re.compile("[0-9a-fA-F]{64}")
_NEARLY = re.compile("[0-9a-fA-F]{48,80}")

_named: ContextVar[Path | None] = ContextVar("key_file", default=None)


def use_key_file(path: Path | None) -> None:
    """Have the command that runs now take its key from a file.

    Args:
        path: What ``--key-file`` says; ``None`` for the default one, if there is any.
    """
    _named.set(path)


def named_key() -> str | bytes | None:
    """Return the key in the file that ``--key-file`` names; ``None`` if it names none.

    Raises:
        InputError: The file has no key in it, or can't be read.
    """
    path = _named.get()
    return None if path is None else read_key(path)


def default_key() -> str | bytes | None:
    """Return the key that files have where none is named; ``None`` if there is none.

    Raises:
        InputError: The file has no key in it, or can't be read.
    """
    path = default_key_file()
    return None if path is None else read_key(path)


def read_key(path: Path) -> str | bytes:
    """Read a key: 32 bytes as 64 hexadecimal digits, or else a passphrase, without its line's end.

    Args:
        path: The file.

    Raises:
        InputError: It has no key in it, or can't be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(
            "key file", f"{path} can't be read ({error.strerror})", "name the file with the key"
        ) from error
    text = _decoded(content)
    if text is None or not text.strip() or len(content) > _MOST_BYTES:
        raise InputError(
            "key file",
            f"there is no key in {path}",
            "write 64 hexadecimal digits into it, or a passphrase",
        )
    if _NEARLY.fullmatch(text) and not _HEXADECIMAL.fullmatch(text):
        raise InputError(
            "key file",
            f"{path} has {len(text)} hexadecimal digits in it",
            "write 64 of them, or a passphrase that is not made of such digits alone",
        )
    _warn_of_readers(path)
    return bytes.fromhex(text) if _HEXADECIMAL.fullmatch(text) else text


def _warn_of_readers(path: Path) -> None:
    """Say so if others than its owner may read a key."""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        print_notice(f"Others may read the key in {path}: chmod 600 it.")


def _decoded(content: bytes) -> str | None:
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return None
