"""Erases one user among many in the embedded engine, and looks for what is left."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evals.erasure.needles import files_of, found_in
from evals.madeup import MadeUpEmbedder
from evals.perf.corpus import Corpus
from remanence import Conversation, Filter, Memory, Message, Receipt, Recollection, Scope
from remanence.clock import SystemClock
from remanence.index.text import analyze
from remanence.store.erasing import NewErasure
from remanence.store.sqlite import SQLiteStore

__all__ = ["Measured", "measure"]

_ERASED = "erased"
_SESSION_TURNS = 20
_AT_ONCE = 100
_FACT_EVERY = 5
_ASKED = 100
_QUESTIONS = 3
_SETTLE_SECONDS = 7_200.0
_VECTOR_BYTES = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Needles:
    """What an erased text may leave behind.

    Attributes:
        sentences: Parts of the texts that no other text has.
        stems: The index terms of the words that no other text has.
        vectors: Parts of the texts' vectors.
    """

    sentences: list[bytes]
    stems: list[bytes]
    vectors: list[bytes]

    def counted(self, folder: Path) -> tuple[int, int, int]:
        """Return how many of each are in the files of a folder."""
        files = files_of(folder)
        found = found_in(files, [*self.sentences, *self.stems, *self.vectors])
        parts = (self.sentences, self.stems, self.vectors)
        sentences, stems, vectors = (len(found.intersection(part)) for part in parts)
        return sentences, stems, vectors


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """What came of it.

    Attributes:
        users: How many users there were.
        episodes: How many episodes there were, in all.
        store_bytes: The size of the files before.
        looked_for: How many sentences, stems and vectors were looked for.
        before: How many of each were there before.
        deleted: How many were left when rows were deleted and overwritten by SQLite
            (``secure_delete``), and the log was emptied.
        after: How many are left after the erasure.
        receipt: What the erasure told.
        others: How many recalls of other users were compared.
        changed: How many of them are not what they were.
    """

    users: int
    episodes: int
    store_bytes: int
    looked_for: tuple[int, int, int]
    before: tuple[int, int, int]
    deleted: tuple[int, int, int]
    after: tuple[int, int, int]
    receipt: Receipt
    others: int
    changed: int


def _word(number: int, place: str) -> str:
    """Return a word that no text has but one."""
    return f"qz{place}{number:06}vk"


def _sentence(number: int, text: str) -> str:
    return f"{_word(number, 'a')} {text} {_word(number, 'b')}"


def _sessions(users: int, episodes: int, erased: int) -> Iterator[Conversation]:
    """Yield sessions of all users in turn; those of the one to be erased among the others."""
    turns = itertools.chain.from_iterable(
        conversation.messages
        for seed in itertools.count(3)
        for batch in Corpus("anyone", 20_000, seed).batches()
        for conversation in batch
    )
    others = episodes - erased
    rounds = max(1, others // (_SESSION_TURNS * (users - 1)))
    size = others // ((users - 1) * rounds)
    numbers = iter(range(erased))
    for number in range(rounds):
        share = list(itertools.islice(numbers, -(-erased // rounds)))
        parts = _parts(share, users - 1)
        for user in range(users - 1):
            told = tuple(itertools.islice(turns, size))
            yield Conversation(Scope(f"user-{user}", session_id=f"session-{number}"), told)
            if parts[user]:
                said = tuple(
                    Message("user", _sentence(each, next(turns).content)) for each in parts[user]
                )
                yield Conversation(Scope(_ERASED, session_id=f"session-{number}"), said)


def _parts(numbers: Sequence[int], parts: int) -> list[list[int]]:
    """Return numbers in so many parts of about the same size."""
    return [list(numbers[place::parts]) for place in range(parts)]


async def _fill(memory: Memory, users: int, episodes: int, erased: int) -> list[str]:
    """Store everything; return the texts that are to be erased."""
    texts: list[str] = []
    sessions = _sessions(users, episodes, erased)
    facts = 0
    while batch := list(itertools.islice(sessions, _AT_ONCE)):
        stored = await memory.observe_all(batch)
        for conversation, kept in zip(batch, stored, strict=True):
            if conversation.scope.user_id != _ERASED:
                continue
            texts += [episode.content for episode in kept]
            for episode in kept[::_FACT_EVERY]:
                text = _sentence(erased + facts, "is what she was told")
                await memory.remember(text, scope=episode.scope, sources=[episode.id])
                texts.append(text)
                facts += 1
    assert await memory.settle(_SETTLE_SECONDS)
    return texts


async def _needles(database: Path, texts: Sequence[str]) -> Needles:
    packed = await _vectors(database, len(texts))
    words = [text.split(" ") for text in texts]
    return Needles(
        sentences=[
            each.encode()
            for text in texts
            for each in (text[: len(text) // 2], text[text.rindex("qzb") :])
        ],
        stems=[analyze(word).terms.encode() for each in words for word in (each[0], each[-1])],
        vectors=[
            row.tobytes()[start : start + _VECTOR_BYTES]
            for row in packed
            for start in (0, row.nbytes // 2)
        ],
    )


async def _vectors(database: Path, most: int) -> npt.NDArray[np.float32]:
    """Return vectors of the one who is erased, as they are stored."""
    embedder = MadeUpEmbedder()
    store = SQLiteStore(database)
    await store.open()
    number = await store.vectors.choose(embedder.identity, embedder.dimensions)
    loaded = await store.vectors.load(_ERASED, number, after=0, limit=most)
    await store.aclose()
    data = np.concatenate([block.data for block in loaded.blocks])
    return np.ascontiguousarray(data[:: -(-len(data) // most)], "<f4")


async def _recalls(memory: Memory, users: int) -> list[list[Recollection]]:
    questions = Corpus("anyone", 1_000).questions(_QUESTIONS)
    return [
        await memory.recall(question, scope=Scope(f"user-{user}"), limit=20)
        for user in range(0, users - 1, max(1, users // _ASKED))
        for question in questions
    ]


async def _only_deleted(database: Path, needles: Needles) -> tuple[int, int, int]:
    """Delete the rows in a copy, empty the log, and count what is left."""
    folder = database.parent.parent / "deleted"
    folder.mkdir()
    copy = Path(shutil.copy(database, folder))
    store = SQLiteStore(copy)
    await store.open()
    now = SystemClock().now()
    (number,) = await store.erasures.ask([NewErasure(Filter(_ERASED), None, now)])
    await store.erasures.remove(number, at=now)
    await store.aclose()
    left = needles.counted(folder)
    shutil.rmtree(folder)
    return left


async def _measure(
    folder: Path, *, users: int, episodes: int, erased: int, sample: int
) -> Measured:
    (folder / "store").mkdir()
    database = folder / "store" / "memory.db"
    embedder = MadeUpEmbedder()
    async with Memory.open(database, embedder=embedder) as memory:
        texts = await _fill(memory, users, episodes, erased)
    chosen: list[int] = np.random.default_rng(1).permutation(len(texts))[:sample].tolist()
    needles = await _needles(database, [texts[place] for place in chosen])
    before = needles.counted(database.parent)
    deleted = await _only_deleted(database, needles)
    size = sum(file.stat().st_size for file in files_of(database.parent))
    async with Memory.open(database, embedder=embedder) as memory:
        asked = await _recalls(memory, users)
        receipt = await memory.forget_user(_ERASED, asked_by="evaluation")
        after = needles.counted(database.parent)
        again = await _recalls(memory, users)
    return Measured(
        users=users,
        episodes=episodes,
        store_bytes=size,
        looked_for=(len(needles.sentences), len(needles.stems), len(needles.vectors)),
        before=before,
        deleted=deleted,
        after=after,
        receipt=receipt,
        others=len(asked),
        changed=sum(one != other for one, other in zip(asked, again, strict=True)),
    )


def measure(folder: Path, *, users: int, episodes: int, erased: int, sample: int) -> Measured:
    """Store so many episodes of so many users, erase one user, and look for what is left.

    Args:
        folder: Where the store is made.
        users: How many users, the one to be erased included.
        episodes: How many episodes, of all users.
        erased: How many of them are of the one to be erased.
        sample: How many of the erased texts, messages and facts, are looked for.
    """
    return asyncio.run(
        _measure(folder, users=users, episodes=episodes, erased=erased, sample=sample)
    )
