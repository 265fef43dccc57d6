"""What is said goes in: whole, once, and nothing of it is lost."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from remanence.backends.exchange import Exchange
from remanence.backends.protocol import Backend
from remanence.testing.backends.connections import (
    ALICE,
    NOON,
    SOON,
    Connect,
    Connections,
    exchange_of,
    said,
)

__all__ = ["Retaining"]

_LONG = "the lighthouse keeper writes everything down " * 2_000


class Retaining(Connections):
    """Exchanges and statements go in."""

    async def test_what_is_retained_is_recalled(self, backend: Backend, second: Backend) -> None:
        """Both sides of an exchange come back as they were said, over any connection."""
        await self.retain(backend, exchange_of("My falcon is called Vega.", "A falcon, really?"))
        for each in (backend, second):
            hits = await self.found(each, "falcon")
            assert all(hit.scope == self.kept_in(ALICE) for hit in hits)
            if self.distils:
                texts = {hit.text for hit in hits}
                assert texts == {"My falcon is called Vega.", "A falcon, really?"}
                continue
            told = {(hit.role, hit.speaker, hit.text, hit.origin) for hit in hits}
            assert told == {
                ("user", "Alice", "My falcon is called Vega.", "episode"),
                ("assistant", "Robin", "A falcon, really?", "episode"),
            }

    async def test_what_is_kept_outlives_its_connection(self, connect: Connect) -> None:
        """Closing a connection takes nothing along."""
        async with connect() as backend:
            await self.retain(backend, exchange_of("My falcon is called Vega."))
        async with connect() as backend:
            assert await self.texts(backend, "falcon") == ["My falcon is called Vega."]

    async def test_what_is_said_to_be_there_is_found(self, backend: Backend) -> None:
        """``True`` from retain and remember means that a search finds it now."""
        if await backend.retain(exchange_of("falcon one"), scope=ALICE, wait=SOON):
            assert await self.texts(backend, "falcon") == ["falcon one"]
        if await backend.remember(["An owl lives here."], scope=ALICE, wait=SOON):
            assert await self.texts(backend, "owl") == ["An owl lives here."]

    async def test_retaining_without_waiting_keeps_it_as_well(self, backend: Backend) -> None:
        """What a backend accepts without waiting arrives all the same."""
        await backend.retain(exchange_of("falcon one"), scope=ALICE, wait=0)
        await backend.remember(["falcon two"], scope=ALICE, wait=0)
        await self.settle(backend)
        assert await self.texts(backend, "falcon") == ["falcon one", "falcon two"]

    async def test_retaining_again_changes_nothing(self, backend: Backend, second: Backend) -> None:
        """An exchange that is retained twice, or over two connections, is there once."""
        exchange = exchange_of("falcon one", "falcon two")
        for each in (backend, backend, second):
            await self.retain(each, exchange)
            assert await self.texts(each, "falcon") == ["falcon one", "falcon two"]

    async def test_retaining_again_at_the_same_time_changes_nothing(
        self, backend: Backend, second: Backend
    ) -> None:
        """The same exchange from several tasks and connections at once is there once."""
        exchange = exchange_of("falcon one", "falcon two")
        await asyncio.gather(*(self.retain(each, exchange) for each in (backend, second) * 5))
        await self.settle(backend)
        assert await self.texts(backend, "falcon") == ["falcon one", "falcon two"]

    async def test_a_later_part_is_added(self, backend: Backend) -> None:
        """What a reply goes on to say is added to what was kept of it, however often it comes."""
        first = exchange_of("falcon one", "falcon two")
        for part in (first, exchange_of("falcon three", part=1), first):
            await self.retain(backend, part)
        await self.retain(backend, exchange_of("falcon three", part=1))
        await self.retain(backend, exchange_of("falcon four", part=2))
        texts = await self.texts(backend, "falcon")
        assert texts == ["falcon four", "falcon one", "falcon three", "falcon two"]

    async def test_many_at_once_are_all_kept(self, backend: Backend, second: Backend) -> None:
        """Exchanges that come at the same time, over two connections, all arrive."""
        waiting = [
            (backend, second)[number % 2].retain(
                exchange_of(f"falcon number{number}", reply_id=f"reply-{number}"),
                scope=dataclasses.replace(ALICE, session_id=f"session-{number % 5}"),
                wait=0,
            )
            for number in range(40)
        ]
        await asyncio.gather(*waiting)
        await self.settle(backend)
        await self.settle(second)
        hits = await self.found(backend, "falcon", limit=100)
        assert sorted(hit.text for hit in hits) == sorted(f"falcon number{n}" for n in range(40))

    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ("我妹妹住在根特，她喜欢榛子。", "榛子"),  # noqa: RUF001 - Chinese
            ("私の姉は大阪に住んでいます。", "大阪"),
            ("Привет, меня зовут Наташа", "Наташа"),
            ("a 🦅 called Vega 👩‍👩‍👧 e\u0301", "Vega"),
            ("  two\n\nlines\twith \u00a0 spaces ", "lines"),
            ("'; DROP TABLE falcons; -- \\ \" % _ <b>&amp;</b> {x} *", "falcons"),
            (_LONG + "near Ushuaia", "Ushuaia"),
        ],
        ids=["chinese", "japanese", "cyrillic", "emoji", "spaces", "punctuation", "long"],
    )
    async def test_texts_come_back_verbatim(self, backend: Backend, text: str, query: str) -> None:
        """Whatever the script and the characters, said or stated."""
        await self.retain(backend, exchange_of(text))
        assert await self.texts(backend, query) == [text]
        await backend.remember([text], scope=ALICE, wait=SOON)
        await self.settle(backend)
        assert await self.texts(backend, query) == ([text] if self.distils else [text, text])

    async def test_statements_are_recalled(self, backend: Backend, second: Backend) -> None:
        """Statements stand by themselves: nobody said them."""
        statements = ["Nora keeps a falcon.", "Nora lives in Ghent."]
        await backend.remember(statements, scope=ALICE, wait=SOON)
        await self.settle(backend)
        for each in (backend, second):
            hits = await self.found(each, "Nora")
            if self.distils:  # they may be kept as one fact
                found = sorted(line for hit in hits for line in hit.text.splitlines())
            else:
                found = sorted(hit.text for hit in hits)
            assert found == statements
            scope = self.kept_in(ALICE)
            assert {(hit.origin, hit.role, hit.scope) for hit in hits} == {("fact", None, scope)}

    async def test_nothing_to_remember_is_nothing(self, backend: Backend) -> None:
        """An empty list of statements is kept at once."""
        assert await backend.remember([], scope=ALICE, wait=SOON)

    async def test_what_a_tool_returned_was_not_said_by_the_user(self, backend: Backend) -> None:
        """A tool's result comes back as a tool's, if at all."""
        messages = (
            said("Which falcon is the fastest?", "m1"),
            said("web_search()\nthe peregrine falcon", "m2", role="tool", name="web_search"),
            said("The peregrine falcon.", "m3", role="assistant", name="Robin"),
        )
        await self.retain(backend, Exchange("reply", messages))
        hits = await self.found(backend, "peregrine falcon")
        roles = {hit.text: hit.role for hit in hits}
        if self.distils:
            assert roles.keys() == {messages[0].content, messages[2].content}
            return
        assert roles.pop(messages[1].content, "tool") == "tool"
        assert roles == {messages[0].content: "user", messages[2].content: "assistant"}

    async def test_times_are_kept(self, backend: Backend) -> None:
        """A message's time comes back, so that the order of what was said can be told."""
        told = exchange_of("falcon one", "falcon two", "falcon three")
        await self.retain(backend, told)
        hits = sorted(await self.found(backend, "falcon"), key=lambda hit: hit.at)
        if self.distils:
            assert all(hit.at.tzinfo is not None for hit in hits)
            return
        assert [(hit.text, hit.at) for hit in hits] == [(m.content, m.at) for m in told.messages]
        assert hits[0].at == NOON
