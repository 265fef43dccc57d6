"""A stand-in for mem0's hosted Platform: a local server that speaks what its client calls.

It keeps what it is given and finds it by its words. What goes wrong is planned: refusals, slow
answers, work that is put off, and a server that goes away and comes back at the same address.
"""

from __future__ import annotations

import collections
import itertools
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from tests.mem0.serving import Answer, Request, Server

if TYPE_CHECKING:
    from mem0 import AsyncMemoryClient

__all__ = ["KEY", "Operation", "Platform", "platform_at_work"]

KEY = "m0-made-up"
"""The key that opens it."""

Operation = Literal["ping", "add", "search", "get_all", "delete", "delete_all", "delete_users"]

_ROUTES: dict[tuple[str, str], Operation] = {
    ("GET", "/v1/ping/"): "ping",
    ("POST", "/v3/memories/add/"): "add",
    ("POST", "/v3/memories/search/"): "search",
    ("POST", "/v3/memories/"): "get_all",
    ("DELETE", "/v1/memories/"): "delete_all",
}
_SCOPE = ("user_id", "agent_id", "app_id", "run_id")
_CREATED = "2026-03-01T09:30:00-08:00"
_QUEUED = "Memory processing has been queued for background execution"


class Platform:
    """The server; see :func:`platform_at_work`.

    Attributes:
        memories: What it keeps.
        entities: Of whom it has kept something, by kind and name.
        pending: How it says that what was added is still being worked on; ``None`` if it tells at
            once what came of it. ``flat`` is today's form, ``nested`` the one before.
        extracts: Whether anything comes of what is added to be distilled.
        delay: Seconds before each answer but that to a ping.
    """

    def __init__(self) -> None:
        self.memories: list[dict[str, Any]] = []
        self.entities: set[tuple[str, str]] = set()
        self.pending: Literal["flat", "nested"] | None = None
        self.extracts = True
        self.delay = 0.0
        self._seen: list[tuple[Operation, Request]] = []
        self._planned: dict[Operation, collections.deque[Answer]] = collections.defaultdict(
            collections.deque
        )
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._server = Server(self._respond)
        self.start, self.stop = self._server.start, self._server.stop

    @property
    def url(self) -> str:
        """Where it is, also while it is away."""
        return self._server.url

    def client(self) -> AsyncMemoryClient:
        """Return a client of it."""
        from mem0 import AsyncMemoryClient

        return AsyncMemoryClient(api_key=KEY, host=self.url)

    def refuse(self, operation: Operation, *statuses: int, retry_after: str | None = None) -> None:
        """Answer the next calls of an operation with these statuses, one each."""
        self._planned[operation].extend(
            Answer(status, {"detail": f"refused with {status}"}, retry_after) for status in statuses
        )

    def lose(self, operation: Operation) -> None:
        """Do what the next call of an operation asks, but break off before it is answered."""
        self._planned[operation].append(Answer(0, None, lost=True))

    def asked(self, operation: Operation) -> list[Request]:
        """Return what it was asked so far, in order."""
        with self._lock:
            return [request for asked, request in self._seen if asked == operation]

    def texts(self) -> list[str]:
        """Return the texts of the memories."""
        with self._lock:
            return [memory["memory"] for memory in self.memories]

    def _respond(self, request: Request) -> Answer:
        operation = _operation_of(request)
        if operation is None:
            return Answer(404, {"detail": f"no {request.method} {request.path}"})
        if self.delay and operation != "ping":
            self._server.leaving.wait(self.delay)
        with self._lock:
            self._seen.append((operation, request))
            if request.authorization != f"Token {KEY}":
                return Answer(401, {"detail": "Invalid token."})
            planned = self._planned[operation]
            instead = planned.popleft() if planned else None
            if instead is not None and not instead.lost:
                return instead
            answer = self._do(operation, request)
            return instead or answer

    def _do(self, operation: Operation, request: Request) -> Answer:
        body: dict[str, Any] = request.body or {}
        match operation:
            case "ping":
                told = {"status": "ok", "org_id": "org", "project_id": "project"}
                return Answer(200, {**told, "user_email": "somebody@example.com"})
            case "add":
                return Answer(200, self._add(body))
            case "search" | "get_all":
                return self._find(body, request.query)
            case "delete":
                return self._delete(request.path)
            case "delete_users":
                return self._delete_entity(request.path)
            case "delete_all":
                self.memories = [
                    memory
                    for memory in self.memories
                    if any(memory.get(key) != value for key, value in request.query.items())
                ]
                return Answer(200, {"message": "Memories deleted successfully!"})

    def _add(self, body: dict[str, Any]) -> object:
        kept: list[dict[str, Any]] = []
        if self.extracts or body.get("infer") is False:
            kept = [self._memory(body, message["content"]) for message in body["messages"]]
        self.memories += kept
        self.entities |= {(key[:-3], body[key]) for key in _SCOPE if kept and body.get(key)}
        queued = {"message": _QUEUED, "status": "PENDING", "event_id": f"event-{next(self._ids)}"}
        if self.pending == "flat":
            return queued
        if self.pending == "nested":
            return {"results": [queued]}
        return {
            "results": [
                {"id": each["id"], "memory": each["memory"], "event": "ADD"} for each in kept
            ]
        }

    def _memory(self, body: dict[str, Any], text: str) -> dict[str, Any]:
        return {
            "id": f"memory-{next(self._ids)}",
            "memory": text,
            **{key: body.get(key) for key in _SCOPE},
            "metadata": body.get("metadata"),
            "categories": [],
            "created_at": _CREATED,
            "updated_at": _CREATED,
        }

    def _find(self, body: dict[str, Any], query: Mapping[str, str]) -> Answer:
        filters: dict[str, Any] = body.get("filters") or {}
        unknown = sorted(filters.keys() - {*_SCOPE, "metadata"})
        if unknown:  # as documented: what may be told is fixed, and metadata's fields are inside
            return Answer(400, {"detail": f"unknown filter fields {unknown}"})
        found = [memory for memory in self.memories if _matches(memory, filters)]
        if "query" not in body:
            return Answer(200, _page(found, query))
        asked = _words(body["query"])
        scored = [
            {**memory, "score": len(asked & _words(memory["memory"])) / len(asked)}
            for memory in found
        ]
        least = body.get("threshold", 0.1)
        best = sorted(
            (each for each in scored if each["score"] >= least), key=lambda each: -each["score"]
        )
        return Answer(200, {"results": best[: body.get("top_k", 10)]})

    def _delete(self, path: str) -> Answer:
        wanted = path.rstrip("/").rpartition("/")[2]
        kept = [memory for memory in self.memories if memory["id"] != wanted]
        if len(kept) == len(self.memories):
            return Answer(404, {"detail": "Memory not found!"})
        self.memories = kept
        return Answer(200, {"message": "Memory deleted successfully!"})

    def _delete_entity(self, path: str) -> Answer:
        kind, name = path.strip("/").split("/")[-2:]
        if (kind, name) not in self.entities:
            return Answer(404, {"detail": "Entity not found!"})
        self.entities.discard((kind, name))
        return Answer(200, {"message": "Entity deleted successfully!"})


@contextmanager
def platform_at_work() -> Generator[Platform]:
    """Start a Platform; at the end it is gone, and so are its threads."""
    platform = Platform()
    platform.start()
    try:
        yield platform
    finally:
        platform.stop()


def _page(found: list[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """Return a part of a listing, as it is asked for."""
    size, number = int(query.get("page_size", 100)), int(query.get("page", 1))
    part = found[(number - 1) * size : number * size]
    after = "there is more" if number * size < len(found) else None
    return {"count": len(found), "next": after, "previous": None, "results": part}


def _operation_of(request: Request) -> Operation | None:
    operation = _ROUTES.get((request.method, request.path))
    if operation is None and request.method == "DELETE":
        return "delete_users" if request.path.startswith("/v2/entities/") else "delete"
    return operation


def _matches(memory: dict[str, Any], filters: Mapping[str, Any]) -> bool:
    """Return whether a memory is within filters, as the Platform documents them."""
    for field, wanted in filters.items():
        value = memory.get(field)
        if field == "metadata":
            fits = wanted.items() <= (value or {}).items()
        elif wanted == "*":
            fits = value is not None
        else:
            fits = value == wanted
        if not fits:
            return False
    return True


def _words(text: str) -> set[str]:
    return {word.strip(".,?!'\"").casefold() for word in text.split()}
