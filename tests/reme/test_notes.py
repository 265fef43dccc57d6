"""The notes that are written: what people see of them, and what is read of them again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("reme")

from remanence import Message
from remanence.backends import Exchange
from remanence.backends.reme.notes import Kind, Origin, read_note, written_note
from remanence.backends.reme.writing import notes_of_messages, notes_of_statements
from remanence.backends.service import Delivery
from tests.reme.parts import ALICE, backend_of, exchange, found, hits
from tests.reme.workspaces import notes_of

pytestmark = pytest.mark.agentscope

AT = dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)


def _utc(at: dt.datetime) -> dt.datetime:
    return at.replace(tzinfo=dt.UTC)


NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40)
MAYBE = st.none() | NAMES
ORIGINS = st.builds(
    Origin,
    kind=st.sampled_from(get_args(Kind)),
    keys=st.lists(NAMES, max_size=3).map(tuple),
    agent_id=MAYBE,
    session_id=MAYBE,
    at=st.none() | st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)).map(_utc),  # noqa: DTZ001 - as it takes them
    role=st.sampled_from([None, "user", "assistant"]),
    name=MAYBE,
    message_id=MAYBE,
)


@given(TEXTS, ORIGINS, st.dictionaries(st.sampled_from(["description", "tags"]), NAMES))
@example("---\nremanence: x\n---\nbody", Origin("message"), {})
@example("\ufeff---\n", Origin("message"), {})
@example("a\r\nb\rc\x00d\x85e\u2028f", Origin("message"), {})
@example("\n\n  indented\n\n", Origin("statement"), {})
@example("", Origin("message"), {})
@example("---", Origin("message"), {})
@example("<!-- notes:auto -->", Origin("message"), {"tags": "[[x]]: #"})
def test_a_note_tells_again_what_was_written(
    text: str, origin: Origin, fields: dict[str, Any]
) -> None:
    written = written_note("some-name", text, origin, fields)
    written.encode()
    note = read_note(written)
    assert note.text == text
    assert note.origin is not None
    assert dataclasses.replace(note.origin, text=None) == origin
    assert note.fields["name"] == "some-name"
    assert {name: note.fields[name] for name in fields} == fields
    top = written.split("---\n")[1]
    assert yaml.safe_load(top)["name"] == "some-name"  # by others as well


@given(TEXTS, ORIGINS)
def test_a_note_that_others_wrote_anew_tells_the_same_origin(text: str, origin: Origin) -> None:
    note = read_note(written_note("some-name", text, origin, {}))
    again = read_note(written_note("another", note.body, note.origin, {**note.fields, "more": 1}))
    assert note.origin is not None
    assert again.origin is not None
    assert dataclasses.replace(again.origin, text=None) == dataclasses.replace(
        note.origin, text=None
    )


@given(st.text(st.characters(exclude_categories=("Cs",))))
@example("---\nname: [\n---\nbody")
@example("---\ndate: 2026-99-99\n---\nbody")
@example("---\nremanence: 5\n---\nbody")
@example('---\nremanence: \'{"kind": "message", "at": "never"}\'\n---\nbody')
@example('---\nremanence: \'{"kind": "spell"}\'\n---\nbody')
@example("---\n- a\n---\nbody")
def test_anything_is_a_note(text: str) -> None:
    assert read_note(text).origin is None


def _delivery(*messages: Message, key: str = "reply") -> Delivery:
    return Delivery(key, ALICE, Exchange(key, messages))


@pytest.mark.parametrize(
    ("speaker", "seen"),
    [
        ("Alice", "alice"),
        ("Dr. No / Who?", "dr-no-who"),
        ("李雷", "李雷"),
        ("../../etc", "etc"),
        ("🐝", "someone"),
        ("x" * 100, "x" * 24),
        (None, "user"),
    ],
)
def test_files_are_called_by_time_and_speaker(speaker: str | None, seen: str) -> None:
    said = Message("user", "My sister lives in Ghent.", speaker, at=AT, id="m1")
    (note,) = notes_of_messages(_delivery(said), [said], ZoneInfo("UTC"))
    assert re.fullmatch(rf"daily/2026-03-01/233000-{seen}-[0-9a-f]{{12}}\.md", note.path)
    (again,) = notes_of_messages(_delivery(said), [said], ZoneInfo("UTC"))
    assert again == note
    (later,) = notes_of_messages(_delivery(said), [said], ZoneInfo("Pacific/Kiritimati"))
    assert later.path.startswith("daily/2026-03-02/133000-")


def test_the_top_tells_people_and_reme_what_is_below() -> None:
    said = Message("user", "My sister\nlives in Ghent.", "Alice", at=AT, id="m1")
    (note,) = notes_of_messages(_delivery(said), [said], ZoneInfo("UTC"))
    _, top, body = note.text.split("---\n")
    fields = yaml.safe_load(top)
    assert fields["description"] == "Alice: My sister lives in Ghent."
    assert fields["name"] == Path(note.path).stem
    assert body == "\nMy sister\nlives in Ghent.\n"


async def test_a_day_has_a_page_that_lists_its_notes_and_is_never_found(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    for number in range(3):
        said = exchange(f"I keep bees number{number} in Ghent.", f"reply{number}")
        assert await backend.retain(said, scope=ALICE, wait=10)
    await backend.aclose()
    workspace = tmp_path / "users" / "alice"
    (page,) = workspace.glob("daily/*.md")
    listed = page.read_text("utf-8")
    for note in notes_of(workspace):
        assert f"[[{note.path.relative_to(workspace).as_posix()}]]" in listed

    again = backend_of(tmp_path)
    told = await hits(again, "bees Ghent notes today", limit=50)
    assert len(told) == 3
    assert all(hit.id != f"daily/{page.name}" for hit in told)
    await again.aclose()


async def test_a_page_that_somebody_broke_keeps_nothing_from_being_kept(tmp_path: Path) -> None:
    backend = backend_of(tmp_path)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    await backend.aclose()
    (page,) = (tmp_path / "users" / "alice").glob("daily/*.md")
    page.write_text("---\nname: [\n---\nMine.\n")

    again = backend_of(tmp_path)
    assert await again.retain(exchange("An otter is here.", "two"), scope=ALICE, wait=10)
    assert await found(again, "otter") == ["An otter is here."]
    assert again.faults.counts["index"] >= 1
    assert again.faults.counts["deliver"] == 0
    assert page.read_text() == "---\nname: [\n---\nMine.\n"
    await again.aclose()


def test_statements_keep_their_day_when_they_are_delivered_again() -> None:
    key = "019577f0-1c00-7000-8000-000000000000"  # of 2025-03-09
    delivery = Delivery(key, ALICE, statements=("Nora keeps bees.", "In Ghent."))
    notes = notes_of_statements(delivery, ZoneInfo("UTC"))
    assert notes == notes_of_statements(delivery, ZoneInfo("UTC"))
    days = {note.path.split("/")[1] for note in notes}
    assert len(days) == 1
    assert days != {dt.datetime.now(dt.UTC).date().isoformat()}
    assert len({note.path for note in notes}) == 2
