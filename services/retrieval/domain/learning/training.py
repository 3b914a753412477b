"""Learns everything from one reading of the log: tunes, weighs, then trains on all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.content import ItemTexts, content_vectors
from services.retrieval.domain.learning.fitting import fitted_blend
from services.retrieval.domain.learning.history import History, history_until
from services.retrieval.domain.learning.ials import Setting
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.learned import Origin, learned
from services.retrieval.domain.learning.model import ItemModel, LearnedModel, PersonModel
from services.retrieval.domain.learning.signals import DEFAULT_BLEND
from services.retrieval.domain.learning.tuning import Trial, tuned
from services.retrieval.domain.learning.validation import Validation, held_back

_ENOUGH = 2
_TUNED = (0.05, 0.4)
_WEIGHED = (0.4, 0.65)
_ALL = (0.65, 0.9)
"""Shares of the whole at which steps begin and end."""
_WITH_NEIGHBOURS_OF_PAST = 4_096
_SWEEPS_OF_PAST = 5
"""Neighbours of the most bought, and rougher vectors, are enough to learn what each weighs."""
FEWEST = 20
"""Persons with two items, and items with two persons, below which there is nothing to learn."""

OnProgress = Callable[[str, float], None]
"""Told what is being done, in words, and how far all of it is, 0 to 1."""


class NothingToLearnError(Exception):
    """Too little was done by too few; expected in a fresh shop. The sentence says what is short."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What training is told."""

    catalogue_id: str
    catalogue_version: int
    seed: int = 0
    dimensions: int = 64
    sweeps: int = 8


@dataclass(frozen=True, slots=True)
class Report:
    """What training came to."""

    persons: int
    items: int
    pairs: int
    dimensions: int
    regularisation: float
    unobserved_weight: float
    trials: tuple[Trial, ...]
    """What was tried on the part held back, the best first."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and how it came about."""

    model: LearnedModel
    report: Report


def train(
    interactions: Interactions,
    texts: ItemTexts,
    settings: TrainingSettings,
    now_us: int,
    on_progress: OnProgress = lambda _step, _share: None,
) -> Trained:
    """Learn from interactions up to `now_us`; equal input and seed give an equal model.

    Raises `NothingToLearnError`.
    """
    on_progress("reading what was bought", 0.0)
    interactions = interactions.only(interactions.times_us < now_us)
    history = history_until(interactions, now_us)
    _refuse_too_little(history)
    validation = held_back(interactions, settings.seed)
    trials = tuned(validation, settings.seed, _trying(on_progress))
    setting = Setting(
        trials[0].regularisation,
        trials[0].unobserved_weight,
        settings.dimensions,
        settings.sweeps,
    )
    origin = Origin(settings.catalogue_id, settings.catalogue_version, now_us)
    blend = _blend(validation, setting, settings.seed, origin, on_progress)
    model = learned(
        history,
        setting,
        settings.seed,
        origin,
        _part("learning from all of it", *_ALL, on_progress),
    )
    on_progress("reading titles", _ALL[1])
    content = content_vectors(texts, settings.seed)
    items = replace(
        model.items, blend=blend, content_nos=content.offer_nos, content=content.vectors
    )
    on_progress("trained", 1.0)
    return Trained(LearnedModel(items, model.persons), _report(items, model.persons, trials))


def _blend(
    validation: Validation,
    setting: Setting,
    seed: int,
    origin: Origin,
    on_progress: OnProgress,
) -> NDArray[np.float32]:
    """Learn the weights of signals from a model of the past and what came after it."""
    if not validation.suffices:
        return DEFAULT_BLEND
    middle = 0.7 * _WEIGHED[1] + 0.3 * _WEIGHED[0]
    step = "learning from what came before"
    of_past = _part(step, _WEIGHED[0], middle, on_progress)
    rougher = replace(setting, sweeps=min(setting.sweeps, _SWEEPS_OF_PAST))
    model = learned(validation.past, rougher, seed, origin, of_past, _WITH_NEIGHBOURS_OF_PAST)
    step = "weighing what speaks for an item"
    return fitted_blend(validation, model, _part(step, middle, _WEIGHED[1], on_progress))


def _refuse_too_little(history: History) -> None:
    persons = int((np.diff(history.taste.starts) >= _ENOUGH).sum())
    items = int((history.taste.buyers >= _ENOUGH).sum())
    for count, what in ((persons, "persons who bought or looked at two items"), (items, "items")):
        if count < FEWEST:
            found = f"there are {count} {what} to learn from, and {FEWEST} are needed"
            raise NothingToLearnError(f"{found}: import history or wait for more events")


def _report(items: ItemModel, persons: PersonModel, trials: Sequence[Trial]) -> Report:
    return Report(
        persons=len(persons.person_ids),
        items=len(items.offer_nos),
        pairs=len(persons.rows),
        dimensions=items.factors.shape[1],
        regularisation=items.regularisation,
        unobserved_weight=items.unobserved_weight,
        trials=tuple(trials),
    )


def _trying(on_progress: OnProgress) -> Callable[[int, int], None]:
    share = _part("trying settings", *_TUNED, on_progress)
    return lambda done, most: share(done / most)


def _part(step: str, begin: float, end: float, on_progress: OnProgress) -> Callable[[float], None]:
    """Return what tells of a step that makes up a part of the whole."""
    return lambda share: on_progress(step, begin + (end - begin) * share)
