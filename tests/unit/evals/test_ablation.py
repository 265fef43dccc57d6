import pytest

from evals.ablation.records import Weighed
from evals.ablation.tables import weighed_rows
from evals.ablation.terms import EVERYTHING, TERMS, switched_off, terms_of
from remanence.index import lexical
from remanence.recall import rank


@pytest.mark.parametrize("term", TERMS)
def test_every_term_can_be_switched_off_and_comes_back(term: str) -> None:
    names = [(each.module, each.name) for each in TERMS[term]]
    before = {name: repr(getattr(_module(module), name)) for module, name in names}
    with switched_off(term):
        assert all(repr(getattr(_module(module), name)) != before[name] for module, name in names)
    assert {name: repr(getattr(_module(module), name)) for module, name in names} == before


def _module(name: str) -> object:
    from importlib import import_module

    return import_module(name)


def test_a_term_that_is_off_counts_nothing() -> None:
    norm = lexical.length_norm([3, 300])
    with switched_off("the length of turns"):
        assert lexical.length_norm([3, 300]).tolist() == [1.0, 1.0]
    assert lexical.length_norm([3, 300]).tolist() == norm.tolist() != [1.0, 1.0]
    with switched_off("dates"):
        assert rank.__dict__["_DATE_WEIGHT"] == 0


def test_terms_of_vectors_are_left_out_where_there_are_none() -> None:
    assert "neighbours' vectors" not in terms_of(vectors=False)
    assert terms_of(vectors=True) == list(TERMS)
    assert "neighbours' words" in terms_of(vectors=False)


def test_a_term_adds_what_is_lost_without_it() -> None:
    def found(data_set: str, term: str, share: float) -> Weighed:
        return Weighed("lexical", data_set, term, {10: share, 50: 0.9})

    weighed = [
        found(data_set, term, share)
        for data_set in ("LoCoMo", "pool", "scattered")
        for term, share in ((EVERYTHING, 0.8), ("dates", 0.785))
    ]
    first, second = weighed_rows(weighed, "lexical")
    assert first[1:3] == ["80.0", "90.0"]
    assert second[:3] == ["dates", "78.5 (+1.5)", "90.0 (+0.0)"]
