"""What people are, in a few words that many share: for learning, without telling anybody apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.profile.domain.reading import NAME, own_attributes
from services.profile.domain.state import State

FEWEST = 5
"""A word that fewer people have would tell who they are."""
MOST_WORDS = 32
"""An attribute of more is text or a number of its own, and says nothing of many."""
MOST_ATTRIBUTES = 16
_LEAST_COVERED = 0.8
"""Where less of the people who have an attribute have a word of many, it is text."""
_LONGEST = 40
_TOLD_OTHERWISE = frozenset({NAME, "age", "birth_date", "birth_year"})


def words_of(state: State) -> dict[str, str]:
    """Return the attributes of a person that may be words of many, in lower case."""
    return {
        name: " ".join(value.lower().split())
        for name, value in own_attributes(state).items()
        if name not in _TOLD_OTHERWISE and len(value) <= _LONGEST
    }


Words = Mapping[str, Sequence[str]]
"""Attributes by name, and the words that many have of each, in alphabetical order."""


@dataclass(slots=True)
class Collector:
    """Counts, person by person, which words they have."""

    _found: dict[str, Counter[str]] = field(default_factory=dict)
    _dropped: set[str] = field(default_factory=set)

    def add(self, words: Mapping[str, str]) -> None:
        """Add a person; an attribute that turns out to be text costs no more memory."""
        for name, word in words.items():
            if name in self._dropped:
                continue
            counts = self._found.setdefault(name, Counter())
            counts[word] += 1
            if len(counts) > MOST_WORDS * FEWEST and counts.total() < len(counts) * FEWEST:
                del self._found[name]
                self._dropped.add(name)

    def words(self) -> Words:
        """Return what many have in common, of the attributes that most people have."""
        held = sorted(self._found.items(), key=lambda each: (-each[1].total(), each[0]))
        kept = {name: _shared(counts) for name, counts in held}
        told = [(name, words) for name, words in kept.items() if len(words) > 1]
        return dict(told[:MOST_ATTRIBUTES])


def _shared(counts: Counter[str]) -> tuple[str, ...]:
    words = [word for word, count in counts.items() if count >= FEWEST and word]
    covered = sum(counts[word] for word in words)
    if len(words) > MOST_WORDS or covered < _LEAST_COVERED * counts.total():
        return ()
    return tuple(sorted(words))
