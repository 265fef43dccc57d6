"""Whose words count for more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from remanence.types import Role

__all__ = ["distrust", "least_trusted"]

_ROLES: tuple[Role, ...] = get_args(Role)
"""The most trusted first: what the user says, the assistant, the program, a tool."""


def distrust(stated_by: Role | None) -> int:
    """Return 0 for the most trusted words, more for others.

    ``None``, what the program itself stored, counts as the user's.
    """
    return 0 if stated_by is None else _ROLES.index(stated_by)


def least_trusted(roles: Iterable[Role]) -> Role:
    """Return the role whose words count least; ``user`` if there is none."""
    least: Role = "user"
    for role in roles:
        least = max(least, role, key=distrust)
    return least
