import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

Run = Callable[..., Result]
Listed = Callable[..., list[dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("alice")


def _actions(remanence: Run, *arguments: str) -> list[dict[str, Any]]:
    lines = remanence("audit", *arguments, "--json").stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_who_asked_for_what_without_content(remanence: Run, listed: Listed) -> None:
    asked_before = len(_actions(remanence))
    first, *_ = (item["id"] for item in listed("alice"))
    remanence("forget", first, "--user", "alice", "--yes", "--by", "Nora")
    remanence("forget", "--everything", "--user", "bob", "--yes", "--by", "Eva")
    entries = _actions(remanence)[asked_before:]
    told = [(entry["action"], entry["user_id"], entry["asked_by"]) for entry in entries]
    assert told == [("forget", "alice", "Nora"), ("forget", "bob", "Eva")]
    assert entries[0]["counts"] == {"episodes": 1, "index entries": 1}
    result = remanence("audit")
    assert "forget" in result.stdout
    assert "Nora" in result.stdout
    assert "Ghent" not in result.output


def test_of_one_user_and_after_some(remanence: Run) -> None:
    for user in ("alice", "bob"):
        remanence("forget", "--everything", "--user", user, "--yes")
    entries = _actions(remanence)
    number = next(entry["number"] for entry in entries if entry["action"] == "forget")
    assert {entry["user_id"] for entry in _actions(remanence, "--user", "bob")} == {"bob"}
    assert all(each["number"] > number for each in _actions(remanence, "--after", str(number)))
    assert len(_actions(remanence, "--limit", "1")) == 1


def test_who_is_logged_in_asks_by_default(remanence: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "nora")
    remanence("forget", "--everything", "--user", "alice", "--yes")
    assert _actions(remanence)[-1]["asked_by"] == "nora"
