"""Policies replayed on what was shown at random: Li et al. 2011.

"Unbiased Offline Evaluation of Contextual-bandit-based News Article Recommendation Algorithms": the
events come in order; one counts, and teaches, only where the policy chooses what was really shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from bench.quality.acceptance.online import PRIOR, learn
from bench.quality.acceptance.tables import Answers, Flags
from services.ranker.definitions import compile_bundle
from services.ranker.domain.arbitration import Assumed, assume
from services.ranker.domain.chance import Chance
from services.ranker.domain.encoding import decode
from services.ranker.domain.entities import Entities
from services.ranker.domain.features import FeatureMaker, Proposed
from services.ranker.domain.judgement import Sighted, as_assumed, judge, sight
from services.ranker.domain.model import Model
from services.ranker.ranking import decide
from shared.slate import Page, read_page
from touchpoint.common.v1.decision_pb2 import DecisionContext, PlacementAsk
from touchpoint.rules.v1.rules_pb2 import Bundle

Arms = NDArray[np.int64]
"""One arm per event, from 0."""


class Policy(Protocol):
    """Chooses an arm for each event."""

    def choose(self, event: int) -> int:
        """Return the arm, from 0."""
        ...

    def learn(self, event: int, arm: int, *, accepted: bool) -> None:
        """Take the answer to what was chosen."""
        ...


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a policy chose, in the order of the events, and the answers that it got."""

    choices: Arms
    rewards: Flags
    """Of the events that count."""

    @property
    def reward(self) -> float:
        """Return the mean reward of the events that count."""
        return float(self.rewards.mean())


def replay(policy: Policy, shown: Arms, accepted: Flags, order: NDArray[np.int64]) -> Replayed:
    """Lead a policy through events in that order."""
    choices, rewards = np.empty(len(order), np.int64), []
    for turn, event in enumerate(order.tolist()):
        arm = choices[turn] = policy.choose(event)
        if arm == shown[event]:
            rewards.append(bool(accepted[event]))
            policy.learn(event, arm, accepted=rewards[-1])
    return Replayed(choices, np.array(rewards, np.bool_))


@dataclass(frozen=True, slots=True)
class Questions:
    """What the ranker is asked at each event: which of all offers of a catalogue is to be shown."""

    sighted: Sequence[Sighted]
    """Per event."""
    assumed: Assumed
    page: Page
    placement: str

    @classmethod
    def of(cls, answers: Answers) -> Self:
        """Read them from questions about one offer each; all are of one placement and source."""
        first, catalogue = answers.asked[0], answers.catalogue
        placement = first.situation.placements[0]
        nos = np.arange(1, catalogue.size)
        ones = np.ones(len(nos))
        sources = np.full(len(nos), first.source)
        bits = ones.astype(np.uint32)
        asks = [PlacementAsk(placement=placement, limit=1)]
        page = read_page(
            nos, bits, sources.tolist(), DecisionContext(placements=asks), (), (), catalogue
        )
        levers = [("of the offer", catalogue.lever[nos].astype(np.float64))]
        assumed = assume(PRIOR * ones, ones, catalogue.value_micros[nos], levers)
        maker, proposed = FeatureMaker(Entities(catalogue)), Proposed(nos, sources, ones, bits)
        sighted = [
            sight(maker.features(proposed, each.situation), assumed) for each in answers.asked
        ]
        return cls(sighted, assumed, page, placement)


class Ours:
    """The ranker: its judgement, its draws, its bound on what they cost, its model."""

    def __init__(
        self, questions: Questions, seeds: NDArray[np.int64], model: Model | None = None
    ) -> None:
        """Begin with nothing learned or with a model; `seeds` are those of each event's request."""
        self.model = model or Model()
        self._questions, self._seeds = questions, seeds
        self._terms = compile_bundle(Bundle()).terms

    def choose(self, event: int) -> int:
        asked, model, seed = self._questions, self.model, int(self._seeds[event])
        sighted = asked.sighted[event]
        if model.number:
            judgement = judge(asked.assumed, sighted, model, Chance(seed))
        else:
            judgement = as_assumed(asked.assumed, sighted)
        return int(decide(asked.page, judgement, self._terms, seed).slates[0].chosen[0])

    def learn(self, event: int, arm: int, *, accepted: bool) -> None:
        asked = self._questions
        seen = decode(asked.sighted[event].encoded(arm, asked.placement))
        assert seen is not None, "what the ranker writes it can read"
        learn(self.model, seen, accepted=accepted)
