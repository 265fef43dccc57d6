"""Whether texts and questions of other languages than English meet in the same terms."""

from __future__ import annotations

import pytest

from remanence.index.text import Query, analyze, analyze_query


def _terms(text: str) -> set[str]:
    return set(analyze(text).terms.split())


def _looked_for(query: Query, terms: set[str]) -> list[bool]:
    """Return for each term of a query whether it, or a variant of it, is among the terms."""
    return [not terms.isdisjoint({term, *query.variants.get(term, ())}) for term in query.terms]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Wir haben die Häuser am Hafen fotografiert.", "Welches Haus?"),
        ("Die Kinder spielten mit den Hunden.", "Wo ist der Hund?"),
        ("Sie hat mir die alten Bücher geschenkt.", "Was ist mit dem Buch?"),
        ("Nous avons cueilli des champignons.", "Où est le champignon ?"),
        ("Elle a mangé avec nous hier.", "Qui va manger ?"),
        ("J'ai vu les chevaux de mon oncle.", "Où sont mes chevaux ?"),
        ("Ayer cantó una canción para mí.", "¿Qué canciones?"),
        ("Mis hermanas comieron pulpo en la playa.", "¿Quién comió?"),
        ("Los niños están jugando en el jardín.", "¿Dónde jugaban?"),
        ("Abbiamo comprato delle mele al mercato.", "Che mela?"),
        ("Os meus irmãos moram em Coimbra.", "Onde mora?"),
        ("De kinderen hebben de boeken gelezen.", "Waar is het boek?"),
        ("Jag har köpt två nya bilar.", "Var är bilen?"),
        ("Мы читали интересные книги.", "Где книга?"),
        ("Она живёт на третьем этаже.", "На каком этаже?"),
        ("زرنا المدرسة القديمة أمس.", "أين مدرسة؟"),
        ("हमने नई किताबें खरीदीं।", "किताब कहां है?"),
        ("저는 학교에서 책을 읽었어요.", "책이 어디에 있어요?"),
        ("图书馆里有一只猫。", "貓在哪裡？"),
        ("我們去爬山。", "谁爬山了"),
        ("三只小狗", "3隻小狗"),
        ("五月七号出发", "5月7日出发"),
        ("星期三开会", "周三开会吗"),
        ("二〇二三年毕业", "２０２３年毕业"),
        ("ｶﾀｶﾅを勉強する", "カタカナは？"),
    ],
)
def test_a_question_meets_other_forms_of_a_word(text: str, question: str) -> None:
    query = analyze_query(question)
    assert query.terms
    assert all(_looked_for(query, _terms(text)))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Meine Schwestern feiern morgen die Hochzeit.", "Schwester Hochzeit"),
        ("Mi hermano vive en Málaga desde hace años.", "hermanos Malaga"),
        ("Mi hermano vive en Málaga desde hace años.", "Who lives in Malaga?"),
        ("Nous avons dîné avec Hélène et ses enfants.", "helene enfant"),
        ("Der Kuchen ist im Ofen.", "kuchen"),
    ],
)
def test_keywords_are_looked_for_in_all_languages(text: str, question: str) -> None:
    assert any(_looked_for(analyze_query(question), _terms(text)))
    assert _looked_for(analyze_query(question), _terms(text))[-1]


@pytest.mark.parametrize(
    ("text", "weak"),
    [
        ("Das ist für meine Mutter.", {"_das", "_ist", "_fur", "_meine"}),
        ("C'est pour ma mère.", {"_c'est", "_pour", "_ma"}),
        ("Es para mi madre.", {"_es", "_para", "_mi"}),
        ("Это для моей мамы.", {"_это", "_для", "_моей"}),
        ("هذا من عند أمي", {"_هذا", "_من", "_عند"}),
        ("यह मेरी मां के लिए है", {"_यह", "_मेरी", "_के", "_लिए", "_है"}),
    ],
)
def test_stop_words_are_weak_in_their_language(text: str, weak: set[str]) -> None:
    assert {term for term in _terms(text) if term[0] == "_" and term[1] != "'"} == weak


@pytest.mark.parametrize(
    "text",
    [
        "Die hard fans were at the war museum.",
        "Go!",
        "Pour wine, then comment on the font.",
        "Mange, my son, and come to the sale",
        "A naïve résumé",
        "Nice café",
    ],
)
def test_english_words_that_look_foreign_stay_english(text: str) -> None:
    plain = text.replace("é", "e").replace("ï", "i")
    assert analyze(text).terms == analyze(plain).terms
    assert not {term for term in _terms(text) if term in {"_die", "_war", "_son", "_comment"}}


def test_a_decided_english_question_has_no_foreign_stems() -> None:
    query = analyze_query("What did the parties say about organs?")
    assert [form for forms in query.variants.values() for form in forms if form[0] != "_"] == []


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("小明喜欢什么", "小明"),
        ("我和欧阳娜娜去了哪里", "欧阳娜娜"),
        ("민수는 어디에 살아요?", "민수"),
        ("Where does Zoë live?", "zoe"),
    ],
)
def test_names_are_among_the_words_of_a_question(question: str, name: str) -> None:
    assert name in analyze_query(question).words


def test_pairs_of_ideographs_count_less_than_their_characters() -> None:
    query = analyze_query("故事")
    assert query.terms == ("_故", "_事", "故事")
    assert query.weights.keys() == {"故事"}
    assert 0 < query.weights["故事"] < 1


PARALLEL = [
    ("My sister Nora lives in Ghent and works as a nurse.", "我妹妹诺拉住在根特，是一名护士。"),
    ("We adopted a grey cat from the shelter last week.", "我们上周从收容所领养了一只灰色的猫。"),
    ("I am allergic to peanuts, so no satay for me.", "我对花生过敏，所以不能吃沙爹。"),
    (
        "He bought a red bicycle with the bonus from his company.",
        "他用公司发的奖金买了一辆红色自行车。",
    ),
    ("The spare key is with our neighbour on the second floor.", "备用钥匙放在二楼的邻居那里。"),
    ("She wants to study marine biology in Lisbon next year.", "她明年想去里斯本学海洋生物学。"),
    ("The train was two hours late because of the storm.", "因为暴风雨，火车晚点了两个小时。"),
    ("They painted the kitchen walls dark green.", "他们把厨房的墙刷成了深绿色。"),
]


def test_a_chinese_text_is_about_as_long_as_an_english_one() -> None:
    def strong(texts: list[str]) -> int:
        terms = [term for text in texts for term in analyze(text).terms.split()]
        return sum(not term.startswith("_") for term in terms)

    ratio = strong([chinese for _, chinese in PARALLEL]) / strong([text for text, _ in PARALLEL])
    assert 0.75 < ratio < 1.5
