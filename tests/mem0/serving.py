"""A local HTTP server that can go away, breaking off what it is at, and come back."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

__all__ = ["Answer", "Request", "Responding", "Server"]


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What was asked.

    Attributes:
        method: The method.
        path: The path, without the query.
        query: The query's parameters.
        body: The JSON that was sent, or ``None``.
        authorization: What shows who asks.
        at: When, on the monotonic clock.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any
    authorization: str | None
    at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a status and JSON; or nothing at all, when it is ``lost``.

    Attributes:
        status: The status.
        body: The JSON.
        retry_after: For how long to be left alone, as the header tells it.
        lost: Whether to hang up instead.
        raw: What is sent in place of JSON, as it is.
        kind: What it is said to be.
        cut: Whether to hang up in the middle of it.
    """

    status: int
    body: object
    retry_after: str | None = None
    lost: bool = False
    raw: str | None = None
    kind: str = "application/json"
    cut: bool = False


Responding = Callable[[Request], Answer]


class Server:
    """Answers every request by a function, each connection in a thread of its own.

    Attributes:
        leaving: Set when it goes away; whoever lets a request wait, waits for this.
    """

    def __init__(self, respond: Responding) -> None:
        self.leaving = threading.Event()
        self._respond = respond
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._server: _Threads | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where it is, also while it is away."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Come, or come back."""
        self.leaving.clear()
        self._server = _Threads(("127.0.0.1", self._port), self._handler())
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Go away, and break off what is being answered; twice does nothing."""
        server, self._server = self._server, None
        if server is None or self._thread is None:
            return
        self.leaving.set()
        server.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._connections:
                _hang_up(connection)
        server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(_Handler):
            respond = staticmethod(server._respond)

            def setup(self) -> None:
                super().setup()
                with server._lock:
                    server._connections.add(self.connection)
                    if server.leaving.is_set():
                        _hang_up(self.connection)

            def finish(self) -> None:
                with server._lock:
                    server._connections.discard(self.connection)
                super().finish()

        return Handler


class _Threads(ThreadingHTTPServer):
    """Waits for its threads at the end, and takes it quietly when a client hangs up."""

    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: tests break connections off on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    respond: Responding

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base's
        """Log nothing."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            json.loads(self.rfile.read(length)) if length else None,
            self.headers.get("Authorization"),
            time.monotonic(),
        )
        self._send(self.respond(request))

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names are the base's

    def _send(self, answer: Answer) -> None:
        if answer.lost:
            self.close_connection = True
            return
        data = (json.dumps(answer.body) if answer.raw is None else answer.raw).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(data)))
        if answer.retry_after is not None:
            self.send_header("Retry-After", answer.retry_after)
        self.end_headers()
        if answer.cut:
            self.close_connection = True
            data = data[: len(data) // 2]
        self.wfile.write(data)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the other side may have been faster
        connection.shutdown(socket.SHUT_RDWR)
