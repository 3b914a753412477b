"""A mixture of multinomials over several families of things, fitted by EM.

Each kind of person has a distribution over the cells of every family (categories, brands, an
attribute …), and a person's counts in all of them come from one kind: expectation maximisation
(Dempster, Laird and Rubin, 1977) with a Dirichlet prior around what all people do together. A kind
has a probability of its own only for those cells in which it pays for being told, and is like all
people in the others; the number of kinds is that of the best Bayesian information criterion
(Schwarz, 1978), in which what is told of a kind costs by the number of its people (as in Figueiredo
and Jain, Unsupervised learning of finite mixture models, 2002).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

_SMOOTHING = 20.0
"""Observations in each family that every kind has of what all people do."""
_MAX_STEPS = 150
_SHORT_STEPS = 15
"""Of each start, before the best one goes on."""
_SPARSE_STEPS = 40
_CONVERGED = 1e-4
"""Gain of log-likelihood per person below which it has converged."""
_PATIENCE = 6
"""Numbers of kinds that may be worse than the best before the search ends."""
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Observations:
    """What is known of people, as counts that may be taken for independent."""

    counts: Matrix
    """People × cells, the families beside each other; a row without counts in a family: unknown."""
    families: tuple[slice, ...]
    """The columns of each."""

    @property
    def people(self) -> int:
        return len(self.counts)

    def background(self) -> Matrix:
        """Return the distribution of all people together, family by family; none of it is 0."""
        total: Matrix = self.counts.sum(axis=0) + 1e-3
        for family in self.families:
            total[family] /= total[family].sum()
        return total


@dataclass(frozen=True, slots=True)
class Mixture:
    """Kinds of people."""

    weights: Matrix
    """Share of people of each kind."""
    cells: Matrix
    """Kinds × cells: probabilities that add up to 1 within each family."""
    told: NDArray[np.bool_]
    """Kinds × cells: what is told of the kind; in the others it is like all people."""
    log_likelihood: float = -np.inf
    bic: float = np.inf

    @property
    def kinds(self) -> int:
        return len(self.weights)

    def probabilities(self, observed: Observations) -> Matrix:
        """Return the probability of each kind for each person."""
        return _expect(observed, self)[0]


def choose(
    observed: Observations,
    at_most: int,
    starts: int,
    rng: np.random.Generator,
    tell: Callable[[int], None] = lambda kinds: None,
) -> Mixture:
    """Return the mixture with the number of kinds that is best by BIC; `tell` hears of each."""
    best = fit(observed, 1, 1, rng)
    for kinds in range(2, at_most + 1):
        tell(kinds)
        found = fit(observed, kinds, starts, rng)
        if found.bic < best.bic:
            best = found
        elif best.kinds > 1 and kinds - best.kinds >= _PATIENCE:
            break
    return best


def fit(observed: Observations, kinds: int, starts: int, rng: np.random.Generator) -> Mixture:
    """Return the best mixture of so many kinds out of several starts."""
    background = observed.background()
    tries = [
        _climb(observed, _start(observed, kinds, rng), background, _SHORT_STEPS)
        for _ in range(starts)
    ]
    best = max(tries, key=lambda found: found.log_likelihood)
    mixture = _climb(observed, best, background, _MAX_STEPS)
    likelihood = mixture.log_likelihood
    for _ in range(_SPARSE_STEPS):
        probabilities, _ = _expect(observed, mixture)
        mixture = _maximise(observed, probabilities, background, sparse=True)
        before, likelihood = likelihood, _expect(observed, mixture)[1]
        if abs(likelihood - before) < _CONVERGED * observed.people:
            break
    return Mixture(
        mixture.weights,
        mixture.cells,
        mixture.told,
        likelihood,
        _bic(observed, mixture, likelihood),
    )


def _start(observed: Observations, kinds: int, rng: np.random.Generator) -> Mixture:
    """Begin at people who are unlike each other (k-means++ on Hellinger distances)."""
    totals = observed.counts.sum(axis=1, keepdims=True)
    roots = np.sqrt(observed.counts / np.maximum(totals, _LEAST))
    chosen = [int(rng.integers(observed.people))]
    distance = np.full(observed.people, np.inf)
    for _ in range(kinds - 1):
        distance = np.minimum(distance, np.maximum(0.0, 1.0 - roots @ roots[chosen[-1]]))
        total = distance.sum()
        share = distance / total if total > 0.0 else None
        chosen.append(int(rng.choice(observed.people, p=share)))
    cells = _smoothed(observed, observed.counts[chosen], observed.background())
    return Mixture(np.full(kinds, 1.0 / kinds), cells, np.ones(cells.shape, np.bool_))


def _climb(observed: Observations, mixture: Mixture, background: Matrix, steps: int) -> Mixture:
    """Improve until nothing is gained any more, or for so many steps."""
    likelihood = -np.inf
    for _ in range(steps):
        probabilities, reached = _expect(observed, mixture)
        if reached - likelihood < _CONVERGED * observed.people:
            break
        likelihood = reached
        mixture = _maximise(observed, probabilities, background, sparse=False)
    return Mixture(mixture.weights, mixture.cells, mixture.told, likelihood)


def _expect(observed: Observations, mixture: Mixture) -> tuple[Matrix, float]:
    """Return the probability of each kind for each person, and the log-likelihood of all."""
    logs = observed.counts @ np.log(mixture.cells).T + np.log(mixture.weights)
    highest = logs.max(axis=1, keepdims=True)
    shares = np.exp(logs - highest)
    sums = shares.sum(axis=1, keepdims=True)
    return shares / sums, float((highest + np.log(sums)).sum())


def _maximise(
    observed: Observations, probabilities: Matrix, background: Matrix, *, sparse: bool
) -> Mixture:
    people = probabilities.sum(axis=0)
    expected = probabilities.T @ observed.counts
    cells = _smoothed(observed, expected, background)
    told = np.ones(cells.shape, np.bool_)
    if sparse:
        for family in observed.families:
            gains = _gains(expected[:, family], cells[:, family], background[family])
            told[:, family] = gains > _price(people, family)[:, None]
            cells[:, family] = _kept(cells[:, family], told[:, family], background[family])
    weights = people + 1.0
    return Mixture(weights / weights.sum(), cells, told)


def _smoothed(observed: Observations, expected: Matrix, background: Matrix) -> Matrix:
    cells: Matrix = expected + _SMOOTHING * background
    for family in observed.families:
        cells[:, family] /= cells[:, family].sum(axis=1, keepdims=True)
    return cells


def _gains(expected: Matrix, cells: Matrix, background: Matrix) -> Matrix:
    """Return the log-likelihood that each cell alone, against all others, gains by being told."""
    others = expected.sum(axis=1, keepdims=True) - expected
    odds = np.maximum(1.0 - cells, _LEAST) / np.maximum(1.0 - background, _LEAST)
    gains: Matrix = expected * np.log(cells / background) + others * np.log(odds)
    return gains


def _kept(cells: Matrix, told: NDArray[np.bool_], background: Matrix) -> Matrix:
    """Return what is told, and what that leaves spread as with all people."""
    kept = np.where(told, cells, 0.0)
    rest = np.where(told, 0.0, background)
    left = 1.0 - kept.sum(axis=1, keepdims=True)
    kept += left * rest / np.maximum(rest.sum(axis=1, keepdims=True), _LEAST)
    kept = np.maximum(kept, _LEAST)
    found: Matrix = kept / kept.sum(axis=1, keepdims=True)
    return found


def _bic(observed: Observations, mixture: Mixture, likelihood: float) -> float:
    """Return the criterion, but for what all people do together: that costs the same always."""
    price = (mixture.kinds - 1) * np.log(observed.people) / 2
    if mixture.kinds > 1:
        people = mixture.weights * observed.people
        for family in observed.families:
            price += mixture.told[:, family].sum(axis=1) @ _price(people, family)
    return float(2.0 * (price - likelihood))


def _price(people: Matrix, family: slice) -> Matrix:
    """Return the log-likelihood that one told cell must gain, by the people of each kind.

    Besides its value it is told which cell it is, so that of many cells none is told by chance
    (extended criterion of Chen and Chen, 2008).
    """
    found: Matrix = np.log(np.maximum(people, 2.0)) / 2 + np.log(family.stop - family.start)
    return found
