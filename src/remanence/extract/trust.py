"""Whose words count for more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, get_args

from remanence.types import Role

__all__ = ["Told", "distrust", "least_trusted"]

_ROLES: tuple[Role, ...] = get_args(Role)
"""The most trusted first: what the user says, the assistant, the program, a tool."""


class Told(Protocol):
    """What was found in somebody's words."""

    @property
    def stated_by(self) -> Role | None:
        """In whose."""
        ...

    @property
    def imported(self) -> bool:
        """Whether these come from a file, so that nobody here has heard them."""
        ...


def distrust(told: Told) -> int:
    """Return 0 for the most trusted words, more for others.

    Words of ``None``, what the program itself stored, count as the user's. What comes from a file
    counts less than what the same role said here, and more than what the next one said: somebody
    who repeats what a file says can't make it more than that.
    """
    role = 0 if told.stated_by is None else _ROLES.index(told.stated_by)
    return 2 * role + told.imported


def least_trusted(roles: Iterable[Role]) -> Role:
    """Return the role whose words count least; ``user`` if there is none."""
    least: Role = "user"
    for role in roles:
        least = max((least, role), key=_ROLES.index)
    return least
