"""A network that breaks at a chosen moment: when a client says certain words to the server."""

from __future__ import annotations

import dataclasses
import re
import selectors
import socket
import struct
import threading
from contextlib import suppress
from typing import Literal, Self
from urllib.parse import urlsplit

from evals.serving.errors import ServingError

__all__ = ["Cut", "Cutter", "Fate"]

Fate = Literal["lost", "answered", "late"]
"""What becomes of the words at which a connection is cut: they never arrive; they do, and only the
answer is lost; or they arrive when the client has long been gone.
"""

_CHUNK_BYTES = 1_048_576
_LOOK_SECONDS = 0.05

# A socket that is closed while it lingers for no time tells the other side of a reset.
_NO_TIME = struct.pack("ii", 1, 0)


@dataclasses.dataclass(eq=False)
class Cut:
    """A cut that will happen once, or has.

    Attributes:
        words: What a client has to say for it, in one piece.
        fate: What becomes of these words.
        happened: Set when the client was cut off.
        carried: Set when the server has answered what was said.
    """

    words: re.Pattern[bytes]
    fate: Fate
    happened: threading.Event = dataclasses.field(default_factory=threading.Event)
    carried: threading.Event = dataclasses.field(default_factory=threading.Event)
    _waiting: tuple[socket.socket, bytes] | None = None

    def hold(self, server: socket.socket, said: bytes) -> None:
        """Keep what was said, and where to, for later."""
        self._waiting = server, said

    def deliver(self) -> None:
        """Let the server have words that were to be late.

        Raises:
            ServingError: No client has said them yet.
        """
        if self._waiting is None:
            raise ServingError("nothing was said that could be delivered")
        server, said = self._waiting
        with suppress(OSError):  # it may have given the client up
            server.sendall(said)


@dataclasses.dataclass(eq=False, slots=True)
class _Pair:
    client: socket.socket
    server: socket.socket
    cut: Cut | None = None


class Cutter:
    """Takes TCP connections on 127.0.0.1, forwards them to a server, and cuts one when asked to.

    As a context manager, it starts, and closes at the end::

        with PostgresServer() as server, Cutter("127.0.0.1", server.port) as cutter:
            url = cutter.through(server.url("memories", tcp=True))
            cut = cutter.cut_at(rb"COMMIT", "answered")

    Attributes:
        port: The port that it listens on.
    """

    def __init__(self, host: str, port: int) -> None:
        """Choose where to forward to, and start."""
        self._target = host, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: set[_Pair] = set()
        self._cuts: list[Cut] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cutter", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def through(self, url: str) -> str:
        """Return a TCP URL of the server, changed so that it leads through here."""
        parts = urlsplit(url)
        credentials, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{credentials}{at}127.0.0.1:{self.port}").geturl()

    def cut_at(self, words: bytes, fate: Fate) -> Cut:
        """Cut the next connection of which the client says certain words.

        Args:
            words: A regular expression; a dot is any byte.
            fate: What becomes of what was said.
        """
        cut = Cut(re.compile(words, re.DOTALL), fate)
        with self._lock:
            self._cuts.append(cut)
        return cut

    def close(self) -> None:
        """Cut all connections and listen no longer."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector, self._listener:
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._ended.is_set():
                for key, _ in selector.select(_LOOK_SECONDS):
                    self._serve(selector, key)
            for pair in self._pairs:
                _reset(pair.client)
                _reset(pair.server)

    def _serve(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._listener:
            self._accept(selector)
            return
        pair: _Pair = key.data
        if pair not in self._pairs:
            return  # it ended when its other side was served just now
        try:
            if key.fileobj is pair.client:
                said = pair.client.recv(_CHUNK_BYTES)
                goes_on = bool(said) and self._to_server(selector, pair, said)
            else:
                said = pair.server.recv(_CHUNK_BYTES)
                goes_on = bool(said) and self._to_client(pair, said)
        except OSError:
            goes_on = False
        if not goes_on:
            self._end(selector, pair)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self._target)
        except OSError:
            _reset(client)
            return
        pair = _Pair(client, server)
        self._pairs.add(pair)
        for side in (client, server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(side, selectors.EVENT_READ, pair)

    def _to_server(self, selector: selectors.BaseSelector, pair: _Pair, said: bytes) -> bool:
        """Forward what a client said, and return whether the connection goes on."""
        with self._lock:
            cut = next((each for each in self._cuts if each.words.search(said)), None)
            if cut is not None:
                self._cuts.remove(cut)
        if cut is None:
            pair.server.sendall(said)
            return True
        pair.cut = cut
        if cut.fate == "answered":
            pair.server.sendall(said)
            return True
        if cut.fate == "late":
            cut.hold(pair.server, said)
            selector.unregister(pair.client)
            _reset(pair.client)
        cut.happened.set()
        return cut.fate == "late"

    def _to_client(self, pair: _Pair, said: bytes) -> bool:
        """Forward what the server said, and return whether the connection goes on."""
        if pair.cut is None:
            pair.client.sendall(said)
            return True
        pair.cut.carried.set()
        return False

    def _end(self, selector: selectors.BaseSelector, pair: _Pair) -> None:
        self._pairs.discard(pair)
        for side in (pair.client, pair.server):
            with suppress(KeyError, ValueError):  # where the client was cut off before
                selector.unregister(side)
            _reset(side)
        if pair.cut is not None:
            pair.cut.happened.set()


def _reset(side: socket.socket) -> None:
    with suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_TIME)
    side.close()
