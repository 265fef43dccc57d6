"""A memory service that keeps what it is given, and fails as it is told to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args

from remanence.backends.request import RecallRequest
from remanence.backends.service import Delivery
from remanence.errors import (
    BackendAnswerError,
    BackendError,
    BackendRefusedError,
    BackendUnavailableError,
    InputError,
)
from remanence.testing.shelf import FolderShelf, Kept, MemoryShelf, Shelf, kept_of
from remanence.types import Filter, Recollection, Role, Scope

__all__ = ["Fault", "ScriptedService"]

FaultName = Literal["down", "failing", "garbage", "refused", "lost", "hanging"]
Fault = FaultName | float | BaseException | None
"""What a call does: nothing special (``None``), or

* ``down``: the service can't be reached;
* ``failing``: it fails at this call;
* ``garbage``: its answer can't be understood, and it did nothing;
* ``refused``: it will never accept this;
* ``lost``: it does what was asked, but the answer does not arrive;
* ``hanging``: it never answers, and does nothing;
* a number: it takes so many seconds, and then does what was asked;
* an exception, which is raised.
"""

Asked = TypeVar("Asked", RecallRequest, Delivery)

# One word each where a script writes words apart, and one character each where it does not.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff]+")


class ScriptedService:
    """Keeps what it is given and finds it by its words; its faults are given in a script.

    It fulfils :class:`~remanence.backends.Service` and :class:`~remanence.backends.Lookup`. As
    memory services do, it keeps what user and assistant said, not what tools returned. A delivery
    that it has already is not kept again.

    A script is one fault for every call; faults, one a call, after which nothing is wrong any
    more; or a function that is given what was asked and returns a fault.

    Args:
        folder: Where it keeps what it is given, so that this outlives the process and is shared by
            all that name the same folder; ``None`` keeps it in this object.
        kind: What it calls itself.
        recall: The script of searches.
        deliver: The script of deliveries.

    Attributes:
        kind: What it calls itself.
        identity: Its kind and its folder.
        deliveries: What arrived at this object, in order; what arrived again is there again.
        requests: The searches that were asked of this object, in order, failed ones included.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        kind: str = "scripted",
        recall: Fault | Iterable[Fault] | Callable[[RecallRequest], Fault] = None,
        deliver: Fault | Iterable[Fault] | Callable[[Delivery], Fault] = None,
    ) -> None:
        """Keep the scripts."""
        place = "memory" if folder is None else str(folder.absolute())
        self.kind = kind
        self.identity = f"{kind}:{place}"
        self.deliveries: list[Delivery] = []
        self.requests: list[RecallRequest] = []
        self._shelf: Shelf = MemoryShelf() if folder is None else FolderShelf(folder)
        self._recall_fault: Callable[[RecallRequest], Fault]
        self._deliver_fault: Callable[[Delivery], Fault]
        self.script_recall(recall)
        self.script_deliver(deliver)

    def script_recall(
        self, script: Fault | Iterable[Fault] | Callable[[RecallRequest], Fault]
    ) -> None:
        """Let searches follow a script from now on; ``None`` lets nothing go wrong."""
        self._recall_fault = _fault_of(script)

    def script_deliver(self, script: Fault | Iterable[Fault] | Callable[[Delivery], Fault]) -> None:
        """Let deliveries follow a script from now on; ``None`` lets nothing go wrong."""
        self._deliver_fault = _fault_of(script)

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Return what shares words with the query, by the part of its words that it has."""
        self.requests.append(request)
        fault = self._recall_fault(request)
        await _before(fault)
        found = self._search(request)
        _after(fault)
        return found

    async def deliver(self, delivery: Delivery) -> None:
        """Keep what is delivered, unless it is kept already."""
        fault = self._deliver_fault(delivery)
        await _before(fault)
        self.deliveries.append(delivery)
        await asyncio.to_thread(self._shelf.keep, delivery)
        _after(fault)

    async def has(self, key: str, *, scope: Scope) -> bool:
        """Return whether what was delivered with this key is kept; the scripts don't matter."""
        return self._shelf.has(key, scope)

    def kept(self, where: Scope | Filter) -> list[tuple[Role, str | None, str]]:
        """Return what was said, as role, speaker and text, in the order in which it arrived."""
        return [
            (item.role, item.name, item.text)
            for item in self._items(Filter.of(where))
            if item.role is not None
        ]

    def statements(self, where: Scope | Filter) -> list[str]:
        """Return the statements, in the order in which they arrived."""
        return [item.text for item in self._items(Filter.of(where)) if item.role is None]

    def forget(self, user_id: str) -> None:
        """Keep nothing of a user any longer."""
        for _, delivery in self._shelf.all():
            if delivery.scope.user_id == user_id:
                self._shelf.remove(delivery)

    def _items(self, where: Filter) -> list[Kept]:
        return [
            item
            for arrived, delivery in self._shelf.all()
            for item in kept_of(arrived, delivery)
            if _sees(where, item)
        ]

    def _search(self, request: RecallRequest) -> list[Recollection]:
        wanted = _words(request.query)
        least = 0.0 if request.threshold is None else request.threshold
        found: list[Recollection] = []
        for item in self._items(request.where):
            shared = len(wanted & _words(item.text))
            if shared and shared >= least * len(wanted) and not _visible(item, request):
                found.append(_recollection(item, shared / len(wanted)))
        found.sort(key=lambda hit: -hit.score)
        return found[: request.limit]


def _fault_of(
    script: Fault | Iterable[Fault] | Callable[[Asked], Fault],
) -> Callable[[Asked], Fault]:
    """Return a script as a function of what is asked.

    Raises:
        InputError: It is a text that names no fault.
    """
    if callable(script):
        return script
    if isinstance(script, str) and script not in get_args(FaultName):
        raise InputError("script", f"is {script!r}", f"use one of {get_args(FaultName)}")
    if script is None or isinstance(script, (str, int, float, BaseException)):
        always = cast("Fault", script)
        return lambda _: always
    faults = iter(script)
    return lambda _: next(faults, None)


async def _before(fault: Fault) -> None:
    """Do what goes wrong before anything is done."""
    match fault:
        case None | "lost":
            return
        case BaseException():
            raise fault
        case "down":
            raise BackendUnavailableError("the scripted service is down")
        case "failing":
            raise BackendError("the scripted service failed")
        case "garbage":
            raise BackendAnswerError("the scripted service answered nonsense")
        case "refused":
            raise BackendRefusedError("the scripted service refused this")
        case "hanging":
            await asyncio.Event().wait()
        case seconds:
            await asyncio.sleep(seconds)


def _after(fault: Fault) -> None:
    """Do what goes wrong when all is done."""
    if fault == "lost":
        raise BackendUnavailableError("the answer of the scripted service was lost")


def _sees(where: Filter, item: Kept) -> bool:
    return (
        item.scope.user_id == where.user_id
        and where.agent_id in (None, item.scope.agent_id)
        and where.session_id in (None, item.scope.session_id)
        and (where.since is None or item.at >= where.since)
        and (where.until is None or item.at < where.until)
    )


def _visible(item: Kept, request: RecallRequest) -> bool:
    """Return whether the agent that asks can still see a message, or what it is a part of."""
    known = item.message_id
    if known is None or item.scope != request.asking:
        return False
    return any(known == seen or known.startswith(f"{seen}#") for seen in request.visible)


def _words(text: str) -> frozenset[str]:
    found: Sequence[str] = _WORD.findall(text.casefold())
    return frozenset(found)


def _recollection(item: Kept, score: float) -> Recollection:
    return Recollection(
        text=item.text,
        origin="fact" if item.role is None else "episode",
        id=item.id,
        score=score,
        at=item.at,
        scope=item.scope,
        role=item.role,
        speaker=item.name,
    )
