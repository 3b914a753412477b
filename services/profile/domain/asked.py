"""What a person was asked, on whatever channel, and what they answered: one entry per question."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from services.profile.domain.event import DAY_US, LIKE_INTEREST, Event
from services.profile.domain.interest import Interests, weight_as_of_epoch
from services.profile.domain.latest import Word, say

MAX_ASKED = 500
WHOLE_FOR_US = 30 * DAY_US
"""So long a survey answered as a whole is not proposed again; then it may be about other things."""
LIKE, DISLIKE = "like", "dislike"
_SURVEY = "#"


class Outcome(IntEnum):
    """What became of a question; what is more counts, whenever it happened."""

    SHOWN = 1
    SKIPPED = 2
    ANSWERED = 3


class Answer(NamedTuple):
    """What became of a question; of two answers the later one counts."""

    outcome: Outcome
    time_us: int
    attribute: str = ""
    """Which attribute it says."""
    value: str = ""
    """What it says of it; empty: taken back, or not for deciding, because it is free text."""
    sentiment: str = ""
    """`like` or `dislike` of what follows; empty: neither."""
    category: str = ""
    brand: str = ""


Asked = dict[str, Answer]
"""By question; of a survey that no question was named of by `survey_name`."""


def survey_name(offer_no: int) -> str:
    """Return what a survey as a whole is kept under; no question is named so."""
    return f"{_SURVEY}{offer_no}"


def show(asked: Asked, event: Event) -> None:
    """Note that a question was put before somebody."""
    question = event.details.get("question")
    if question:
        _note(asked, question, Answer(Outcome.SHOWN, event.time_us))


def answer(asked: Asked, event: Event) -> Answer | None:
    """Note an answer, or that there is none to come; None where no question or survey is named."""
    details = event.details
    question = details.get("question") or (survey_name(event.offer_no) if event.offer_no else "")
    if not question:
        return None
    if "skipped" in details:
        found = Answer(Outcome.SKIPPED, event.time_us)
    else:
        found = Answer(
            Outcome.ANSWERED,
            event.time_us,
            details.get("attribute", ""),
            details.get("answer", ""),
            details.get("sentiment", ""),
            details.get("category", ""),
            details.get("brand", ""),
        )
    _note(asked, question, found)
    return found


def questions(asked: Asked) -> list[str]:
    """Return the questions that were asked."""
    return [name for name in asked if not name.startswith(_SURVEY)]


def surveys(asked: Asked, now_us: int) -> list[int]:
    """Return the surveys that were answered or skipped as a whole, and not long ago."""
    since_us = now_us - WHOLE_FOR_US
    return [
        int(name[1:])
        for name, found in asked.items()
        if name.startswith(_SURVEY) and found.time_us > since_us
    ]


def merge(into: Asked, other: Asked) -> None:
    for question, found in other.items():
        _note(into, question, found)


def prune(asked: Asked) -> None:
    """Keep what says most, and of that the newest."""
    if len(asked) > MAX_ASKED:
        ordered = sorted(asked, key=lambda question: (asked[question], question), reverse=True)
        for question in ordered[MAX_ASKED:]:
            del asked[question]


def opinions(
    asked: Asked, field: str, interests: Interests, words: dict[str, Word]
) -> tuple[Interests, dict[str, Word]]:
    """Return interest and dislikes in categories or brands, with what answers say of them.

    Of a subject the latest word counts, whether it was an answer or not. An answer counts only
    while it stands, so what it added is gone when it is taken back.
    """
    said = list(_of_field(asked, field))
    if not said:
        return interests, words
    interests, words = dict(interests), dict(words)
    for subject, found in said:
        say(words, subject, Word(found.time_us, found.sentiment == DISLIKE))
        if found.sentiment == LIKE:
            grown = weight_as_of_epoch(LIKE_INTEREST, found.time_us)
            interests[subject] = interests.get(subject, 0.0) + grown
    return interests, words


def _of_field(asked: Asked, field: str) -> Iterator[tuple[str, Answer]]:
    for found in asked.values():
        subject = getattr(found, field) if found.sentiment else ""
        if subject:
            yield subject, found


def _note(asked: Asked, question: str, found: Answer) -> None:
    known = asked.get(question)
    if known is None or found > known:
        asked[question] = found
