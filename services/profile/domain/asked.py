"""What a person was asked and answered, and what they like unasked: of each the latest word."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from services.profile.domain.event import DAY_US, Event

MAX_ASKED = 500
WHOLE_FOR_US = 400 * DAY_US
"""So long it is told that a survey was answered as a whole; rules say how long that counts."""
_SURVEY, _STATED = "#", "="


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
"""By question; a survey that no question was named of, and what is liked, by names of their own."""


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


def prefer(asked: Asked, event: Event, sentiment: str) -> None:
    """Note that something is liked, or with an empty sentiment that it no longer is."""
    for name, category, brand in _subjects(event):
        found = Answer(Outcome.ANSWERED, event.time_us, "", "", sentiment, category, brand)
        _note(asked, name, found)


def is_stated(name: str) -> bool:
    """Say whether an entry is about what was stated without being asked."""
    return name.startswith(_STATED)


def questions(asked: Asked) -> list[str]:
    """Return the questions that were asked."""
    return [name for name in asked if not name.startswith((_SURVEY, _STATED))]


def surveys(asked: Asked, now_us: int) -> dict[int, int]:
    """Return the surveys that were answered or skipped as a whole, with when they were last."""
    since_us = now_us - WHOLE_FOR_US
    return {
        int(name[1:]): found.time_us
        for name, found in asked.items()
        if name.startswith(_SURVEY) and found.time_us > since_us
    }


def merge(into: Asked, other: Asked) -> None:
    for question, found in other.items():
        _note(into, question, found)


def prune(asked: Asked) -> None:
    """Keep what says most, and of that the newest."""
    if len(asked) > MAX_ASKED:
        ordered = sorted(asked, key=lambda question: (asked[question], question), reverse=True)
        for question in ordered[MAX_ASKED:]:
            del asked[question]


def _subjects(event: Event) -> Iterator[tuple[str, str, str]]:
    """Yield (name, category, brand) of what a preference is about: the item, or what is named."""
    if event.family_no:
        yield f"{_STATED}{event.family_no}", event.category, event.brand
        return
    category, brand = event.details.get("category", ""), event.details.get("brand", "")
    if category:
        yield f"{_STATED}category {category}", category, ""
    if brand:
        yield f"{_STATED}brand {brand}", "", brand


def _note(asked: Asked, question: str, found: Answer) -> None:
    known = asked.get(question)
    if known is None or _weight(question, found) > _weight(question, known):
        asked[question] = found


def _weight(question: str, found: Answer) -> tuple[object, ...]:
    """Return what is compared: of a survey as a whole the latest word counts, whatever it is."""
    return (found.time_us, *found) if question.startswith(_SURVEY) else found
