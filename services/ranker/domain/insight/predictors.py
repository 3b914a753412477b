"""Which names of characteristics predict acceptance, each beyond those before it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.ranker.domain.insight.answered import Floats, Numbers
from services.ranker.domain.insight.design import Design
from services.ranker.domain.insight.regression import PRIOR_VARIANCE, Scores, fit, scores

LEVEL: Final = 0.01
"""A report in which nothing predicts names something by chance at most this often."""
_MOST_NAMES: Final = 8
_PRECISION: Final = 1e-2
"""A priori, of what is allowed for: levels of places and of times say the same together, and sums
in single precision would make anything of that."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How surely the values of a name differ in acceptance."""

    name: str
    z: float
    """As many standard deviations of chance; higher is surer."""
    p: float
    """Probability of as much by chance alone, before allowing for how many names were tested."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """A name that predicts."""

    evidence: Evidence
    overlapping: tuple[str, ...]
    """Names that predicted too until this one was known: they tell much the same people apart."""


@dataclass(frozen=True, slots=True)
class Search:
    """What was found among so many names."""

    predictors: tuple[Predictor, ...]
    tested: int


def search(design: Design) -> Search:
    """Return the names that predict, the surest first, each given all those before it.

    Of correlated names the one that tells most is taken, and another only for what it adds: tested
    together they would hide each other. Holm's step-down keeps the probability of naming anything
    false at `LEVEL`: the best of k names must pass LEVEL / k, the next LEVEL / (k - 1). (Benjamini
    and Hochberg's would let a share of what is named be false; a business acts on each name.)
    """
    names = sorted(design.named)
    found: list[Predictor] = []
    columns = design.allowed_for
    left = _evidence(design, columns, names)
    while left and len(found) < _MOST_NAMES:
        best = max(left, key=lambda each: (each.z, each.name))
        if best.p > LEVEL / len(left):
            break
        limit = LEVEL / len(left)
        columns = np.concatenate([columns, design.named[best.name]])
        remaining = [each.name for each in left if each is not best]
        after = _evidence(design, columns, remaining)
        before = {each.name for each in left if each is not best and each.p <= limit}
        gone = [each.name for each in after if each.name in before and each.p > limit]
        found.append(Predictor(best, tuple(gone)))
        left = after
    return Search(tuple(found), len(names))


def _evidence(design: Design, columns: Numbers, names: list[str]) -> list[Evidence]:
    """Test each name beyond what the columns explain."""
    if not names:
        return []
    found = scores(design, fit(design, columns))
    return [_tested(name, found, columns, design.named[name]) for name in names]


def _tested(name: str, found: Scores, columns: Numbers, tested: Numbers) -> Evidence:
    """Return the evidence that some columns add to others: a robust score test.

    The efficient scores of each person, u = u_t - u_c I_cc⁻¹ I_ct, are summed: one person's many
    answers count as one, whatever they have in common. The statistic is T = U' M U with M the
    posterior variance of the columns by the model (Fisher information and prior), a fixed matrix:
    to invert the people's own variance V instead is unreliable for many columns and few people.
    By chance T is a mixture of chi-squares with the eigenvalues of MV, taken for one that has the
    same mean and variance (Satterthwaite 1946), its tail by Wilson & Hilferty (1931).
    """
    kept = found.information[np.ix_(columns, columns)] + np.eye(len(columns)) * _PRECISION
    mixed = found.information[np.ix_(columns, tested)]
    explained = np.linalg.solve(kept, mixed)
    own = found.information[np.ix_(tested, tested)] - mixed.T @ explained
    total = found.total[tested] - found.total[columns] @ explained
    both = np.concatenate([tested, columns])
    efficient = np.concatenate([np.eye(len(tested)), -explained])
    variance = efficient.T @ found.spread[np.ix_(both, both)] @ efficient
    posterior = np.linalg.inv(own + np.eye(len(tested)) / PRIOR_VARIANCE)
    z = _deviations(float(total @ posterior @ total), posterior @ variance)
    return Evidence(name, z, 0.5 * math.erfc(z / math.sqrt(2)))


def _deviations(statistic: float, product: Floats) -> float:
    """Return how unlikely a statistic is, as that of a standard normal variable."""
    mean = float(np.trace(product))
    spread = 2 * float((product * product.T).sum())
    if mean <= 1e-12 or spread <= 1e-24:
        return 0.0
    freedom = 2 * mean * mean / spread
    ninth = 2 / (9 * freedom)
    return float((math.cbrt(statistic / mean) - (1 - ninth)) / math.sqrt(ninth))
