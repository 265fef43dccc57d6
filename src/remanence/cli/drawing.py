"""Facts drawn from what a memory holds, while somebody watches."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
import time
from collections.abc import Callable, Generator, Iterable, Sequence, Set
from typing import TYPE_CHECKING

from remanence.cli.database import Place, jobs_at
from remanence.cli.output import counted, notices
from remanence.clock import SystemClock
from remanence.errors import BackendUnavailableError
from remanence.types import Episode, Fact, Filter, Scope

if TYPE_CHECKING:
    from remanence.engine import Memory
    from remanence.store.jobs import Job, JobStore

__all__ = ["Drawn", "Portion", "draw"]

_LONGEST = 7 * 86_400.0
_LOOK_SECONDS = 0.5
_DESTINATION = "extract"
_PAGE = 1_000
_MOST_TOLD = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Drawn:
    """What came of it.

    Attributes:
        facts: What was noted, in the order of recording.
        replaced: What these superseded, those of one run by another among them.
        sources: The episodes that the facts rest on, by id.
        calls: How often the model was asked.
        input_tokens: How many tokens it was given, as far as it told.
        output_tokens: How many it answered.
        troubles: Why something was not read, if that is so, each in a sentence.
    """

    facts: tuple[Fact, ...]
    replaced: tuple[Fact, ...]
    sources: dict[str, Episode]
    calls: int
    input_tokens: int
    output_tokens: int
    troubles: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Portion:
    """What is read at the same time.

    Attributes:
        places: Whose messages.
        messages: How many that are, as far as that is known.
    """

    places: tuple[Scope | Filter, ...]
    messages: int = 0


async def draw(
    memory: Memory,
    database: Place,
    portions: Sequence[Portion],
    *,
    patience: float,
    address: str | None = None,
) -> Drawn:
    """Let the model read what was not read before; return what was noted of these users since.

    Args:
        memory: An open memory with a chat model.
        database: Where it is.
        portions: What is to be read, one after the other, up to the first that can't be.
        patience: For how many seconds a model that can't be reached is tried again.
        address: What OPENAI_BASE_URL says, to be told where the model can't be reached.
    """
    began, before = SystemClock().now(), await memory.stats()
    users = {place.user_id: None for portion in portions for place in portion.places}
    troubles: tuple[str, ...] = ()
    async with jobs_at(database) as jobs:
        reader = _Reader(memory, jobs, users.keys(), patience, address)
        await reader.try_again()
        with _bar() as advance:
            left = sum(portion.messages for portion in portions)
            for number, portion in enumerate(portions, 1):
                left -= portion.messages
                for place in portion.places:
                    await memory.extract(scope=place)
                await reader.read(lambda waiting, left=left: advance(waiting + left))
                later = sum(len(rest.places) for rest in portions[number:])
                if troubles := await reader.troubles(later):
                    break
    stats = await memory.stats()
    known = [fact for user in users for fact in await _facts(memory, user)]
    new = tuple(fact for fact in known if fact.recorded_at >= began)
    ids = {fact.id for fact in new}
    return Drawn(
        facts=new,
        replaced=tuple(fact for fact in known if fact.superseded_by in ids),
        sources=await _sources(memory, new),
        calls=stats.model_calls - before.model_calls,
        input_tokens=stats.input_tokens - before.input_tokens,
        output_tokens=stats.output_tokens - before.output_tokens,
        troubles=troubles,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Reader:
    """Lets the model read, and watches.

    Attributes:
        memory: What is read.
        jobs: Its jobs.
        users: Whose memories are of interest.
        patience: For how many seconds a model that can't be reached is tried again.
        address: What OPENAI_BASE_URL says.
    """

    memory: Memory
    jobs: JobStore
    users: Set[str]
    patience: float
    address: str | None

    async def try_again(self) -> None:
        """Have tried at once what failed at another time, and what was set aside."""
        failed = [job.id for job in await self._unfinished() if job.error_kind is not None]
        await self.jobs.retry(failed, now=SystemClock().now())

    async def read(self, advance: Callable[[int], None]) -> None:
        """Wait until what waits is read, as far as it can be."""
        watched = _Watched(self.patience)
        settling = asyncio.create_task(self.memory.settle(_LONGEST))
        try:
            while not settling.done() and not watched.is_over:
                waiting = (await self.memory.stats()).unextracted
                advance(waiting)
                watched.look(await self._unfinished(), waiting)
                await asyncio.wait({settling}, timeout=_LOOK_SECONDS)
        finally:
            settling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await settling

    async def troubles(self, later: int) -> tuple[str, ...]:
        """Return what could not be read, and why; nothing if all was.

        Args:
            later: How many sessions there are that are not tried then.
        """
        unfinished = await self._unfinished()
        failed = [job for job in unfinished if job.error_kind is not None][:_MOST_TOLD]
        told = [_told(job, self.address) for job in failed]
        others = len({job.scope for job in unfinished} - {job.scope for job in failed})
        if told and others + later:
            are = "was" if others + later == 1 else "were"
            told.append(f"{counted(others + later, 'other session')} {are} not read either")
        return tuple(told)

    async def _unfinished(self) -> list[Job]:
        found = await self.jobs.jobs(
            destination=_DESTINATION, states=["pending", "leased", "parked"], limit=_PAGE
        )
        return [job for job in found if job.scope.user_id in self.users]


class _Watched:
    """Tells when a model that can't be reached has been tried for long enough."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: float | None = None
        self._left: int | None = None
        self.is_over = False

    def look(self, unfinished: Sequence[Job], waiting: int) -> None:
        """Take in how it goes.

        Other failures than that the model can't be reached come to an end by themselves.
        """
        now = time.monotonic()
        away = any(job.error_kind == BackendUnavailableError.__name__ for job in unfinished)
        if waiting != self._left or not away:
            self._left, self._since = waiting, None
        elif self._since is None:
            self._since = now
        waited = 0.0 if self._since is None else now - self._since
        under_way = any(job.state == "leased" for job in unfinished)
        self.is_over = away and waited >= self._patience and not under_way


@contextlib.contextmanager
def _bar() -> Generator[Callable[[int], None]]:
    """Show how far it has come, on a terminal; the function is told how much is left."""
    from rich.progress import MofNCompleteColumn, Progress

    console = notices()
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Reading for facts", total=None)
        most = 0

        def advance(left: int) -> None:
            nonlocal most
            most = max(most, left)
            progress.update(task, total=most, completed=most - left)

        yield advance


def _told(job: Job, address: str | None) -> str:
    reason = job.error or job.error_kind
    if address is not None and job.error_kind == BackendUnavailableError.__name__:
        reason = f"{reason} (OPENAI_BASE_URL is {_without_user(address)})"
    session = job.scope.session_id or "(unnamed session)"
    then = "set aside" if job.state == "parked" else "not read"
    return f"session {session} of {job.scope.user_id} was {then}: {reason}"


def _without_user(address: str) -> str:
    """Return an address without the name and password that it may have before an ``@``."""
    return re.sub(r"^(\w+://)?[^/@]*@", r"\1", address)


async def _facts(memory: Memory, user: str) -> list[Fact]:
    found: list[Fact] = []
    cursor: str | None = None
    while True:
        page = await memory.list(scope=Filter(user), limit=_PAGE, cursor=cursor, origin="fact")
        found += [item for item in page.items if isinstance(item, Fact)]
        cursor = page.cursor
        if cursor is None:
            return found


async def _sources(memory: Memory, facts: Iterable[Fact]) -> dict[str, Episode]:
    wanted = {id_: fact.scope.user_id for fact in facts for id_ in fact.sources}
    found = [await memory.get(id_, scope=Filter(user)) for id_, user in wanted.items()]
    return {item.id: item for item in found if isinstance(item, Episode)}
