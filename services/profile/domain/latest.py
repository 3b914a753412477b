"""Registers in which the latest word counts, whatever order the words arrive in."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


class Word(NamedTuple):
    """Yes or no, and when it was said; of two at the same moment the one that says yes counts."""

    time_us: int
    yes: bool


def say(words: dict[K, Word], subject: K, word: Word) -> None:
    """Note a word unless a later one is known."""
    known = words.get(subject)
    if known is None or word > known:
        words[subject] = word


def merge(into: dict[K, Word], other: dict[K, Word]) -> None:
    for subject, word in other.items():
        say(into, subject, word)


def prune(words: dict[K, Word], at_most: int) -> None:
    """Keep the newest."""
    if len(words) > at_most:
        newest = sorted(words, key=lambda subject: (words[subject], str(subject)), reverse=True)
        for subject in newest[at_most:]:
            del words[subject]
