"""How like a seed everybody is, by the way of judging that finds it where it is hardest to find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.audience.conduct import WEEK_US, conduct_of, first_times
from services.retrieval.domain.audience.deeds import Deeds
from services.retrieval.domain.audience.judging import WAYS, Traits, Way, judged, logistic, odds

_SEED = 1
_FOLDS = 5
_FIRST_WEEKS = 8
"""A member held back is shown by its first weeks alone, as somebody new would be."""
_MOST_HIDDEN = 1_000
"""Members, and others, also looked at by their first weeks: enough to tell two ways apart."""
_MOST_TAUGHT = 50_000
"""Members, and others, that a way learns from: more teach it the same, and are copied for it."""
_PENALTY_OF_ODDS = 1e-4
_BY_LUCK = 0.5


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like the seed people are."""

    scores: NDArray[np.float64]
    """(people,) 0 to 1: how likely somebody would be of the seed, were it as many as all others.
    Members are judged by what is learned without them."""
    weeks: NDArray[np.float64]
    """(people,) of acquaintance."""
    way: str
    """The way of judging that was chosen."""
    separation: float
    """Chance that a member held back scores above one of the others, both seen for their first
    weeks alone; 0.5: by luck."""


def likeness(deeds: Deeds, in_seed: NDArray[np.bool_]) -> Likeness:
    """Judge everybody; at least `_FOLDS` in the seed, and one other.

    Each fifth of the seed is held back in turn and looked for by all that it did, and by its first
    weeks, both among all others and among others by their first weeks. The way that does best is
    asked. Without the second, one would win that knows the old from the new and finds nobody who
    is new; without the third, one that takes everybody new for a member.
    """
    people = len(in_seed)
    members = np.flatnonzero(in_seed)
    random = np.random.default_rng(_SEED)
    hidden = random.permutation(members)[:_MOST_HIDDEN]
    strangers = random.permutation(np.flatnonzero(~in_seed))[:_MOST_HIDDEN]
    conduct = conduct_of(_with_first_weeks(deeds, np.concatenate((hidden, strangers))))
    traits, early = conduct.traits[:people], conduct.traits[people:]
    others = traits[_some(np.flatnonzero(~in_seed))]
    found = _Held(traits, others, early[: len(hidden)], early[len(hidden) :], members, hidden)
    tried = {name: found.by(way) for name, way in WAYS.items()}
    name = max(tried, key=lambda each: tried[each].quality)
    scores = judged(traits, WAYS[name](traits[_some(members)], others))
    scores[members] = tried[name].members
    return Likeness(_as_odds(scores, in_seed), conduct.weeks[:people], name, tried[name].separation)


def separation(members: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return the chance that one of the first scores above one of the others (AUC)."""
    if not len(members) or not len(others):
        return _BY_LUCK
    ordered = np.sort(others)
    below = ordered.searchsorted(members, "left") + ordered.searchsorted(members, "right")
    return float(below.mean() / 2 / len(others))


@dataclass(frozen=True, slots=True)
class _Found:
    """How a way of judging does on members that it did not learn from."""

    members: NDArray[np.float64]
    separation: float
    quality: float


@dataclass(frozen=True, slots=True)
class _Held:
    """Everybody's traits, and those of some as they looked in their first weeks."""

    traits: Traits
    others: Traits
    """Of those who are no members, as many as teach."""
    early: Traits
    """Of members."""
    early_others: Traits
    members: NDArray[np.int64]
    hidden: NDArray[np.int64]
    """Which members' early traits they are."""

    def by(self, way: Way) -> _Found:
        """Ask a way of judging about each fifth of the seed, the rest of which it knows."""
        scores = np.zeros(len(self.members))
        late, mixed, early = list[float](), list[float](), list[float]()
        for held in _folds(len(self.members)):
            weights = way(self.traits[_some(self.members[~held])], self.others)
            scores[held] = judged(self.traits[self.members[held]], weights)
            among = judged(self.others, weights)
            new = judged(self.early[np.isin(self.hidden, self.members[held])], weights)
            late.append(separation(scores[held], among))
            mixed.append(separation(new, among))
            early.append(separation(new, judged(self.early_others, weights)))
        newly = float(np.mean(early))
        return _Found(scores, newly, min(newly, float(np.mean(mixed))) + float(np.mean(late)))


def _some(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return as many as teach, any of them but the same each time."""
    if len(places) <= _MOST_TAUGHT:
        return places
    return np.random.default_rng(_SEED).permutation(places)[:_MOST_TAUGHT]


def _folds(count: int) -> Iterator[NDArray[np.bool_]]:
    places = np.random.default_rng(_SEED).permutation(count)
    for number in range(_FOLDS):
        held = np.zeros(count, np.bool_)
        held[places[number::_FOLDS]] = True
        yield held


def _with_first_weeks(deeds: Deeds, hidden: NDArray[np.int64]) -> Deeds:
    """Add the first weeks of some persons, as those of as many others."""
    person_ids = (*deeds.person_ids, *("" for _ in hidden))
    place = np.full(len(deeds.person_ids), -1, np.int64)
    place[hidden] = len(deeds.person_ids) + np.arange(len(hidden))
    ends = first_times(deeds) + _FIRST_WEEKS * WEEK_US
    is_early = (place[deeds.persons] >= 0) & (deeds.times_us < ends[deeds.persons])
    return deeds.joined(person_ids, is_early, place)


def _as_odds(scores: NDArray[np.float64], in_seed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return scores as probabilities; a fit of one weight keeps their order."""
    spread = float(scores.std())
    scaled = ((scores - scores.mean()) / (spread or 1.0))[:, None]
    weights = logistic(scaled[in_seed], scaled[~in_seed], _PENALTY_OF_ODDS)
    return odds(weights[0] + max(float(weights[1]), 1e-3) * scaled[:, 0])
