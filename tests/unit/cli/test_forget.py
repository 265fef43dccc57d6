import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from remanence import Memory, Scope

Run = Callable[..., Result]
Listed = Callable[..., list[dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("alice")


def test_by_id(remanence: Run, listed: Listed, database: Path) -> None:
    first, second, *rest = (item["id"] for item in listed("alice"))
    (of_bob,) = listed("bob")
    result = remanence(
        *("forget", first, second, second, "nonsense", of_bob["id"], "--user", "alice", "--yes")
    )
    assert "To be erased: 2 episodes, 0 facts" in result.stderr
    assert "2026-03-01 09:30  Alice  My sister Nora lives in Ghent." in result.stderr
    assert "Not found: nonsense" in result.stderr
    assert f"Not found: {of_bob['id']}" in result.stderr
    assert "user      alice" in result.stdout
    assert "erased    2 episodes, 0 facts" in result.stdout
    assert first in result.stdout
    assert "the write-ahead log is empty" in result.stdout
    assert "Out of reach: copies of the file" in result.stderr
    assert [item["id"] for item in listed("alice")] == rest
    assert len(listed("bob")) == 1
    assert b"beehives" not in database.read_bytes()


def test_a_session(remanence: Run, listed: Listed) -> None:
    result = remanence("forget", "--session", "spring", "--user", "alice", "--yes", "--json")
    receipt = json.loads(result.stdout)
    assert (receipt["user_id"], receipt["episodes"], receipt["facts"]) == ("alice", 3, 0)
    assert len(receipt["ids"]) == 3
    assert [item["content"] for item in listed("alice")] == ["Nora moved to Bruges."]


def test_everything_of_a_user(remanence: Run, listed: Listed) -> None:
    result = remanence("forget", "--everything", "--user", "alice", answer="y\n")
    assert "To be erased: 4 episodes, 0 facts" in result.stderr
    assert "erased    4 episodes, 0 facts" in result.stdout
    assert not listed("alice")
    assert len(listed("bob")) == 1


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_without_a_yes_nothing_is_erased(remanence: Run, listed: Listed, answer: str) -> None:
    result = remanence("forget", "--everything", "--user", "alice", code=1, answer=answer)
    assert "To be erased: 4 episodes" in result.stderr
    assert result.stderr.endswith("Nothing was erased.\n")
    assert result.stdout == ""
    assert len(listed("alice")) == 4


def test_nothing_to_erase_is_no_failure_and_not_asked(remanence: Run) -> None:
    for what in (("nonsense",), ("--session", "winter"), ("--everything",)):
        user = "nobody" if what == ("--everything",) else "alice"
        result = remanence("forget", *what, "--user", user)
        assert "There is nothing to erase." in result.stderr
        assert "erased    0 episodes, 0 facts" in result.stdout


def test_a_long_list_is_previewed(remanence: Run, write_lines: Callable[..., Path]) -> None:
    said = [{"role": "user", "content": f"{number} " + "x" * 200} for number in range(8)]
    remanence("import", write_lines(*said), "--user", "carol")
    result = remanence("forget", "--everything", "--user", "carol", "--yes")
    assert "… and 3 more" in result.stderr
    assert "x" * 120 not in result.stderr
    assert ", and 3 more" in result.stdout


@pytest.mark.parametrize(
    "what",
    [
        (),
        ("some-id", "--everything"),
        ("some-id", "--session", "spring"),
        ("--session", "spring", "--everything"),
    ],
)
def test_exactly_one_thing_has_to_be_named(
    remanence: Run, listed: Listed, what: tuple[str, ...]
) -> None:
    remanence("forget", *what, "--user", "alice", "--yes", code=2)
    assert len(listed("alice")) == 4


def test_what_a_question_finds(remanence: Run, listed: Listed) -> None:
    asked = ("forget", "--matching", "Where does Nora live?", "--limit", "2", "--user", "alice")
    result = remanence(*asked, answer="y\n")
    assert "To be erased: 2 episodes, 0 facts" in result.stderr
    assert "Nora" in result.stderr
    assert "There may be more: that is as much as --limit 2 allows." in result.stderr
    assert len(listed("alice")) == 2


def test_what_a_question_finds_is_shown_with_scores_and_ids(remanence: Run, listed: Listed) -> None:
    asked = ("forget", "--matching", "Nora", "--threshold", "0.01", "--user", "alice")
    result = remanence(*asked, code=1, answer="n\n")
    ids = {item["id"] for item in listed("alice") if "Nora" in item["content"]}
    assert all(id_ in result.stderr for id_ in ids)
    assert "There may be more" not in result.stderr
    assert len(listed("alice")) == 4


def test_what_a_question_finds_is_looked_at(remanence: Run, listed: Listed) -> None:
    result = remanence("forget", "--matching", "Nora", "--user", "alice", "--yes", code=2)
    assert "without --yes" in " ".join(result.output.replace("│", " ").split())
    assert len(listed("alice")) == 4


def test_a_question_that_finds_nothing_erases_nothing(remanence: Run) -> None:
    result = remanence("forget", "--matching", "Nora", "--user", "nobody")
    assert "There is nothing to erase." in result.stderr


@pytest.mark.parametrize(
    "what", [("--matching", "sister"), ("--session", "spring"), ("{id}",)], ids=str
)
def test_facts_that_go_along_are_shown(
    remanence: Run, listed: Listed, database: Path, what: tuple[str, ...]
) -> None:
    (said,) = [item for item in listed("alice") if "sister" in item["content"]]

    async def remember() -> None:
        async with Memory.open(database) as memory:
            await memory.remember("She is in Ghent.", scope=Scope("alice"), sources=[said["id"]])

    asyncio.run(remember())
    named = [each.format(id=said["id"]) for each in what]
    result = remanence("forget", *named, "--user", "alice", answer="y\n")
    assert "1 fact" in result.stderr.splitlines()[0]
    assert "1 fact" in result.stdout
    assert not [item for item in listed("alice") if item["origin"] == "fact"]


def test_ids_that_were_not_found_are_told_as_json(remanence: Run) -> None:
    result = remanence("forget", "nonsense", "--user", "alice", "--yes", "--json")
    assert json.loads(result.stdout)["not_found"] == ["nonsense"]


def test_no_archive_is_kept_of_nobody(remanence: Run, tmp_path: Path) -> None:
    archive = tmp_path / "nobody.zip"
    asked = ("forget", "--everything", "--user", "nobody", "--yes", "--export", str(archive))
    assert "Nothing is stored for 'nobody'" in remanence(*asked, code=1).stderr
    assert not archive.exists()


def test_an_archive_is_kept_first(remanence: Run, listed: Listed, tmp_path: Path) -> None:
    archive = tmp_path / "alice.zip"
    everything = listed("alice")
    result = remanence(
        "forget", "--everything", "--user", "alice", "--yes", "--export", str(archive)
    )
    assert f"Out of reach: the archive that was kept: {archive}" in result.stderr.replace("\n", "")
    assert listed("alice") == []
    remanence("import", archive)
    assert listed("alice") == everything


def test_without_an_archive_nothing_is_erased(
    remanence: Run, listed: Listed, tmp_path: Path
) -> None:
    archive = tmp_path / "no folder" / "alice.zip"
    everything = ("forget", "--everything", "--user", "alice", "--yes")
    remanence(*everything, "--export", str(archive), code=1)
    remanence("forget", "--session", "spring", *everything[2:], "--export", "a.zip", code=2)
    assert len(listed("alice")) == 4
