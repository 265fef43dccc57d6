"""Facts as commands print them: with their kind, their dates, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence

from remanence.cli.items import about_fact, print_below, when
from remanence.cli.output import print_text
from remanence.cli.printable import on_one_line
from remanence.types import Episode, Fact

__all__ = ["print_fact"]

_MOST_QUOTED = 80


def print_fact(
    fact: Fact,
    *,
    replaced: Sequence[Fact] = (),
    sources: Sequence[Episode] = (),
    believed: bool = False,
) -> None:
    """Print a fact: a line about it, and below, indented, the statement and what belongs to it.

    Args:
        fact: The fact.
        replaced: What it superseded, as far as that is to be told.
        sources: What it rests on, as far as that is to be quoted.
        believed: Whether to tell when it was learned, and until when it was believed, in local
            time.
    """
    print_text("  ".join((when(fact.at), about_fact(fact), fact.id)), style="dim")
    print_below(fact.text)
    if believed:
        until = fact.superseded_at
        end = "" if until is None else f", superseded {when(until.astimezone())}"
        print_below(f"learned {when(fact.recorded_at.astimezone())}{end}")
    for old in replaced:
        told = "corrects" if old.ending == "corrected" else "ends"
        print_below(f"{told}: {on_one_line(old.text)}")
    for source in sources:
        speaker = on_one_line(source.name or source.role)
        print_below(f"from {when(source.at)} {speaker}: {_quoted(source.content)}")


def _quoted(text: str) -> str:
    line = on_one_line(text)
    return line if len(line) <= _MOST_QUOTED else f"{line[: _MOST_QUOTED - 1].rstrip()}…"
