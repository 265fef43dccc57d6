"""A network between a client and a server, which breaks on command."""

from __future__ import annotations

import asyncio
import dataclasses
import selectors
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from evals.serving.errors import ServingError

__all__ = ["Proxy"]

_T = TypeVar("_T")

_CHUNK_BYTES = 65_536
_CHUNKS_ON_THE_WAY = 256
_COMMAND_SECONDS = 30.0

# A socket that is closed while it lingers for no time tells the other side of a reset.
_NO_TIME = struct.pack("ii", 1, 0)


class Proxy:
    """Takes TCP connections on 127.0.0.1 and forwards them to a server, in a thread of its own.

    A command may be given from any thread, and is in effect when it returns. As a context manager,
    it starts, and closes at the end::

        with PostgresServer() as server, Proxy("127.0.0.1", server.port) as proxy:
            url = proxy.through(server.url("memories", tcp=True))
            ...
            proxy.cut()

    Attributes:
        port: The port that it listens on, from the first start on.
    """

    def __init__(self, host: str, port: int) -> None:
        """Choose where to forward to.

        Args:
            host: The server's name or address.
            port: Its port.
        """
        self.port = 0
        self._network = _Network(host, port)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connections(self) -> int:
        """How many connections go through it now."""
        return self._do(self._network.count())

    def through(self, url: str) -> str:
        """Return a TCP URL of the server, changed so that it leads through here."""
        parts = urlsplit(url)
        credentials, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{credentials}{at}127.0.0.1:{self.port}").geturl()

    def start(self) -> None:
        """Start to listen and to forward.

        Raises:
            ServingError: It has been started.
            OSError: The port that it had before is taken.
        """
        if self._loop is not None:
            raise ServingError("this proxy has been started")
        # Others wait in whole milliseconds, which would lengthen short delays.
        self._loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        try:
            self.port = self._do(self._network.listen(self.port))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Cut all connections and listen no longer; nothing happens if it is not started."""
        if self._loop is None or self._thread is None:
            return
        self._do(self._network.refuse())
        self._do(self._network.cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None

    def cut(self) -> None:
        """Reset all connections, on both sides; what was on its way is lost."""
        self._do(self._network.cut())

    def refuse(self) -> None:
        """Refuse new connections, until `resume`; those that there are go on."""
        self._do(self._network.refuse())

    def stall(self, *, to_server: bool = True, to_client: bool = True) -> None:
        """Hold back what is sent, until `resume`; new connections are taken, and held up as well.

        Args:
            to_server: Whether to hold back what clients send.
            to_client: Whether to hold back what the server answers.
        """
        self._do(self._network.stall(to_server=to_server, to_client=to_client))

    def delay(self, to_server: float = 0.0, to_client: float = 0.0) -> None:
        """Have everything that is sent from now on arrive later.

        Args:
            to_server: By how many seconds what clients send is late.
            to_client: By how many seconds what the server answers is late.
        """
        self._do(self._network.delay(to_server, to_client))

    def resume(self) -> None:
        """Take connections again, and let go on what was held back. Delays stay as they are."""
        self._do(self._network.resume())

    def _do(self, command: Coroutine[Any, Any, _T]) -> _T:
        if self._loop is None:
            command.close()
            raise ServingError("this proxy is not started")
        return asyncio.run_coroutine_threadsafe(command, self._loop).result(_COMMAND_SECONDS)


class _Direction:
    """One of the two directions, over all connections.

    Attributes:
        delay: By how many seconds everything is late.
        flows: Set unless it is held back.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.flows = asyncio.Event()
        self.flows.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward everything, and its end, from one side to the other.

        Raises:
            OSError: One of the sides is gone.
        """
        clock = asyncio.get_running_loop().time
        # Those on their way, and when they are due; an empty one is the end.
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_ON_THE_WAY)

        async def take() -> None:
            while True:
                chunk = await reader.read(_CHUNK_BYTES)
                await chunks.put((clock() + self.delay, chunk))
                if not chunk:
                    return

        async def give() -> None:
            while True:
                due, chunk = await chunks.get()
                if (wait := due - clock()) > 0:
                    await asyncio.sleep(wait)
                await self.flows.wait()
                if not chunk:
                    writer.write_eof()
                    return
                writer.write(chunk)
                await writer.drain()

        async with asyncio.TaskGroup() as group:
            group.create_task(take())
            group.create_task(give())


@dataclasses.dataclass(eq=False, slots=True)
class _Connection:
    """The sides of a connection that there are so far, and what forwards between them."""

    sides: list[asyncio.StreamWriter]
    task: asyncio.Task[None] | None = None

    def reset(self) -> None:
        for side in self.sides:
            with suppress(OSError):
                side.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _NO_TIME
                )
            side.transport.abort()


class _Network:
    """What a proxy does, in its event loop."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._to_server = _Direction()
        self._to_client = _Direction()
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    async def listen(self, port: int) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self._port

    async def count(self) -> int:
        return len(self._connections)

    async def cut(self) -> None:
        connections = tuple(self._connections)
        tasks = [connection.task for connection in connections if connection.task is not None]
        for connection in connections:
            connection.reset()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def stall(self, *, to_server: bool, to_client: bool) -> None:
        for direction, held in ((self._to_server, to_server), (self._to_client, to_client)):
            if held:
                direction.flows.clear()

    async def delay(self, to_server: float, to_client: float) -> None:
        self._to_server.delay = to_server
        self._to_client.delay = to_client

    async def resume(self) -> None:
        self._to_server.flows.set()
        self._to_client.flows.set()
        if self._server is None:
            await self.listen(self._port)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection([writer])
        self._connections.add(connection)
        connection.task = asyncio.create_task(self._forward(connection, reader, writer))

    async def _forward(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target)
            connection.sides.append(server_writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._to_server.carry(reader, server_writer))
                group.create_task(self._to_client.carry(server_reader, writer))
        except* OSError:
            connection.reset()
        finally:
            for side in connection.sides:
                side.close()
            self._connections.discard(connection)
