"""What reading itself does with what goes wrong beside it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from pathlib import Path

from remanence import Episode, Fact, Scope
from remanence.extract.drafts import Draft
from remanence.extraction.reader import Reader
from remanence.store.sqlite import SQLiteStore
from remanence.telemetry import Faults
from remanence.testing.chat import ScriptedModel
from tests.facts.stories import fact


async def _nothing(scope: Scope, drafts: Sequence[Draft]) -> list[list[Fact]]:
    return [[] for _ in drafts]


async def test_a_price_that_cant_be_kept_is_counted_and_costs_no_fact(tmp_path: Path) -> None:
    closed = SQLiteStore(tmp_path / "memory.db")
    faults = Faults(logging.getLogger("test"))
    model = ScriptedModel([{"facts": [fact("Maria likes tea.")]}])
    reader = Reader(model, closed, nearest=_nothing, faults=faults)
    now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    said = Episode("1", Scope("maria"), 0, "user", "I like tea.", None, now, now)
    (draft,) = await reader.read([said], [])
    assert draft.statement == "Maria likes tea."
    assert faults.counts == {"expense": 1}
