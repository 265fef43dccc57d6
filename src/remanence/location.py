"""Which store is meant by ``alice.db``, ``sqlite:///alice.db`` or ``postgresql://host/db``."""

from __future__ import annotations

import re
from pathlib import Path

from remanence.errors import InputError
from remanence.validation import check_content

__all__ = ["is_server", "path_of", "shown"]

_SERVERS = ("postgresql://", "postgres://")
_SECRET = re.compile("(ssl)?password=", re.IGNORECASE)
_NEARLY = re.compile(
    r"postgres(ql)?[:/]|(.*\s)?(host|hostaddr|port|dbname|user|password|service)\s*=", re.IGNORECASE
)


def is_server(location: str | Path) -> bool:
    """Return whether a location names a database of a server, and no file."""
    return isinstance(location, str) and location.startswith(_SERVERS)


def path_of(location: str | Path) -> Path:
    """Return the file that a location names.

    Args:
        location: A file name, or ``sqlite:///`` and a file name (a fourth slash begins an absolute
            one).

    Raises:
        InputError: It names no file.
    """
    if isinstance(location, Path):
        return location
    check_content("location", location)
    if is_server(location):
        raise InputError("location", "names a server", "name a file here, or sqlite:///name.db")
    scheme, separator, rest = location.partition("://")
    if _NEARLY.match(location):  # it may have a password in it, and is not shown
        raise InputError(
            "location",
            "looks like a server's address, and is no URL",
            "give postgresql://user@host/database, or ./ and the name for a file of such a name",
        )
    if not separator:
        name = location
    elif scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        name = rest[1:]
    else:
        raise InputError(
            "location",
            f"is {shown(location)!r}",
            "give a file name, sqlite:///name.db, or postgresql://user@host/database",
        )
    if name == ":memory:":
        raise InputError("location", "is ':memory:'", "name a file; a temporary one will do")
    return Path(name)


def shown(location: str) -> str:
    """Return a location without the passwords that it may have in it."""
    scheme, separator, rest = location.partition("://")
    if not separator:
        return location
    place, question, settings = rest.partition("?")
    user, at, host = place.rpartition("@")
    told = f"{scheme}://{user.partition(':')[0]}{at}{host}{question}"
    return told + "&".join(each for each in settings.split("&") if not _SECRET.match(each))
