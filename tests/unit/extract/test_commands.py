"""The words of a group are in whatever its patterns are found in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remanence.extract.commands import LANGUAGES, Group

_GROUPS = [
    group
    for language in LANGUAGES
    for group in (*language.anywhere, *language.orders)
    if group.words.pattern
]


@pytest.mark.parametrize("group", _GROUPS, ids=lambda group: group.words.pattern[:30])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_pattern_is_found_without_the_words_of_its_group(
    group: Group, data: st.DataObject
) -> None:
    pattern = data.draw(st.sampled_from(group.patterns))
    text = data.draw(st.from_regex(pattern))
    assert pattern.search(text)
    assert group.words.search(text)
