"""What every evaluation reports beside its figures, and how: tables, and the same as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import apsw
from rich import box
from rich.console import Console
from rich.table import Table

import remanence

__all__ = ["Report", "machine", "versions"]

_WIDE = 1_000
"""Columns of what does not go to a terminal, so that no line is broken."""


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "load": _load(),
    }


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2] for line in told.splitlines() if line.startswith("model name")]
    return names[0].strip() if names else platform.processor() or "unknown"


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _load() -> float | None:
    """Return how many processes wanted to run in the last minute: noise, if not about 0."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python, this package, its store and these packages."""
    found = {
        "python": platform.python_version(),
        "remanence": remanence.__version__,
        "sqlite": apsw.sqlite_lib_version(),
    }
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


class Report:
    """Prints tables and notes; keeps what is to be written as JSON.

    Args:
        name: The evaluation's.
        packages: Further packages whose versions matter.
    """

    def __init__(self, name: str, *packages: str) -> None:
        self.record: dict[str, Any] = {
            "evaluation": name,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": versions(*packages),
        }
        self._console = Console(highlight=False, markup=False, emoji=False)
        if not self._console.is_terminal:
            self._console.width = _WIDE

    def heading(self) -> None:
        """Print the machine and the versions."""
        for part in ("machine", "versions"):
            told: Mapping[str, Any] = self.record[part]
            self.note(f"{part}: " + ", ".join(f"{key} {value}" for key, value in told.items()))

    def note(self, text: str = "") -> None:
        """Print a line."""
        self._console.print(text)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table; all columns but the first are aligned to the right."""
        plain = not self._console.is_terminal
        table = Table(box=box.MARKDOWN if plain else box.SIMPLE)
        for place, column in enumerate(columns):
            table.add_column(column, justify="right" if place else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        self.note()
        self.note(title)
        self._console.print(table)

    def write(self, path: Path) -> None:
        """Write what was kept; the folder is created if missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.record, indent=2) + "\n", encoding="utf-8")
