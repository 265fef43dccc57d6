"""What the evaluation of erasures looks for, and what it tells."""

from pathlib import Path

import pytest

from evals.erasure.engine import measure
from evals.erasure.needles import found_in


def test_needles_are_found_wherever_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any offset, also across what is read at once, and only if all of it is there."""
    monkeypatch.setattr("evals.erasure.needles._READ_AT_ONCE", 100)
    needles = [f"needle{number:03}".encode() for number in range(40)]
    hay = bytearray(b"x" * 2_000)
    there = needles[:30]
    for place, needle in enumerate(there):
        hay[place * 61 : place * 61 + len(needle)] = needle
    hay[1_900:1_907] = needles[35][:7]
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(hay)
    other.write_bytes(needles[39])
    assert found_in([one], needles) == set(there)
    assert found_in([one, other], needles) == {*there, needles[39]}
    assert found_in([one], []) == set()


def test_one_user_among_others_is_gone_and_the_others_are_not(tmp_path: Path) -> None:
    measured = measure(tmp_path, users=5, episodes=300, erased=60, sample=30)
    assert measured.before[:2] == (60, 60)
    assert measured.before[2] > 30
    assert measured.after == (0, 0, 0)
    assert (measured.receipt.episodes, measured.changed) == (60, 0)
    assert measured.others > 0
