"""All attacks on the engine, and some of them on mem0: nothing leaves the fence, or steers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from evals.attacks.attack import FAMILIES, attacks
from evals.attacks.places import opened
from evals.attacks.running import Outcome, run

pytestmark = pytest.mark.agentscope

ATTACKS = attacks()
_HEARD = ("user", "speaker", "assistant", "memory tool", "note by assistant", "note by user")
"""How an attack arrives where a service is given what user and assistant say."""
SAMPLE = [attack for attack in ATTACKS if attack.via in _HEARD][::7]


async def _problems(place: str, folder: Path, chosen: list[int]) -> list[str]:
    some = [attack for attack in ATTACKS if attack.number in chosen]
    async with opened(place, folder) as there:
        assert there is not None
        outcomes: list[Outcome] = [each async for each in run(some, there)]
    assert len(outcomes) == len(some)
    return [
        f"{each.attack.number} {each.attack.name}: {problem}"
        for each in outcomes
        for problem in each.problems
    ]


@pytest.mark.parametrize("family", range(1, len(FAMILIES) + 1))
async def test_no_attack_on_the_engine_does_what_it_must_not(tmp_path: Path, family: int) -> None:
    chosen = [attack.number for attack in ATTACKS if attack.family == family]
    assert await _problems("engine", tmp_path, chosen) == []


async def test_nor_does_any_on_mem0(tmp_path: Path) -> None:
    pytest.importorskip("mem0")
    assert await _problems("mem0", tmp_path, [attack.number for attack in SAMPLE]) == []


def test_there_are_enough_of_each_family_and_no_two_are_the_same() -> None:
    assert len(ATTACKS) >= 80
    assert min(Counter(attack.family for attack in ATTACKS).values()) >= 9
    assert {attack.family for attack in ATTACKS} == {*range(1, len(FAMILIES) + 1)}
    told = {(each.via, each.owner, each.speaker, each.payload, each.caption) for each in ATTACKS}
    assert len(told) == len(ATTACKS)
    assert len(SAMPLE) >= 8
