"""What a search returns, and what it leaves out."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import dataclasses

from remanence.backends.exchange import Exchange
from remanence.backends.protocol import Backend
from remanence.testing.backends.connections import (
    ALICE,
    SOON,
    Connections,
    exchange_of,
    said,
)

__all__ = ["Recalling"]


class Recalling(Connections):
    """Searches."""

    async def test_nothing_found_is_an_empty_list(self, backend: Backend) -> None:
        """Neither an unknown user nor an unknown word, nor a query without words, is an error."""
        assert await self.found(backend, "falcon") == []
        await self.retain(backend, exchange_of("My falcon is called Vega."))
        for query in ("zeppelin", "?!", "…"):
            assert await self.found(backend, query) == []

    async def test_the_best_come_first(self, backend: Backend) -> None:
        """What has all of the query's words comes before what has one."""
        await self.retain(backend, exchange_of("a falcon", "purple falcon eggs", "an otter"))
        hits = await self.found(backend, "purple falcon eggs")
        assert hits[0].text == "purple falcon eggs"

    async def test_a_limit_is_kept(self, backend: Backend) -> None:
        """No more than the limit is returned, and that many if there are."""
        texts = [f"falcon number{number}" for number in range(6)]
        await self.retain(backend, exchange_of(*texts))
        for limit, amount in ((1, 1), (4, 4), (6, 6), (50, 6)):
            assert len(await self.found(backend, "falcon", limit=limit)) == amount

    async def test_what_is_visible_is_left_out(self, backend: Backend) -> None:
        """Messages of the asking session that are in its context are not recalled."""
        exchange = exchange_of("falcon one", "falcon two", "falcon three")
        await self.retain(backend, exchange)
        await backend.remember(["falcon stated"], scope=ALICE, wait=SOON)
        await self.settle(backend)
        if self.distils:
            hits = await self.found(backend, "falcon", visible=[exchange.reply_id, "unknown"])
            assert [hit.text for hit in hits] == ["falcon stated"]
            return
        first, second, third = (str(message.id) for message in exchange.messages)
        for visible, left in (
            ([], ["falcon one", "falcon stated", "falcon three", "falcon two"]),
            ([second, "unknown"], ["falcon one", "falcon stated", "falcon three"]),
            ([first, second, third], ["falcon stated"]),
        ):
            hits = await self.found(backend, "falcon", visible=visible)
            assert sorted(hit.text for hit in hits) == left

    async def test_what_is_visible_leaves_room_for_others(self, backend: Backend) -> None:
        """The limit counts what is returned, not what is left out."""
        texts = [f"falcon number{number}" for number in range(8)]
        seen, hidden = exchange_of(*texts[:5]), exchange_of(*texts[5:], reply_id="another")
        for exchange in (hidden, seen):
            await self.retain(backend, exchange)
        visible = ["reply"] if self.distils else [str(message.id) for message in seen.messages]
        hits = await self.found(backend, "falcon", limit=3, visible=visible)
        assert sorted(hit.text for hit in hits) == texts[5:]

    async def test_the_parts_of_what_is_visible_are_left_out(self, backend: Backend) -> None:
        """A message may have been retained in parts, whose ids go on with ``#``."""
        if self.distils:
            for number, reply in enumerate(("reply", "reply", "reply0", "owl")):
                exchange = exchange_of(f"falcon {number}", reply_id=reply, part=number)
                await self.retain(backend, exchange)
            hits = await self.found(backend, "falcon", visible=["reply"])
            assert sorted(hit.text for hit in hits) == ["falcon 2", "falcon 3"]
            return
        messages = tuple(
            said(f"falcon {message_id}", message_id)
            for message_id in ("m1", "m1#1", "m1#2", "m10", "m2#1", "m2")
        )
        await self.retain(backend, Exchange("reply", messages))
        hits = await self.found(backend, "falcon", visible=["m1"])
        assert sorted(hit.text for hit in hits) == ["falcon m10", "falcon m2", "falcon m2#1"]
        hits = await self.found(backend, "falcon", visible=["m1", "m2"])
        assert [hit.text for hit in hits] == ["falcon m10"]

    async def test_another_session_with_the_same_ids_is_not_visible(self, backend: Backend) -> None:
        """Ids of messages are those of the asking session."""
        exchange = exchange_of("falcon one")
        await self.retain(backend, exchange)
        tuesday = dataclasses.replace(ALICE, session_id="tuesday")
        visible = [str(message.id) for message in exchange.messages]
        hits = await self.found(backend, "falcon", asking=tuesday, visible=visible)
        texts = [hit.text for hit in hits]
        # Who keeps no sessions apart can't do that; replies have other ids in every session.
        assert texts == ["falcon one"] or (self.distils and not texts)
