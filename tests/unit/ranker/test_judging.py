"""What another policy would show is counted in the units in which answers are."""

from types import SimpleNamespace

import numpy as np
import pytest

from services.ranker.domain.answers import Outcome
from services.ranker.evaluating import evaluation_of
from services.ranker.judging import Other, Then, showings_of
from services.ranker.ranking import Ranking
from touchpoint.common.v1.bus_pb2 import ChosenNotice, DecisionNotice
from touchpoint.common.v1.decision_pb2 import Candidates, PlacementAsk
from touchpoint.ranker.v1.journal_pb2 import RankedDecision, SelectionShares
from touchpoint.ranker.v1.off_policy_pb2 import JudgedShowings
from touchpoint.ranker.v1.ranker_pb2 import RankedPlacement
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest

BANNER, OFFERS, SHOWN_THEN, TRUTH, WORTH = "web.home.banner", 6, 2, 0.10, 20.0


def asked():
    request = RankRequest(candidates=Candidates(offer_nos=range(1, OFFERS + 1)))
    request.context.placements.append(PlacementAsk(placement=BANNER))
    return request


def other(shows):
    """Show so many of all offers, each as often as any other."""
    judgement = SimpleNamespace(
        probability=np.full(OFFERS, 0.5), assumed=SimpleNamespace(value=np.full(OFFERS, WORTH))
    )
    return Other(
        asked(), Ranking(judgement, [], [np.full(OFFERS, shows / OFFERS)]), lambda _: WORTH
    )


def then(model, possible=OFFERS):
    ranked = RankedDecision(acceptance_probabilities=[model] * OFFERS)
    ranked.placements.append(RankedPlacement(placement=BANNER))
    ranked.selection.append(SelectionShares(candidates=range(possible)))
    return Then(ranked, asked())


def judged(shows, model, decisions=2_000, share_seen=1.0):
    """Show two at random, which are accepted with one probability; judge who shows so many."""
    random, found = np.random.default_rng(5), JudgedShowings()
    policy, known = other(shows), then(model)
    for number in range(decisions):
        notice, seen = DecisionNotice(), {}
        for offer_no in random.choice(OFFERS, SHOWN_THEN, replace=False) + 1:
            notice.chosen.add(
                placement=BANNER,
                offer_no=offer_no,
                acceptance_probability=model,
                selection_probability=SHOWN_THEN / OFFERS,
            )
            if random.random() < share_seen:
                taken = {Outcome.ACCEPTED} if random.random() < TRUTH else set()
                seen[BANNER, int(offer_no)] = frozenset({Outcome.SHOWN, *taken})
        part = showings_of(notice, seen, known, policy)
        part.decisions.extend([number] * len(part.accepted))
        found.MergeFrom(part)
    return evaluation_of(found)


@pytest.mark.parametrize("share_seen", [1.0, 0.4])
@pytest.mark.parametrize("model", [0.15, 0.05])
@pytest.mark.parametrize("shows", [1, 2, 4])
def test_the_truth_lies_in_the_interval_of_whoever_shows_more_or_fewer(shows, model, share_seen):
    found = judged(shows, model, share_seen=share_seen)
    of_each_shown_then = TRUTH * shows / SHOWN_THEN
    acceptances, value = found.acceptances.doubly_robust, found.value.doubly_robust
    assert acceptances.low < of_each_shown_then < acceptances.high
    assert value.low < of_each_shown_then * WORTH < value.high
    assert acceptances.high - acceptances.low < 0.5 * of_each_shown_then


def test_what_had_no_chance_is_told_as_a_share_of_all_that_would_be_shown():
    chosen = ChosenNotice(placement=BANNER, offer_no=1, selection_probability=1.0)
    notice = DecisionNotice(chosen=[chosen, ChosenNotice(placement=BANNER, offer_no=2)])
    seen = {(BANNER, 1): frozenset({Outcome.SHOWN})}
    [unsupported] = showings_of(notice, seen, then(0.1, possible=3), other(4)).unsupported
    assert unsupported == pytest.approx(0.5)
