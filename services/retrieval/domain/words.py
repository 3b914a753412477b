"""Finds what is called like a word: categories and values of attributes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]{2,}")
_STEM = 4
"""Letters at least of which the beginning of a word consists."""
_ENDING = 3
"""Letters at most in which two forms of a word differ: `cooking` and `cookware` begin alike."""
_MOST_FOUND = 64


@dataclass(frozen=True, slots=True)
class WordIndex:
    """Words in alphabetical order, each with the number of what is called so."""

    words: Sequence[str]
    numbers: Sequence[int]

    @classmethod
    def of(cls, named: Iterable[tuple[str, int]]) -> WordIndex:
        """Take texts with their numbers."""
        found = sorted({(word, no) for text, no in named for word in words_of(text)})
        return cls([word for word, _ in found], [no for _, no in found])

    def find(self, text: str) -> list[int]:
        """Return the numbers of what is called by the words of a text, at most 64.

        Words of another form count, and words that nothing is called by do not.
        """
        each = [set(self._called(word)) for word in words_of(text)]
        found = [numbers for numbers in each if numbers]
        return sorted(set.intersection(*found))[:_MOST_FOUND] if found else []

    def _called(self, word: str) -> Sequence[int]:
        stem = word[: max(_STEM, len(word) - _ENDING)]
        first = bisect_left(self.words, stem)
        beyond = stem + ("\uffff" if len(word) >= _STEM else "\0")
        return self.numbers[first : bisect_left(self.words, beyond, first)]


NO_WORDS = WordIndex((), ())


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without numbers and single letters."""
    return _WORD.findall(text.lower())
