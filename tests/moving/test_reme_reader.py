"""Reading ReMe workspaces: what becomes of notes, digests and conversations."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from agentscope.message import Msg, TextBlock, ToolCallBlock, ToolResultBlock, ToolResultState

from remanence import InputError
from remanence.backends.reme.naming import quoted, session_name
from remanence.backends.reme.notes import Origin, written_note
from remanence.moving.arrivals import Arrivals
from remanence.moving.reme import read_reme
from remanence.moving.reme.cutting import LONGEST, cut
from remanence.store.archive import ArchivedEpisode, ArchivedFact
from remanence.types import Scope

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
MARCH = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def note(body: str, **fields: str) -> str:
    top = "".join(f"{name}: {json.dumps(text)}\n" for name, text in fields.items())
    return f"---\n{top}---\n\n{body}\n"


def from_user(content: str, name: str = "Nora") -> Msg:
    return Msg(name=name, content=[TextBlock(text=content)], role="user")


def from_assistant(*content: Any) -> Msg:
    blocks = [TextBlock(text=each) if isinstance(each, str) else each for each in content]
    return Msg(name="friday", content=blocks, role="assistant")


def message(made: Msg, at: dt.datetime | str, id_: str) -> str:
    told = made.model_dump(mode="json")
    written = at if isinstance(at, str) else at.isoformat()
    return json.dumps({**told, "created_at": written, "id": id_}) + "\n"


def read(path: Path, user_id: str | None = "alice", **more: Any) -> Arrivals:
    return read_reme(path, user_id=user_id, now=NOW, **more)


def episodes(arrivals: Arrivals) -> list[ArchivedEpisode]:
    items = [item for user in arrivals.users for item in user.items]
    return [item for item in items if isinstance(item, ArchivedEpisode)]


def facts(arrivals: Arrivals) -> list[ArchivedFact]:
    items = [item for user in arrivals.users for item in user.items]
    return [item for item in items if isinstance(item, ArchivedFact)]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with two notes of one session, which went on the next day, and a digest."""
    folder = tmp_path / "workspace"
    link = {"session_id": "s1", "source_conversation": "[[session/dialog/s1.jsonl]]"}
    write(
        folder / "daily/2026-03-01/pets.md",
        note(
            "# Pets\n\nNora has a falcon.\n\n- It is called Vega.\n- It flies on Sundays.",
            name="pets",
            description="Nora's falcon",
            **link,
        ),
    )
    write(folder / "daily/2026-03-02/trip.md", note("They go to Ghent.", name="trip", **link))
    write(folder / "daily/2026-03-01.md", note("<!-- notes:auto -->\n- [[daily/2026-03-01/pets]]"))
    write(
        folder / "session/dialog/s1.jsonl",
        message(from_user("I have a falcon."), MARCH, "m1")
        + message(from_assistant("How nice!"), MARCH + dt.timedelta(minutes=1), "m2")
        + message(from_user("We go to Ghent."), MARCH + dt.timedelta(days=1), "m3"),
    )
    digest = write(
        folder / "digest/personal/nora.md",
        note(
            "Nora trains birds.\n\n## Sources\n\n- It was told in [[daily/2026-03-01/pets.md]].",
            name="nora",
        ),
    )
    os.utime(digest, (MARCH.timestamp() + 5, MARCH.timestamp() + 5))
    write(folder / "metadata/index.pkl", "not to be read")
    return folder


def test_notes_become_statements_that_rest_on_what_was_said_that_day(workspace: Path) -> None:
    arrivals = read(workspace)
    assert arrivals.skipped == ()
    said = {item.message_id: item for item in episodes(arrivals)}
    assert [(item.role, item.name, item.content) for item in said.values()] == [
        ("user", "Nora", "I have a falcon."),
        ("assistant", "friday", "How nice!"),
        ("user", "Nora", "We go to Ghent."),
    ]
    assert {item.session_id for item in said.values()} == {"s1"}
    assert said["m1"].at == MARCH
    assert [(item.text, item.stated_by) for item in facts(arrivals)] == [
        ("Nora trains birds.", "assistant"),
        ("Pets: Nora has a falcon.", "user"),
        ("Pets: It is called Vega.", "user"),
        ("Pets: It flies on Sundays.", "user"),
        ("trip: They go to Ghent.", "user"),
    ]
    digest, pets, *_, trip = facts(arrivals)
    assert [source.episode for source in pets.sources] == [said["m1"].id]
    assert [source.episode for source in trip.sources] == [said["m3"].id]
    assert digest.sources == ()
    assert (digest.at, digest.session_id) == (MARCH + dt.timedelta(seconds=5), None)
    assert (pets.at, pets.session_id) == (dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), "s1")
    assert json.loads(pets.metadata) == {
        "name": "pets",
        "description": "Nora's falcon",
        "source": {"from": "reme", "path": "daily/2026-03-01/pets.md", "line": 10},
    }
    lines = (workspace / "daily/2026-03-01/pets.md").read_text().split("\n")
    assert lines[10 - 1] == "Nora has a falcon."


def test_a_statement_rests_on_the_messages_that_share_most_with_it(tmp_path: Path) -> None:
    words = [
        "I keep falcons.",
        "How nice!",
        "My sister moved to Ghent.",
        "Ghent? How nice!",
        "Yes.",
    ]
    write(
        tmp_path / "session/dialog/s1.jsonl",
        "".join(
            message(from_assistant(text) if number % 2 else from_user(text), MARCH, f"m{number}")
            for number, text in enumerate(words)
        ),
    )
    body = "- She keeps a falcon.\n- Her sister lives in Ghent.\n- It is cold."
    write(tmp_path / "daily/2026-03-01/a.md", note(body, session_id="s1"))
    write(tmp_path / "daily/2026-03-01/b.md", note("Nothing alike.", session_id="s1"))
    write(tmp_path / "daily/2026-03-01/c.md", note("A falcon.", session_id="s2"))
    arrivals = read(tmp_path)
    said = {item.id: item.message_id for item in episodes(arrivals)}
    rests = {
        item.text: ([said[source.episode] for source in item.sources], item.stated_by)
        for item in facts(arrivals)
    }
    assert rests == {
        "She keeps a falcon.": (["m0"], "user"),
        "Her sister lives in Ghent.": (["m2"], "user"),
        "It is cold.": (["m0", "m2"], "user"),  # as its note
        "Nothing alike.": ([], "assistant"),
        "A falcon.": ([], "assistant"),
    }


def test_what_is_read_twice_is_the_same_and_an_edited_note_adds_what_is_new(
    workspace: Path,
) -> None:
    before = {item.id for item in (*episodes(read(workspace)), *facts(read(workspace)))}
    file = workspace / "daily/2026-03-01/pets.md"
    file.write_text(file.read_text().replace("- It flies", "- It is two.\n- It flies"))
    after = {item.id: item for item in (*episodes(read(workspace)), *facts(read(workspace)))}
    assert before < set(after)
    (new,) = set(after) - before
    assert getattr(after[new], "text", None) == "Pets: It is two."


def test_the_same_line_twice_is_there_twice(tmp_path: Path) -> None:
    write(tmp_path / "daily/2026-03-01/a.md", note("- tea\n- tea"))
    assert [item.text for item in facts(read(tmp_path))] == ["tea", "tea"]


def test_only_words_of_the_two_are_messages(tmp_path: Path) -> None:
    call = ToolCallBlock(id="c1", name="search", input="{}")
    result = ToolResultBlock(id="c1", name="search", output="secret", state=ToolResultState.SUCCESS)
    write(tmp_path / "daily/2026-03-01/a.md", note("Nora has a falcon.", session_id="s1"))
    write(
        tmp_path / "session/dialog/s1.jsonl",
        message(
            Msg(name="system", content=[TextBlock(text="Be kind.")], role="system"), MARCH, "m0"
        )
        + message(from_assistant("I look.", call), MARCH, "m1")
        + message(from_assistant(call, result), MARCH, "m2")
        + json.dumps(
            {"role": "assistant", "id": "m4", "content": [{"type": "hint", "text": "A hint."}]}
        )
        + "\n"
        + message(from_assistant("One.", "Two."), "", "m3"),
    )
    arrivals = read(tmp_path)
    assert [(item.content, item.at) for item in episodes(arrivals)] == [
        ("I look.", MARCH),
        ("One.\nTwo.", MARCH),
    ]
    assert arrivals.skipped == ()


def test_times_without_a_zone_are_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        made = message(from_user("Hello."), "2026-03-01T09:30:00.5", "m1")
        write(tmp_path / "session/dialog/s1.jsonl", made)
        (said,) = episodes(read(tmp_path))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert said.at.isoformat() == "2026-03-01T09:30:00.500000+08:00"


def test_what_cannot_be_taken_in_is_told_with_its_place(workspace: Path) -> None:
    with (workspace / "session/dialog/s1.jsonl").open("ab") as file:
        file.write(b"no json\n[]\n\xff\n\n")
        file.write(message(from_user("Something else."), MARCH, "m1").encode())
        file.write(message(from_user("a\x00b"), MARCH, "m9").encode())
    (workspace / "daily/2026-03-01/latin.md").write_bytes("---\n---\nß".encode("latin-1"))
    write(workspace / "daily/2026-03-01/empty.md", note(""))
    write(workspace / "daily/2026-03-01/other.txt", "x")
    write(workspace / "daily/2026-13-01/a.md", note("x"))
    write(workspace / "daily/loose.md", note("x"))
    write(workspace / "session/dialog/s1.bak", "x")
    write(workspace / "session/images/s1/picture.png", "x")
    write(workspace / "session/claude_code/s1.jsonl", "x")
    (workspace / "digest/link.md").symlink_to(workspace / "daily/2026-03-01/pets.md")
    arrivals = read(workspace)
    told = {skipped.where: skipped.why for skipped in arrivals.skipped}
    assert told == {
        "daily/2026-13-01": "its name is no day, as 2026-03-01",
        "daily/loose.md": "is in no folder of a day",
        "daily/2026-03-01/other.txt": "is no note, whose name ends in .md",
        "digest/link.md": "is a link; what it leads to may belong to somebody else",
        "session/claude_code": "holds no conversations in the form that is known here",
        "session/dialog/s1.bak": "is no .jsonl file",
        "daily/2026-03-01/latin.md": "is not UTF-8 (byte 8); convert it",
        "daily/2026-03-01/empty.md": "says nothing",
        "session/dialog/s1.jsonl:4": "is no JSON",
        "session/dialog/s1.jsonl:5": "is no JSON object",
        "session/dialog/s1.jsonl:6": "is not UTF-8",
        "session/dialog/s1.jsonl:8": "id: message 'm1' is there before with other words",
        "session/dialog/s1.jsonl:9": "content: contains a NUL character; remove it: no store can "
        "keep it",
    }
    assert len(facts(arrivals)) == 5


def test_a_note_of_its_description_alone_states_that(tmp_path: Path) -> None:
    write(tmp_path / "daily/2026-03-01/a.md", note("", description="Nora has a falcon."))
    assert [item.text for item in facts(read(tmp_path))] == ["Nora has a falcon."]


def test_a_note_that_is_made_to_take_forever_does_not(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{number}: &a{number} [*a{number - 1}, *a{number - 1}]\n" for number in range(1, 60)
    )
    top = f"---\n{bomb}name: *a59\ndescription: *a59\nsession_id: *a59\n---\n\n"
    write(tmp_path / "daily/2026-03-01/a.md", f"{top}Nora has a falcon.")
    spaces = f"# a{' ' * 200_000}b\n\n- x{' ' * 200_000}y\n\nz{' ' * 200_000}."
    write(tmp_path / "daily/2026-03-01/b.md", spaces)
    began = time.monotonic()
    arrivals = read(tmp_path)
    assert facts(arrivals)[0].text == "Nora has a falcon."
    assert arrivals.skipped == ()
    assert time.monotonic() - began < 5


def ours(folder: Path, user: str) -> Path:
    return folder / "users" / quoted(user)


def test_what_this_package_wrote_comes_back_as_it_was(tmp_path: Path) -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    at = dt.datetime(2026, 3, 1, 23, 59, 59, 123456, tzinfo=shanghai)
    text = "  Two lines,\r\nand blanks around. \n"
    said = Origin("message", ("k1",), "clerk", "Monday/1", at, "user", "Nora Å", "m1")
    stated = Origin("statement", ("k2",), None, None, at)
    drawn = Origin("extracted", ("k1",), "clerk", "Monday/1")
    daily = ours(tmp_path, "Alice B.") / "daily/2026-03-01"
    name = session_name(Scope("Alice B.", "clerk", "Monday/1"))
    write(daily / "n1.md", written_note("n1", text, said, {"session_id": name}))
    write(daily / "n2.md", written_note("n2", "- One.\n- Two.", stated, {}))
    write(daily / "n3.md", written_note("n3", "- One.\n- Two.", drawn, {"session_id": name}))
    dialog = message(from_user(text, "Nora Å"), at, "m1") + message(
        from_assistant("One or two?"), at, "m2"
    )
    write(ours(tmp_path, "Alice B.") / f"session/dialog/{name}.jsonl", dialog)
    arrivals = read(tmp_path, None)
    assert arrivals.skipped == ()
    assert [user.user_id for user in arrivals.users] == ["Alice B."]
    first, second = episodes(arrivals)
    assert (first.content, first.role, first.name, first.message_id) == (
        text,
        "user",
        "Nora Å",
        "m1",
    )
    assert (first.at, first.at.utcoffset()) == (at, at.utcoffset())
    assert {(item.agent_id, item.session_id) for item in (first, second)} == {("clerk", "Monday/1")}
    whole, *cut_ = sorted(facts(arrivals), key=lambda item: item.session_id or "")
    assert (whole.text, whole.at, whole.stated_by, whole.session_id) == (
        "- One.\n- Two.",
        at,
        None,
        None,
    )
    assert [(item.text, item.agent_id, item.session_id) for item in cut_] == [
        ("One.", "clerk", "Monday/1"),
        ("Two.", "clerk", "Monday/1"),
    ]
    assert {source.episode for item in cut_ for source in item.sources} == {first.id, second.id}


def test_sessions_of_ours_are_told_by_their_names_or_by_our_notes(tmp_path: Path) -> None:
    long = "x" * 200
    for scope in (
        Scope("alice"),
        Scope("alice", session_id="A.b"),
        Scope("alice", "clerk"),
        Scope("alice", "clerk", "A.b"),
        Scope("alice", "clerk", long),
    ):
        file = ours(tmp_path, "alice") / f"session/dialog/{session_name(scope)}.jsonl"
        write(file, message(from_user("Hello."), MARCH, "m1"))
    told = written_note("n", "x", Origin("extracted", ("k",), "clerk", long), {})
    write(ours(tmp_path, "alice") / "daily/2026-03-01/n.md", told)
    places = {(item.agent_id, item.session_id) for item in episodes(read(tmp_path, None))}
    clerks = {("clerk", None), ("clerk", "A.b"), ("clerk", long)}
    assert places == {(None, None), (None, "A.b"), *clerks}


def test_of_several_users_one_may_be_named(tmp_path: Path) -> None:
    long = "x" * 200
    for user in ("Alice", "bob", long):
        write(ours(tmp_path, user) / "daily/2026-03-01/a.md", note(f"I am {user}."))
    write(tmp_path / "users/.hidden/daily/2026-03-01/a.md", note("x"))
    everybody = read(tmp_path, None)
    assert {user.user_id for user in everybody.users} == {"Alice", "bob"}
    assert {skipped.where for skipped in everybody.skipped} == {
        "users/.hidden",
        f"users/{quoted(long)}",
    }
    for user in ("Alice", long):
        assert [each.user_id for each in read(tmp_path, user).users] == [user]
    with pytest.raises(InputError, match="--user: is 'carol', who has no workspace"):
        read(tmp_path, "carol")


def test_what_is_no_workspace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no ReMe workspace"):
        read(tmp_path)
    with pytest.raises(InputError, match="is not there"):
        read(tmp_path / "gone")
    with pytest.raises(InputError, match="is no folder"):
        read(write(tmp_path / "file", ""))
    (tmp_path / "daily").mkdir()
    with pytest.raises(InputError, match="--user: is missing"):
        read(tmp_path, None)
    with pytest.raises(InputError, match="--agent"):
        read(tmp_path, agent_id="*")


def test_progress_is_told(workspace: Path) -> None:
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    read(workspace, progress=progress)
    assert told == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("# A\n## B\nx\n## C\ny\n# D\nz", ["A > B: x", "A > C: y", "D: z"]),
        (
            "She likes:\n\n- tea\n- coffee\n\nAnd more.",
            ["She likes: tea", "She likes: coffee", "And more."],
        ),
        ("**Plans**\n\n1. Ghent\n2. Bruges", ["Plans: Ghent", "Plans: Bruges"]),
        ("- a\n  - b\n\n  c\n- d", ["a\n  - b\n\n  c", "d"]),
        ("```\n# no heading\n\n- no item\n```", ["```\n# no heading\n\n- no item\n```"]),
        ("Title\n=====\nx\n\nSub\n---\ny", ["Title: x", "Title > Sub: y"]),
        ("Two\nlines.\n---\nx", ["Two\nlines.", "x"]),
        ("# Only a title", ["Only a title"]),
        ("## C# ##\n# #1\nx\n#tag", ["C#", "#1: x\n#tag"]),
        ("# A\n\n## B\n\n# C", ["A: B", "C"]),
        ("Nothing follows:", ["Nothing follows:"]),
        ("| a | b |\n| - | - |\n| 1 | 2 |\n\nx", ["| a | b |\n| - | - |\n| 1 | 2 |", "x"]),
        ("她喜欢：\n- 茶", ["她喜欢: 茶"]),
        ("-\n\n- \n", []),
        ("***\n\n \n", []),
    ],
)
def test_where_a_note_is_cut(body: str, texts: list[str]) -> None:
    assert [piece.text for piece in cut(body)] == texts


def test_nothing_longer_than_a_statement_and_nothing_lost() -> None:
    sentences = " ".join(f"Sentence number {number} is here." for number in range(200))
    nested = "- parent\n" + "".join(f"  - child {number} {'x ' * 50}\n" for number in range(40))
    unbroken = "字" * 5_000
    body = f"# {'Title ' * 100}\n\n{sentences}\n\n{nested}\n\n{unbroken}\n"
    pieces = cut(body, title="a name")
    assert max(len(piece.text) for piece in pieces) <= LONGEST
    told = " ".join(piece.text for piece in pieces)
    for number in range(200):
        assert f"number {number} is here." in told
    children = [piece.text for piece in pieces if "child" in piece.text]
    assert len(children) == 40
    assert all("parent: child" in text for text in children)
    assert told.count("字") == 5_000
