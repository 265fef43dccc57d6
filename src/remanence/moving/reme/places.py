"""Which workspaces a folder holds, and which files of them are read."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

from remanence.backends.reme.naming import USERS, quoted, unquoted
from remanence.errors import InputError
from remanence.moving.arrivals import Gathering
from remanence.validation import check_identifier

__all__ = ["NoteFile", "Workspace", "dialog_files", "note_files", "read_text", "workspaces"]

_FOLDERS = ("daily", "digest", "session")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_BESIDE = ("dialog", "images")
"""What is read of the folder of sessions, and the pictures that were shown in them."""
_LINK = "is a link; what it leads to may belong to somebody else"
_NO_FILE = "is no file"
_MOST_BYTES = 16 * 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace of one user.

    Attributes:
        folder: Where it is.
        user_id: Whose it is.
        label: What comes before the paths of its files where they are told.
        is_ours: Whether this package keeps it, so that its sessions are called in our way.
    """

    folder: Path
    user_id: str
    label: str = ""
    is_ours: bool = False

    def path(self, file: Path) -> str:
        """Return a file's path in the workspace, the same on every system."""
        return file.relative_to(self.folder).as_posix()


@dataclasses.dataclass(frozen=True, slots=True)
class NoteFile:
    """A note that is about to be read.

    Attributes:
        file: Where it is.
        path: Its path in the workspace.
        day: The day whose folder it is in, or whose index it is; ``None`` for a digest.
        is_index: Whether it is the page that lists a day's notes.
    """

    file: Path
    path: str
    day: dt.date | None
    is_index: bool = False


def workspaces(path: Path, user_id: str | None, gathering: Gathering) -> list[Workspace]:
    """Return the workspaces in a folder.

    Args:
        path: A workspace, or a folder that holds one for each user under ``users``.
        user_id: Whose the workspace is; of several, the only one to read.
        gathering: Is told of what looks like a user's and is not.

    Raises:
        InputError: The folder is none of these, or nobody said whose it is.
    """
    if user_id is not None:
        check_identifier("--user", user_id)
    if not path.is_dir():
        problem = "is no folder" if path.exists() else "is not there"
        raise InputError("path", f"{path} {problem}", "name the folder of a ReMe workspace")
    users = path / USERS
    is_workspace = any((path / name).is_dir() for name in _FOLDERS)
    has_users = users.is_dir() and not users.is_symlink()  # which leads to somebody else's
    if has_users and (not is_workspace or any(each.is_dir() for each in users.iterdir())):
        if is_workspace:
            gathering.skip(
                str(path),
                f"is a workspace itself, besides those in {USERS}: move its {', '.join(_FOLDERS)} "
                "into a folder of their own, and name that",
            )
        return list(_of_users(users, user_id, gathering))
    if not is_workspace:
        raise InputError(
            "path",
            f"{path} has no {', '.join(_FOLDERS)} or {USERS} in it, and so is no ReMe workspace",
            "name the folder that ReMe calls workspace_dir, or one with a workspace for each user",
        )
    if user_id is None:
        raise InputError("--user", "is missing", "a workspace does not tell whose it is: name them")
    return [Workspace(path, user_id)]


def _of_users(users: Path, user_id: str | None, gathering: Gathering) -> Iterator[Workspace]:
    if user_id is not None:
        folder = users / quoted(user_id)
        if not folder.is_dir():
            raise InputError(
                "--user", f"is {user_id!r}, who has no workspace in {users}", "check the name"
            )
        where = f"{USERS}/{folder.name}"
        if folder.is_symlink():
            gathering.skip(where, _LINK)
        else:
            yield Workspace(folder, user_id, f"{where}/", is_ours=True)
        return
    for folder in sorted(users.iterdir()):
        where = f"{USERS}/{folder.name}"
        name = unquoted(folder.name)
        if name is None:
            gathering.skip(where, "its name does not tell whose it is; name them with --user")
        elif folder.is_symlink():
            gathering.skip(where, _LINK)
        elif not folder.is_dir():
            gathering.skip(where, "is no folder")
        else:
            yield Workspace(folder, name, f"{where}/", is_ours=True)


def note_files(workspace: Workspace, gathering: Gathering) -> Iterator[NoteFile]:
    """Yield the notes of days with their index pages, then the digests, in order of their paths."""
    daily = workspace.folder / "daily"
    for entry in _entries(daily, workspace, gathering):
        where = f"{workspace.label}{workspace.path(entry)}"
        day = _day(entry.name.removesuffix(".md"))
        if not entry.is_dir() or entry.is_symlink():
            if day is None or entry.suffix != ".md":
                gathering.skip(where, "is in no folder of a day")
            elif entry.is_symlink():
                gathering.skip(where, _LINK)
            elif not entry.is_file():
                gathering.skip(where, _NO_FILE)
            else:
                yield NoteFile(entry, workspace.path(entry), day, is_index=True)
        elif day is None:
            gathering.skip(where, "its name is no day, as 2026-03-01")
        else:
            yield from _notes(workspace, entry, day, gathering)
    yield from _notes(workspace, workspace.folder / "digest", None, gathering)


def dialog_files(workspace: Workspace, gathering: Gathering) -> Iterator[Path]:
    """Yield the files of conversations, in the order of their names.

    What ReMe keeps beside them, as transcripts of other programs, is told of by its folder.
    """
    sessions = workspace.folder / "session"
    for entry in _entries(sessions, workspace, gathering):
        if entry.name not in _BESIDE:
            where = f"{workspace.label}{workspace.path(entry)}"
            gathering.skip(where, "holds no conversations in the form that is known here")
    if sessions.is_symlink():
        return
    for entry in _entries(sessions / "dialog", workspace, gathering):
        if entry.suffix == ".jsonl" and entry.is_file() and not entry.is_symlink():
            yield entry
        else:
            gathering.skip(f"{workspace.label}{workspace.path(entry)}", "is no .jsonl file")


def read_text(file: Path) -> str:
    """Return a file's text, its lines ended by line feeds alone.

    Raises:
        InputError: It can't be read, is not UTF-8, or larger than any note.
    """
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise InputError("file", f"is larger than {_MOST_BYTES:,} bytes", "split it")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("file", f"is not UTF-8 (byte {error.start})", "convert it") from error
    except OSError as error:
        raise InputError("file", f"can't be read ({error.strerror})", "make it so") from error


def _notes(
    workspace: Workspace, folder: Path, day: dt.date | None, gathering: Gathering
) -> Iterator[NoteFile]:
    for entry in _entries(folder, workspace, gathering):
        path = workspace.path(entry)
        where = f"{workspace.label}{path}"
        if entry.is_symlink():
            gathering.skip(where, _LINK)
        elif entry.is_dir():
            yield from _notes(workspace, entry, day, gathering)
        elif entry.suffix != ".md":
            gathering.skip(where, "is no note, whose name ends in .md")
        elif not entry.is_file():  # a pipe, from which reading never ends
            gathering.skip(where, _NO_FILE)
        else:
            yield NoteFile(entry, path, day)


def _entries(folder: Path, workspace: Workspace, gathering: Gathering) -> list[Path]:
    """Return what is in a folder, by name; nothing if it is not there, or a link."""
    where = f"{workspace.label}{workspace.path(folder)}"
    if folder.is_symlink():
        gathering.skip(where, _LINK)
        return []
    try:
        return sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        gathering.skip(where, f"can't be read ({error.strerror})")
        return []


def _day(name: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(name) if _DAY.fullmatch(name) else None
    except ValueError:
        return None
