"""Runs engines one after another, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from evals.minilm import cached_minilm
from evals.retrieval.cases import Case, write_cases
from evals.retrieval.engines.choosing import ENGINES, Kind
from evals.retrieval.row import Row

__all__ = ["run_engines", "vectors_file"]

_FOLDER = Path("build/eval/vectors")


def vectors_file(name: str) -> Path:
    """Return where the vectors of a data set's texts are kept."""
    return _FOLDER / f"{name}.npz"


def run_engines(names: Sequence[str], cases: Sequence[Case], data_set: str) -> Iterator[Row]:
    """Yield what came of each engine, as soon as it is there.

    The vectors of all texts are made first, where they are not known from an earlier run.

    Args:
        names: Keys of :data:`ENGINES`.
        cases: What they are given and asked.
        data_set: What to keep the vectors under.

    Raises:
        CalledProcessError: A process failed; it has said why.
    """
    vectors = vectors_file(data_set)
    if any(ENGINES[name].embeds for name in names):
        _tell("making vectors")
        asyncio.run(_make_vectors(vectors, cases, [ENGINES[name] for name in names]))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.json"
        write_cases(file, cases)
        for name in names:
            _tell(name)
            row = _run(name, file, vectors)
            if row.made:  # it embeds other texts than was thought; they are known now
                _tell(f"{name}, again: {row.made:,} vectors were made on the way")
                row = _run(name, file, vectors)
            yield row


async def _make_vectors(path: Path, cases: Sequence[Case], kinds: Sequence[Kind]) -> None:
    texts = [turn.attributed for case in cases for turn in case.turns()]
    statements = [statement.text for case in cases for statement in case.statements]
    if any(kind.facts for kind in kinds):
        texts += statements
    questions = [question.text for case in cases for question in case.questions]
    if any(kind.draws for kind in kinds):
        questions += statements  # each is looked for among the known ones
    began = time.perf_counter()
    embedder = cached_minilm(path)
    await embedder.learn(texts, questions)
    if embedder.made:
        _tell(f"made {embedder.made:,} vectors in {time.perf_counter() - began:.0f} s")


def _run(name: str, cases: Path, vectors: Path) -> Row:
    out = cases.with_name("row.json")
    subprocess.run(
        [
            *(sys.executable, "-m", "evals.retrieval.row", "--engine", name),
            *("--cases", str(cases), "--vectors", str(vectors), "--out", str(out)),
        ],
        check=True,
    )
    return Row(**json.loads(out.read_text(encoding="utf-8")))


def _tell(what: str) -> None:
    """Tell where the evaluation is, apart from its results."""
    print(f"… {what}", file=sys.stderr, flush=True)
