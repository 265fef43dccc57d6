"""Whether LoCoMo is ranked alike in every store: ``python -m evals.same_ranking --data FILE``."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from evals.locomo.cases import locomo_cases
from evals.minilm import LABEL, cached_minilm
from evals.report import Report
from evals.retrieval.cases import Case
from evals.retrieval.running import vectors_file
from evals.same_ranking.comparing import Comparison, answers, compare
from evals.serving.postgres import PostgresServer
from remanence.embed.protocol import Embedder
from remanence.store.postgres.connections import Address
from remanence.store.postgres.migrating import Vectors, migrate

_KINDS: tuple[Vectors, ...] = ("halfvec", "bytea")
_COLUMNS = (
    *("searched by", "vectors in PostgreSQL", "questions", "hits", "same ids, in order"),
    *("same scores", "same in all else", "largest difference of a score"),
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.same_ranking", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's locomo10.json")
    parser.add_argument("--conversations", type=int, default=10, help="how many; all by default")
    parser.add_argument("--words", action="store_true", help="by words only, without the model")
    parser.add_argument(
        "--limit", type=int, default=50, help="recollections of each; 50 by default"
    )
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    arguments = parser.parse_args()
    if not arguments.data.is_file():
        parser.error(f"--data: there is no file {arguments.data}")
    return arguments


def _compared(
    server: PostgresServer, cases: Sequence[Case], embedder: Embedder | None, limit: int
) -> dict[str, Comparison]:
    """Return what PostgreSQL answers beside SQLite, by what it keeps vectors in."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "memory.db"
        expected = asyncio.run(answers(database, cases, embedder, limit=limit))
    found: dict[str, Comparison] = {}
    for kind in _KINDS:
        url = server.create_database(f"ranking_{kind}")
        migrate(Address.of(url), vectors=kind)
        answered = asyncio.run(answers(url, cases, embedder, limit=limit))
        found[kind] = compare(expected, answered)
        server.drop_database(f"ranking_{kind}")
    return found


def _row(name: str, kind: str, done: Comparison) -> list[str]:
    return [
        name,
        kind,
        f"{done.questions:,}",
        f"{done.hits:,}",
        f"{done.same_ids:,}",
        f"{done.same_scores:,}",
        f"{done.same_hits:,}",
        f"{done.largest_difference:g}",
    ]


def main() -> None:
    """Run the comparison by words, and with vectors unless told otherwise."""
    arguments = _arguments()
    samples = json.loads(arguments.data.read_text(encoding="utf-8"))
    cases = locomo_cases(samples[: arguments.conversations])
    report = Report("same_ranking", "numpy", "psycopg", "onnxruntime")
    report.heading()
    done: dict[str, dict[str, Comparison]] = {}
    with PostgresServer() as server:
        done["words"] = _compared(server, cases, None, arguments.limit)
        if not arguments.words:
            # A text has one vector: what the model makes differs a little with its batch.
            embedder = cached_minilm(vectors_file("locomo"))
            asyncio.run(embedder.prepare())
            done[LABEL] = _compared(server, cases, embedder, arguments.limit)
            if embedder.made:
                embedder.save()
    report.table(
        f"LoCoMo in PostgreSQL, beside SQLite: {arguments.limit} recollections of each question",
        _COLUMNS,
        [_row(name, kind, each) for name, kinds in done.items() for kind, each in kinds.items()],
    )
    every = [each for kinds in done.values() for each in kinds.values()]
    report.record["results"] = [
        {"by": name, "vectors": kind, **dataclasses.asdict(each)}
        for name, kinds in done.items()
        for kind, each in kinds.items()
    ]
    if arguments.json is not None:
        report.write(arguments.json)
    sys.exit(any(each.same_hits < each.questions for each in every))


if __name__ == "__main__":
    main()
