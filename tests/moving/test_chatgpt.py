"""Reading exports of ChatGPT: which branch, which messages, and when."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from remanence import InputError, RecordError
from remanence.moving.arrivals import Arrivals
from remanence.moving.chatgpt import read_chatgpt
from remanence.store.archive import ArchivedEpisode

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
BEGAN = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)


def message(role: str, content: Any, minute: float | None = 0, **fields: Any) -> dict[str, Any]:
    told: Any = (
        {"content_type": "text", "parts": [content]} if isinstance(content, str) else content
    )
    return {
        "id": fields.pop("id", None),
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": None if minute is None else BEGAN.timestamp() + 60 * minute,
        "content": told,
        "recipient": "all",
        "metadata": fields.pop("metadata", {}),
        **fields,
    }


def conversation(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a conversation of one branch, whose nodes are n0, n1, …, and a root without words."""
    mapping: dict[str, Any] = {"root": {"id": "root", "message": None, "parent": None}}
    before = "root"
    for number, told in enumerate(messages):
        mapping[f"n{number}"] = {"id": f"n{number}", "message": told, "parent": before}
        before = f"n{number}"
    return {
        "title": "Birds",
        "create_time": BEGAN.timestamp(),
        "conversation_id": "c1",
        "mapping": mapping,
        "current_node": before,
        **fields,
    }


def read(path: Path, *told: Any, **more: Any) -> Arrivals:
    file = path / "conversations.json"
    if told:
        file.write_text(json.dumps(list(told)))
    return read_chatgpt(file if told else path, user_id="alice", now=NOW, **more)


def episodes(arrivals: Arrivals) -> list[ArchivedEpisode]:
    items = [item for user in arrivals.users for item in user.items]
    return [item for item in items if isinstance(item, ArchivedEpisode)]


def contents(arrivals: Arrivals) -> list[str]:
    return [item.content for item in episodes(arrivals)]


def test_a_conversation_becomes_a_session(tmp_path: Path) -> None:
    arrivals = read(
        tmp_path,
        conversation(
            message("user", "I have a falcon.", 0.5, id="m1"),
            message("assistant", "How nice!", 1, id="m2", metadata={"model_slug": "gpt-5"}),
        ),
        agent_id="clerk",
    )
    assert arrivals.skipped == ()
    first, second = episodes(arrivals)
    assert (first.content, first.role, first.name, first.message_id, first.position) == (
        "I have a falcon.",
        "user",
        None,
        "m1",
        0,
    )
    assert first.at == BEGAN + dt.timedelta(seconds=30)
    assert (first.agent_id, first.session_id, first.imported) == ("clerk", "c1", True)
    assert json.loads(second.metadata) == {
        "title": "Birds",
        "model": "gpt-5",
        "source": {"from": "chatgpt", "conversation": "c1"},
    }


def test_the_branch_that_was_shown_last_is_read(tmp_path: Path) -> None:
    told = conversation(message("user", "Falcons?"), message("assistant", "First answer."))
    told["mapping"]["n2"] = {"message": message("assistant", "Second answer.", 5), "parent": "n0"}
    assert contents(read(tmp_path, told)) == ["Falcons?", "First answer."]
    told["current_node"] = "n2"
    assert contents(read(tmp_path, told)) == ["Falcons?", "Second answer."]
    for unknown in ("gone", None):
        told["current_node"] = unknown
        assert contents(read(tmp_path, told)) == ["Falcons?", "Second answer."]


def test_a_branch_that_is_not_whole_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    told = conversation(message("user", "One."), message("user", "Two."), message("user", "Three."))
    told["mapping"]["n0"]["parent"] = "n2"
    arrivals = read(tmp_path, told)
    assert contents(arrivals) == ["One.", "Two.", "Three."]
    (skipped,) = arrivals.skipped
    assert skipped.where == "conversations.json[0]"
    assert "comes back to 'n2'" in skipped.why
    del told["mapping"]["n0"]
    arrivals = read(tmp_path, told)
    assert contents(arrivals) == ["Two.", "Three."]
    (skipped,) = arrivals.skipped
    assert "breaks off at 'n0'" in skipped.why


def test_only_what_the_two_said_to_one_another_is_read(tmp_path: Path) -> None:
    hidden = {"is_visually_hidden_from_conversation": True}
    thoughts = {"content_type": "thoughts", "thoughts": [{"content": "Hm."}]}
    code = {"content_type": "code", "language": "python", "text": "print(1)"}
    arrivals = read(
        tmp_path,
        conversation(
            message("system", "Be kind."),
            message("user", "About me.", metadata=hidden),
            message("user", {"content_type": "user_editable_context", "user_profile": "x"}),
            message("assistant", thoughts),
            message("assistant", {"content_type": "reasoning_recap", "content": "Thought."}),
            message("assistant", code, recipient="python"),
            message("tool", {"content_type": "execution_output", "text": "1"}),
            message("assistant", " "),
            message("assistant", code),
            {"author": None},
            message("assistant", {"content_type": "hologram", "parts": ["?"]}),
        ),
    )
    assert contents(arrivals) == ["print(1)"]
    (skipped,) = arrivals.skipped
    assert skipped.where == "conversations.json[0].mapping.n10"
    assert "'hologram'" in skipped.why


def test_what_is_no_text_leaves_a_mark(tmp_path: Path) -> None:
    image = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://x"}
    audio = {"content_type": "audio_asset_pointer"}
    words = {"content_type": "audio_transcription", "text": "I have a falcon."}
    named = {"attachments": [{"name": "falcon.png"}, {"id": "x"}, 7]}

    def parts(*told: Any) -> dict[str, Any]:
        return {"content_type": "multimodal_text", "parts": list(told)}

    arrivals = read(
        tmp_path,
        conversation(
            message("user", parts(image, "What bird is this?"), metadata=named),
            message("user", parts(words, audio)),
            message("user", parts(audio, {"content_type": "other"}, 7, None)),
        ),
    )
    assert contents(arrivals) == [
        "[image]\nWhat bird is this?",
        "I have a falcon.",
        "[audio]\n[attachment]",
    ]
    assert json.loads(episodes(arrivals)[0].metadata)["attachments"] == ["falcon.png"]


def test_times_that_are_missing_are_the_neighbours(tmp_path: Path) -> None:
    told = conversation(
        message("user", "a", None),
        message("user", "b", 3),
        message("user", "c", None),
        message("user", "d", 2),
        message("user", "e", 4, create_time=float("nan")),
        message("user", "f", 4, create_time=1e30),
    )
    minutes = [(item.at - BEGAN).total_seconds() / 60 for item in episodes(read(tmp_path, told))]
    assert minutes == [3, 3, 3, 3, 3, 3]
    none = conversation(message("user", "a", None), create_time=None)
    assert read(tmp_path, none).skipped[0].why == (
        "create_time: is missing, in its messages as well"
    )
    none["update_time"] = BEGAN.timestamp()
    assert [item.at for item in episodes(read(tmp_path, none))] == [BEGAN]


def test_what_is_no_conversation_is_told(tmp_path: Path) -> None:
    arrivals = read(
        tmp_path,
        7,
        {"title": "x"},
        conversation(message("user", "a"), conversation_id=None),
        conversation(message("user", "b"), conversation_id="c2", is_do_not_remember=True),
        conversation(message("user", "a\x00"), conversation_id="c3"),
        conversation(message("user", "ok"), conversation_id=None, id="c4"),
        conversation(conversation_id="c5", create_time=None),
    )
    assert contents(arrivals) == ["ok"]
    assert [(skipped.where, skipped.why.split(":")[0]) for skipped in arrivals.skipped] == [
        ("conversations.json[0]", "is no conversation"),
        ("conversations.json[1]", "is no conversation"),
        ("conversations.json[2]", "conversation_id"),
        ("conversations.json[3]", "is marked there as one that is not to be remembered"),
        ("conversations.json[4].mapping.n0", "content"),
    ]


@pytest.mark.parametrize("kind", [["text"], {"text": 1}, 7, True])
def test_a_kind_that_is_no_text_is_told(tmp_path: Path, kind: object) -> None:
    odd = message("user", {"content_type": kind, "parts": ["a"]})
    arrivals = read(tmp_path, conversation(odd, message("user", "b")))
    assert contents(arrivals) == ["b"]
    assert [(skipped.where, skipped.why) for skipped in arrivals.skipped] == [
        (
            "conversations.json[0].mapping.n0",
            "content_type: is no text, which is not known here",
        )
    ]


def test_read_twice_it_is_the_same(tmp_path: Path) -> None:
    told = conversation(message("user", "a", id="m1"), message("user", "b", id="m1"))
    before = read(tmp_path, told)
    assert [item.message_id for item in episodes(before)] == ["m1", "n1"]
    assert read(tmp_path, told, told) == before


def test_wherever_the_file_is(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    for number in range(3):
        made = conversation(message("user", f"n{number}", number), conversation_id=f"c{number}")
        (folder / f"conversations-00{number}.json").write_text(json.dumps([made]))
    (folder / "user.json").write_text("{}")
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"inside/{file.name}")
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    found = read_chatgpt(folder, user_id="alice", now=NOW, progress=progress)
    assert contents(found) == ["n0", "n1", "n2"]
    assert told[-1] == (3_000, 3_000)
    assert told == sorted(told)
    assert read(packed).users[0].items == found.users[0].items


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "is not a list of conversations"),
        ("", "is not a list of conversations"),
        ('[{"a": 1}', "is cut off"),
        ('[{"a": 1', "JSON"),
        ("[1 2]", "is cut off"),
        ("[" * 100_000, "is nested too deeply"),
        ("[1,]", "JSON"),
        ('[{"a": ' + "1" * 5_000 + "}]", "has a number with too many digits"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "conversations.json").write_text(text)
    with pytest.raises(RecordError, match=why) as caught:
        read(tmp_path)
    assert caught.value.where.startswith("conversations.json")


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no conversations\.json in it"):
        read(tmp_path)
    with pytest.raises(InputError, match="is not there"):
        read(tmp_path / "gone")
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("chat.html", "x")
    with pytest.raises(InputError, match=r"has no conversations\.json in it"):
        read(packed)
    packed.write_bytes(packed.read_bytes()[:-30])
    with pytest.raises(InputError, match="is no zip file that can be read"):
        read(packed)
    (tmp_path / "conversations.json").write_bytes(b"[\xff]")
    with pytest.raises(InputError, match="is not UTF-8"):
        read(tmp_path)
    with pytest.raises(InputError, match="--user: is missing"):
        read_chatgpt(tmp_path, user_id=None, now=NOW)
    with pytest.raises(InputError, match="--agent"):
        read(tmp_path, agent_id="*")


def test_an_empty_export_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "conversations.json").write_text(" [ ] ")
    assert read(tmp_path).users == ()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes as on POSIX")
def test_a_pipe_is_no_export(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "conversations.json")
    with pytest.raises(InputError, match="is no file"):
        read(tmp_path)
