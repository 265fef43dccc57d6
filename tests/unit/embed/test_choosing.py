from pathlib import Path
from typing import Any

import pytest

from remanence import InputError
from remanence.embed import AgentScopeEmbedder, LocalEmbedder
from remanence.embed.choosing import as_embedder
from remanence.testing.embedder import ScriptedEmbedder
from tests.unit.embed.tiny import WIDTH, tiny_folder


class _Lazy(ScriptedEmbedder):
    """Knows what it is called only when it is asked, and can't tell yet."""

    def __getattribute__(self, name: str) -> Any:
        if name == "identity":
            raise AssertionError("asked before it was prepared")
        return super().__getattribute__(name)


class _Half:
    identity = "half"
    dimensions = 2
    batch = 1

    async def prepare(self) -> None: ...

    async def embed_query(self, text: str) -> None: ...


def test_none_is_none() -> None:
    assert as_embedder(None) is None


def test_local_is_the_local_embedder() -> None:
    assert isinstance(as_embedder("local"), LocalEmbedder)


def test_an_embedder_is_itself(tmp_path: Path) -> None:
    for embedder in (ScriptedEmbedder(), LocalEmbedder(tiny_folder(tmp_path / "tiny"))):
        assert as_embedder(embedder) is embedder
    assert embedder.dimensions == WIDTH


def test_an_embedder_is_not_asked_yet() -> None:
    embedder = _Lazy()
    assert as_embedder(embedder) is embedder


@pytest.mark.agentscope
def test_a_model_of_agentscope_becomes_an_embedder() -> None:
    pytest.importorskip("agentscope")
    from remanence.testing.embedding import ScriptedEmbeddingModel

    embedder = as_embedder(ScriptedEmbeddingModel(8))
    assert isinstance(embedder, AgentScopeEmbedder)
    assert embedder.dimensions == 8


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("all-MiniLM-L6-v2", "is 'all-MiniLM-L6-v2'"),
        (7, "int lacks identity, dimensions"),
        (_Half(), "_Half lacks embed_documents;"),
        (ScriptedEmbedder, "is the class"),
        (LocalEmbedder, "is the class"),
    ],
)
def test_anything_else_is_refused(value: Any, said: str) -> None:
    with pytest.raises(InputError, match=r"^embedder: ") as failed:
        as_embedder(value)
    assert said in str(failed.value)
