"""Measures what it costs to encrypt the file: ``python -m evals.encryption``.

Each column is measured in processes of its own, in turns with the others; what is told are medians,
and how many times the first column's they are.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from pathlib import Path
from statistics import median

from evals.encryption.measuring import Measured
from evals.processes import in_process
from evals.report import Report

_BUILDS = {
    "apsw": (False, "none"),
    "apsw-sqlite3mc, no key": (True, "none"),
    "the same, a key of 32 bytes": (True, "bytes"),
    "the same, a passphrase": (True, "passphrase"),
}
_COLUMNS = {
    "opening": "opening, ms",
    "storing": "CPU to store a message, ms",
    "together": "messages a second, 64 at a time",
    "first": "first search, ms",
    "search": "search, p50, ms",
    "forgetting": "forgetting one message, ms",
    "size": "bytes of the file an episode",
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.encryption", description=__doc__)
    parser.add_argument(
        "--build",
        type=Path,
        default=Path(".encrypted"),
        help="the folder with the build of SQLite that can encrypt; .encrypted by default",
    )
    parser.add_argument("--episodes", type=int, default=10_000, help="of one user")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    arguments = parser.parse_args()
    if not (arguments.build / "apsw").is_dir():
        parser.error(f"there is no build in {arguments.build}: make {arguments.build}/.stamp")
    return arguments


def _measured(build: Path, encrypting: bool, key: str, episodes: int) -> Measured:
    places = [str(build)] if encrypting else []
    found = os.environ.get("PYTHONPATH")
    environment = {"PYTHONPATH": os.pathsep.join([*places, *([found] if found else [])])}
    options = ["--key", key, "--episodes", str(episodes)]
    return Measured(**in_process("evals.encryption.measuring", options, environment=environment))


def _main() -> None:
    arguments = _arguments()
    found: dict[str, list[Measured]] = {name: [] for name in _BUILDS}
    for repeat in range(arguments.repeats):
        for name, (encrypting, key) in _BUILDS.items():
            print(f"… {repeat + 1}/{arguments.repeats}: {name}", file=sys.stderr, flush=True)
            found[name].append(
                _measured(arguments.build.resolve(), encrypting, key, arguments.episodes)
            )
    report = Report("encryption", "apsw", "numpy")
    report.heading()
    medians = {
        name: {column: median(getattr(each, column) for each in of_it) for column in _COLUMNS}
        for name, of_it in found.items()
    }
    base = next(iter(medians.values()))
    report.table(
        f"{arguments.episodes:,} episodes of one user, medians of {arguments.repeats} runs, and "
        "how many times the first column's they are",
        ["", *medians],
        [
            [title, *(_told(row[column], row[column] / base[column]) for row in medians.values())]
            for column, title in _COLUMNS.items()
        ],
    )
    report.record["runs"] = {
        name: [dataclasses.asdict(each) for each in of_it] for name, of_it in found.items()
    }
    if arguments.json:
        report.write(arguments.json)


def _told(value: float, ratio: float) -> str:
    told = f"{value:.3g}" if value < 1_000 else f"{value:,.0f}"
    return f"{told} ({ratio:.2f})"


if __name__ == "__main__":
    _main()
