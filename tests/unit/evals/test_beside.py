from pathlib import Path

from evals.extraction.beside import measure_beside
from evals.extraction.tables import beside_rows


async def test_turns_are_measured_alone_and_beside_a_reading(tmp_path: Path) -> None:
    measured = await measure_beside(
        tmp_path, whose="same", embedder=None, earlier=200, stored=200, turns=3, repeats=1
    )
    assert measured.turns == 3
    assert measured.turns_beside > 0
    assert measured.facts >= 200
    assert 0 < measured.alone <= measured.alone_p95
    ((label, thinking, *_, ratio),) = beside_rows([measured])
    assert label == "words alone, turns of the same user"
    assert thinking == "0"
    assert ratio.startswith(f"{measured.beside / measured.alone:.2f} ")
