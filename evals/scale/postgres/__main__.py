"""Measures a store in PostgreSQL: ``python -m evals.scale.postgres``.

It starts a server of its own, which writes to disk what it commits, unless it is given one. The
client, the workers and the server share the machine. What was measured before and kept stays,
unless it is measured again.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import re
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psycopg

from evals.report import Report
from evals.scale.postgres.measuring import (
    Plan,
    measure_coherence,
    measure_file,
    measure_server,
    measure_vectors,
)
from evals.scale.postgres.page import renew
from evals.scale.postgres.queueing import measure_queues
from evals.scale.postgres.records import as_figures
from evals.scale.postgres.sections import sections
from evals.serving.databases import Databases, RunningServer
from evals.serving.postgres import PostgresServer

_SIZES = ("100x20", "10000x20", "100000x20", "1000x1000")
_FILES = ("100x20", "10000x20", "100000x20")
_VECTORS = ("500x20", "50x1000")
_COHERENT = "1000x20"
_QUEUES = (0, 1_000, 10_000, 100_000)
_SETTINGS = {
    "shared_buffers": "2GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "15min",
}
_SIZE = re.compile(r"(\d+)x(\d+)")


def _size(text: str) -> tuple[int, int]:
    found = _SIZE.fullmatch(text)
    if found is None or min(map(int, found.groups())) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 100x20: users and episodes each")
    return int(found[1]), int(found[2])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.scale.postgres", description=__doc__)
    parser.add_argument(
        "--postgres", help="the URL of a role that may make databases and roles, a superuser"
    )
    parser.add_argument("--sizes", type=_size, nargs="*", default=[*map(_size, _SIZES)])
    parser.add_argument(
        "--files", type=_size, nargs="*", default=[*map(_size, _FILES)], help="those in SQLite"
    )
    parser.add_argument("--vectors", type=_size, nargs="*", default=[*map(_size, _VECTORS)])
    parser.add_argument("--coherence", type=_size, nargs="*", default=[_size(_COHERENT)])
    parser.add_argument("--queues", type=int, nargs="*", default=_QUEUES, help="jobs that wait")
    parser.add_argument("--workers", type=int, nargs="+", default=(1, 2, 4))
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each thing is done")
    parser.add_argument("--asked", type=int, default=100, help="about how many users")
    parser.add_argument("--imported", type=int, default=20_000, help="how many episodes more")
    parser.add_argument("--keep", action="store_true", help="leave the databases as they are")
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    parser.add_argument("--page", type=Path, help="the page whose tables are renewed")
    return parser.parse_args()


@contextlib.contextmanager
def _server(url: str | None) -> Generator[Databases]:
    if url is not None:
        yield RunningServer(url)
        return
    with PostgresServer(fsync=True, settings=_SETTINGS) as server:
        yield server


class _Kept:
    """What was measured, which is written down after each thing."""

    def __init__(self, report: Report, path: Path | None) -> None:
        self._report = report
        self._path = path
        self._record = report.record
        before: dict[str, Any] = {}
        if path is not None and path.exists():
            before = json.loads(path.read_text(encoding="utf-8"))
        for name in ("figures", "vectors", "coherence", "queues"):
            self._record[name] = before.get(name, [])

    def add(self, name: str, found: Any, *key: str) -> None:
        """Keep something, in place of what has the same key."""
        new = dataclasses.asdict(found)
        others = [each for each in self._record[name] if any(each[k] != new[k] for k in key)]
        self._record[name] = [*others, new]
        if self._path is not None:
            self._report.write(self._path)


def _measure(told: argparse.Namespace, kept: _Kept, server: Databases) -> None:
    plan = Plan(told.workers, told.seconds, told.asked, told.imported)
    for users, episodes in told.sizes:
        found = measure_server(server, plan, users=users, episodes=episodes, keep=told.keep)
        kept.add("figures", found, "store", "users", "episodes")
    with tempfile.TemporaryDirectory() as folder:
        for users, episodes in told.files:
            found = measure_file(Path(folder), plan, users=users, episodes=episodes)
            kept.add("figures", found, "store", "users", "episodes")
    for users, episodes in told.vectors:
        found = measure_vectors(server, plan, users=users, episodes=episodes)
        kept.add("vectors", found, "users", "episodes")
    for users, episodes in told.coherence:
        found = measure_coherence(server, plan, users=users, episodes=episodes)
        kept.add("coherence", found)
    for found in measure_queues(server, told.queues) if told.queues else ():
        kept.add("queues", found, "waiting", "due")


def main() -> None:
    """Run the measurements."""
    told = _arguments()
    report = Report("scale_postgres", "numpy", "psycopg", "PyStemmer")
    report.heading()
    kept = _Kept(report, told.json)
    with _server(told.postgres) as server:
        report.record["versions"]["postgresql"] = _version(server)
        _measure(told, kept, server)
    for section in sections(report.record).values():
        report.table(section.title, section.columns, section.rows)
    if told.page is not None:
        from evals.scale.postgres.plot import draw_places

        renew(told.page, report.record)
        figures = [as_figures(each) for each in report.record["figures"]]
        draw_places(figures, told.page.with_suffix("") / "cost.svg")


def _version(server: Databases) -> str:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    assert row is not None
    return str(row[0])


if __name__ == "__main__":
    main()
