"""Where the conversations of an export are: in a file, several of them, a folder, or a zip file."""

from __future__ import annotations

import dataclasses
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from remanence.errors import InputError, RecordError

__all__ = ["Part", "conversations", "parts"]

_NAME = re.compile(r"conversations(?:[-_]\d{1,9})?\.json")
_FIX = "name conversations.json, or the folder or zip file that it comes in"
_MOST_BYTES = 4 * 2**30
_BLANK = re.compile(r"[ \t\r\n]*")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What the standard library raises on zip files that are not whole, or encrypted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A file of an export.

    Attributes:
        name: What it is called.
        text: Returns what is in it.
    """

    name: str
    text: Callable[[], str]


def parts(path: Path) -> list[Part]:
    """Return the files of an export that hold conversations, in the order of their names.

    Raises:
        InputError: There are none, or they can't be read.
    """
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if _NAME.fullmatch(file.name))
        if not found:
            raise InputError("path", f"{path} has no conversations.json in it", _FIX)
        return [_file(file) for file in found]
    if not path.is_file():
        raise InputError("path", f"{path} is not there", "check the name")
    return _members(path) if _is_zip(path) else [_file(path)]


def conversations(part: Part) -> Iterator[tuple[object, int, int]]:
    """Yield the conversations of a file, one at a time, so that only one is unpacked.

    With each comes how many characters were read, and of how many.

    Raises:
        RecordError: The file is no JSON, or no list.
    """
    text = part.text()
    decoder = json.JSONDecoder()
    at = _after_blanks(text, 0)
    if text[at : at + 1] != "[":
        raise RecordError(part.name, "document", "is not a list of conversations", _FIX)
    at = _after_blanks(text, at + 1)
    if text[at : at + 1] == "]":
        return
    while True:
        try:
            conversation, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            where = f"{part.name}:{error.lineno}"
            raise RecordError(where, "JSON", error.msg, "export again, or unpack again") from error
        except ValueError as error:
            line = text.count("\n", 0, at) + 1
            problem = "has a number with too many digits in the conversation that begins there"
            raise RecordError(f"{part.name}:{line}", "JSON", problem, "shorten it") from error
        except RecursionError as error:
            problem = "is nested too deeply"
            raise RecordError(part.name, "JSON", problem, "check the file") from error
        at = _after_blanks(text, at)
        yield conversation, at, len(text)
        following = text[at : at + 1]
        if following == "]":
            return
        if following != ",":
            problem = "is cut off, or no list of conversations"
            raise RecordError(part.name, "JSON", problem, "export again, or unpack again")
        at = _after_blanks(text, at + 1)


def _after_blanks(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()


def _file(file: Path) -> Part:
    def text() -> str:
        if file.exists() and not file.is_file():  # a pipe, from which reading never ends
            raise InputError("path", f"{file} is no file", _FIX)
        try:
            _check_size(file.name, file.stat().st_size)
            return file.read_bytes().decode("utf-8-sig")
        except OSError as error:
            problem = f"{file} can't be read ({error.strerror})"
            raise InputError("path", problem, "make it readable") from error
        except UnicodeDecodeError as error:
            problem = f"{file} is not UTF-8 (byte {error.start})"
            raise InputError("path", problem, "unpack it again") from error

    return Part(file.name, text)


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError as error:
        problem = f"{path} can't be read ({error.strerror})"
        raise InputError("path", problem, "make it readable") from error


def _members(path: Path) -> list[Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                member
                for member in archive.infolist()
                if _NAME.fullmatch(PurePosixPath(member.filename).name)
            ]
    except _BROKEN as error:
        raise _no_zip(path, error) from error
    if not members:
        raise InputError("path", f"{path} has no conversations.json in it", _FIX)
    return [_member(path, member) for member in sorted(members, key=lambda each: each.filename)]


def _member(path: Path, member: zipfile.ZipInfo) -> Part:
    def text() -> str:
        _check_size(member.filename, member.file_size)
        try:
            with zipfile.ZipFile(path) as archive:
                return archive.read(member).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            problem = f"{member.filename} in {path} is not UTF-8 (byte {error.start})"
            raise InputError("path", problem, "export again") from error
        except (*_BROKEN, OSError) as error:
            raise _no_zip(path, error) from error

    return Part(member.filename, text)


def _no_zip(path: Path, error: Exception) -> InputError:
    fix = "copy it again, or unpack it and name the folder"
    return InputError("path", f"{path} is no zip file that can be read ({error})", fix)


def _check_size(name: str, size: int) -> None:
    if size > _MOST_BYTES:
        problem = f"{name} has {size:,} bytes, more than {_MOST_BYTES:,}"
        raise InputError("path", problem, "split it into several files conversations-1.json, …")
