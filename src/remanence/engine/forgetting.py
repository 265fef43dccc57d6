"""What a memory forgets for good, and who asked for what."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, overload

from remanence.engine.archiving import ArchivingMemory
from remanence.errors import InputError
from remanence.search import Wanted
from remanence.store.audit import AuditEntry
from remanence.store.erasing import NewErasure
from remanence.telemetry import count, span
from remanence.types import Fact, Filter, Matches, Receipt, Scope
from remanence.validation import (
    check_content,
    check_count,
    check_flag,
    check_fraction,
    check_identifier,
    check_ids,
)

__all__ = ["ForgettingMemory"]

_MOST_LISTED = 10_000
_MOST_FOUND = 1_000


class ForgettingMemory(ArchivingMemory):
    """A memory's erasures."""

    async def forget(
        self,
        ids: Iterable[str] | None = None,
        *,
        scope: Scope | Filter,
        asked_by: str | None = None,
    ) -> Receipt:
        """Erase episodes and facts by id, or a whole session.

        With an episode go its terms and vectors, and the facts that were drawn from it. Where such
        a fact was drawn from other episodes as well, these are read again by the chat model, if
        there is one. A fact that an erased episode only confirmed stays.

        What was asked for is carried out also if the process ends meanwhile: by whoever opens the
        memory or searches in it next.

        Args:
            ids: Which; ids that ``scope`` does not see are passed over. Without ids, everything
                that ``scope`` sees, which then has to name a session.
            scope: Whose, and of which session.
            asked_by: Who asks for it, as the audit is to name them.

        Returns:
            What went, from where, and what was looked at afterwards. Nothing found is no error:
            the receipt says so.

        Raises:
            InputError: There are neither ids nor a session.
            StoreError: The store can't. If it could write down what was asked for, that is carried
                out as soon as it can.
        """
        self.check_open()
        where = Filter.of(scope)
        wanted = None if ids is None else tuple(check_ids("ids", ids))
        if wanted is None and where.session_id is None:
            raise InputError(
                "ids",
                "is missing and scope names no session",
                "give ids, name a session, or call forget_user to erase everything of a user",
            )
        (receipt,) = await self._erase([self._asked(where, wanted, asked_by)])
        return receipt

    async def going_along(self, ids: Iterable[str], *, scope: Scope | Filter) -> list[Fact]:
        """Return the facts that would be erased with these episodes, by their order.

        They were drawn from them, and go though nobody names them.

        Args:
            ids: Ids of episodes; others are passed over.
            scope: What may be seen; as for :meth:`forget`.

        Raises:
            InputError: An argument is not acceptable.
            StoreError: The store can't be read.
        """
        self.check_open()
        where, wanted = Filter.of(scope), check_ids("ids", ids)
        await self._eraser.take_up(where.user_id)
        return await self._store.erasures.going_along(where, wanted)

    async def forget_user(
        self,
        user_id: str,
        *,
        asked_by: str | None = None,
        export_to: str | Path | None = None,
    ) -> Receipt:
        """Erase everything of a user, and the user.

        What stays is the audit's entry: the user's id, who asked, when, and numbers.

        Args:
            user_id: Whose.
            asked_by: As for :meth:`forget`.
            export_to: A file to keep an archive of it in first, as :meth:`Memory.export` does; if
                that fails, nothing is erased. Out of reach of later erasures, it is told of in the
                receipt.

        Returns:
            As for :meth:`forget`; an unknown user is no error.

        Raises:
            InputError: ``user_id`` can't be one, or the file is there already.
            StoreError: As for :meth:`forget`.
        """
        self.check_open()
        wanted = self._asked(Filter(user_id), None, asked_by)
        if export_to is not None:
            await self.export(export_to, user_id=user_id, asked_by=asked_by)
        (receipt,) = await self._erase([wanted])
        if export_to is None:
            return receipt
        kept = f"the archive that was kept: {export_to}"
        return dataclasses.replace(receipt, out_of_reach=(kept, *receipt.out_of_reach))

    @overload
    async def forget_matching(
        self,
        query: str,
        *,
        scope: Scope | Filter,
        preview: Literal[True] = True,
        limit: int = 100,
        threshold: float | None = None,
    ) -> Matches: ...

    @overload
    async def forget_matching(
        self,
        query: str,
        *,
        scope: Scope | Filter,
        preview: Literal[False],
        listed: Matches | Iterable[str],
        asked_by: str | None = None,
    ) -> Receipt: ...

    async def forget_matching(
        self,
        query: str,
        *,
        scope: Scope | Filter,
        preview: bool = True,
        listed: Matches | Iterable[str] | None = None,
        limit: int = 100,
        threshold: float | None = None,
        asked_by: str | None = None,
    ) -> Matches | Receipt:
        """List what a question finds; then, at a second call, erase what was listed, or some of it.

        A search always finds something, so nothing is erased that nobody has looked at::

            found = await memory.forget_matching("my old job", scope=scope)
            await memory.forget_matching("my old job", scope=scope, preview=False, listed=found)

        Args:
            query: A question or keywords.
            scope: Whose memories; as for :meth:`Memory.recall`.
            preview: Whether to list; ``False`` to erase.
            listed: What is to be erased, of what was listed: all of it, as it was returned, or some
                ids.
            limit: How many to list at most; 1 to 1,000.
            threshold: The least score of what is listed, 0 to 1; ``None`` for any.
            asked_by: As for :meth:`forget`.

        Returns:
            What is found, superseded facts among it; or, at the second call, as for
            :meth:`forget`. What else was stored meanwhile stays, also if it is found by now.

        Raises:
            InputError: An argument is not acceptable, or ``listed`` is missing, or is of another
                question or user.
            StoreError: The store can't; see :meth:`forget`.
        """
        self.check_open()
        check_content("query", query)
        where = Filter.of(scope)
        if not check_flag("preview", preview):
            ids = _listed(listed, query, where.user_id)
            return await self.forget(ids, scope=where, asked_by=asked_by)
        if listed is not None:
            raise InputError(
                "listed", "is given, but preview is not False", "give preview=False to erase it"
            )
        check_count("limit", limit, least=1, most=_MOST_FOUND)
        if threshold is not None:
            check_fraction("threshold", threshold)
        wanted = Wanted(
            query, where, limit, (), threshold, self._clock.now().astimezone(), past=True
        )
        await self._eraser.take_up(where.user_id)
        found = await self._search.find(wanted)
        ids = [hit.id for hit in found]
        along = await self._store.erasures.going_along(Filter(where.user_id), ids)
        return Matches(query, where.user_id, tuple(found), tuple(along), len(found) >= limit)

    async def expire(
        self,
        *,
        older_than: dt.timedelta,
        user_id: str | None = None,
        asked_by: str | None = None,
    ) -> list[Receipt]:
        """Erase what happened, or was stated, longer ago than so much.

        Args:
            older_than: How old what is erased is at least; more than nothing.
            user_id: Whose; ``None`` for everybody's.
            asked_by: As for :meth:`forget`.

        Returns:
            A receipt for each user of whom there was something so old.

        Raises:
            InputError: ``older_than`` is no length of time, or nothing, or longer than time.
            StoreError: The store can't.
        """
        self.check_open()
        until = _before(self._clock.now(), older_than)
        if user_id is not None:
            check_identifier("user_id", user_id)
        users = await self._store.erasures.expired(until, user_id=user_id)
        wanted = [
            self._asked(Filter(user, until=until), None, asked_by, action="expire")
            for user in users
        ]
        return await self._erase(wanted) if wanted else []

    async def audit(
        self, *, user_id: str | None = None, after: int = 0, limit: int = 1_000
    ) -> list[AuditEntry]:
        """Return who asked for what: erasures, corrections, exports and imports, oldest first.

        It tells no content. It is kept when a user is forgotten, with the user's id.

        Args:
            user_id: Whose memories; ``None`` for everybody's.
            after: The number of the last entry that is known already.
            limit: How many to return at most; 1 to 10,000.

        Raises:
            InputError: An argument is not acceptable.
            StoreError: The store can't be read.
        """
        self.check_open()
        if user_id is not None:
            check_identifier("user_id", user_id)
        check_count("after", after, least=0, most=2**62)
        check_count("limit", limit, least=1, most=_MOST_LISTED)
        return await self._store.audit.entries(user_id, after=after, limit=limit)

    def _asked(
        self,
        where: Filter,
        ids: tuple[str, ...] | None,
        asked_by: str | None,
        *,
        action: Literal["forget", "expire"] = "forget",
    ) -> NewErasure:
        if asked_by is not None:
            check_identifier("asked_by", asked_by)
        return NewErasure(where, ids, self._clock.now(), asked_by, action)

    async def _erase(self, wanted: list[NewErasure]) -> list[Receipt]:
        with span("forget"):
            receipts = await self._eraser.erase(wanted)
        count("forgotten", sum(len(receipt.ids) for receipt in receipts))
        return receipts


def _listed(listed: object, query: str, user_id: str) -> Iterable[str]:
    """Return the ids of what was listed.

    Raises:
        InputError: Nothing was listed for this.
    """
    if listed is None:
        raise InputError(
            "listed", "is missing", "call with preview=True first, and give what it returns"
        )
    if not isinstance(listed, Matches):
        return check_ids("listed", listed)
    if (listed.query, listed.user_id) != (query, user_id):
        raise InputError(
            "listed",
            f"was found for {listed.query!r} of {listed.user_id!r}",
            "give what was listed for this question and user",
        )
    return listed.ids


def _before(now: dt.datetime, age: object) -> dt.datetime:
    """Return the time that is so long ago.

    Raises:
        InputError: There is none.
    """
    if not isinstance(age, dt.timedelta):
        raise InputError(
            "older_than", f"is {type(age).__name__}", "give a datetime.timedelta, as days=90"
        )
    if age <= dt.timedelta(0):
        raise InputError(
            "older_than", f"is {age}", "give more than nothing, or erase a user with forget_user"
        )
    try:
        return now - age
    except OverflowError:
        raise InputError("older_than", f"is {age}", "give a shorter one") from None
