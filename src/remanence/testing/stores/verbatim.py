"""What comes out is what went in."""
# ruff: noqa: RUF001, S101 - texts in other scripts are test data, and assert is how a test speaks

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from remanence.store.protocol import (
    Batch,
    Store,
)
from remanence.testing.stores.handles import Handles
from remanence.testing.stores.records import (
    ALICE,
    EVERYTHING,
    NOON,
    listed,
    new_episode,
    new_fact,
    page_of,
    say,
)
from remanence.types import Episode, Fact, Filter, Scope

__all__ = ["Verbatim"]

TEXTS = {
    "emoji": "👩‍👩‍👧‍👦 said 👍🏽 and 🇧🇪",
    "right-to-left": "שלום \u202bمرحبا\u202c world",
    "combining": "e\u0301 is not é; x\u0323\u0307",
    "astral": "𠜎 𝕳𝖊𝖑𝖑𝖔 \U0010fffd",
    "white space": "  \t two\r\nlines \u00a0\u3000 ",
    "quotes": 'Robert\'); DROP TABLE episodes;-- "x" \\ %_*?[a]',
    "not a character": "\ufeff\ufffe\uffff",
}


class Verbatim(Handles):
    """What comes out is what went in."""

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    async def test_texts_are_kept_verbatim(self, store: Store, text: str) -> None:
        """Contents, names, ids, metadata and facts keep every code point."""
        label = text.strip().replace("\r\n", " ").replace("\t", " ")
        scope = Scope(label, label, label)
        new = new_episode(text, name=label, message_id=label, metadata={text: [text]})
        await store.append([Batch(scope, (new,))])
        await store.add_facts(scope, [new_fact(text)])
        (_, episode), (_, fact) = await page_of(store, Filter(label, label, label))
        assert isinstance(episode, Episode)
        assert isinstance(fact, Fact)
        assert (episode.content, episode.name, episode.message_id) == (text, label, label)
        assert episode.metadata == {text: [text]}
        assert episode.scope == fact.scope == scope
        assert fact.text == text
        assert await store.episode_ids(scope, [label]) == [new.id]

    async def test_a_text_of_a_million_characters_is_kept(self, store: Store) -> None:
        """The longest content that a message may have fits."""
        text = "𠜎x" * 500_000
        await say(store, ALICE, text)
        assert await listed(store) == [text]

    @pytest.mark.parametrize(
        "at",
        [
            dt.datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=dt.timezone(dt.timedelta(hours=5.5))),
            dt.datetime(2026, 3, 1, 12, 0, 0, 999999, tzinfo=dt.timezone(-dt.timedelta(hours=9.5))),
            dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
            dt.datetime(1, 1, 3, 4, 5, 6, 7, tzinfo=dt.UTC),
            dt.datetime(9999, 12, 28, 23, 59, 59, 999999, tzinfo=dt.UTC),
            dt.datetime(1880, 1, 1, tzinfo=dt.timezone(dt.timedelta(minutes=17, seconds=30))),
        ],
        ids=str,
    )
    async def test_times_keep_microseconds_and_offset(self, store: Store, at: dt.datetime) -> None:
        """The clock that the speaker saw can be shown again."""
        await store.append([Batch(ALICE, (new_episode(at=at),))])
        await store.add_facts(ALICE, [new_fact(at=at)])
        for _, item in await page_of(store):
            assert item.at == at
            assert item.at.isoformat() == at.isoformat()
            assert item.recorded_at == NOON
        counts = await store.count(EVERYTHING)
        assert counts.first_at == counts.last_at == at

    async def test_metadata_come_back_as_they_were(self, store: Store) -> None:
        """Nesting, numbers, and the order of keys are kept."""
        metadata: dict[str, Any] = {
            "z": 2**53 + 1,
            "a": [0.1, -0.0, 1e300, True, None, {}],
            "": {"k": [[]]},
        }
        await store.append([Batch(ALICE, (new_episode(metadata=metadata),))])
        ((_, item),) = await page_of(store)
        assert json.dumps(item.metadata) == json.dumps(metadata)
