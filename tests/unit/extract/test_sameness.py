import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.extract.sameness import attribute_key, overlap, statement_key

texts = st.text() | st.text(alphabet="aA Ééß:'’的玛丽ﾊ゛Ω_-. \u200b", max_size=20)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Maria lives in Lisbon.", "maria lives  in Lisbon"),
        ("Maria lives in Lisbon", "MARIA LIVES IN LISBON!"),
        ("Maria\u2019s cat is old.", "Maria's cat is old"),
        ("Ｍａｒｉａ lives in Lisbon", "Maria lives in Lisbon"),
        ("玛丽住在杭州。", "玛丽住在杭州"),
        ("玛丽用 Python 写程序。", "玛丽用Python写程序｡"),
        ("...", "…"),
    ],
)
def test_one_statement_written_in_two_ways(one: str, other: str) -> None:
    assert statement_key(one) == statement_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Maria lives in Lisbon.", "Maria lived in Lisbon."),
        ("Maria lives in Lisbon.", "Maria does not live in Lisbon."),
        ("Maria codes in C#.", "Maria codes in C."),
        ("Maria codes in C++.", "Maria codes in C."),
        ("Maria is 30.", "Maria is 31."),
        ("玛丽住在杭州。", "玛丽不住在杭州。"),
    ],
)
def test_two_statements(one: str, other: str) -> None:
    assert statement_key(one) != statement_key(other)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("maria: home city", "maria: home city"),
        ("Maria: Home_City", "maria: home city"),
        ("Maria's home city", "maria: home city"),
        ("Maria\u2019s  home-city.", "maria: home city"),
        ("maria:home city", "maria: home city"),
        ("Maria's brother's employer", "maria s brother: employer"),
        ("Maria's brother: employer", "maria s brother: employer"),
        ("The user: the favourite dish", "user: favourite dish"),
        ("玛丽：居住城市", "玛丽: 居住城市"),
        ("玛丽的居住城市", "玛丽: 居住城市"),
        ("Maria 的 居住 城市", "maria: 居住城市"),
        ("旅行目的地", "旅行目的地"),
        ("home city", "home city"),
        (" : ?!", ""),
    ],
)
def test_an_attribute_has_one_form(text: str, key: str) -> None:
    assert attribute_key(text) == key


@given(texts)
def test_keys_are_their_own_keys(text: str) -> None:
    assert attribute_key(attribute_key(text)) == attribute_key(text)
    assert statement_key(statement_key(text)) == statement_key(text)


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("Maria lives in Lisbon", "Maria lives in Berlin", 2 / 3),
        ("Maria lives in Lisbon", "In Lisbon lives Maria, with her cat", 1),
        ("Maria's cat is old", "Maria has a dog", 1 / 2),
        ("Rui likes tea", "Maria lives in Lisbon", 0),
        ("玛丽住在杭州", "玛丽住在北京", 3 / 5),
        ("It is", "Maria lives in Lisbon", 0),
        ("", "", 0),
    ],
)
def test_words_in_common(one: str, other: str, share: float) -> None:
    assert overlap(one, other) == pytest.approx(share)
    assert overlap(other, one) == pytest.approx(share)
