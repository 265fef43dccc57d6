"""What the work of a relational store stands on: named statements, run one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["Database", "Row", "Runs"]

T = TypeVar("T")

Row = tuple[Any, ...]


class Database(Protocol):
    """Runs statements by their names, in a transaction, for one thread at a time.

    Whatever is done is about one user, or about all without their content, and says so first:
    :meth:`enter`, :meth:`hold`, :meth:`across` or :meth:`oversee`. A database that keeps its
    tenants apart shows nothing else from then on.
    """

    @property
    def schema(self) -> int:
        """The version of the form in which things are kept."""
        ...

    def enter(self, user_id: str) -> None:
        """Turn to one user: from here on nothing of anybody else is seen."""
        ...

    def hold(self, user_id: str) -> None:
        """Turn to one user, and let nobody else write for them until the transaction ends."""
        ...

    def across(self) -> None:
        """Turn to all users: names, ids and numbers can be seen, and no content."""
        ...

    def oversee(self) -> None:
        """Turn to all users as an operator does: how much there is can be read, and no content."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Run several reads as of one moment."""
        ...

    def rows(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement and return its rows."""
        ...

    def row(self, name: str, parameters: Mapping[str, Any]) -> Row | None:
        """Run a statement and return its first row, or ``None``."""
        ...

    def one(self, name: str, parameters: Mapping[str, Any]) -> Row:
        """Run a statement that always has exactly one row and return it."""
        ...

    def run(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Run a statement for its effect, at the end of the transaction at the latest."""
        ...

    def run_many(self, name: str, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each set of parameters."""
        ...

    def packed(self, vectors: npt.NDArray[np.float32]) -> Any:
        """Return vectors, shape ``(n, dimensions)``, as they are kept in a column."""
        ...

    def unpacked(self, kept: Any, count: int) -> npt.NDArray[np.float32]:
        """Return so many vectors of what a column keeps, shape ``(count, dimensions)``."""
        ...

    def stored_bytes(self) -> int:
        """Return how much room is taken by all that is kept."""
        ...


class Runs(Protocol):
    """Hands work to a store's threads: what it is given is a database and these arguments for."""

    async def __call__(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        """Return what came of it.

        Args:
            work: What to do.
            arguments: What it is given, after the database.
            holds: The one user whose rows it changes, if there is one.
            apart: Whether it must not share its transaction: it changes rows of several users, or
                of one that it finds out itself.
        """
        ...
