"""Learns the networks of a blend from what persons did next, and how far to go by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.apart import is_checked, is_judged
from services.retrieval.domain.learning.blend_model import KINDS, BlendModel
from services.retrieval.domain.learning.blending import Blender
from services.retrieval.domain.learning.history import History
from services.retrieval.domain.learning.model import LearnedModel
from services.retrieval.domain.learning.network import Network, fitted
from services.retrieval.domain.learning.networks import own_places
from services.retrieval.domain.learning.portraits import Portraits
from services.retrieval.domain.learning.scoring import ndcg
from services.retrieval.domain.learning.signals import taste_of
from services.retrieval.domain.learning.terms import ItemTexts
from services.retrieval.domain.learning.validation import Validation

_NEW_KEPT = 0.2
"""Of what was new to a person and not taken, so much is learned from, and counts as all of it."""
_SHARES = (0.0, 0.5, 1.0)
_FEWEST_TAKEN = 200
"""With fewer answers of a kind a network would learn them by heart."""

Columns = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A part of the log held back, and what was learned of all before it."""

    validation: Validation
    past: LearnedModel


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What was known of one person and a pool, and which of it they took."""

    log_odds: Columns
    is_own: NDArray[np.bool_]
    own: Columns
    new: Columns
    taken: NDArray[np.bool_]
    missed: int
    """Taken, and not in the pool."""
    missed_new: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """Networks of which `demand` and `kinds` are of no row yet."""

    judged: BlendModel
    """What is judged: taught by none of those by whom it is checked or judged."""
    served: BlendModel
    """Learned likewise from everybody, and followed as far."""

    @classmethod
    def none(cls) -> Fitted:
        """Return what leaves all to the regression."""
        return cls(BlendModel.none(), BlendModel.none())


def fitted_networks(
    lessons: Sequence[Lesson],
    weights: NDArray[np.float32],
    texts: ItemTexts,
    seed: int,
    on_share: Callable[[float], None],
    *,
    keeps_apart: bool = True,
) -> Fitted:
    """Return networks for the regression of some `weights`.

    A part of the persons, the same ones of each lesson, is kept from them, to find out how much
    each is worth; so are, where they are kept apart, those by whom models are judged.
    """
    random = np.random.default_rng(seed)
    taught: list[_Sheet] = []
    checked: list[_Sheet] = []
    apart: list[_Sheet] = []
    for at, lesson in enumerate(lessons):
        for person_id, sheet in _sheets(lesson, weights, texts):
            if is_checked(person_id):
                checked.append(sheet)
            else:
                is_apart = keeps_apart and is_judged(person_id)
                (apart if is_apart else taught).append(_thinned(sheet, random))
        on_share(0.6 * (at + 1) / len(lessons))
    if not taught or not checked:
        return Fitted.none()
    own, new = _networks(taught, seed)
    on_share(0.8)
    shares = _shares(checked, own, new)
    thinned = [_thinned(sheet, random) for sheet in checked]
    served = _networks((*taught, *thinned, *apart), seed)
    on_share(1.0)
    return Fitted(_blend(own, new, shares), _blend(*served, shares))


def described(blend: BlendModel, history: History, texts: ItemTexts) -> BlendModel:
    """Return the blend for the rows of a history."""
    if not len(blend.own) and not len(blend.new):
        return blend
    return replace(blend, demand=history.demand, kinds=kinds_of(history, texts))


def _network(
    taught: Sequence[_Sheet],
    told: Callable[[_Sheet], Columns],
    of_its_kind: Callable[[_Sheet], NDArray[np.bool_]],
    kept: float,
    seed: int,
) -> Network | None:
    """Return the network of one kind; of what was not taken only a share was `kept`."""
    taken = np.concatenate([each.taken[of_its_kind(each)] for each in taught])
    if taken.sum() < _FEWEST_TAKEN:
        return None
    counts = np.where(taken, 1.0, 1.0 / kept).astype(np.float32)
    return fitted(np.concatenate([told(each) for each in taught]), taken, counts, seed)


def _networks(taught: Sequence[_Sheet], seed: int) -> tuple[Network | None, Network | None]:
    """Return the network of what was bought before, and that of what was new."""
    own = _network(taught, lambda sheet: sheet.own, lambda sheet: sheet.is_own, 1.0, seed)
    kept = _NEW_KEPT
    return own, _network(taught, lambda sheet: sheet.new, lambda sheet: ~sheet.is_own, kept, seed)


def _blend(own: Network | None, new: Network | None, shares: tuple[float, float]) -> BlendModel:
    none = BlendModel.none()
    return replace(
        none,
        own=none.own if own is None else own.flat(),
        new=none.new if new is None else new.flat(),
        own_share=shares[0],
        new_share=shares[1],
    )


def kinds_of(history: History, texts: ItemTexts) -> NDArray[np.int64]:
    """Return (rows, KINDS) numbers of categories and brands; 0 where nothing is said."""
    place = {offer_no: at for at, offer_no in enumerate(texts.offer_nos.tolist())}
    numbers: list[dict[str, int]] = [{"": 0} for _ in KINDS]
    kinds = np.zeros((len(history.offer_nos), len(KINDS)), np.int64)
    for row, offer_no in enumerate(history.offer_nos.tolist()):
        at = place.get(offer_no)
        if at is not None:
            path = texts.categories[at]
            names = (path, path.split(" > ")[0], texts.brands[at])
            kinds[row] = [
                known.setdefault(name, len(known))
                for known, name in zip(numbers, names, strict=True)
            ]
    return kinds


def _sheets(
    lesson: Lesson, weights: NDArray[np.float32], texts: ItemTexts
) -> Iterator[tuple[str, _Sheet]]:
    """Yield what was known of each person and what they took, by the id."""
    validation, past = lesson.validation, lesson.past
    history = validation.past
    items = replace(past.items, blend=weights)
    blender = Blender(items)
    given = replace(BlendModel.none(), demand=history.demand, kinds=kinds_of(history, texts))
    portraits = Portraits(items, given)
    place = {person_id: at for at, person_id in enumerate(past.persons.person_ids)}
    starts = validation.later.starts
    for line, person in enumerate(validation.persons.tolist()):
        person_id = history.person_ids[person]
        taste = taste_of(past.persons, place[person_id])
        evidence = blender.signals.evidence(taste)
        rows = blender.pool(taste, evidence, None)
        signals = blender.signals.columns(taste, rows, evidence)
        is_own, places = own_places(taste, rows)
        shelves = portraits.shelves(taste)
        later = validation.later.rows[starts[line] : starts[line + 1]]
        taken = np.isin(rows, later)
        # All that a person bought is in the pool, so what it misses was new to them.
        missed = len(later) - int(taken.sum())
        yield (
            person_id,
            _Sheet(
                signals @ weights[1:] + weights[0],
                is_own,
                portraits.own(taste, places, signals[is_own], evidence, shelves),
                portraits.new(taste, rows[~is_own], signals[~is_own], evidence, shelves),
                taken,
                missed,
                missed,
            ),
        )


def _thinned(sheet: _Sheet, random: np.random.Generator) -> _Sheet:
    """Leave out most of what is new and was not taken: it is nearly all there is."""
    kept = sheet.is_own | sheet.taken | (random.random(len(sheet.taken)) < _NEW_KEPT)
    return replace(
        sheet,
        log_odds=sheet.log_odds[kept],
        is_own=sheet.is_own[kept],
        new=sheet.new[kept[~sheet.is_own]],
        taken=sheet.taken[kept],
    )


def _shares(
    sheets: Sequence[_Sheet], own: Network | None, new: Network | None
) -> tuple[float, float]:
    """Return what does best: among new things first, then of everything."""
    of_own = [_moves(own, each.own, each.log_odds[each.is_own]) for each in sheets]
    of_new = [_moves(new, each.new, each.log_odds[~each.is_own]) for each in sheets]

    def of_all(own_share: float, new_share: float) -> float:
        found = []
        for sheet, own_move, new_move in zip(sheets, of_own, of_new, strict=True):
            odds = sheet.log_odds.copy()
            odds[sheet.is_own] += own_share * own_move
            odds[~sheet.is_own] += new_share * new_move
            found.append(_ndcg(odds, sheet.taken, sheet.missed))
        return _mean(found)

    def of_new_alone(share: float) -> float:
        found = [
            _ndcg(
                sheet.log_odds[~sheet.is_own] + share * move,
                sheet.taken[~sheet.is_own],
                sheet.missed_new,
            )
            for sheet, move in zip(sheets, of_new, strict=True)
        ]
        return _mean(found)

    new_share = max(_SHARES, key=of_new_alone) if new is not None else 0.0
    if own is None:
        return 0.0, new_share
    return max(_SHARES, key=lambda share: of_all(share, new_share)), new_share


def _moves(network: Network | None, told: Columns, log_odds: Columns) -> Columns:
    """Return by how much a network would move what the regression says."""
    return np.zeros_like(log_odds) if network is None else network.log_odds(told) - log_odds


def _mean(scores: Sequence[float]) -> float:
    """Return the mean over who took anything; 0 where nobody did."""
    told = [score for score in scores if not np.isnan(score)]
    return float(np.mean(told)) if told else 0.0


def _ndcg(odds: Columns, taken: NDArray[np.bool_], missed: int) -> float:
    wanted = int(taken.sum()) + missed
    return ndcg(taken[(-odds).argsort(kind="stable")], wanted) if wanted else float("nan")
