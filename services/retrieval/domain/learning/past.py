"""What the last part of the log teaches about models of what lay before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.before import Before
from services.retrieval.domain.learning.blend_lessons import blend_lessons
from services.retrieval.domain.learning.blend_model import BlendModel
from services.retrieval.domain.learning.comparing import Comparison, Foretold, Judged, compared
from services.retrieval.domain.learning.fitting import fitted_blend
from services.retrieval.domain.learning.grouping import categories_of
from services.retrieval.domain.learning.history import History, history_until
from services.retrieval.domain.learning.ials import Setting
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.learned import Origin, learned
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.learning.model import LearnedModel
from services.retrieval.domain.learning.network_fitting import Fitted, described, fitted_networks
from services.retrieval.domain.learning.progress import OnProgress, OnShare, part, unheard
from services.retrieval.domain.learning.signals import DEFAULT_BLEND
from services.retrieval.domain.learning.terms import ItemTexts
from services.retrieval.domain.learning.trust import learned_trust
from services.retrieval.domain.learning.tuning import Trial, tuned
from services.retrieval.domain.learning.validation import Validation, held_back

_TUNED = (0.05, 0.4)
_WEIGHED = (0.4, 0.55)
_MIDDLE = 0.7 * _WEIGHED[1] + 0.3 * _WEIGHED[0]
_AGAIN = (0.55, 0.7)
ENDS = _AGAIN[1]
"""Shares of the whole at which steps begin and end."""
_WITH_NEIGHBOURS = 4_096
_SWEEPS = 5
"""Neighbours of the most bought, and rougher vectors, are enough to learn what each weighs."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """What is settled before anything is learned."""

    seed: int
    dimensions: int
    sweeps: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Weighing:
    """How candidates are weighed: by a regression, and by networks beside it."""

    weights: NDArray[np.float32]
    networks: BlendModel

    def of(self, model: LearnedModel, history: History, texts: ItemTexts) -> LearnedModel:
        """Return a model that weighs so; `history` is what it was learned from."""
        items = replace(model.items, blend=self.weights)
        return replace(model, items=items, blend=described(self.networks, history, texts))


@dataclass(frozen=True, slots=True)
class FoundOut:
    """What the part held back says of how to learn from all of it."""

    trials: tuple[Trial, ...]
    """What was tried, the best first."""
    setting: Setting
    cut_us: int
    """When the part held back begins."""
    past: LearnedModel | None
    """Of what lay before it; None where too little was held back."""
    weighing: Weighing
    trust: float
    """What the nearest by taste count beside those who are alike in age and the like."""
    foretold: Foretold
    comparison: Comparison


def found_out(
    lessons: Lessons, interactions: Interactions, scheme: Scheme, on_progress: OnProgress
) -> FoundOut:
    """Choose settings, weights, networks and trust by what came next, then judge all of it.

    It is judged by persons on whose answers none of it was chosen, where they are enough.
    """
    seed = scheme.seed
    validation = held_back(interactions, seed)
    trying = part("trying settings", *_TUNED, on_progress)
    trials = tuned(validation, seed, lambda done, most: trying(done / most))
    best = (trials[0].regularisation, trials[0].unobserved_weight)
    setting = Setting(*best, scheme.dimensions, scheme.sweeps)

    def learn(history: History, on_share: OnShare = unheard) -> LearnedModel:
        rougher = replace(setting, sweeps=min(setting.sweeps, _SWEEPS))
        return learned(history, rougher, seed, scheme.origin, on_share, _WITH_NEIGHBOURS)

    past, weights, networks, trust = None, DEFAULT_BLEND, Fitted.none(), 1.0
    if validation.suffices:
        step = "learning from what came before"
        past = learn(validation.past, part(step, _WEIGHED[0], _MIDDLE, on_progress))
        step = "weighing what speaks for an item"
        weights = fitted_blend(validation, past, part(step, _MIDDLE, _WEIGHED[1], on_progress))
        networks = fitted_networks(
            blend_lessons(interactions, validation, past, learn, seed),
            weights,
            lessons.texts,
            seed,
            part("weighing it again", *_AGAIN, on_progress),
            keeps_apart=validation.keeps_apart,
        )
        trust = _trust(validation, past, lessons, seed)
    on_progress("foretelling what came next", ENDS)
    foretold, comparison = _nothing_judged(lessons.before)
    if past is not None:
        weighing = Weighing(weights, networks.judged)
        judged = _judged(lessons, interactions, validation, past, weighing, learn)
        foretold, comparison = compared(judged, lessons.before, interactions)
    return FoundOut(
        trials=tuple(trials),
        setting=setting,
        cut_us=validation.cut_us,
        past=past,
        weighing=Weighing(weights, networks.served),
        trust=trust,
        foretold=foretold,
        comparison=comparison,
    )


def _judged(
    lessons: Lessons,
    interactions: Interactions,
    validation: Validation,
    past: LearnedModel,
    weighing: Weighing,
    learn: Callable[[History], LearnedModel],
) -> Judged:
    """Return what stands for the new model beside the one before.

    Mostly it is the past that all was learned from. When history was imported, that ends before
    the past of the served model, which would know more of what is asked: then it is learned
    up to there.
    """
    history, cut_us = validation.past, validation.cut_us
    before_us = lessons.before.foretold_us
    if cut_us < before_us < int(interactions.times_us.max()):
        history, cut_us = history_until(interactions, before_us), before_us
        past = learn(history)
    return Judged(weighing.of(past, history, lessons.texts), cut_us, validation.keeps_apart)


def _nothing_judged(before: Before) -> tuple[Foretold, Comparison]:
    note = "too little was held back to judge anything by"
    return Foretold.nothing(), Comparison(before_model=before.model, note=note)


def _trust(validation: Validation, past: LearnedModel, lessons: Lessons, seed: int) -> float:
    facets = lessons.people.facets(validation.past.person_ids)
    groups = categories_of(validation.past.offer_nos, lessons.texts)
    return learned_trust(validation, past.persons, facets, groups, seed)
