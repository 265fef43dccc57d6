"""An archive is believed in nothing: whatever is wrong with it is told, and where."""

import json
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.fuzz.packing import manifest_of, packed, zipped
from remanence.archive.limits import Limits
from remanence.archive.manifest import EPISODES, FACTS, MANIFEST, SESSIONS
from remanence.archive.reading import ArchiveReader
from remanence.errors import ArchiveError, RecordError, RemanenceError
from remanence.store.archive import ArchivedEpisode
from tests.archive.records import NOON, Record, episode, fact, id_of, lines, read, session, small

EMPTY = packed(b"", b"", b"")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alice.zip"


def told(**changed: Any) -> bytes:
    """Return the small archive with another manifest."""
    members = [lines(session()), lines(episode(1)), lines(fact(2, 1))]
    return packed(*members, manifest={**manifest_of(*members), **changed})


def members(**more: bytes) -> dict[str, bytes]:
    return {SESSIONS: b"", EPISODES: b"", FACTS: b"", MANIFEST: b"{}"} | more


def test_what_was_written_is_read_in_order(path: Path) -> None:
    sessions, items = read(path, small())
    assert [(each.session_id, each.next_position) for each in sessions] == [("monday", 10)]
    assert [item.number for item in items] == [1, 2, 3, 4]
    first = items[0]
    assert isinstance(first, ArchivedEpisode)
    assert first.at.isoformat() == NOON
    assert first.metadata == '{"a":[1,2.5,null]}'
    assert read(path, EMPTY) == ([], [])


def test_members_may_be_in_any_order_and_not_packed(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        path_of_small = path.with_name("small.zip")
        path_of_small.write_bytes(small())
        with zipfile.ZipFile(path_of_small) as original:
            for name in (MANIFEST, FACTS, EPISODES, SESSIONS):
                archive.writestr(name, original.read(name))
    assert read(path, path.read_bytes()) == read(path, small())


def test_a_file_that_is_cut_off_anywhere_is_refused(path: Path) -> None:
    whole = small()
    for length in range(0, len(whole), 7):
        with pytest.raises(ArchiveError, match=r"alice\.zip"):
            read(path, whole[:length])


def test_a_byte_that_is_changed_anywhere_is_refused_or_of_no_account(path: Path) -> None:
    whole = small()
    expected = read(path, whole)
    refused = 0
    for place in range(len(whole)):
        for flip in (0x01, 0x80):
            changed = bytearray(whole)
            changed[place] ^= flip
            try:
                found = read(path, bytes(changed))
            except RemanenceError:
                refused += 1
            else:
                assert found == expected
    assert refused > len(whole)  # of twice as many: the rest are dates, versions and such


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no whole zip file"),
        (b"hello", "no whole zip file"),
        (zipped([]), "has no 'manifest.json'"),
        (zipped([("other.txt", b"")]), "'other.txt' in it, which belongs into no archive"),
        (zipped(members(**{"../../evil": b"x"}).items()), "'../../evil' in it"),
        (zipped(members(**{"/etc/passwd": b"x"}).items()), "'/etc/passwd' in it"),
        (zipped(members(**{"episodes.jsonl/": b""}).items()), "belongs into no archive"),
        (zipped([*members().items()][1:]), "has no 'sessions.jsonl'"),
        (packed(b"", b"", b"", compression=zipfile.ZIP_BZIP2), "packed in a way that no archive"),
        (packed(b"", b"", b"", compression=zipfile.ZIP_LZMA), "packed in a way that no archive"),
        (packed(b"", b"", b"", manifest=b"hello"), "manifest.json is not JSON"),
        (packed(b"", b"", b"", manifest=b"\xff"), "manifest.json is not JSON"),
        (packed(b"", b"", b"", manifest=b"[" * 10_000), "manifest.json is not JSON"),
        (packed(b"", b"", b"", manifest=b"[]"), "is no archive of Remanence"),
        (packed(b"", b"", b"", manifest=b" " * 2**20 + b"{}"), "a manifest that is too large"),
        (told(format="zip"), "is no archive of Remanence"),
        (told(version=2), "version 2, and this Remanence knows up to 1; upgrade"),
        (told(version="1"), "manifest.json: version:"),
        (told(version=True), "manifest.json: version:"),
        (told(version=0), "manifest.json: version:"),
        (told(user_id=""), "manifest.json: user_id: is empty"),
        (told(user_id="*"), "manifest.json: user_id: is the wildcard"),
        (told(user_id=None), "manifest.json: user_id:"),
        (told(created_at="yesterday"), "manifest.json: created_at: is no date"),
        (told(created_at="2026-03-01T12:00:00"), "created_at: is a datetime without a time zone"),
        (told(created_at=5), "created_at: is not a string"),
        (told(more=1), "manifest.json: more: extra"),
        (told(files={}), "manifest.json: files: does not name just the members"),
    ],
)
def test_what_is_no_archive_is_refused(path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        read(path, data)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)


def test_members_that_are_there_twice_are_refused(path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped([*members().items(), (EPISODES, b"")])
    with pytest.raises(ArchiveError, match=r"'episodes\.jsonl' in it twice"):
        read(path, twice)


def test_an_encrypted_archive_is_refused(path: Path) -> None:
    data = bytearray(EMPTY)
    place = data.index(b"PK\x01\x02") + 8
    data[place : place + 2] = struct.pack("<H", 1)
    with pytest.raises(ArchiveError, match="is encrypted; decrypt it first"):
        read(path, bytes(data))


@pytest.mark.parametrize("field", ["lines", "bytes", "sha256"])
@pytest.mark.parametrize("name", [SESSIONS, EPISODES, FACTS])
def test_a_manifest_that_lies_is_refused(path: Path, name: str, field: str) -> None:
    parts = [lines(session()), lines(episode(1)), lines(fact(2, 1))]
    manifest = manifest_of(*parts)
    manifest["files"][name][field] = "0" * 64 if field == "sha256" else 2
    with pytest.raises(ArchiveError, match=name):
        read(path, packed(*parts, manifest=manifest))


def test_a_bomb_is_refused_before_it_is_unpacked(path: Path) -> None:
    bomb = lines(session()), b" " * 100_000_000, b""
    data = packed(*bomb)
    assert len(data) < 200_000
    path.write_bytes(data)
    tracemalloc.start()
    try:
        began = time.perf_counter()
        with pytest.raises(ArchiveError, match="unpacks to 100,000,0"):
            ArchiveReader(path)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        assert time.perf_counter() - began < 5
    finally:
        tracemalloc.stop()


def test_an_archive_that_is_too_large_is_refused(path: Path) -> None:
    limits = Limits(whole=len(lines(session(), episode(1), fact(2, 1))) - 1)
    with pytest.raises(ArchiveError, match="more than"):
        read(path, told(), limits)
    more = Limits(whole=limits.whole + 1)
    assert len(read(path, told(), more)[1]) == 2


def test_a_line_that_is_too_long_is_refused(path: Path) -> None:
    long = lines(episode(1, content="x" * 1_000))
    data = small(episodes=long, facts=b"")
    with pytest.raises(ArchiveError, match=r"episodes\.jsonl:1: the line is longer"):
        read(path, data, Limits(line=len(long) - 1))
    assert len(read(path, data, Limits(line=len(long)))[1]) == 1


def test_no_more_of_a_line_is_read_than_may_be(path: Path) -> None:
    data = packed(b"", b"x" * 50_000_000, b"", compression=zipfile.ZIP_STORED)
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with (
            ArchiveReader(path, limits=Limits(line=1_000_000)) as archive,
            pytest.raises(ArchiveError, match="the line is longer"),
        ):
            list(archive.items())
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_size_in_the_directory_that_lies_is_refused(path: Path) -> None:
    """What unpacks to more than was told is not read on, and what unpacks to less is noticed."""
    data = small()
    for lie in (-1, 1, 10_000_000):
        changed = bytearray(data)
        place = changed.index(b"PK\x01\x02") + 24
        (size,) = struct.unpack_from("<I", changed, place)
        struct.pack_into("<I", changed, place, size + lie)
        with pytest.raises(ArchiveError):
            read(path, bytes(changed))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"sessions": lines(session(), session())}, r"sessions\.jsonl:2: the session is there"),
        ({"episodes": lines(episode(1), episode(4, id=id_of(1)))}, r"episodes\.jsonl:2: id: "),
        ({"episodes": lines(episode(1), episode(4, id=id_of(3)))}, r"episodes\.jsonl:2: id: "),
        ({"episodes": lines(episode(1), episode(3), episode(4))}, r":\d: number: 3 is there twice"),
        ({"episodes": lines(episode(4), episode(1))}, r"episodes\.jsonl:2: number: 1 does not"),
        (
            {"episodes": lines(episode(1), episode(4, message_id="m1"))},
            r"episodes\.jsonl:2: message_id: 'm1' is there twice",
        ),
        ({"episodes": lines(episode(1)).rstrip(b"\n")}, r"episodes\.jsonl:1: the line is cut off"),
    ],
)
def test_what_is_there_twice_or_cut_off_is_refused(
    path: Path, changed: dict[str, bytes], reason: str
) -> None:
    with pytest.raises(ArchiveError, match=reason):
        read(path, small(**changed))


LONG = "x" * 257
BROKEN: list[tuple[str, dict[str, bytes], int, str]] = [
    ("sessions", {"sessions": lines(b"\n")}, 1, "record"),
    ("sessions", {"sessions": lines(session(), b"{]\n")}, 2, "record"),
    ("sessions", {"sessions": lines(session(agent_id=""))}, 1, "agent_id"),
    ("sessions", {"sessions": lines(session(session_id=LONG))}, 1, "session_id"),
    ("sessions", {"sessions": lines(session(next_position=-1))}, 1, "next_position"),
    ("sessions", {"sessions": lines(session(next_position=2**63))}, 1, "next_position"),
    ("sessions", {"sessions": lines(session(next_position=1.5))}, 1, "next_position"),
    ("sessions", {"sessions": lines(session(more=1))}, 1, "more"),
    ("episodes", {"sessions": lines(session(next_position=4))}, 2, "position"),
    ("episodes", {"sessions": lines(session(session_id="other"))}, 1, "session_id"),
    ("episodes", {"episodes": lines(episode(1), episode(4, position=1))}, 2, "position"),
    ("facts", {"facts": lines(fact(2, 1, 5))}, 1, "sources"),
    ("facts", {"facts": lines(fact(2, 1), fact(3, 2))}, 2, "sources"),
    ("facts", {"facts": lines(fact(2, 1, 1))}, 1, "sources"),
    ("facts", {"facts": lines(fact(2, by=7))}, 1, "superseded_by"),
    ("facts", {"facts": lines(fact(2, by=1))}, 1, "superseded_by"),
    ("facts", {"facts": lines(fact(2, by=2))}, 1, "superseded_by"),
    ("facts", {"facts": lines(fact(2, by=3), fact(3, by=2))}, 1, "superseded_by"),
    ("facts", {"facts": lines(fact(2, by=3, ending=None), fact(3))}, 1, "ending"),
    ("facts", {"facts": lines(fact(2, ending="ended"))}, 1, "ending"),
    ("facts", {"facts": lines(fact(2, superseded_by=id_of(3)), fact(3))}, 1, "superseded_by"),
]
VALUES: list[tuple[str, list[Any]]] = [
    ("number", [0, -1, 2**63, "1", None, 1.5, True]),
    ("id", ["", "01A229AB-204F-704E-AD57-000000000001", id_of(1)[:-1], id_of(1) + "\n", 5]),
    ("agent_id", ["", "*", " a", LONG, "a\nb", 5]),
    ("session_id", ["", "\ud800", 5]),
    ("at", [None, 5, "", "noon", "2026-03-01", "2026-03-01T12:00:00", "0001-01-01T00:00:00Z"]),
    ("at", ["9999-12-31T23:59:59Z", "2026-03-01T12:00:00+99:00", "2026-02-30T12:00:00Z"]),
    ("recorded_at", [None, "x"]),
    ("metadata", [None, [], "x", {"a": "\x00"}, {"a": "\ud800"}, {"a": "x" * 70_000}]),
    ("metadata", [json.loads('{"a":' + "[" * 100 + "]" * 100 + "}")]),
    ("imported", [None, 0, "no"]),
]
OF_EPISODES: list[tuple[str, list[Any]]] = [
    ("position", [-1, 2**63, None, 1.5]),
    ("role", ["", "admin", None, 5]),
    ("name", ["", LONG, "a\nb", 5]),
    ("content", ["", " ", None, 5, "a\x00", "\ud800", "x" * 1_000_001]),
    ("message_id", ["", LONG, 5]),
    ("extraction", [None, "", 1, -1]),
]
OF_FACTS: list[tuple[str, list[Any]]] = [
    ("text", ["", None, "x" * 1_000_001]),
    ("kind", ["", "secret", 1]),
    ("attribute", ["", 5, "a\x00"]),
    ("stated_by", ["nobody", 1]),
    ("confidence", [-0.1, 1.5, "1", True]),
    ("valid_from", ["x", 5]),
    ("valid_until", ["x", 5]),
    ("stated_until", ["x", 5]),
    ("superseded_at", ["x", 5]),
    ("superseded_by", ["x", 5]),
    ("ending", ["x", 5]),
    ("sources", [None, {}, [5], [{}], [{"episode": id_of(1), "stated_by": None, "drawn": 1}]]),
]


def _wrong() -> list[tuple[str, dict[str, bytes], int, str]]:
    found = list(BROKEN)
    kinds: list[tuple[str, Callable[..., Record], list[tuple[str, list[Any]]]]] = [
        ("episodes", episode, VALUES + OF_EPISODES),
        ("facts", fact, VALUES + OF_FACTS),
    ]
    for name, make, fields in kinds:
        for field, values in fields:
            records = [{**make(2), field: value} for value in values]
            missing = make(2)
            del missing[field]
            first = make(1, position=1) if name == "episodes" else None
            before = [] if first is None else [first]
            for record in (*records, missing):
                data = lines(*before, record)
                changed = {"facts": b"", name: data}
                found.append((name, changed, len(before) + 1, field))
    return found


@pytest.mark.parametrize(("name", "changed", "number", "field"), _wrong())
def test_a_line_that_is_wrong_is_named(
    path: Path, name: str, changed: dict[str, bytes], number: int, field: str
) -> None:
    with pytest.raises(RecordError) as caught:
        read(path, small(**changed))
    error = caught.value
    assert error.where == f"{path}:{name}.jsonl:{number}"
    assert error.field.split(".")[0] == field
    assert len(str(error)) < 500  # nothing that anybody said is in it


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "-Infinity",
        '"' + "x" * 10,
        "[" * 100_000 + "]" * 100_000,
        "1" * 5_000,
        "{}x",
        "",
    ],
)
def test_what_json_can_not_be_is_refused(path: Path, text: str) -> None:
    line = json.dumps(episode(1, metadata={"a": "HERE"})).replace('"HERE"', text) + "\n"
    with pytest.raises(RecordError, match=r"episodes\.jsonl:1: record: is not JSON"):
        read(path, small(episodes=lines(line.encode()), facts=b""))


@pytest.mark.parametrize("place", ["nowhere.zip", "."])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, place: str) -> None:
    with pytest.raises(ArchiveError, match=r"no file|is a folder"):
        ArchiveReader(tmp_path / place)
