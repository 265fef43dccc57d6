"""The format is described as it is."""

import dataclasses
import re
from pathlib import Path

import pytest

from remanence.archive.limits import LIMITS
from remanence.archive.manifest import MEMBERS, VERSION, Manifest, Member
from remanence.store.archive import (
    ArchivedEpisode,
    ArchivedFact,
    ArchivedSession,
    ArchivedSource,
)

TEXT = (Path(__file__).parents[2] / "docs" / "archives.md").read_text("utf-8")
PARTS: dict[str, str] = dict(
    zip(MEMBERS, re.split(r"^\*\*\w+\.jsonl\*\*", TEXT, flags=re.MULTILINE)[1:], strict=True)
)


@pytest.mark.parametrize(
    ("member", "record"),
    list(zip(MEMBERS, (ArchivedSession, ArchivedEpisode, ArchivedFact), strict=True)),
)
def test_every_field_of_a_line_is_described(member: str, record: type) -> None:
    rows = re.findall(r"^\| (`.*?) \|", PARTS[member], re.MULTILINE)
    described = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(described) == sorted(field.name for field in dataclasses.fields(record))


def test_so_is_what_a_fact_rests_on_and_the_manifest() -> None:
    for field in dataclasses.fields(ArchivedSource):
        assert f"`{field.name}`" in PARTS["facts.jsonl"].split("`sources` |")[1]
    before = TEXT.split("**sessions.jsonl**")[0]
    for name in (*Manifest.model_fields, *Member.model_fields):
        assert f"`{name}`" in before
    assert f"`version` ({VERSION})" in before


def test_so_are_the_limits() -> None:
    assert (LIMITS.whole, LIMITS.line) == (4 * 1024**3, 16 * 1024**2)
    assert "4 GB unpacked, 16 MB a line" in TEXT
