"""What a person thinks of categories and brands: what they do and what they said, together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from services.profile.domain.asked import Answer, Asked, is_stated
from services.profile.domain.event import LIKE_INTEREST
from services.profile.domain.interest import Interests, weight_as_of_epoch
from services.profile.domain.latest import Word, say
from services.profile.domain.preference import DISLIKE, LIKE
from services.profile.domain.state import State


class Opinions(NamedTuple):
    """Interest in categories or brands, and words on whether they are disliked."""

    interests: Interests
    words: dict[str, Word]


def of_categories(state: State) -> Opinions:
    return _together(state.asked, "category", state.categories, state.disliked_categories)


def of_brands(state: State) -> Opinions:
    return _together(state.asked, "brand", state.brands, state.disliked_brands)


def _together(asked: Asked, field: str, interests: Interests, words: dict[str, Word]) -> Opinions:
    """Add what was said: it counts while it stands, and is gone when it is taken back.

    Of a subject the latest word counts, whether it answered a question or not.
    """
    said = list(_of_field(asked, field)) if asked else []
    if not said:
        return Opinions(interests, words)
    interests, words = dict(interests), dict(words)
    for name, subject, found in said:
        if not is_stated(name):  # what was stated unasked is among the words already
            say(words, subject, Word(found.time_us, found.sentiment == DISLIKE))
        if found.sentiment == LIKE:
            grown = weight_as_of_epoch(LIKE_INTEREST, found.time_us)
            interests[subject] = interests.get(subject, 0.0) + grown
    return Opinions(interests, words)


def _of_field(asked: Asked, field: str) -> Iterator[tuple[str, str, Answer]]:
    for name, found in asked.items():
        subject = getattr(found, field) if found.sentiment else ""
        if subject:
            yield name, subject, found
