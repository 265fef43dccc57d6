"""Where in the file something is written: a user's numbers and epochs, and a session's places."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from remanence.store.analysis import Analysis
from remanence.store.relational.database import Database
from remanence.store.relational.rows import ROLES, scope_parameters
from remanence.store.times import to_microseconds
from remanence.types import Role, Scope

__all__ = ["Place", "log_changes", "next_epoch"]

_LOGGED_CHANGES = 10_000
"""More removals and amendments of one user than this, and indexes that are behind rebuild."""


class Place:
    """A session being written to: its counters, and its user's.

    Attributes:
        scope: The session.
        user_id: Whose.
        seq: The number of the user's last item.
        is_new: Whether nothing was written to the session before.
        session: The session's number.
        next_position: The position of what is said in it next.
    """

    def __init__(self, database: Database, scope: Scope) -> None:
        """Find or make the user and the session."""
        self.scope = scope
        self._database = database
        self._key = scope_parameters(scope)
        self.user_id = scope.user_id
        database.hold(self.user_id)
        place = database.row("place", self._key)
        if place is None:
            database.run("add_user", {"user_id": self.user_id})
            place = database.one("place", self._key)
        self.seq: int = place[0]
        self.is_new = place[2] is None
        self.session: int = place[1] + 1 if self.is_new else place[2]
        self.next_position: int = place[3] or 0
        self._added = 0
        if self.is_new:
            database.run("count_sessions", {"user_id": self.user_id, "sessions": self.session})
            database.run("add_session", {**self._key, "number": self.session})

    def next_seq(self) -> int:
        """Return the number of the item that comes next."""
        self.seq += 1
        self._added += 1
        return self.seq

    def add_entry(
        self,
        origin: int,
        *,
        at: int,
        recorded_at: dt.datetime,
        analysis: Analysis,
        role: Role | None = None,
        speaker: str | None = None,
    ) -> None:
        """Give the terms of the item whose row was inserted last to the indexes."""
        self._database.run(
            "add_entry",
            {
                "user_id": self.user_id,
                "seq": self.seq,
                "origin": origin,
                "session": self.session,
                "at": at,
                "recorded_at": to_microseconds(recorded_at),
                "role": ROLES.index(role),
                "speaker": speaker,
                "asks": analysis.asks,
                "terms": analysis.terms,
                "analyzer": analysis.version,
            },
        )

    def save(self) -> None:
        """Write the session's counters back."""
        self._database.run(
            "advance_session",
            {
                **self._key,
                "next_position": self.next_position,
                "added": self._added,
                "seq": self.seq,
            },
        )


def next_epoch(database: Database) -> int:
    """Return an epoch that nobody had before."""
    return database.one("next_epoch", {})[0]


def log_changes(
    database: Database,
    user_id: str,
    *,
    removed: Sequence[int] = (),
    amended: Sequence[int] = (),
    seq_floor: int | None = None,
) -> None:
    """Tell indexes that know a user what is gone and what changed, or that they have to rebuild.

    Args:
        database: The database.
        user_id: The user.
        removed: Numbers of items that are gone.
        amended: Numbers of facts that changed.
        seq_floor: The user's last number, where what has it may be gone.
    """
    if not removed and not amended:
        return
    user = {"user_id": user_id}
    epoch = next_epoch(database)
    logged: int = database.one("count_changes", user)[0]
    rebuild = logged + len(removed) + len(amended) > _LOGGED_CHANGES
    if rebuild:
        database.run("drop_removals", user)
        database.run("drop_amendments", user)
    else:
        for name, numbers in (("add_removal", removed), ("add_amendment", amended)):
            database.run_many(name, [{**user, "epoch": epoch, "seq": seq} for seq in numbers])
    database.run(
        "raise_epoch",
        {
            **user,
            "epoch": epoch,
            "rebuild_epoch": epoch if rebuild else None,
            "seq_floor": seq_floor,
        },
    )
