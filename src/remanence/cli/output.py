"""What commands print: results on standard output, notices and errors on standard error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from remanence.cli.printable import on_one_line, printable

__all__ = [
    "counted",
    "notices",
    "print_error",
    "print_fields",
    "print_json",
    "print_notice",
    "print_table",
    "print_text",
]

_UNSAFE_IN_JSON = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def notices() -> Console:
    """Return the console of standard error, for progress as well."""
    return Console(stderr=True, highlight=False)


def _print(console: Console, text: str, style: str = "") -> None:
    # A Text, so that nothing in it is read as markup; soft, so that only a terminal breaks lines.
    console.print(Text(printable(text), style=style), soft_wrap=True)


def print_text(text: str, *, style: str = "") -> None:
    """Print a text of any origin as a result."""
    _print(Console(highlight=False), text, style)


def print_notice(text: str) -> None:
    """Print what belongs to no result."""
    _print(notices(), text)


def print_error(text: str) -> None:
    """Print why a command failed, in one line."""
    _print(notices(), f"error: {on_one_line(text)}")


def print_json(record: Mapping[str, Any]) -> None:
    """Print a record as one line of JSON, with nothing in it that a terminal would obey."""
    line = json.dumps(record, ensure_ascii=False)
    escaped = _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
    Console().out(escaped, highlight=False)


def print_fields(fields: Mapping[str, str]) -> None:
    """Print names and values, one a line, the values in one column."""
    width = max(map(len, fields))
    for name, value in fields.items():
        print_text(f"{name:<{width}}  {on_one_line(value)}")


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose last column is text.

    A terminal gets it wrapped to its width; elsewhere a row is a line, whatever its length.
    """
    console = Console(highlight=False)
    if console.is_terminal:
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for name in header[:-1]:
            table.add_column(name, no_wrap=True)
        table.add_column(header[-1], overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        console.print(table)
        return
    lines = [[on_one_line(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line[:-1], widths, strict=False)
        padded = [cell + " " * (width - cell_len(cell)) for cell, width in cells]
        _print(console, "  ".join((*padded, line[-1])))


def counted(number: int, noun: str) -> str:
    """Return a number and its noun, as in "1 message" and "1,234 messages"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
