import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import Result

from remanence.cli.dates import parse_date

Run = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("alice")


def hits(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_best_comes_first_with_score_date_and_speaker(remanence: Run) -> None:
    result = remanence("recall", "Who lives in Ghent?", "--user", "alice")
    header, best, *rest = result.stdout.splitlines()
    assert header.split() == ["score", "date", "speaker", "text"]
    assert best.split(maxsplit=5)[1:] == [
        *("2026-03-01", "09:30", "Alice", "(imported)"),
        "My sister Nora lives in Ghent.",
    ]
    assert any("assistant (imported)  Ghent is a lovely town." in line for line in rest)
    assert "castle" not in result.stdout  # that was told by another user


def test_json_has_every_field(remanence: Run) -> None:
    (hit,) = hits(
        remanence("recall", "Who lives in Ghent?", "--user", "alice", "--limit", "1", "--json")
    )
    assert (
        hit.items()
        >= {
            "text": "My sister Nora lives in Ghent.",
            "origin": "episode",
            "at": "2026-03-01T09:30:00+00:00",
            "user_id": "alice",
            "agent_id": None,
            "session_id": "spring",
            "role": "user",
            "speaker": "Alice",
        }.items()
    )
    assert 0 < hit["score"] <= 1


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        (("--session", "summer"), {"Nora moved to Bruges."}),
        (("--since", "2026-07-10T18:00:00Z"), {"Nora moved to Bruges."}),
        (("--until", "2026-07-10T18:00:00Z"), {"My sister Nora lives in Ghent."}),
        (("--until", "2026-03-01"), set[str]()),
        (("--threshold", "1"), set[str]()),
        (("--agent", "robin"), set[str]()),
    ],
)
def test_what_is_searched_can_be_narrowed(
    remanence: Run, options: tuple[str, ...], texts: set[str]
) -> None:
    result = remanence("recall", "Nora", "--user", "alice", "--json", *options)
    found = {hit["text"] for hit in hits(result)}
    assert texts == {text for text in found if "Nora" in text}


def test_nothing_found_is_said_and_no_failure(remanence: Run) -> None:
    for query in ("zeppelin", "???"):
        result = remanence("recall", query, "--user", "alice")
        assert (result.stdout, result.stderr) == ("", "Nothing found.\n")
    assert remanence("recall", "zeppelin", "--user", "alice", "--json").output == ""
    assert remanence("recall", "Nora", "--user", "nobody").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("", "--user", "alice"), "error: query: is empty"),
        (("x", "--user", "*"), "error: user_id: is the wildcard"),
        (
            ("x", "--user", "a", "--since", "2026-02-02", "--until", "2026-02-01"),
            "error: since: is later than until",
        ),
    ],
)
def test_what_can_not_be_searched(remanence: Run, arguments: tuple[str, ...], reason: str) -> None:
    assert reason in remanence("recall", *arguments, code=1).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("x",),
        ("x", "--user", "a", "--limit", "0"),
        ("x", "--user", "a", "--threshold", "2"),
        ("x", "--user", "a", "--since", "tomorrow"),
        ("x", "--user", "a", "--until", "2026-02-30"),
    ],
)
def test_wrong_usage(remanence: Run, arguments: tuple[str, ...]) -> None:
    remanence("recall", *arguments, code=2)


def test_there_is_no_database_yet(remanence: Run, tmp_path: Path) -> None:
    missing = tmp_path / "none" / "memory.db"
    for command in (("recall", "x"), ("show",), ("stats",), ("forget", "--everything")):
        result = remanence(*command, "--user", "alice", "--db", missing, code=1)
        assert f"there is no database at {missing} yet" in result.stderr
    assert not missing.parent.exists()


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (".", "is a folder"),
        ("", "location: is empty"),
        ("mysql://localhost/memory", "location: is 'mysql://localhost/memory'"),
        ("alice.jsonl", "is not a Remanence database"),
    ],
)
def test_no_database_can_be_there(
    remanence: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = remanence("stats", "--db", location, code=1)
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_date_without_an_offset_is_local() -> None:
    assert parse_date("2026-03-01") == dt.datetime(2026, 3, 1).astimezone()
    assert parse_date("2026-03-01T09:30+02:00").utcoffset() == dt.timedelta(hours=2)
    for text in ("", "soon", "2026-13-01"):
        with pytest.raises(typer.BadParameter, match="is no date"):
            parse_date(text)
