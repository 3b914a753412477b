"""The ranker with trees that have a say: grown by the command line, mixed by the service."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.quality.acceptance.online import learn
from bench.quality.acceptance.scores import Probabilities
from bench.quality.acceptance.tables import Answers, Flags
from bench.quality.rivals import RivalMissingError
from cli.growing import Examples, GrowingError, trees_of
from services.ranker.domain.booster import Booster, Trees
from services.ranker.domain.boosting import inputs_of
from services.ranker.domain.comparing import best_share, together
from services.ranker.domain.encoding import Sight
from services.ranker.domain.model import Model

Column = NDArray[np.float64]
Judged = tuple[Column, Column]
"""Log-odds of the model, and their variance."""
Judge = Callable[[Flags, Flags], Judged]
"""Judges the second, having learned from the first."""

_LATER = 0.3
"""The part of what is learned from, its last people or answers, that chooses the share."""
_SEED = 1


def boosted(
    answers: Answers, sights: list[Sight], learned: Flags, tested: Flags, later: Flags, judge: Judge
) -> Probabilities:
    """Foretell the tested by model and trees together, neither of which saw them.

    The share is chosen on the `later` of the learned, by trees and a model of the others; the trees
    that then have a say are grown from all of the learned. Raises RivalMissingError.
    """
    before, chosen_on = learned & ~later, learned & later
    said = _said(grown(answers, sights, before), sights, chosen_on)
    labels = answers.accepted[chosen_on].astype(np.float64)
    share = best_share(*judge(before, chosen_on), said, labels)
    said = _said(grown(answers, sights, learned), sights, tested)
    return together(*judge(learned, tested), said, share)


def grown(answers: Answers, sights: list[Sight], learned: Flags) -> Booster:
    """Grow trees from what is learned from; raises RivalMissingError without LightGBM."""
    rows = np.flatnonzero(learned)
    features = [inputs_of(sights[at].indices).astype(np.int64) for at in rows.tolist()]
    starts = np.concatenate([[0], np.cumsum([len(each) for each in features])])
    labels = answers.accepted[rows].astype(np.float64)
    try:
        told = trees_of(
            Examples(rows, labels, starts, np.concatenate(features)), _SEED, lambda *_: None
        )
    except GrowingError as error:
        raise RivalMissingError(str(error)) from error
    columns = told.features, told.without, told.having, told.values
    return Booster.of(Trees(told.trees, told.base, *columns))


def last_people(people: NDArray[np.int64], learned: Flags) -> Flags:
    """Return whose answers choose the share, where no answer follows another."""
    ids = np.unique(people[learned])
    random = np.random.default_rng(_SEED)
    chosen = random.permutation(ids)[: round(_LATER * len(ids))]
    later: Flags = np.isin(people, chosen)
    return later


def last_answers(learned: Flags) -> Flags:
    """Return the answers that choose the share, where they follow each other."""
    rows = np.flatnonzero(learned)
    later = np.zeros(len(learned), np.bool_)
    later[rows[round((1 - _LATER) * len(rows)) :]] = True
    return later


def held_out_judge(answers: Answers, sights: list[Sight]) -> Judge:
    """Return what judges after one pass over all that is learned from."""

    def judge(learned: Flags, tested: Flags) -> Judged:
        model = Model()
        for at in np.flatnonzero(learned).tolist():
            learn(model, sights[at], accepted=bool(answers.accepted[at]))
        return _columns([_judged(model, sights[at]) for at in np.flatnonzero(tested).tolist()])

    return judge


def in_order_judge(answers: Answers, sights: list[Sight]) -> Judge:
    """Return what judges each question before it is learned from, in order."""
    model, found = Model(), []
    for at, sight in enumerate(sights):
        found.append(_judged(model, sight))
        learn(model, sight, accepted=bool(answers.accepted[at]))
    log_odds, spread = _columns(found)
    return lambda learned, tested: (log_odds[tested], spread[tested])


def _judged(model: Model, sight: Sight) -> tuple[float, float]:
    indices = sight.indices[:, None]
    log_odds = sight.offset + float(model.means(indices)[0])
    return log_odds, float(model.variance_matrix(indices).sum())


def _columns(judged: list[tuple[float, float]]) -> Judged:
    columns = np.array(judged).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def _said(booster: Booster, sights: list[Sight], which: Flags) -> Column:
    rows = (sights[at].indices[:, None] for at in np.flatnonzero(which).tolist())
    return np.array([float(booster.log_odds(row)[0]) for row in rows])
