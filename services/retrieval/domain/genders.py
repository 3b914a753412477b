"""Words for genders, as people, catalogues and attributes of persons write them."""

from __future__ import annotations

_WORDS = {
    "female": (
        *("female", "f", "w", "woman", "women", "women's", "womens", "lady", "ladies"),
        *("girl", "girls", "her", "for her"),
        *("weiblich", "frau", "frauen", "dame", "damen", "mädchen"),
    ),
    "male": (
        *("male", "m", "man", "men", "men's", "mens", "gentleman", "gentlemen"),
        *("boy", "boys", "him", "for him"),
        *("männlich", "mann", "männer", "herr", "herren", "junge", "jungen"),
    ),
}
_GENDER_OF = {word: gender for gender, words in _WORDS.items() for word in words}


def gender_of(word: str) -> str:
    """Return `female` or `male` for a word in lower case that says so, any other as it is."""
    return _GENDER_OF.get(word, word)


def words_for(gender: str) -> tuple[str, ...]:
    """Return all words that say the same as one."""
    return _WORDS.get(gender_of(gender), (gender,))


def words_for_others(gender: str) -> tuple[str, ...]:
    """Return all words that say another gender; none where it is neither of both."""
    own = gender_of(gender)
    if own not in _WORDS:
        return ()
    return tuple(word for other, words in _WORDS.items() if other != own for word in words)
