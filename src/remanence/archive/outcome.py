"""What exports and imports did."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

__all__ = ["Exported", "Imported", "ReadOut"]


@dataclasses.dataclass(frozen=True, slots=True)
class Exported:
    """An archive that was written.

    Attributes:
        path: The file.
        user_id: Whose memory it holds.
        at: When that was as it is in the archive.
        asked_by: Who asked for it, as they were named; ``None`` if nobody was.
        sessions: How many sessions.
        episodes: How many episodes.
        facts: How many facts, superseded ones included.
        file_bytes: The size of the file.
        seconds: How long it took.
    """

    path: Path
    user_id: str
    at: dt.datetime
    asked_by: str | None
    sessions: int
    episodes: int
    facts: int
    file_bytes: int
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class Imported:
    """An archive that was taken in.

    Attributes:
        path: The file.
        user_id: Whose memory it was taken into.
        archived_user_id: Whose it was when the archive was written.
        at: When it was taken in.
        asked_by: Who asked for it, as they were named; ``None`` if nobody was.
        sessions: How many sessions are new.
        episodes: How many episodes are new.
        facts: How many facts are new.
        episodes_there: How many episodes were there already.
        facts_there: How many facts were there already.
        facts_completed: How many of these rest on more now, or have got an end.
        seconds: How long it took.
    """

    path: Path
    user_id: str
    archived_user_id: str
    at: dt.datetime
    asked_by: str | None
    sessions: int
    episodes: int
    facts: int
    episodes_there: int
    facts_there: int
    facts_completed: int
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class ReadOut:
    """A folder that was written.

    Attributes:
        path: The folder.
        user_id: Whose memory it holds.
        at: When that was as it is in the folder.
        asked_by: Who asked for it, as they were named; ``None`` if nobody was.
        sessions: How many sessions something was said in.
        episodes: How many messages.
        facts: How many facts, superseded ones included.
        files: How many files.
        file_bytes: Their size.
        seconds: How long it took.
    """

    path: Path
    user_id: str
    at: dt.datetime
    asked_by: str | None
    sessions: int
    episodes: int
    facts: int
    files: int
    file_bytes: int
    seconds: float
