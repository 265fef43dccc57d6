import numpy as np

from evals.resident import resident_bytes


def test_what_is_held_is_counted() -> None:
    before = resident_bytes()
    held = np.ones(20_000_000, np.uint8)
    grown = resident_bytes() - before
    assert 15_000_000 < grown < 60_000_000
    assert held.size
