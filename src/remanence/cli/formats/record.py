"""What every reader of a file yields."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from remanence.errors import RecordError
from remanence.types import Message, Scope
from remanence.validation import check_identifier

__all__ = ["Defaults", "Reading", "Record"]


@dataclasses.dataclass(frozen=True, slots=True)
class Defaults:
    """What the command line fills in where a record says nothing.

    Attributes:
        user_id: From ``--user``.
        agent_id: From ``--agent``.
        session_id: From ``--session``.
    """

    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse values that would make every record look malformed."""
        options = (
            ("--user", self.user_id),
            ("--agent", self.agent_id),
            ("--session", self.session_id),
        )
        for option, value in options:
            if value is not None:
                check_identifier(option, value)


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """A message read from a file.

    Attributes:
        where: Its place: a file with a line, or a path into a JSON document.
        scope: Where it belongs.
        message: What was said.
    """

    where: str
    scope: Scope
    message: Message


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """A file about to be read.

    Attributes:
        total: About how many entries there are, for the progress bar.
        entries: The records in order. A malformed one is yielded as the error it causes, so that
            whoever reads decides whether to raise it or to pass it over.
    """

    total: int
    entries: Iterator[Record | RecordError]
