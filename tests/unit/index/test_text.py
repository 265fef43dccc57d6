import time

import pytest

from remanence.index.text import analyze, analyze_query, content_words, words


def _terms(text: str) -> list[str]:
    return analyze(text).terms.split()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("garden", "gardens"),
        ("painting", "painted"),
        ("Paint", "PAINT"),
        ("ran", "running"),
        ("went", "go"),
        ("children", "child"),
        ("children's", "child"),
        ("bought", "buys"),
        ("better", "good"),
        ("Nora's", "Nora"),
        ("Nora’s", "nora"),
        ("O’Brien", "o'brien"),
        ("Ｇｈｅｎｔ", "ghent"),
        ("café", "cafe\u0301"),
        ("café", "cafe"),
        ("München", "MUNCHEN"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("ﬁsh", "fish"),
        ("①", "1"),
        ("собаки", "собака"),
        ("σκύλος", "σκύλου"),
    ],
)
def test_forms_of_a_word_are_one_term(one: str, other: str) -> None:
    assert _terms(one) == _terms(other)
    assert len(_terms(one)) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("й", "и"), ("1", "10"), ("Nora", "Norah"), ("猫", "狗"), ("US", "u")]
)
def test_other_words_are_other_terms(one: str, other: str) -> None:
    assert set(_terms(one)).isdisjoint(_terms(other))


def test_contractions_are_single_words() -> None:
    assert words("Don’t y'all know it's 5 o'clock?") == [
        "don't",
        "y'all",
        "know",
        "it's",
        "5",
        "o'clock",
    ]
    assert _terms("don't it's") == ["_don't", "_it's"]


def test_quotes_and_underscores_are_no_part_of_words() -> None:
    assert words("'quoted' _emphasised_ rock'n'roll snake_case ''") == [
        "quoted",
        "emphasised",
        "rock'n'roll",
        "snake",
        "case",
    ]


def test_unspaced_scripts_become_pairs_and_weak_single_characters() -> None:
    assert _terms("喜欢小猫") == ["喜欢", "欢小", "小猫", *(f"_{c}" for c in "喜欢小猫")]
    assert _terms("猫") == ["猫", "_猫"]
    assert _terms("コーヒー") == ["コー", "ーヒ", "ヒー", "_コ", "_ー", "_ヒ", "_ー"]
    assert words("Nora喜欢tea") == ["nora", "喜欢", "tea"]


def test_runs_are_cut_at_function_words() -> None:
    assert _terms("我的猫")[:1] == ["猫"]
    assert set(_terms("我的猫")) == {"猫", "_我", "_的", "_猫"}


@pytest.mark.parametrize("word", ["नमस्ते", "வணக்கம்", "שָׁלוֹם", "مُحَمَّد", "i\u0307stanbul"])
def test_marks_belong_to_their_word(word: str) -> None:
    assert len(words(word)) == 1
    assert len(_terms(f"{word} {word}")) == 2


def test_texts_without_words_have_no_terms() -> None:
    for text in ("?!", "👍🏽", "___", "' '", "…"):
        assert analyze(text).terms == ""
        assert analyze_query(text).terms == ()


@pytest.mark.parametrize(
    "text",
    [
        "Why?",
        "Why? ",
        "Why?!",
        "Why?)",
        "为什么？",
        "لماذا؟",
        "你吃饭了吗",
        "你吃飯了嗎。",
        "那本书呢",
        "你要去哪里",
        "他叫什么",
        "你昨天去哪了",
        "お元気ですか。",
        "밥 먹었나요",
        "ไปไหม",
        'He asked "why?"',
        "Is it 5? 🙂",
        "?",
    ],
)
def test_questions_are_recognised(text: str) -> None:
    assert analyze(text).asks


@pytest.mark.parametrize(
    "text",
    [
        "Why",
        "Why? Because.",
        "a?b",
        "?x",
        "What now.",
        "我吃饭了",
        "好吃吗？好吃。",
        "谁都知道",
        "まだです",
    ],
)
def test_other_texts_are_no_questions(text: str) -> None:
    assert not analyze(text).asks


@pytest.mark.parametrize(
    "pattern",
    ["?", "? ", "'", "a'", "？!", "\u0301", "_", "猫", "a猫", "九", "万", "的", "ก", "가", "5月"],
)
def test_long_texts_of_few_characters_take_no_longer(pattern: str) -> None:
    began = time.perf_counter()
    analyze(pattern * (200_000 // len(pattern)) + "x")
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("What did Nora say about the gardens?", ("nora", "garden")),
        ("Where is it that she went?", ("go",)),
        ("What did I say about that?", ("what", "say")),
        ("Who told you what?", ("who", "tell", "what")),
        ("Is it there?", ("_is", "_it", "_there")),
        ("garden gardens Garden", ("garden",)),
        ("小猫在哪里", ("_小", "_猫", "小猫")),
        ("我的猫叫什么？", ("_猫",)),
        ("我的貓叫什麼", ("_猫",)),
        ("你还记得我说过的书吗", ("_书",)),
        ("你是谁", ("_你", "_是", "_谁")),
        ("¿Cómo se llama mi perro?", ("perr",)),
        ("Was hast du über die Gärten gesagt?", ("gart",)),
        ("Кто ты?", ("_кто",)),
        ("고양이는 어디에 있어요?", ("고양", "양이")),
        ("猫の名前は何ですか", ("_猫",)),
        ("แมวของฉันชื่ออะไร", ("แมว",)),
        ("猫", ("_猫",)),
        ("猫 garden", ("_猫", "garden")),
    ],
)
def test_a_query_looks_for_content_first(query: str, terms: tuple[str, ...]) -> None:
    assert analyze_query(query).terms == terms


def test_a_query_keeps_all_words_to_recognise_names() -> None:
    assert analyze_query("What did Will say?").words == {"what", "did", "will", "say"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("What about it?", 0),
        ("Where does she live?", 1),
        ("the tickets, and the Tickets, to Lisbon", 2),
        ("里斯本的天气", 3),
        ("呢", 0),
        ("Nora 的蜜蜂", 2),
        ("我的猫叫什么名字？", 1),
        ("它是什么？", 0),
        ("고양이는 어디에 있어요?", 2),
        ("Wo ist das?", 0),
    ],
)
def test_content_words_are_counted(text: str, count: int) -> None:
    assert content_words(text) == count
