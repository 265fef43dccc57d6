"""What ReMe's pages list, and what somebody wrote beside that."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from remanence import Episode, Filter, Memory
from remanence.backends.reme.notes import Origin, written_note
from remanence.moving.moving import move_in
from remanence.moving.outcome import Moved
from tests.moving.test_reme_reader import facts, note, read, write


def test_what_was_written_by_hand_beside_a_days_list_is_read(tmp_path: Path) -> None:
    """The list itself is not, nor a heading that has nothing but the list under it."""
    daily = tmp_path / "daily"
    listed = "<!-- notes:auto -->\n- [[daily/2026-03-01/pets.md]] name: pets\n<!-- /notes:auto -->"
    page = note(
        f"# Sunday\n\nIt rained.\n\n## Notes\n\n{listed}\n\n- Buy seeds.\n\n## Later\n\n"
        "Call Nora.\n\n## Sources\n\n- [[daily/2026-03-01/pets.md|pets]]",
        name="2026-03-01",
        description="1 note(s) today.",
    )
    write(daily / "2026-03-01.md", page)
    write(daily / "2026-03-02.md", note(f"# Monday\n\n{listed}"))
    (daily / "2026-03-03.md").symlink_to(daily / "2026-03-01.md")
    arrivals = read(tmp_path)
    found = {item.text: item for item in facts(arrivals) if "daily/2026-03-01.md" in item.metadata}
    assert list(found) == [
        "Sunday: It rained.",
        "Sunday > Notes: Buy seeds.",
        "Sunday > Later: Call Nora.",
    ]
    assert len(facts(arrivals)) == len(found)
    seeds = found["Sunday > Notes: Buy seeds."]
    assert (seeds.at, seeds.session_id) == (dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), None)
    assert (seeds.stated_by, seeds.sources) == ("assistant", ())
    line = page.split("\n").index("- Buy seeds.") + 1
    assert json.loads(seeds.metadata) == {
        "source": {"from": "reme", "path": "daily/2026-03-01.md", "line": line}
    }
    assert [skipped.where for skipped in arrivals.skipped] == ["daily/2026-03-03.md"]


def test_links_to_what_a_note_was_made_of_are_no_statements(tmp_path: Path) -> None:
    body = (
        "Nora has a falcon.\n\n- [[a.md]]\n\n## Sources\n\n- [[session/dialog/s1.jsonl]]\n"
        "- [[a.md]], [[b.md|b]]\n- Nora said so: [[a.md]]"
    )
    write(tmp_path / "daily/2026-03-01/a.md", note(body))
    assert [item.text for item in facts(read(tmp_path))] == [
        "Nora has a falcon.",
        "[[a.md]]",
        "Sources: Nora said so: [[a.md]]",
    ]


async def test_a_message_note_that_is_edited_later_stays_as_it_was_said(
    tmp_path: Path, memory: Memory
) -> None:
    """Edited before the first import it comes in as it is then."""
    at = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    said = Origin("message", ("k1",), None, "monday", at, "user", "Nora", "m1")
    folder = tmp_path / "users/alice/daily/2026-03-01"
    outcomes: list[Moved] = []
    for words in ("I live in Ghent.", "I live in Bruges."):
        write(folder / "n1.md", written_note("n1", words, said, {}))
        outcomes += await move_in(read(tmp_path, None), memory)
    assert [outcome.episodes for outcome in outcomes] == [1, 0]
    (skipped,) = outcomes[1].skipped
    assert skipped.where == "users/alice/daily/2026-03-01/n1.md"
    assert "m1 is here already, with another role or other words" in skipped.why
    (item,) = (await memory.list(scope=Filter("alice"))).items
    assert isinstance(item, Episode)
    assert item.content == "I live in Ghent."
