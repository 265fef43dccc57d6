"""What users and sessions are called in a workspace, where names are those of files.

A name is told back from its file exactly. Files of two names are apart on every system, those that
take upper and lower case for the same included.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote

from remanence.types import Scope

__all__ = ["USERS", "is_quoted", "quoted", "session_name", "unquoted"]

USERS = "users"
"""The folder that the workspaces of users are in."""

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-")
_DEVICES = frozenset(
    (
        "aux",
        "con",
        "nul",
        "prn",
        *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
    )
)
"""Names that no file may have on Windows."""

_LONGEST = 120
_DIGITS = 32
_CUT = re.compile(rf"~[0-9a-f]{{{_DIGITS}}}$")
_QUOTED = re.compile(rf"(?:[a-z0-9_-]|%[0-9a-f]{{2}})+(?:~[0-9a-f]{{{_DIGITS}}})?")


def quoted(name: str) -> str:
    """Return what a name is called as a file: its letters where they are safe, else ``%`` and hex.

    Very long names are cut, and end in ``~`` and a digest of the whole.
    """
    written = "".join(
        chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in name.encode("utf-8")
    )
    if written in _DEVICES:
        return f"%{ord(written[0]):02x}{written[1:]}"
    if len(written) <= _LONGEST:
        return written
    digest = hashlib.sha256(name.encode("utf-8")).hexdigest()[:_DIGITS]
    whole = re.sub("%.?$", "", written[: _LONGEST - _DIGITS - 1])
    return f"{whole}~{digest}"


def unquoted(written: str) -> str | None:
    """Return the name that was quoted, or ``None`` where it was cut, or is none of ours."""
    if not is_quoted(written) or _CUT.search(written):
        return None
    name = unquote(written, errors="strict") if _is_utf8(written) else None
    return name if name is not None and quoted(name) == written else None


def is_quoted(written: str) -> bool:
    """Return whether a file's name looks like a quoted one."""
    return _QUOTED.fullmatch(written) is not None


def _is_utf8(written: str) -> bool:
    try:
        unquote(written, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def session_name(scope: Scope) -> str:
    """Return what ReMe knows a conversation by: its session, and before it its agent, if any."""
    session = "none" if scope.session_id is None else f"s-{quoted(scope.session_id)}"
    if scope.agent_id is None:
        return session
    return f"{quoted(scope.agent_id)}.{session}"
