"""What cannot answer in time is replaced by its fallback, and the decision says so."""

import pytest

from services.aggregator.domain.steps import Outcome, Step
from shared.arms import assign_arm
from shared.errors import InvalidArgument, Overloaded, Unavailable
from tests.unit.aggregator.deciding import asked, decide, due, outcomes, shown, with_person
from tests.unit.aggregator.edge import (
    BANNER,
    GUIDE,
    HELLO,
    HERO,
    PAN,
    PC_1,
    PC_1_BLUE,
    PC_2,
    PERSON,
    PROMO,
    TV,
    WELCOME,
    candidates,
    everything_kept,
)
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse


async def test_without_profile_the_decision_is_made_by_pseudonym(edge):
    edge.peers.profile.GetSnapshot.error = Unavailable("dead")
    decision = await decide(edge)
    check = edge.peers.rules.Check.request
    assert check.snapshot == b""
    assert [key.kind for key in check.context.identity_keys] == ["customer"]
    assert len(check.context.identity_keys[0].key) == 32
    assert shown(decision) == [[PC_1, PC_2]]
    assert decision.degraded == {"profile": Outcome.UNAVAILABLE}


async def test_without_profile_it_is_committed_for_the_persons_that_rules_knows(edge):
    edge.peers.profile.GetSnapshot.error = Unavailable("dead")
    edge.peers.rules.Check.answer = lambda request: with_person(everything_kept(request))
    await decide(edge)
    commit = edge.peers.rules.Commit.request
    assert commit.person_ids == [PERSON]
    assert commit.context.arm == assign_arm_of(edge)
    assert commit.degraded


def assign_arm_of(edge):
    arms = edge.definitions.arms
    plan = ArmPlan(salt=arms.salt, holdout_share=arms.holdout_share)
    return assign_arm(plan, PERSON)


async def test_without_scenario_there_are_no_journey_actions(edge):
    edge.peers.scenario.GetDue.error = Overloaded()
    decision = await decide(edge)
    assert shown(decision) == [[PC_1, PC_2]]
    assert decision.degraded == {"scenario": Outcome.OVERLOADED}


async def test_without_retrieval_the_warm_popular_list_is_checked_and_ranked(edge):
    edge.peers.retrieval.Retrieve.is_black_hole = True
    decision = await decide(edge)
    assert list(edge.peers.rules.Check.request.candidates.offer_nos) == [TV, PAN]
    assert shown(decision) == [[TV, PAN]]
    assert decision.degraded == {"retrieval": Outcome.TIMEOUT}


async def test_the_popular_list_is_filtered_by_the_catalogue(edge):
    edge.catalogue.withdrawn[TV] = True
    edge.peers.retrieval.Retrieve.error = Unavailable("dead")
    assert shown(await decide(edge)) == [[PAN]]


async def test_popular_lists_outlive_a_dead_retrieval(edge):
    edge.peers.retrieval.GetPopular.error = Unavailable("dead")
    with pytest.raises(Unavailable):
        await edge.popular.refresh()
    edge.peers.retrieval.Retrieve.error = Unavailable("dead")
    assert shown(await decide(edge)) == [[TV, PAN]]


async def test_without_retrieval_journeys_still_propose(edge):
    edge.peers.retrieval.Retrieve.error = Unavailable("dead")
    edge.peers.scenario.GetDue.answer = lambda _: due(GUIDE)
    assert shown(await decide(edge)) == [[GUIDE, TV]]


async def test_without_check_only_the_default_offers_are_shown(edge):
    edge.peers.rules.Check.error = InvalidArgument(message="whatever")
    decision = await decide(edge, asked(BANNER, HERO))
    assert shown(decision) == [[WELCOME], [HELLO]]
    assert decision.degraded == {"rules": Outcome.FAILED}
    assert edge.peers.ranker.Rank.requests == edge.peers.rules.Commit.requests == []
    assert outcomes(decision)[Step.COMMIT] is Outcome.SKIPPED


async def test_a_default_that_the_caller_left_out_is_not_shown(edge):
    edge.peers.rules.Check.error = Unavailable("dead")
    assert shown(await decide(edge, asked(exclude_ids=["welcome"]))) == [[]]


async def test_a_default_about_what_the_caller_fences_out_is_not_shown(edge):
    edge.peers.rules.Check.error = Unavailable("dead")
    for kept_out, left in ((["Home"], [[WELCOME]]), (["Electronics"], [[]])):
        edge.catalogue.about_nos[WELCOME] = (TV,)
        request = asked(context={"without_categories": kept_out})
        assert shown(await decide(edge, request)) == left


async def test_without_the_ranker_retrieval_order_times_value_decides(edge):
    edge.peers.ranker.Rank.is_black_hole = True
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(
        candidates=candidates(PAN, PC_2, TV)
    )
    decision = await decide(edge)
    # 5/1 for the pan, 90/2 for the PC, 10/3 for the TV.
    assert shown(decision) == [[PC_2, PAN]]
    assert decision.degraded == {"ranker": Outcome.TIMEOUT}


async def test_without_the_ranker_the_constraints_hold(edge):
    edge.peers.ranker.Rank.error = Unavailable("dead")
    edge.peers.rules.Check.answer = lambda request: constrained(request)
    decision = await decide(edge, asked(HERO))
    assert shown(decision) == [[PC_1, TV]]


def constrained(request):
    response = everything_kept(request)
    response.constraints.append(SlateConstraint(attribute="CATEGORY", depth=2, at_most=1))
    return response


async def test_without_the_ranker_a_standing_order_stands(edge):
    edge.peers.ranker.Rank.error = Unavailable("dead")

    def standing(request):
        response = everything_kept(request)
        order = StandingOrder(placement=BANNER, offer_nos=[PAN, TV], exact=True)
        response.standing.append(order)
        return response

    edge.peers.rules.Check.answer = standing
    assert shown(await decide(edge)) == [[PAN, TV]]


async def test_without_the_ranker_no_family_is_shown_twice_on_the_page(edge):
    edge.peers.ranker.Rank.error = Unavailable("dead")
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(
        candidates=candidates(PC_1, PC_1_BLUE, PC_2, TV)
    )
    page = [no for slate in shown(await decide(edge, asked(BANNER, HERO))) for no in slate]
    assert sorted(page) == [PC_1, PC_2, TV]


async def test_without_the_ranker_what_a_placement_may_not_show_is_not_shown_there(edge):
    edge.peers.ranker.Rank.error = Unavailable("dead")

    def only_second(request):
        response = everything_kept(request)
        response.placement_bits[0] = 0b10
        return response

    edge.peers.rules.Check.answer = only_second
    first, second = shown(await decide(edge, asked(BANNER, HERO)))
    assert PC_1 in second
    assert PC_1 not in first


async def test_without_commit_promotions_and_contacts_are_dropped_and_the_rest_stays(edge):
    edge.peers.rules.Commit.is_black_hole = True
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(
        candidates=candidates(PROMO, GUIDE, TV)
    )
    decision = await decide(edge)
    assert shown(decision) == [[TV]]
    assert decision.degraded == {"rules": Outcome.TIMEOUT}


async def test_where_the_kind_is_no_contact_it_stays_without_commit(edge):
    edge.peers.rules.Commit.is_black_hole = True
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(
        candidates=candidates(PROMO, GUIDE, TV)
    )
    assert shown(await decide(edge, asked(HERO))) == [[TV, GUIDE]]


async def test_without_commit_a_place_that_is_left_empty_gets_its_default(edge):
    edge.peers.rules.Commit.error = Unavailable("dead")
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=candidates(PROMO))
    assert shown(await decide(edge)) == [[WELCOME]]


async def test_two_services_missing_are_both_named(edge):
    edge.peers.profile.GetSnapshot.error = Unavailable("dead")
    edge.peers.ranker.Rank.is_black_hole = True
    decision = await decide(edge)
    assert decision.degraded == {"profile": Outcome.UNAVAILABLE, "ranker": Outcome.TIMEOUT}
    assert len(shown(decision)[0]) == 2
