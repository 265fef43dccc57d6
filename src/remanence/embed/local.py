"""An embedder on this machine: a small model, without a service and without torch."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from remanence.embed.folder import Folder, Pooling, read_folder
from remanence.embed.hub import downloaded
from remanence.embed.model import OnnxModel
from remanence.errors import InputError
from remanence.validation import check_content, check_count

__all__ = ["LocalEmbedder"]

_PART = 64
"""Texts that one thread embeds before whoever was cancelled, or asked meanwhile, gets a turn."""

_MOST_IN_BATCH = 256
_MOST_THREADS = 1_024
_DIGEST_CHARS = 12
_MOST_NAME_CHARS = 80


@dataclasses.dataclass(frozen=True, slots=True)
class _Loaded:
    """A model in memory.

    Attributes:
        model: The model.
        identity: What its vectors depend on.
        query_prefix: What goes in front of a question.
        document_prefix: What goes in front of a text that is stored.
        threads: What documents are embedded in; questions don't queue behind them.
        process: Whose memory: threads don't survive a fork.
    """

    model: OnnxModel
    identity: str
    query_prefix: str
    document_prefix: str
    threads: ThreadPoolExecutor
    process: int


class LocalEmbedder:
    """Embeds with a model in ONNX; an :class:`~remanence.embed.protocol.Embedder`.

    Needs the extra ``local``: ``pip install "remanence[local]"``. The model is loaded once, when it
    is first needed, and computes in other threads than the event loop's, in float32. Its layout is
    that of Hugging Face's repositories for sentence-transformers.

    ``identity`` and ``dimensions`` load the model if :meth:`prepare` has not, which blocks.

    Args:
        model: A folder with ``onnx/model.onnx`` or ``model.onnx``, and ``tokenizer.json``; or the
            name of a model on Hugging Face's hub, which is downloaded once, into the cache of
            ``huggingface_hub``.
        query_prefix: What the model wants in front of a question; ``None`` for what the model's own
            settings say.
        document_prefix: The same for a text that is stored.
        pooling: How the states of tokens become one vector; ``None`` for what the model's own
            settings say, or else their mean.
        threads: How many threads embed what is stored; ``None`` for all processor cores but one. A
            question is embedded in a thread of its own.

    Raises:
        InputError: An argument is not acceptable.
    """

    def __init__(
        self,
        model: str | Path = "sentence-transformers/all-MiniLM-L6-v2",
        *,
        query_prefix: str | None = None,
        document_prefix: str | None = None,
        pooling: Pooling | None = None,
        threads: int | None = None,
    ) -> None:
        """Keep the settings; nothing is loaded yet."""
        if not isinstance(model, Path):
            check_content("model", model)
        if pooling not in ("mean", "cls", None):
            raise InputError("pooling", f"is {pooling!r}", 'give "mean", "cls" or None')
        if threads is not None:
            check_count("threads", threads, least=1, most=_MOST_THREADS)
        self._source = model
        self._query_prefix = query_prefix
        self._document_prefix = document_prefix
        self._pooling: Pooling | None = pooling
        self._threads = max(1, _cores() - 1) if threads is None else threads
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._loaded: _Loaded | None = None

    @property
    def identity(self) -> str:
        """The model's name, and digests of its files and of how they are used."""
        return self._load().identity

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        return self._load().model.dimensions

    @property
    def batch(self) -> int:
        """How many texts are best given at once."""
        return min(_PART * self._threads, _MOST_IN_BATCH)

    async def prepare(self) -> None:
        """Load the model, in another thread; download it if need be.

        Raises:
            MissingExtraError: The extra ``local`` is not installed.
            InputError: There is no such model, its files are not all there, or it is of a kind
                that is not supported.
            BackendUnavailableError: It has to be downloaded, and can't be.
        """
        await self._ready()

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the vectors of texts that are stored; see the protocol.

        Raises:
            RemanenceError: The model can't be loaded; see :meth:`prepare`.
        """
        loaded = await self._ready()
        inputs = [f"{loaded.document_prefix}{text}" for text in texts]
        made = np.empty((len(inputs), loaded.model.dimensions), np.float32)
        # Texts of about the same length together need the least filling up.
        order = sorted(range(len(inputs)), key=lambda place: len(inputs[place]))
        parts = [order[begin : begin + _PART] for begin in range(0, len(order), _PART)]
        loop = asyncio.get_running_loop()
        vectors = await asyncio.gather(
            *(
                loop.run_in_executor(
                    loaded.threads, loaded.model.vectors, [inputs[place] for place in part]
                )
                for part in parts
            )
        )
        for part, rows in zip(parts, vectors, strict=True):
            made[part] = rows
        return made

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Return the vector of a question; see the protocol.

        Raises:
            RemanenceError: The model can't be loaded; see :meth:`prepare`.
        """
        loaded = await self._ready()
        vectors = await asyncio.to_thread(loaded.model.vectors, [f"{loaded.query_prefix}{text}"])
        return vectors[0]

    async def _ready(self) -> _Loaded:
        loaded = self._loaded
        if loaded is not None and loaded.process == os.getpid():
            return loaded
        return await asyncio.to_thread(self._load)

    def _load(self) -> _Loaded:
        if self._process != os.getpid():  # a thread of the process before may have had the lock
            self._lock, self._process = threading.Lock(), os.getpid()
        with self._lock:
            loaded = self._loaded
            if loaded is None or loaded.process != os.getpid():
                loaded = self._loaded = self._load_now()
            return loaded

    def _load_now(self) -> _Loaded:
        path, name = self._located()
        folder = read_folder(path)
        pooling = self._pooling or folder.pooling
        query = folder.query_prefix if self._query_prefix is None else self._query_prefix
        document = (
            folder.document_prefix if self._document_prefix is None else self._document_prefix
        )
        return _Loaded(
            model=OnnxModel(folder, pooling=pooling),
            identity=_identity(name, folder, pooling, query, document),
            query_prefix=query,
            document_prefix=document,
            threads=ThreadPoolExecutor(self._threads, "remanence-embed"),
            process=os.getpid(),
        )

    def _located(self) -> tuple[Path, str]:
        """Return the model's folder and its name."""
        source = self._source
        path = Path(source).expanduser()
        # A hub's name has one slash at most, and does not begin like a path.
        if isinstance(source, Path) or path.is_dir() or path.is_absolute() or len(path.parts) > 2:
            return path, path.resolve().name
        if source.startswith((".", "~")):
            return path, path.resolve().name
        return downloaded(source), source.rpartition("/")[2]


def _cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _identity(name: str, folder: Folder, pooling: Pooling, query: str, document: str) -> str:
    used = hashlib.sha256("\0".join((query, document)).encode("utf-8", "replace")).hexdigest()
    prefixes = f":{used[:_DIGEST_CHARS]}" if query or document else ""
    short = name[:_MOST_NAME_CHARS]
    return f"local:{short}:{folder.digest()}:{pooling}:{folder.tokens}{prefixes}"
