"""Measures cost as memories grow: ``python -m evals.scale``.

Each store is filled by one process and read by another, whose resident memory is its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from evals.processes import ONE_THREAD, in_process
from evals.report import Report
from evals.scale.records import Cell, Read, Written
from evals.scale.tables import print_cells

_EPISODES = (1_000, 10_000, 100_000, 1_000_000)
_USERS = (1, 100, 10_000)
_LEAST_SHARE = 10
"""Users with fewer episodes than this are left out."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.scale", description=__doc__)
    parser.add_argument(
        "--episodes", type=int, nargs="+", default=_EPISODES, help="how many, in all"
    )
    parser.add_argument("--users", type=int, nargs="+", default=_USERS, help="of how many users")
    parser.add_argument(
        "--index-mb", type=int, default=256, help="the bound of the indexes; 256 by default"
    )
    parser.add_argument(
        "--vectors", action="store_true", help="with vectors, made up, of 384 dimensions"
    )
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    parser.add_argument("--plot", type=Path, help="where to draw them, an .svg")
    arguments = parser.parse_args()
    if min(*arguments.episodes, *arguments.users, arguments.index_mb) < 1:
        parser.error("measure at least one episode of one user")
    return arguments


def _measure(
    episodes: Sequence[int], users: Sequence[int], *, index_mb: int, vectors: bool
) -> Iterator[Cell]:
    flags = ["--vectors"] if vectors else []
    for some in episodes:
        for count in users:
            if some < _LEAST_SHARE * count or some % count:
                continue
            print(f"… episodes: {some:,}, users: {count:,}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                where = ["--database", f"{folder}/scale.db", "--users", str(count), *flags]
                written = in_process("evals.scale.writing", [*where, "--episodes", str(some)])
                read = in_process(
                    "evals.scale.reading",
                    [*where, "--index-bytes", str(index_mb * 1024 * 1024)],
                    environment=ONE_THREAD,
                )
            yield Cell(some, count, Written(**written), Read(**read))


def main() -> None:
    """Run the measurements."""
    arguments = _arguments()
    report = Report("scale", "numpy", "apsw", "PyStemmer")
    report.heading()
    cells = list(
        _measure(
            arguments.episodes,
            arguments.users,
            index_mb=arguments.index_mb,
            vectors=arguments.vectors,
        )
    )
    print_cells(report, cells, index_mb=arguments.index_mb, vectors=arguments.vectors)
    report.record |= {
        "index_mb": arguments.index_mb,
        "vectors": arguments.vectors,
        "cells": [dataclasses.asdict(cell) for cell in cells],
    }
    if arguments.json is not None:
        report.write(arguments.json)
    if arguments.plot is not None:
        from evals.scale.plot import draw_cells

        draw_cells(cells, arguments.plot)


if __name__ == "__main__":
    main()
