"""Files that can be imported, and how to tell them apart."""

from __future__ import annotations

import enum
from pathlib import Path

from remanence.cli.formats.jsonl import read_jsonl
from remanence.cli.formats.locomo import read_locomo
from remanence.cli.formats.record import Defaults, Reading, Record
from remanence.errors import InputError

__all__ = ["Defaults", "Format", "Reading", "Record", "detect", "read"]

_JSONL_ENDINGS = (".jsonl", ".ndjson")


class Format(enum.StrEnum):
    """What a file is read as."""

    AUTO = "auto"
    LOCOMO = "locomo"
    JSONL = "jsonl"


_READERS = {Format.JSONL: read_jsonl, Format.LOCOMO: read_locomo}


def read(path: Path, format_: Format, defaults: Defaults) -> Reading:
    """Read a file of messages.

    Args:
        path: The file, in UTF-8, with or without a byte order mark.
        format_: Its format; ``AUTO`` to tell it by name and content.
        defaults: Fill in what a record lacks.

    Raises:
        InputError: The file can't be read, is empty, not UTF-8 or of no known format.
        RecordError: It is broken as a whole, so that no record of it can be read.
    """
    text = _text(path)
    if not text.strip():
        raise InputError(str(path), "the file is empty", "there is nothing to import")
    known = detect(path, text) if format_ is Format.AUTO else format_
    return _READERS[known](text, str(path), defaults)


def detect(path: Path, text: str) -> Format:
    """Return the format of a file that is not empty.

    Raises:
        InputError: It can't be told.
    """
    if path.suffix.lower() in _JSONL_ENDINGS:
        return Format.JSONL
    match text.lstrip()[0]:
        case "[":
            return Format.LOCOMO
        case "{":
            return Format.JSONL
        case _:
            raise InputError(
                str(path),
                "the file looks like neither LoCoMo nor JSON Lines",
                "name its format with --format",
            )


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(str(path), "there is no such file", "check the name") from error
    except IsADirectoryError as error:
        raise InputError(str(path), "is a folder", "name a file in it") from error
    except OSError as error:
        problem = f"can't be read ({error.strerror})"
        raise InputError(str(path), problem, "check its permissions") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            str(path),
            f"the file is not UTF-8 (byte {error.start})",
            "convert it, as with iconv -t UTF-8",
        ) from error
