"""What holds for the analysis of any text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remanence.index.folding import bare, fold
from remanence.index.text import WEAK, analyze, analyze_query, content_words, words

_SCRIPTS = st.sampled_from(
    [
        "abc ABC'’ ",
        "äöüßéñçøıİ ",
        "的我猫狗茶三十五月号只小明在 ",
        "貓狗體學號這 ",
        "ねこはがコーヒーです ｶﾞ ",
        "고양이는학교에서 ",
        "แมวชอบปลาที่ไหน ำ้ ",
        "киёЁ ",
        "قطةأإىیک ",
        "क़िताबँं ",
        "0123３٣३①½ ",
        "👍🏽?!…_'",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(_SCRIPTS.flatmap(lambda letters: st.text(letters, max_size=8)), max_size=8).map(
        "".join
    ),
)


@given(TEXTS)
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert all(bare(bare(word)) == bare(word) for word in words(text))


@given(TEXTS)
def test_terms_are_single_words(text: str) -> None:
    terms = analyze(text).terms
    assert terms.split() == ([] if not terms else terms.split(" "))
    assert all(term.removeprefix(WEAK) for term in terms.split())


@given(TEXTS)
def test_a_text_is_found_by_itself(text: str) -> None:
    terms = set(analyze(text).terms.split())
    query = analyze_query(text)
    assert bool(query.terms) == bool(terms)
    for term in query.terms:
        assert not terms.isdisjoint({term, *query.variants.get(term, ())})


@given(TEXTS)
def test_a_query_is_complete(text: str) -> None:
    query = analyze_query(text)
    assert len(set(query.terms)) == len(query.terms)
    assert query.variants.keys() <= {*query.terms}
    assert all(term not in forms for term, forms in query.variants.items())
    assert all(0 < weight <= 1 for weight in query.weights.values())
    assert content_words(text) >= 0
