"""Erasing through the interface of a client whose store is somewhere else."""

from __future__ import annotations

import asyncio
from typing import Any

from remanence.backends.mem0.answers import Memory, memories_of
from remanence.backends.mem0.doomed import Doomed
from remanence.backends.service import Erased
from remanence.errors import BackendError
from remanence.remote.connections import with_fresh_connections
from remanence.types import Check

__all__ = ["erase_at"]

_PAGE = 100
_MOST_PAGES = 10_000
_MOST = 1_000_000
_LOOKS = 4
_FIRST_LOOK_SECONDS = 0.1
"""The Platform may still list for a moment what it has deleted."""

_GONE = frozenset({"MemoryNotFoundError"})

_OF_THE_PLATFORM = (
    "mem0's Platform: the history, the graph and the profile that it keeps of memories, its logs "
    "and its backups go by its own terms",
    "mem0's Platform: what it was still distilling when it was asked to erase may come up later; "
    "ask again to be sure",
    "mem0's Platform: what it keeps of an agent alone, without the user's id",
)
_OF_A_CLIENT = ("whatever the client's store keeps of what it was asked to delete",)
_UNTOLD = "memories that don't tell their session, as those of earlier versions: {} of them"


async def erase_at(client: Any, doomed: Doomed, *, hosted: bool) -> Erased:
    """Erase as far as a client's interface lets one.

    Args:
        client: The client.
        doomed: What is to be erased.
        hosted: Whether it is the Platform's.

    Raises:
        BackendError: It can't be listed what there is.
        Exception: What the client raises.
    """
    seen = await _listed(client, doomed, hosted=hosted)
    mine = [memory for memory in seen if _is_doomed(memory, doomed)]
    if hosted and doomed.whole:
        await _delete(lambda: client.delete_all(**doomed.filters))
        if "agent_id" not in doomed.filters:
            await _delete(lambda: client.delete_users(user_id=doomed.filters["user_id"]))
    else:
        for memory in mine:
            await _delete(lambda memory=memory: client.delete(memory.fields["id"]))
    left = await _left(client, doomed, hosted=hosted)
    untold = sum(doomed.hides(memory.metadata) for memory in seen)
    return Erased(
        ids=tuple(str(memory.fields["id"]) for memory in mine),
        keys=frozenset(memory.key for memory in mine if memory.key is not None),
        places={"memories": len(mine)},
        checks=(Check("mem0 lists nothing of it", left == 0, f"it lists {left} memories"),),
        out_of_reach=(
            *(_OF_THE_PLATFORM if hosted else _OF_A_CLIENT),
            *((_UNTOLD.format(untold),) if untold else ()),
        ),
    )


def _is_doomed(memory: Memory, doomed: Doomed) -> bool:
    fields = memory.fields
    return "id" in fields and doomed.has(fields["id"], memory.metadata, fields.get("created_at"))


async def _delete(call: Any) -> None:
    """Delete something that may be gone already."""
    try:
        await with_fresh_connections(call)
    except Exception as error:
        if not {kind.__name__ for kind in type(error).__mro__} & _GONE:
            raise


async def _left(client: Any, doomed: Doomed, *, hosted: bool) -> int:
    """Return how many are listed still, at the last of some looks."""
    left = 0
    for look in range(_LOOKS):
        seen = await _listed(client, doomed, hosted=hosted)
        left = sum(_is_doomed(memory, doomed) for memory in seen)
        if not left:
            break
        await asyncio.sleep(_FIRST_LOOK_SECONDS * 2**look)
    return left


async def _listed(client: Any, doomed: Doomed, *, hosted: bool) -> list[Memory]:
    """Return all memories that the filters see.

    Raises:
        BackendError: There is no end to them.
    """
    filters = dict(doomed.filters)
    if not hosted:
        return memories_of(
            await with_fresh_connections(lambda: client.get_all(filters=filters, top_k=_MOST))
        )
    found: list[Memory] = []
    for page in range(1, _MOST_PAGES):
        answer: Any = await with_fresh_connections(
            lambda page=page: client.get_all(filters=filters, page=page, page_size=_PAGE)
        )
        found += memories_of(answer)
        if not isinstance(answer, dict) or not answer.get("next"):  # pyright: ignore[reportUnknownMemberType] - JSON
            return found
    raise BackendError("mem0 lists memories without an end")
