"""mem0 as it is used elsewhere: with a store in a folder, and told things by anybody."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mem0 import AsyncMemory

from tests.mem0.clients import made_client

__all__ = ["put", "remember", "remembering", "told"]

Told = str | Sequence[Mapping[str, str]]


@contextlib.asynccontextmanager
async def remembering(folder: Path) -> AsyncGenerator[Any]:
    """Use mem0 in a new folder; it has its store open, and locked, for a block."""
    client = made_client(folder)
    try:
        yield client
    finally:
        client.let_go()


async def told(client: Any, said: Told, **options: Any) -> list[str]:
    """Tell mem0 something, and return the ids of the memories that it made of that."""
    add: Any = AsyncMemory.add  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    result = await add(client, said, **options)
    return [memory["id"] for memory in result["results"]]


async def remember(client: Any, text: str, **options: Any) -> str:
    """Have mem0 remember a text as it is, and return the memory's id."""
    (id_,) = await told(client, text, infer=False, **options)
    return id_


def put(client: Any, id_: str, payload: Mapping[str, Any]) -> None:
    """Put something into mem0's store that mem0 itself would not, or not any more."""
    vector: list[float] = np.ones(2_048).tolist()
    client.vector_store.insert(vectors=[vector], payloads=[dict(payload)], ids=[id_])
