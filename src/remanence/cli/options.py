"""Options that several commands share."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from remanence.cli.dates import parse_date

__all__ = [
    "AgentOption",
    "AsOfOption",
    "DatabaseOption",
    "JsonOption",
    "KeyFileOption",
    "KnownAtOption",
    "SessionOption",
    "SinceOption",
    "UntilOption",
    "UserOption",
]

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="DATABASE",
        help="The database: a file, sqlite:///FILE, or postgresql://USER@HOST/NAME. Default: "
        "$REMANENCE_DB, or memory.db in your data folder.",
    ),
]
KeyFileOption = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help="Where the key of an encrypted database is: 64 hexadecimal digits, or a passphrase. "
        "Default: $REMANENCE_KEY_FILE.",
    ),
]
UserOption = Annotated[
    str, typer.Option("--user", metavar="NAME", help="Whose memories.", show_default=False)
]
AgentOption = Annotated[
    str | None, typer.Option("--agent", metavar="NAME", help="Only what this agent was told.")
]
SessionOption = Annotated[
    str | None, typer.Option("--session", metavar="NAME", help="Only this session.")
]
SinceOption = Annotated[
    dt.datetime | None,
    typer.Option(
        "--since",
        metavar="DATE",
        parser=parse_date,
        help="Only what happened at or after this date or time, in ISO 8601; local if it has no "
        "offset from UTC.",
    ),
]
UntilOption = Annotated[
    dt.datetime | None,
    typer.Option(
        "--until",
        metavar="DATE",
        parser=parse_date,
        help="Only what happened before this date or time.",
    ),
]
AsOfOption = Annotated[
    dt.datetime | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        parser=parse_date,
        help="Only facts that were true at this date or time.",
    ),
]
KnownAtOption = Annotated[
    dt.datetime | None,
    typer.Option(
        "--known-at",
        metavar="DATE",
        parser=parse_date,
        help="Facts as they were known at this date or time.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
