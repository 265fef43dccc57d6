"""Which store a name like ``alice.db`` or ``sqlite:///alice.db`` means."""

from __future__ import annotations

from pathlib import Path

from remanence.errors import InputError
from remanence.validation import check_content

__all__ = ["path_of"]


def path_of(location: str | Path) -> Path:
    """Return the file that a location names.

    Args:
        location: A file name, or ``sqlite:///`` and a file name (a fourth slash begins an absolute
            one).

    Raises:
        InputError: It names no store.
    """
    if isinstance(location, Path):
        return location
    check_content("location", location)
    scheme, separator, rest = location.partition("://")
    if not separator:
        name = location
    elif scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        name = rest[1:]
    else:
        raise InputError("location", f"is {location!r}", "give a file name, or sqlite:///name.db")
    if name == ":memory:":
        raise InputError("location", "is ':memory:'", "name a file; a temporary one will do")
    return Path(name)
