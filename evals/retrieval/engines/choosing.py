"""Names the engines, and makes one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from evals.retrieval.engines.protocol import Engine, Facts
from evals.vectors import CachedEmbedder

__all__ = ["ENGINES", "Kind", "make_engine"]


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """An engine that can be chosen.

    Attributes:
        label: What it is called in tables.
        embeds: Whether it needs vectors.
        facts: Whether it needs statements.
        draws: Whether a stand-in for a chat model tells it these, as it reads the turns.
        package: What it is made of, whose version matters.
    """

    label: str
    embeds: bool
    facts: bool = False
    draws: bool = False
    package: str = "remanence"


ENGINES: Mapping[str, Kind] = {
    "lexical": Kind("remanence, words alone", embeds=False),
    "embedder": Kind("remanence, with the embedder", embeds=True),
    "lexical+facts": Kind("remanence, words alone, with facts", embeds=False, facts=True),
    "embedder+facts": Kind("remanence, with the embedder and facts", embeds=True, facts=True),
    "lexical+drawn": Kind(
        "remanence, words alone, with drawn facts", embeds=False, facts=True, draws=True
    ),
    "embedder+drawn": Kind(
        "remanence, with the embedder and drawn facts", embeds=True, facts=True, draws=True
    ),
    "bm25": Kind("BM25", embeds=False, package="bm25s"),
    "cosine": Kind("cosine", embeds=True, package="numpy"),
    "sum": Kind("z(BM25) + z(cosine)", embeds=True, package="bm25s"),
    "mem0": Kind("mem0, infer=False", embeds=True, package="mem0ai"),
    "langgraph": Kind("LangGraph InMemoryStore", embeds=True, package="langgraph-checkpoint"),
}


def make_engine(name: str, folder: Path, embedder: CachedEmbedder | None) -> Engine:
    """Return an engine; what it is made of is imported now.

    Args:
        name: A key of :data:`ENGINES`.
        folder: An empty folder for its files.
        embedder: What gives texts their vectors, for one that needs them.
    """
    return _MAKERS[name](folder, embedder)


def _ours(folder: Path, embedder: CachedEmbedder | None, *, facts: Facts) -> Engine:
    from evals.retrieval.engines.ours import Ours

    return Ours(folder, embedder=embedder, facts=facts)


def _bm25(folder: Path, embedder: CachedEmbedder | None) -> Engine:
    del folder, embedder
    from evals.retrieval.engines.plain import Plain

    return Plain("bm25")


def _cosine(folder: Path, embedder: CachedEmbedder | None) -> Engine:
    del folder
    from evals.retrieval.engines.plain import Plain

    return Plain("cosine", embedder)


def _sum(folder: Path, embedder: CachedEmbedder | None) -> Engine:
    del folder
    from evals.retrieval.engines.plain import Plain

    return Plain("sum", embedder)


def _mem0(folder: Path, embedder: CachedEmbedder | None) -> Engine:
    from evals.retrieval.engines.mem0 import Mem0

    assert embedder is not None
    return Mem0(folder, embedder)


def _langgraph(folder: Path, embedder: CachedEmbedder | None) -> Engine:
    del folder
    from evals.retrieval.engines.langgraph import LangGraph

    assert embedder is not None
    return LangGraph(embedder)


_MAKERS: Mapping[str, Callable[[Path, CachedEmbedder | None], Engine]] = {
    "lexical": lambda folder, _: _ours(folder, None, facts="none"),
    "embedder": lambda folder, embedder: _ours(folder, embedder, facts="none"),
    "lexical+facts": lambda folder, _: _ours(folder, None, facts="told"),
    "embedder+facts": lambda folder, embedder: _ours(folder, embedder, facts="told"),
    "lexical+drawn": lambda folder, _: _ours(folder, None, facts="drawn"),
    "embedder+drawn": lambda folder, embedder: _ours(folder, embedder, facts="drawn"),
    "bm25": _bm25,
    "cosine": _cosine,
    "sum": _sum,
    "mem0": _mem0,
    "langgraph": _langgraph,
}
