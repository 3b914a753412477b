"""Whom a gift is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.retrieval.domain.answers import Answer
from services.retrieval.domain.genders import gender_of, words_for, words_for_others
from services.retrieval.domain.learning.gifts import GENDER, OCCASION, RELATIONSHIP

AGE = "age"
_FEMALE = frozenset(
    {"mother", "mum", "mom", "sister", "daughter", "wife", "girlfriend", "aunt", "niece"}
    | {"grandmother", "granny", "granddaughter", "mutter", "schwester", "tochter", "frau", "oma"}
)
_MALE = frozenset(
    {"father", "dad", "brother", "son", "husband", "boyfriend", "uncle", "nephew"}
    | {"grandfather", "grandpa", "grandson", "vater", "bruder", "sohn", "mann", "opa"}
)
_FOR_ALL = {GENDER: ("unisex", "any", "all", "both", "neutral"), OCCASION: ("any",)}
"""Values of attributes by which an item suits everybody."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What is said of somebody, in lower case; empty and 0: nothing."""

    age: int = 0
    gender: str = ""
    relationship: str = ""
    interests: tuple[str, ...] = ()
    occasion: str = ""

    @property
    def likely_gender(self) -> str:
        """The gender as it was said, whatever the word for it, or as the relationship tells it."""
        if self.gender or not self.relationship:
            return gender_of(self.gender)
        word = self.relationship.split()[-1]
        return "female" if word in _FEMALE else "male" if word in _MALE else ""

    def words(self) -> Mapping[str, str]:
        """Return what is said, by the names that gifts and attributes of people have."""
        said = {
            GENDER: self.likely_gender,
            RELATIONSHIP: self.relationship,
            OCCASION: self.occasion,
        }
        return {name: word for name, word in said.items() if word}

    def demands(self) -> tuple[Answer, ...]:
        """Return what items that are made for somebody like that have as attributes."""
        said = {**self.words(), AGE: str(self.age) if self.age else ""}
        return tuple(
            Answer(name, (*_spellings(name, word), *_FOR_ALL.get(name, ())))
            for name, word in said.items()
            if word
        )

    def made_for_others(self) -> tuple[Answer, ...]:
        """Return what items have as attributes that are made for somebody else."""
        words = words_for_others(self.likely_gender)
        return (Answer(GENDER, words),) if words else ()


def _spellings(name: str, word: str) -> tuple[str, ...]:
    return words_for(word) if name == GENDER else (word,)
