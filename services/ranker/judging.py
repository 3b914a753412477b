"""Sets what another ranking of a decision would show beside what was shown, seen and answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import Outcome
from services.ranker.ranking import Ranking
from services.ranker.storage.outcomes import Seen
from touchpoint.common.v1.bus_pb2 import ChosenNotice, DecisionNotice
from touchpoint.ranker.v1.journal_pb2 import RankedDecision
from touchpoint.ranker.v1.off_policy_pb2 import JudgedShowings
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest

Share = NDArray[np.float64]
"""With which probability one placement shows each candidate, shape (candidates,)."""


@dataclass(frozen=True, slots=True)
class Then:
    """What was known of a decision when it was made."""

    ranked: RankedDecision
    request: RankRequest

    @classmethod
    def read(cls, data: bytes) -> Then:
        """Read a serialised RankedDecision."""
        ranked = RankedDecision.FromString(data)
        return cls(ranked, RankRequest.FromString(ranked.request))

    def expected(self) -> Mapping[int, float]:
        """Return the acceptance probability that was expected of each offer, by number."""
        numbers = self.request.candidates.offer_nos
        return dict(zip(numbers, self.ranked.acceptance_probabilities, strict=True))

    def possible(self, placement: str) -> frozenset[int]:
        """Return the offers that a placement might have shown, by number."""
        numbers = self.request.candidates.offer_nos
        for at, each in enumerate(self.ranked.placements):
            if each.placement != placement:
                continue
            if at < len(self.ranked.selection):
                return frozenset(numbers[no] for no in self.ranked.selection[at].candidates)
            return frozenset(numbers[chosen.candidate] for chosen in each.chosen)
        return frozenset()


@dataclass(frozen=True, slots=True)
class Other:
    """Another policy's ranking of a decision."""

    request: RankRequest
    ranking: Ranking
    worth: Callable[[int], float]
    """What an offer is worth when accepted, in units of the base currency, by number."""


def showings_of(
    notice: DecisionNotice,
    seen: Seen,
    then: Then | None,
    other: Other,
) -> JudgedShowings:
    """Return the showings of a decision that were seen, but for what Commit replaced."""
    found = JudgedShowings()
    by_placement: dict[str, list[ChosenNotice]] = {}
    shown_then = Counter(chosen.placement for chosen in notice.chosen)
    for chosen in notice.chosen:
        is_there = (chosen.placement, chosen.offer_no) in seen
        if is_there and not chosen.replaced and 0.0 < chosen.selection_probability <= 1.0:
            by_placement.setdefault(chosen.placement, []).append(chosen)
    for place, ask in enumerate(other.request.context.placements):
        page = _Page(place, ask.placement, other, shown_then[ask.placement])
        for chosen in by_placement.get(ask.placement, ()):
            _add(found, chosen, seen[chosen.placement, chosen.offer_no], page, then)
    return found


class _Page:
    """One placement by the other policy."""

    def __init__(self, place: int, placement: str, other: Other, shown_then: int) -> None:
        self.placement = placement
        self.worth = other.worth
        self._offer_nos = other.request.candidates.offer_nos
        self._judgement = other.ranking.judgement
        self._share = _share(other.ranking, place, len(self._offer_nos))
        self._total = float(self._share.sum())
        self._shown_then = shown_then

    def probability(self, offer_no: int) -> float:
        """Return with which probability it shows an offer; one that is no candidate, never."""
        places = [at for at, no in enumerate(self._offer_nos) if no == offer_no]
        return min(1.0, float(self._share[places].sum()))

    def expected(self, then: Then) -> tuple[float, float, float]:
        """Return acceptances and value expected, and the share of its own without support.

        Expected per offer that was shown there then, as answers are counted: a policy that shows
        twice as many is expected to earn twice as much of each.
        """
        if self._total <= 0.0:
            return 0.0, 0.0, 0.0
        known, possible = then.expected(), then.possible(self.placement)
        chances = self._judgement.probability
        share, value = self._share / self._shown_then, self._judgement.assumed.value
        accepted = worth = unsupported = 0.0
        for at in np.flatnonzero(share).tolist():
            offer_no = self._offer_nos[at]
            chance = known.get(offer_no, float(chances[at]))
            accepted += share[at] * chance
            worth += share[at] * chance * value[at]
            unsupported += 0.0 if offer_no in possible else share[at]
        return accepted, worth, min(1.0, unsupported * self._shown_then / self._total)


def _share(ranking: Ranking, place: int, candidates: int) -> Share:
    if ranking.shares is not None:
        return ranking.shares[place]
    share = np.zeros(candidates)
    share[ranking.slates[place].chosen] = 1.0
    return share


def _add(
    found: JudgedShowings,
    chosen: ChosenNotice,
    outcomes: frozenset[Outcome],
    page: _Page,
    then: Then | None,
) -> None:
    expected = (0.0, 0.0, 0.0) if then is None else page.expected(then)
    found.logged_probabilities.append(chosen.selection_probability)
    found.probabilities.append(page.probability(chosen.offer_no))
    found.accepted.append(Outcome.ACCEPTED in outcomes and Outcome.RETURNED not in outcomes)
    found.values.append(page.worth(chosen.offer_no))
    found.known.append(then is not None)
    found.predicted.append(0.0 if then is None else chosen.acceptance_probability)
    found.expected.append(expected[0])
    found.expected_values.append(expected[1])
    found.unsupported.append(expected[2])
