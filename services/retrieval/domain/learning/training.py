"""Learns everything from one reading of the log: tunes, weighs, then trains on all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from services.retrieval.domain.learning.baskets import learned_baskets
from services.retrieval.domain.learning.comparing import Comparison, Coverage, coverage
from services.retrieval.domain.learning.content import (
    ContentVectors,
    content_vectors,
    learned_space,
)
from services.retrieval.domain.learning.content_fit import fitted_content
from services.retrieval.domain.learning.drift import Drift, drift
from services.retrieval.domain.learning.grouping import learned_gifts, learned_groups
from services.retrieval.domain.learning.history import History, history_until
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.learned import Origin, learned
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.learning.model import ContentFit, LearnedModel
from services.retrieval.domain.learning.past import ENDS, FoundOut, Scheme, found_out
from services.retrieval.domain.learning.progress import OnProgress, OnShare, part
from services.retrieval.domain.learning.seasons import learned_seasons
from services.retrieval.domain.learning.session_tuning import tuned_sessions
from services.retrieval.domain.learning.sessions import session_model
from services.retrieval.domain.learning.successors import learned_successors
from services.retrieval.domain.learning.tuning import Trial
from services.retrieval.domain.learning.visits import visits_of

_ENOUGH = 2
_LEARNED = 0.9
"""Share of the whole at which vectors and neighbours of all are learned."""
FEWEST = 20
"""Persons with two items, and items with two persons, below which there is nothing to learn."""


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
    content: ContentFit
    """How far contents foretell behaviour."""
    trials: tuple[Trial, ...]
    """What was tried on the part held back, the best first."""
    comparison: Comparison
    coverage: Coverage
    drift: Drift | None
    """None: no model is served yet."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and how it came about."""

    model: LearnedModel
    report: Report


@dataclass(frozen=True, slots=True)
class _Whole:
    """All that there is to learn from, once the past has told how."""

    lessons: Lessons
    interactions: Interactions
    """Of `lessons`, those before `now_us`."""
    history: History
    found: FoundOut
    seed: int
    now_us: int


_Learn = Callable[[LearnedModel, _Whole, OnShare], LearnedModel]


def train(
    lessons: Lessons,
    settings: TrainingSettings,
    now_us: int,
    on_progress: OnProgress = lambda _step, _share: None,
) -> Trained:
    """Learn from what happened up to `now_us`; equal input and seed give an equal model.

    Raises `NothingToLearnError`.
    """
    on_progress("reading what was bought", 0.0)
    interactions = _until(lessons.interactions.numbered(), now_us)
    history = history_until(interactions, now_us)
    _refuse_too_little(history)
    origin = Origin(settings.catalogue_id, settings.catalogue_version, now_us)
    scheme = Scheme(settings.seed, settings.dimensions, settings.sweeps, origin)
    found = found_out(lessons, interactions, scheme, on_progress)
    whole = _Whole(lessons, interactions, history, found, settings.seed, now_us)
    everything = part("learning from all of it", ENDS, _LEARNED, on_progress)
    model = learned(history, found.setting, settings.seed, origin, everything)
    model = found.weighing.of(model, history, lessons.texts)
    for step, begin, end, learn in _STEPS:
        on_progress(step, begin)
        model = learn(model, whole, part(step, begin, end, on_progress))
    model = replace(model, persons=found.foretold.added_to(model.persons))
    on_progress("trained", 1.0)
    return Trained(model, _report(model, whole))


def _with_contents(model: LearnedModel, whole: _Whole, _told: OnShare) -> LearnedModel:
    """Place items by what is written about them, and learn what that foretells."""
    space = learned_space(whole.lessons.texts, whole.seed)
    content = content_vectors(whole.lessons.texts, space)
    items = replace(model.items, content_nos=content.offer_nos, content=content.vectors)
    later = whole.interactions.only(whole.interactions.times_us >= whole.found.cut_us)
    fit = fitted_content(model, content, whole.found.past, later)
    return replace(model, items=items, space=replace(space, marks=content.marks), fit=fit)


def _with_orders(model: LearnedModel, whole: _Whole, _told: OnShare) -> LearnedModel:
    """Learn what is bought together, next, and in which season."""
    interactions, texts = whole.interactions, whole.lessons.texts
    contents = ContentVectors(model.items.content_nos, model.items.content)
    return replace(
        model,
        baskets=learned_baskets(interactions, texts, contents),
        seasons=learned_seasons(interactions, texts),
        successors=learned_successors(interactions),
    )


def _with_groups(model: LearnedModel, whole: _Whole, _told: OnShare) -> LearnedModel:
    """Learn from who people are, and from whom gifts were for."""
    lessons, seed = whole.lessons, whole.seed
    groups = learned_groups(lessons.people, whole.history, model.items, lessons.texts, seed)
    return replace(
        model,
        groups=replace(groups, trust=whole.found.trust),
        gifts=learned_gifts(lessons.gifts.until(whole.now_us), lessons.texts, seed),
    )


def _with_sessions(model: LearnedModel, whole: _Whole, told: OnShare) -> LearnedModel:
    """Learn what is looked at next within a visit."""
    visits = visits_of(whole.interactions)
    found = tuned_sessions(visits, whole.seed, told)
    return replace(model, sessions=session_model(visits, found, whole.now_us))


_STEPS: tuple[tuple[str, float, float, _Learn], ...] = (
    ("reading titles", _LEARNED, 0.92, _with_contents),
    ("reading orders", 0.92, 0.95, _with_orders),
    ("learning from who people are", 0.95, 0.96, _with_groups),
    ("reading visits", 0.96, 1.0, _with_sessions),
)
"""What else is learned from all, in turn: what it is, the shares at which it begins and ends."""


def _until(interactions: Interactions, now_us: int) -> Interactions:
    """Return what happened before now; mostly that is all, and a copy would take as much again."""
    is_past = interactions.times_us < now_us
    return interactions if is_past.all() else interactions.only(is_past)


def _refuse_too_little(history: History) -> None:
    persons = int((np.diff(history.taste.starts) >= _ENOUGH).sum())
    items = int((history.taste.buyers >= _ENOUGH).sum())
    for count, what in ((persons, "persons who bought or looked at two items"), (items, "items")):
        if count < FEWEST:
            found = f"there are {count} {what} to learn from, and {FEWEST} are needed"
            raise NothingToLearnError(f"{found}: import history or wait for more events")


def _report(model: LearnedModel, whole: _Whole) -> Report:
    items, persons, lessons, found = model.items, model.persons, whole.lessons, whole.found
    sold_nos = lessons.texts.offer_nos
    is_first = not lessons.before.model
    return Report(
        persons=len(persons.person_ids),
        items=len(items.offer_nos),
        pairs=len(persons.rows),
        dimensions=items.factors.shape[1],
        regularisation=items.regularisation,
        unobserved_weight=items.unobserved_weight,
        content=model.fit,
        trials=found.trials,
        comparison=found.comparison,
        coverage=coverage(model, found.foretold, sold_nos, whole.interactions, whole.now_us),
        drift=None if is_first else drift(lessons.before, items, lessons.texts),
    )
