import asyncio
import math
import time
from collections.abc import Sequence

import pytest

pytest.importorskip("agentscope")

from remanence.testing.embedding import ScriptedEmbeddingModel

pytestmark = pytest.mark.agentscope


FALCON = [1, -1, 1, -1, 1, 1, -1, -1]
"""As it came out once: it is the same in every process and on every machine."""


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


async def _vectors(model: ScriptedEmbeddingModel, *texts: str) -> list[list[float]]:
    return (await model(list(texts))).embeddings


@pytest.mark.parametrize("dimensions", [1, 2, 3, 64, 384])
async def test_vectors_are_unit_vectors_of_that_size(dimensions: int) -> None:
    model = ScriptedEmbeddingModel(dimensions)
    texts = ["a", "falcon", "purple falcon eggs", "", "?!", "榛子 и 🦅", "x y", "y z", "\ud800"]
    for vector in await _vectors(model, *texts):
        assert len(vector) == dimensions == model.dimensions
        assert math.isclose(_product(vector, vector), 1)


async def test_texts_that_share_words_are_near() -> None:
    model = ScriptedEmbeddingModel(256)
    one, same, near, far = await _vectors(
        model, "Vega the falcon", "FALCON, the Vega!", "Vega the owl", "an entirely other thing"
    )
    assert math.isclose(_product(one, same), 1)
    assert 0.4 < _product(one, near) < 0.9
    assert abs(_product(one, far)) < 0.3


async def test_a_text_always_has_the_same_vector() -> None:
    first, second = ScriptedEmbeddingModel(8), ScriptedEmbeddingModel(8)
    assert await _vectors(first, "falcon") == await _vectors(second, "falcon")
    root = 1 / math.sqrt(8)
    (falcon,) = await _vectors(first, "falcon")
    assert [round(part / root) for part in falcon] == FALCON


async def test_faults_come_one_a_call() -> None:
    model = ScriptedEmbeddingModel(2, script=[None, OSError("no route"), [[1.0]]])
    assert len(await _vectors(model, "a", "b")) == 2
    with pytest.raises(OSError, match="no route"):
        await _vectors(model, "a")
    assert await _vectors(model, "a", "b") == [[1.0]]
    assert len(await _vectors(model, "c")) == 1
    assert model.calls == [["a", "b"], ["a"], ["a", "b"], ["c"]]


async def test_a_function_decides_by_the_texts() -> None:
    model = ScriptedEmbeddingModel(
        2, script=lambda texts: OSError("bad") if "bad" in texts else None, batch_size=2
    )
    with pytest.raises(OSError, match="bad"):
        await _vectors(model, "a", "b", "bad")
    assert sorted(model.calls) == [["a", "b"], ["bad"]]
    assert len(await _vectors(model, "a", "b", "c")) == 3


async def test_it_can_take_its_time() -> None:
    model = ScriptedEmbeddingModel(2, delay=0.05)
    began = time.monotonic()
    await asyncio.gather(*(_vectors(model, "a") for _ in range(10)))
    assert 0.05 <= time.monotonic() - began < 0.4
