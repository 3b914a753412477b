"""How many words somebody says, in whatever script they are written, and what fits."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.spoken import MOST_WORDS, shortened, words
from tests.properties import examples

SCRIPTS = [
    "电脑机",
    "パソコン",
    "กำลัง",
    "ខ្មែរ",
    "ລາວ",
    "မြန်",
    "A15é",
    " ",
    " \n",
    "、。",
    ".,…–-(「",
]
TEXTS = st.lists(st.sampled_from("".join(SCRIPTS)), max_size=160).map("".join)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("Aurora 15 – the so-called PC.", 6),
        ("电", 1),
        ("电脑", 1),
        ("电脑机", 2),
        ("「电脑」、电。", 2),
        ("ノートパソコン", 4),
        ("Aurora15电脑", 2),
        ("한국어 노트북", 2),
        ("กขคง", 1),
        ("กขคงจ", 2),
        ("ที่นี่นั่น", 1),
        ("កាខាគាឃា", 1),
        ("ກຂຄງຈ", 2),
        ("ကခဂဃင", 2),
        ("\U00020000\U00020001\U00020002", 2),
    ],
)
def test_words_are_what_stands_between_blanks_and_of_scripts_without_any_a_share(text, count):
    assert words(text) == count


@pytest.mark.parametrize(
    ("script", "share"),
    [
        *((name, 2) for name in ("CJK UNIFIED", "HIRAGANA LETTER", "KATAKANA LETTER", "BOPOMOFO")),
        *((name, 4) for name in ("THAI CHAR", "LAO LETTER", "TIBETAN LETTER", "MYANMAR LETTER")),
        ("KHMER LETTER", 4),
    ],
)
def test_every_letter_of_a_script_without_blanks_is_counted(script, share):
    every = map(chr, range(0x3134F))
    letters = [each for each in every if unicodedata.name(each, "").startswith(script)]
    letters = [each for each in letters if each.isalnum()]
    assert letters
    for letter in letters:
        assert words(letter * (share * 3)) == 3, letter


@pytest.mark.parametrize("letters", ["电脑", "กำลัง", "ខ្មែរ"])
def test_a_long_title_without_blanks_is_cut(letters):
    title = letters * 100
    short = shortened(title, 5)
    assert words(short) == 5
    assert title.startswith(short.removesuffix("…"))
    assert not unicodedata.category(title[len(short) - 1]).startswith("M"), "no mark is lost"


def test_whole_sentences_are_kept_as_far_as_they_fit():
    assert shortened("One two. Three four! Five six seven.", 5) == "One two. Three four!"
    assert shortened("One two three four five", 3) == "One two three…"
    assert shortened("电脑电脑。电脑！电脑电脑电脑", 4) == "电脑电脑。电脑！"


def test_an_ellipsis_is_no_word_of_its_own():
    assert shortened("One two – three", 3) == "One two…"
    assert shortened("One two, three", 2) == "One two…"


@examples(200)
@given(TEXTS, st.integers(1, 30))
def test_what_is_shortened_fits_and_says_nothing_new(text, most):
    short = shortened(text, most)
    assert words(short) <= most
    told = " ".join(text.split())
    assert " ".join(short.split()).rstrip("…") in told
    assert (short == text) == (words(text) <= most)
    assert short == text or " …" not in short[-2:]


@given(TEXTS, TEXTS)
def test_what_is_put_together_has_no_more_words_than_its_parts(one, other):
    """So that there is room for a title where there is room for its words."""
    assert words(one + other) <= words(one) + words(other)
    assert words(one) <= words(one + other) <= words(f"{one} {other}")


def test_every_text_of_25_words_is_left_as_it_is():
    assert shortened("电脑" * MOST_WORDS) == "电脑" * MOST_WORDS
