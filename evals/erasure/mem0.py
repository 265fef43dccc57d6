"""Erases one user from mem0's local store, by mem0's own call and by the backend's."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import shutil
import struct
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import numpy as np

from evals.erasure.needles import files_of, found_in
from evals.perf.mem0.bare import DIMENSIONS, be_quiet, configuration, opened
from remanence import Filter, Message, Receipt, Scope
from remanence.backends import Exchange, RecallRequest
from remanence.backends.mem0 import Mem0Backend
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import verbatim_facts
from remanence.testing.models import ScriptedChatModel

__all__ = ["Mem0Measured", "measure_mem0"]

_ERASED = "erased"
_AT_ONCE = 20
_WAIT = 120.0
_FLOATS = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Mem0Measured:
    """What came of it.

    Attributes:
        users: How many users there were.
        memories: How many memories there were, in all.
        store_bytes: The size of the folder before.
        looked_for: How many sentences and vectors were looked for.
        before: How many of each were there before.
        own: How many were left after mem0's own ``delete_all``.
        own_seconds: How long that took.
        after: How many are left after the backend's ``forget_user``.
        receipt: What that told.
        others: How many recalls of other users were compared.
        changed: How many of them are not what they were.
    """

    users: int
    memories: int
    store_bytes: int
    looked_for: tuple[int, int]
    before: tuple[int, int]
    own: tuple[int, int]
    own_seconds: float
    after: tuple[int, int]
    receipt: Receipt
    others: int
    changed: int


class _Needles:
    """What an erased text may leave behind: itself, and the first floats of its vector."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = [sentence.encode() for sentence in sentences]
        self.vectors = [_forms(vector) for vector in _dense(sentences)]

    def counted(self, folder: Path) -> tuple[int, int]:
        """Return how many sentences, and how many vectors in whatever form, are in the files."""
        forms = [form for each in self.vectors for form in each]
        found = found_in(files_of(folder), [*self.sentences, *forms])
        vectors = sum(not found.isdisjoint(each) for each in self.vectors)
        return len(found.intersection(self.sentences)), vectors


def _forms(vector: Sequence[float]) -> list[bytes]:
    """Return what the first floats of a vector look like in a file: packed, or pickled."""
    short = struct.unpack(f"<{_FLOATS}f", struct.pack(f"<{_FLOATS}f", *vector[:_FLOATS]))
    return [
        struct.pack(f"<{_FLOATS}f", *short),
        *(
            b"".join(b"G" + struct.pack(">d", each) for each in floats[:_FLOATS])
            for floats in (vector, short)
        ),
    ]


def _sentence(user: str, number: int) -> str:
    return f"The qz{user}{number:05}vk parcel of {user} came to the station on day {number}."


@contextlib.asynccontextmanager
async def _backend(folder: Path) -> AsyncGenerator[Mem0Backend]:
    backend = Mem0Backend(
        chat_model=ScriptedChatModel(verbatim_facts),
        embedding_model=ScriptedEmbeddingModel(DIMENSIONS, script=_dense),
        mem0_config=configuration(folder),
        data_dir=folder,
    )
    async with contextlib.aclosing(backend):
        yield backend


async def _tell(backend: Mem0Backend, user: str, amount: int) -> None:
    for first in range(0, amount, _AT_ONCE):
        said = tuple(
            Message("user", _sentence(user, number), id=f"{user}-{number}")
            for number in range(first, min(amount, first + _AT_ONCE))
        )
        exchange = Exchange(f"{user}-{first}", said)
        assert await backend.retain(exchange, scope=Scope(user, "clerk"), wait=_WAIT)


async def _recalls(backend: Mem0Backend, users: int) -> list[list[tuple[str, float]]]:
    found: list[list[tuple[str, float]]] = []
    for user in range(users - 1):
        name = f"user{user}"
        request = RecallRequest("parcel station", Filter(name), limit=20, asking=Scope(name))
        hits = await backend.recall(request)
        found.append([(hit.id, round(hit.score, 5)) for hit in hits])
    return found


def _dense(texts: Sequence[str]) -> list[list[float]]:
    """Return vectors that are always the same for a text, and near to no other one's."""
    vectors: list[list[float]] = []
    for text in texts:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        drawn = np.random.default_rng(seed).standard_normal(DIMENSIONS)
        vectors.append((drawn / np.linalg.norm(drawn)).tolist())
    return vectors


async def _own(folder: Path, needles: _Needles) -> tuple[tuple[int, int], float]:
    """Erase with mem0's own call, in a copy of the folder; count what is left when it is closed."""
    began = time.perf_counter()
    with opened(folder) as memory:
        await memory.delete_all(user_id=_ERASED)
    return needles.counted(folder), time.perf_counter() - began


async def _measure(folder: Path, users: int, amount: int, share: int) -> Mem0Measured:
    place = folder / "mem0"
    sentences = [_sentence(_ERASED, number) for number in range(amount)]
    needles = _Needles(sentences)
    async with _backend(place) as backend:
        for user in range(users - 1):
            await _tell(backend, f"user{user}", share)
        await _tell(backend, _ERASED, amount)
    before = needles.counted(place)
    size = sum(file.stat().st_size for file in files_of(place))
    copy = folder / "copy"
    shutil.copytree(place, copy)
    own, own_seconds = await _own(copy, needles)
    async with _backend(place) as backend:
        asked = await _recalls(backend, users)
        receipt = await backend.forget_user(_ERASED, asked_by="evaluation")
        again = await _recalls(backend, users)
    return Mem0Measured(
        users=users,
        memories=amount + share * (users - 1),
        store_bytes=size,
        looked_for=(len(needles.sentences), len(needles.vectors)),
        before=before,
        own=own,
        own_seconds=own_seconds,
        after=needles.counted(place),
        receipt=receipt,
        others=len(asked),
        changed=sum(one != other for one, other in zip(asked, again, strict=True)),
    )


def measure_mem0(*, users: int, erased: int, share: int) -> Mem0Measured:
    """Tell mem0 about some users, erase one of them, and look for what is left.

    Args:
        users: How many users, the one to be erased included.
        erased: How many memories of the one to be erased.
        share: How many of each other one.
    """
    with tempfile.TemporaryDirectory() as folder:
        be_quiet(Path(folder) / "home")
        return asyncio.run(_measure(Path(folder), users, erased, share))
