"""ReMe as a memory service that an outbox delivers to."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from remanence.backends.reme.answers import is_extracted, is_wanted, recollection_of
from remanence.backends.reme.catalog import Catalog
from remanence.backends.reme.erasing import Doomed, erase_everything, erase_from
from remanence.backends.reme.identity import check_place
from remanence.backends.reme.models import Call
from remanence.backends.reme.naming import USERS, quoted
from remanence.backends.reme.shelf import Loan, Plan, shelves
from remanence.backends.reme.workspace import Workspace
from remanence.backends.reme.writing import (
    extraction_of,
    notes_of_messages,
    notes_of_statements,
    words_of,
)
from remanence.backends.request import RecallRequest
from remanence.backends.service import Delivery, Erased
from remanence.errors import BackendError, BackendRefusedError, RemanenceError
from remanence.telemetry import Faults
from remanence.types import Filter, Recollection, Scope

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase

__all__ = ["ReMeService"]

T = TypeVar("T")


class ReMeService:
    """Keeps and finds memories in workspaces of ReMe, each in its folder.

    It fulfils :class:`~remanence.backends.Service`, :class:`~remanence.backends.Lookup` and
    :class:`~remanence.backends.Forgets`. With a chat model, ReMe's agent notes what is worth it of
    an exchange; without one each message is a note, word for word, and so is a statement always.

    Args:
        plan: Where, and how.
        identity: The folder's id.
        apart: Whether each user has a workspace of their own; else the folder is one workspace.
        chat_model: What extracts, if anything does.
        embedding_model: What embeds, if anything does.
        faults: Where it is told what went wrong without keeping anybody from going on.

    Attributes:
        faults: As given.
    """

    kind = "reme"

    def __init__(
        self,
        plan: Plan,
        identity: str,
        *,
        apart: bool,
        chat_model: ChatModelBase | None,
        embedding_model: EmbeddingModelBase[Any] | None,
        faults: Faults,
    ) -> None:
        """Keep the parts; nothing is opened yet."""
        self.identity = f"{self.kind}:{identity}"
        self._id = identity
        self._plan = plan
        self._apart = apart
        self._chat_model = chat_model
        self._embedding_model = embedding_model
        self.faults = faults
        self._borrowing = threading.Lock()
        self._loan: Loan | None = None

    def folder_of(self, user_id: str) -> Path:
        """Return the folder of a user's workspace, whether it is there or not."""
        return self._plan.root / USERS / quoted(user_id) if self._apart else self._plan.root

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Search; notes that the agent can still see what they come from are left out.

        Raises:
            BackendError: ReMe failed.
        """
        folder = self.folder_of(request.where.user_id)
        if not request.query.strip() or request.limit < 1 or not self._is_there(folder):
            return []

        async def search(workspace: Workspace) -> list[Recollection]:
            await workspace.refresh(thorough=False)
            found = await workspace.search(
                request.query, request.limit, lambda entry: is_wanted(entry, request)
            )
            return [
                recollection_of(entry, each, request)
                for each in found
                if (entry := workspace.catalog.get(each.path)) is not None  # gone meanwhile
            ]

        hits = await self._use(folder, search)
        return [hit for hit in hits if hit.score >= (request.threshold or 0.0)]

    async def deliver(self, delivery: Delivery) -> None:
        """Write notes, or let ReMe's agent write them; they are found when this returns.

        Raises:
            BackendUnavailableError: The chat model can't be reached.
            BackendRefusedError: It never accepts this one.
            BackendError: ReMe failed.
        """
        exchange = delivery.exchange
        said = () if exchange is None else words_of(exchange)
        if exchange is not None and not said:
            return
        call = self._call()

        async def keep(workspace: Workspace) -> None:
            if exchange is None:
                known = {entry.path for entry in workspace.catalog.with_key(delivery.key)}
                notes = notes_of_statements(delivery, self._plan.zone)
                await workspace.write([note for note in notes if note.path not in known])
            elif self._chat_model is None:
                await workspace.write(notes_of_messages(delivery, said, self._plan.zone))
            else:
                given = extraction_of(delivery, said, self._plan.zone)
                async with workspace.conversation(given.session):
                    if not is_extracted(workspace.catalog, delivery.key, delivery.scope):
                        await workspace.extract(call, given)

        await self._use(self.folder_of(delivery.scope.user_id), keep, call)

    async def has(self, key: str, *, scope: Scope) -> bool:
        """Return whether a note tells of what was delivered with this key.

        Notes that were written word for word are written again under the same names, so that it
        does no harm where not all of them are there.
        """
        folder = self.folder_of(scope.user_id)
        if not self._is_there(folder):
            return False

        async def look(workspace: Workspace) -> bool:
            await workspace.refresh()
            return is_extracted(workspace.catalog, key, scope)

        return await self._use(folder, look)

    async def erase(self, where: Filter, ids: Sequence[str] | None) -> Erased:
        """Erase notes, the conversations they were drawn from, and what is kept of them.

        Raises:
            BackendError: It failed.
        """
        folder = self.folder_of(where.user_id)
        if not self._is_there(folder):
            return Erased()
        doomed = Doomed.of(where, ids)
        if doomed.whole:
            return await self._erase_user(folder)

        async def erase(workspace: Workspace) -> Erased:
            return await erase_from(workspace, doomed)

        return await self._use(folder, erase)

    async def _erase_user(self, folder: Path) -> Erased:
        def erase() -> Erased:
            catalog = Catalog(folder, self._plan.zone)
            catalog.look()
            return erase_everything(folder, catalog.entries(), keep_folder=not self._apart)

        loan = self._borrowed()
        return await _translated(
            loan.put_away(self._call(), folder, lambda: asyncio.to_thread(erase))
        )

    async def aclose(self) -> None:
        """Give back what was taken, which closes the workspaces if nobody else has them."""
        with self._borrowing:
            loan, self._loan = self._loan, None
        if loan is not None:
            await loan.give_back()

    def _is_there(self, folder: Path) -> bool:
        """Return whether somebody has a workspace; else there is nothing of theirs.

        Raises:
            BackendUnavailableError: The folder of all was moved, or removed.
            BackendRefusedError: It is a link: what it leads to may be somebody else's.
        """
        check_place(self._plan.root, self._id)
        _check_no_link(folder)
        return folder.is_dir()

    def _call(self) -> Call:
        return Call(self._chat_model, self._embedding_model)

    async def _use(
        self,
        folder: Path,
        work: Callable[[Workspace], Awaitable[T]],
        call: Call | None = None,
    ) -> T:
        call = call or self._call()
        _check_no_link(folder)
        try:
            return await _translated(self._borrowed().use(call, folder, work))
        except asyncio.CancelledError:
            call.give_up()
            raise
        finally:
            if call.embedding_error is not None:  # ReMe goes on by words alone
                self.faults.record("embedding", call.embedding_error)
            if call.index_error is not None:  # and without the notes that it can't read
                self.faults.record("index", call.index_error)

    def _borrowed(self) -> Loan:
        """Return what is lent of the folder.

        Raises:
            BackendUnavailableError: It was moved, or removed.
        """
        check_place(self._plan.root, self._id)
        with self._borrowing:
            if self._loan is None or self._loan.process != os.getpid():
                self._loan = shelves.borrow(self._plan)
            return self._loan


def _check_no_link(folder: Path) -> None:
    if folder.is_symlink() or folder.parent.is_symlink():
        raise BackendRefusedError(f"{folder} is, or is in, a link: put the workspace itself there")


async def _translated(done: Awaitable[T]) -> T:
    """Await something, and raise what ReMe raises as ours."""
    try:
        return await done
    except (RemanenceError, asyncio.CancelledError):
        raise
    except Exception as error:  # ReMe's edge: whatever it or its parts raise becomes ours
        raise BackendError(f"ReMe: {str(error) or type(error).__name__}") from error
