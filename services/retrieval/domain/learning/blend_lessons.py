"""Cuts parts of the past out, each with what came after it: what a blend is learned from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from services.retrieval.domain.learning.history import History
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import LearnedModel
from services.retrieval.domain.learning.network_fitting import Lesson
from services.retrieval.domain.learning.validation import (
    Validation,
    held_back,
    of_more_persons,
)

_PARTS = 2
_MOST_PERSONS = 1_200
"""Of each part: one costs some milliseconds of training."""
_MOST_EVENTS = 4_000_000
"""Of more, one part teaches enough, and another one would cost minutes."""
_LEAST_SHARE = 0.3
"""Of all events, so many must lie before a part: what comes of fewer is another, smaller shop."""


def blend_lessons(
    interactions: Interactions,
    validation: Validation,
    past: LearnedModel,
    learn: Callable[[History], LearnedModel],
    seed: int,
) -> list[Lesson]:
    """Return the part held back and, where that is enough, the one before it, of all persons.

    `past` was learned of all before the validation, and `learn` learns of another history.
    """
    lessons = [Lesson(of_more_persons(validation, interactions, _MOST_PERSONS, seed), past)]
    before = interactions
    count, cut_us = len(interactions.times_us), validation.cut_us
    while len(lessons) < _PARTS and count <= _MOST_EVENTS:
        before = before.only(before.times_us < cut_us)
        if not len(np.unique(before.times_us)) > 1:
            break
        earlier = held_back(before, seed, _MOST_PERSONS, keeps_apart=False)
        is_small = (before.times_us < earlier.cut_us).sum() < _LEAST_SHARE * count
        if not earlier.suffices or is_small:
            break
        lessons.append(Lesson(earlier, learn(earlier.past)))
        cut_us = earlier.cut_us
    return lessons
