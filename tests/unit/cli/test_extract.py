"""Facts drawn on the command line, by AgentScope's own client of a local server."""

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("agentscope")

from typer.testing import Result

from remanence.errors import BackendUnavailableError
from remanence.store.sqlite import SQLiteStore
from tests.unit.llm.service import Said, Service, calling, failing

pytestmark = pytest.mark.agentscope

Run = Callable[..., Result]
Write = Callable[..., Path]
Listed = Callable[..., list[dict[str, Any]]]

SAID = "My sister Nora moved to Ghent in May 2024, and she loves it there."


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    service = Service()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-to-be-told")
    monkeypatch.setenv("OPENAI_BASE_URL", service.url)
    monkeypatch.setenv("OPENAI_MODEL", "reader")
    yield service
    service.server.stop()


@pytest.fixture
def spring(write_lines: Write) -> Path:
    """A session of Alice's."""
    session = {"user_id": "alice", "session_id": "spring"}
    return write_lines(
        {**session, "role": "user", "name": "Alice", "content": SAID, "at": "2026-03-01T09:30:00Z"},
        {**session, "role": "assistant", "content": "Noted!", "at": "2026-03-01T09:31:00Z"},
        name="spring.jsonl",
    )


@pytest.fixture
def summer(write_lines: Write) -> Path:
    """Another one."""
    return write_lines(
        {
            "user_id": "alice",
            "session_id": "summer",
            "role": "user",
            "content": "Nora moved again, to Bruges.",
            "at": "2026-07-10T20:00:00+02:00",
        },
        name="summer.jsonl",
    )


def noting(*facts: dict[str, Any]) -> Said:
    """An answer with these facts."""
    return calling(json.dumps({"facts": facts}))


GHENT = {
    "statement": "Nora lives in Ghent.",
    "kind": "relationship",
    "sources": ["e1"],
    "attribute": "nora: home city",
    "valid_from": "2024-05",
    "confidence": 0.9,
}
BRUGES = {
    "statement": "Nora lives in Bruges.",
    "kind": "relationship",
    "sources": ["e1"],
    "attribute": "nora: home city",
    "valid_from": "2026-07-10",
    "confidence": 0.8,
}


def test_without_a_key_it_says_what_to_set(
    remanence: Run, monkeypatch: pytest.MonkeyPatch, spring: Path
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    result = remanence("extract", "--dry-run", spring, code=1)
    (line,) = result.stderr.splitlines()
    for name in ("OPENAI_API_KEY: is not set", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        assert name in line
    assert result.stdout == ""


def test_a_key_is_asked_for_last(
    remanence: Run, monkeypatch: pytest.MonkeyPatch, write_lines: Write, spring: Path
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert "no such file" in remanence("extract", "none.jsonl", code=1).stderr
    assert "there is no database" in remanence("extract", "--user", "alice", code=1).stderr
    remanence("import", spring)
    assert "Nothing is stored" in remanence("extract", "--user", "nobody").stderr
    assert "OPENAI_API_KEY" in remanence("extract", "--user", "alice", code=1).stderr


def test_a_dry_run_shows_facts_and_keeps_nothing(
    remanence: Run,
    service: Service,
    spring: Path,
    database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    service.answers = [noting(GHENT)]
    result = remanence("extract", "--dry-run", spring)
    about, statement, source = result.stdout.splitlines()
    assert about.startswith(
        "2026-03-01 09:30  relationship, said by the user, imported, since 2024-05-01  "
    )
    assert statement == "    Nora lives in Ghent."
    assert source == f"    from 2026-03-01 09:30 Alice: {SAID}"
    assert result.stderr == (
        "From 2 messages (1 session, 1 user): 1 fact. "
        "1 call of the model, 11 tokens given and 3 answered. Nothing was kept.\n"
    )
    (asked,) = service.asked
    assert (asked["model"], asked["stream"]) == ("reader", False)
    assert SAID in json.dumps(asked["messages"])
    assert not database.exists()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_later_sessions_are_read_after_earlier_ones(
    remanence: Run, service: Service, spring: Path, summer: Path, write_lines: Write
) -> None:
    bobs = {"user_id": "bob", "session_id": "spring", "role": "user", "content": "I sail."}
    file = write_lines(spring.read_text(), summer.read_text(), bobs, name="both.jsonl")
    service.otherwise = noting()
    assert remanence("extract", "--dry-run", file).stdout == ""
    asked = [json.dumps(body["messages"]) for body in service.asked]
    assert len(asked) == 3
    assert ["again, to Bruges" in text for text in asked] == [False, False, True]

    service.answers = [noting(GHENT), noting(BRUGES)]
    file = write_lines(spring.read_text(), summer.read_text(), name="both.jsonl")
    result = remanence("extract", "--dry-run", file)
    ghent, *_, ends, source = result.stdout.splitlines()
    assert "since 2024-05-01, until 2026-07-10  " in ghent
    assert ends == "    ends: Nora lives in Ghent."
    assert source == "    from 2026-07-10 20:00 user: Nora moved again, to Bruges."
    assert "2 facts, 1 of them superseded by others." in result.stderr


def test_long_sources_are_quoted_short(
    remanence: Run, service: Service, write_lines: Write
) -> None:
    file = write_lines({"role": "user", "content": f"Well,\n{'so ' * 100}"})
    service.answers = [noting(GHENT)]
    line = remanence("extract", "--dry-run", file, "--user", "alice").stdout.splitlines()[-1]
    assert " user: Well, so so" in line
    assert line.endswith("…")
    assert len(line) < 120


def test_as_json(remanence: Run, service: Service, spring: Path) -> None:
    service.answers = [noting(GHENT)]
    fact = json.loads(remanence("extract", "--dry-run", spring, "--json").stdout)
    assert (
        fact.items()
        >= {
            "text": "Nora lives in Ghent.",
            "kind": "relationship",
            "attribute": "nora: home city",
            "stated_by": "user",
            "confidence": 0.9,
            "valid_from": "2024-05-01T00:00:00+00:00",
            "user_id": "alice",
            "session_id": None,
            "supersedes": [],
            "quotes": [{"at": "2026-03-01T09:30:00+00:00", "speaker": "Alice", "text": SAID}],
        }.items()
    )


def test_what_is_kept_and_what_it_puts_an_end_to(
    remanence: Run, service: Service, listed: Listed, spring: Path, summer: Path
) -> None:
    service.answers = [noting(GHENT), noting(BRUGES)]
    first = remanence("extract", spring)
    assert "Nothing was kept" not in first.stderr
    assert "    ends:" not in first.stdout
    second = remanence("extract", summer)
    assert second.stdout.splitlines()[1:3] == [
        "    Nora lives in Bruges.",
        "    ends: Nora lives in Ghent.",
    ]
    assert len(listed("alice", "--origin", "episode")) == 3
    now = remanence("facts", "--user", "alice").stdout
    assert "Bruges" in now
    assert "Ghent" not in now
    assert "Ghent" in remanence("facts", "--user", "alice", "--as-of", "2025-01-01").stdout
    told = dict(line.split("  ", 1) for line in remanence("stats").stdout.splitlines())
    assert told["model calls"].strip() == "2"
    assert told["tokens"].strip() == "22 given, 6 answered"
    # What was read is not read again.
    assert remanence("extract", spring).stdout == ""
    assert len(service.asked) == 2


def test_what_was_imported_before_is_read_later(
    remanence: Run, service: Service, listed: Listed, spring: Path, summer: Path
) -> None:
    remanence("import", spring)
    remanence("import", summer)
    service.answers = [noting(GHENT)]
    result = remanence("extract", spring)
    assert "Nora lives in Ghent." in result.stdout
    service.answers = [noting(BRUGES)]
    result = remanence("extract", "--user", "alice")
    assert "Nora lives in Bruges." in result.stdout
    assert len(service.asked) == 2
    assert remanence("extract", "--user", "nobody").output == "Nothing is stored for 'nobody'.\n"
    assert len(listed("alice", "--origin", "episode")) == 3


def test_a_service_that_lets_nobody_in(
    remanence: Run, service: Service, listed: Listed, spring: Path
) -> None:
    service.otherwise = failing(401, "wrong key")
    result = remanence("extract", spring, "--patience", "0", code=1)
    _, first, last = result.stderr.splitlines()
    assert first.startswith("error: session spring of alice was not read: the chat model")
    assert "wrong key" in first
    assert last.startswith("What was not read waits")
    assert result.stdout == ""
    assert len(listed("alice")) == 2  # they are kept all the same
    assert "unextracted  2 episodes" in remanence("stats").stdout
    service.otherwise = noting(GHENT)
    assert "Nora lives in Ghent." in remanence("extract", "--user", "alice").stdout


@pytest.mark.parametrize("state", ["pending", "parked"])
async def test_what_failed_before_is_tried_at_once(
    remanence: Run, service: Service, database: Path, spring: Path, state: str
) -> None:
    def extract(*arguments: str | Path, code: int = 0) -> Awaitable[Result]:
        return asyncio.to_thread(remanence, "extract", *arguments, code=code)

    service.otherwise = failing(401, "wrong key")
    await extract(spring, "--patience", "0", code=1)
    now, far = dt.datetime.now(dt.UTC), dt.timedelta(hours=1)
    store = SQLiteStore(database)
    await store.open()
    (leased,) = await store.jobs.lease(
        "extract", owner="x", now=now + far, lease=far, longest=3 * far, limit=1
    )
    name, error = leased.job.id, BackendUnavailableError("away")
    if state == "parked":
        await store.jobs.park(name, owner="x", now=now, error=error)
    else:
        later = now + dt.timedelta(minutes=4)
        await store.jobs.postpone(name, owner="x", until=later, error=error, counted=False)
    await store.aclose()
    service.otherwise = noting(GHENT)
    result = await extract("--user", "alice")
    assert "Nora lives in Ghent." in result.stdout
    store = SQLiteStore(database)
    await store.open()
    assert await store.jobs.jobs(states=["pending", "leased", "parked"]) == []
    await store.aclose()


def test_what_the_model_says_is_nonsense(
    remanence: Run, service: Service, spring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remanence.extraction.jobs._ATTEMPTS", 1)  # else it takes a minute
    service.otherwise = calling('{"facts": "none"}')
    result = remanence("extract", spring, code=1)
    assert "error: session spring of alice was set aside:" in result.stderr
    assert "remanence outbox list" in result.stderr
    listing = remanence("outbox", "list", "--state", "parked").stdout
    assert "alice" in listing


def test_nobody_is_there(remanence: Run, service: Service, spring: Path) -> None:
    service.server.stop()
    result = remanence("extract", "--dry-run", spring, "--patience", "0", code=1)
    assert "error: session spring of alice was not read: the chat model" in result.stderr
    assert f"(OPENAI_BASE_URL is {service.url})" in result.stderr


def test_a_password_in_the_address_is_not_told(
    remanence: Run, service: Service, spring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.server.stop()
    monkeypatch.setenv("OPENAI_BASE_URL", service.url.replace("://", "://me:secret@"))
    result = remanence("extract", "--dry-run", spring, "--patience", "0", code=1)
    assert f"(OPENAI_BASE_URL is {service.url})" in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize("dry_run", [True, False])
def test_how_many_sessions_were_not_read(
    remanence: Run, service: Service, write_lines: Write, dry_run: bool
) -> None:
    service.server.stop()
    session = {"user_id": "alice", "role": "user", "content": "I sail."}
    names = ("spring", "summer", "autumn")
    file = write_lines(*({**session, "session_id": name} for name in names))
    options = ("--dry-run",) if dry_run else ()
    result = remanence("extract", *options, file, "--patience", "0", code=1)
    assert "session spring of alice was not read" in result.stderr
    assert "error: 2 other sessions were not read either" in result.stderr
    if not dry_run:
        for number in (1, 2):  # the first time, the later ones don't wait yet
            result = remanence("extract", "--user", "alice", "--patience", "0", code=1)
            errors = result.stderr.count(" of alice was not read: ")
            others = 3 - errors
            assert 0 < errors <= 3, (number, result.stderr)
            assert (f"{others} other session" in result.stderr) == (others > 0)


def test_what_can_not_be_read(remanence: Run, service: Service, write_lines: Write) -> None:
    del service
    assert "name a file" in remanence("extract", code=2).stderr
    for arguments in (("--dry-run",), ("--dry-run", "--user", "alice")):
        assert "--dry-run needs a file" in remanence("extract", *arguments, code=2).stderr
    assert "no such file" in remanence("extract", "none.jsonl", code=1).stderr
    file = write_lines({"role": "user", "content": "x", "user_id": "a", "colour": 1})
    assert "colour: is no field" in remanence("extract", "--dry-run", file, code=1).stderr
    assert "there is no database" in remanence("extract", "--user", "alice", code=1).stderr
