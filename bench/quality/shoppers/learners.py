"""Who learns from simulated shoppers: the ranker itself, and rivals that are told what matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.quality.shoppers.people import FEATURES, PLACEMENT, Visit
from services.ranker.definitions import RankingTerms, compile_bundle
from services.ranker.domain.answers import Outcome
from services.ranker.domain.encoding import decode
from services.ranker.domain.model import Model
from services.ranker.ranking import Ranker
from shared.catalogue import Catalogue
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1.rules_pb2 import Bundle, Prior

PRIOR = 0.05
"""What the definitions assume of acceptance before anything is learned."""

Answered = Callable[[bool], None]
"""Is to be told whether what was shown was taken."""


class Learner(Protocol):
    """Chooses one of the candidates of each visit."""

    def choose(self, visit: Visit) -> tuple[int, Answered]:
        """Return the candidate to show, and who is to be told of its answer."""
        ...


class Ours:
    """The ranker: its features, its judgement, its page; taught as its learning log teaches it."""

    def __init__(self, catalogue: Catalogue, terms: RankingTerms | None = None) -> None:
        self._model = Model()
        self._ranker = Ranker(catalogue, lambda: self._model)
        prior = Prior(kind=OfferKind.PRODUCT, probability=PRIOR)
        self._definitions, self._terms = compile_bundle(Bundle(priors=[prior])), terms

    def choose(self, visit: Visit) -> tuple[int, Answered]:
        ranking = self._ranker.rank(visit.request, self._definitions, self._terms)
        at = ranking.slates[0].chosen[0]
        sighted = ranking.judgement.sighted
        assert sighted is not None
        sight = decode(sighted.encoded(at, PLACEMENT))
        self._model.learn(self._model.number + 1, Outcome.SHOWN, sight)

        def answered(accepted: bool) -> None:
            if accepted:
                self._model.learn(self._model.number + 1, Outcome.ACCEPTED, sight)

        return at, answered


class _Linear:
    """Ridge regression of acceptance on the features that matter, kept as an inverse."""

    def __init__(self, ridge: float) -> None:
        self._inverse = np.eye(FEATURES) / ridge
        self._weights = np.zeros(FEATURES)

    def expected(self, seen: NDArray[np.intp]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self._weights[seen].sum(axis=1)
        return found

    def uncertain(self, seen: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the standard deviation of each candidate's expectation, in units of the noise."""
        blocks = self._inverse[seen[:, :, None], seen[:, None, :]]
        found: NDArray[np.float64] = np.sqrt(blocks.sum(axis=(1, 2)))
        return found

    def learn(self, row: NDArray[np.intp], reward: float) -> None:
        """Take one answer (Sherman and Morrison 1950)."""
        moved = self._inverse[row].sum(axis=0)
        step = moved / (1.0 + moved[row].sum())
        self._weights += step * (reward - self._weights[row].sum())
        self._inverse -= np.outer(step, moved)


class LinUcb(_Linear):
    """LinUCB with weights shared by all arms (Li et al. 2010, "A Contextual-Bandit Approach")."""

    def __init__(self, ridge: float, width: float) -> None:
        super().__init__(ridge)
        self._width = width

    def choose(self, visit: Visit) -> tuple[int, Answered]:
        seen = visit.seen
        at = int((self.expected(seen) + self._width * self.uncertain(seen)).argmax())
        return at, lambda accepted: self.learn(seen[at], float(accepted))


class EpsilonGreedy(_Linear):
    """Shows what is best by the regression, and anything at random in a fixed share of visits."""

    def __init__(self, ridge: float, epsilon: float) -> None:
        super().__init__(ridge)
        self._epsilon, self._random = epsilon, np.random.default_rng(5)

    def choose(self, visit: Visit) -> tuple[int, Answered]:
        seen = visit.seen
        at = int(self.expected(seen).argmax())
        if self._random.random() < self._epsilon:
            at = int(self._random.integers(len(seen)))
        return at, lambda accepted: self.learn(seen[at], float(accepted))
