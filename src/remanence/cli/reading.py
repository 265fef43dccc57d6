"""A file of messages, as several commands are given it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remanence.cli.formats import Defaults, Format, Reading, read
from remanence.cli.gathering import Gathered, gather
from remanence.cli.output import counted, notices, print_notice
from remanence.errors import InputError

__all__ = [
    "FORMATS",
    "FormatOption",
    "RecordAgentOption",
    "RecordSessionOption",
    "SkipMalformedOption",
    "in_words",
    "read_file",
]

FORMATS = "LoCoMo's JSON, or JSON Lines with one message a line."

RecordAgentOption = Annotated[
    str | None,
    typer.Option("--agent", metavar="NAME", help="The agent, where a record names none."),
]
RecordSessionOption = Annotated[
    str | None,
    typer.Option("--session", metavar="NAME", help="The session, where a record names none."),
]
FormatOption = Annotated[
    Format, typer.Option("--format", help="What the file is; auto looks at it.")
]
SkipMalformedOption = Annotated[
    bool,
    typer.Option("--skip-malformed", help="Take the good records, and tell which were left out."),
]


def read_file(file: Path, format_: Format, defaults: Defaults, *, skip_malformed: bool) -> Gathered:
    """Read a file of messages, with a progress bar on a terminal, and tell what was skipped.

    Raises:
        InputError: The file can't be read, or there is no message in it.
        RecordError: A record is malformed, and it was not asked to skip those.
    """
    gathered = _gather(read(file, format_, defaults), skip_malformed)
    for error in gathered.skipped:
        print_notice(f"skipped {error}")
    if gathered.skipped:
        print_notice(f"Skipped {counted(len(gathered.skipped), 'malformed record')}.")
    if not gathered.messages:
        raise InputError(str(file), "there is no message to import in it", "check the file")
    return gathered


def _gather(reading: Reading, skip_malformed: bool) -> Gathered:
    from rich.progress import Progress

    console = notices()
    # Elsewhere than on a terminal even a disabled bar may leave an empty line behind.
    if not console.is_terminal:
        return gather(reading.entries, skip_malformed=skip_malformed)
    with Progress(console=console, transient=True) as progress:
        entries = progress.track(reading.entries, total=reading.total, description="Reading")
        return gather(entries, skip_malformed=skip_malformed)


def in_words(gathered: Gathered) -> str:
    """Return how much that is, as in "12 messages (2 sessions, 1 user)"."""
    return (
        f"{counted(gathered.messages, 'message')} "
        f"({counted(gathered.sessions, 'session')}, {counted(gathered.users, 'user')})"
    )
