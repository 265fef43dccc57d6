"""Markdown from rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["bullets", "by_depth", "conditions", "table"]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; all columns but the first are aligned to the right."""
    aligned = ["---", *("---:" for _ in columns[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, aligned, *rows)) + "\n"


def bullets(lines: Iterable[str]) -> str:
    """Return a list."""
    return "".join(f"- {line}\n" for line in lines)


def by_depth(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was kept with the depths of its recall as numbers again."""
    return {**kept, "recall": {int(depth): share for depth, share in kept["recall"].items()}}


def conditions(record: Mapping[str, Any]) -> str:
    """Return a line that says when, where and with what an evaluation was run."""
    machine: Mapping[str, Any] = record["machine"]
    versions: Mapping[str, str] = record["versions"]
    where = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}; load at the start {machine['load']}"
    )
    return (
        f"Run on {record['at'][:10]}: {where}. "
        f"{', '.join(f'{name} {number}' for name, number in versions.items())}.\n"
    )
