"""A decision step by step, on a clock that moves only when a peer spends time."""

import uuid

import pytest

from services.aggregator.domain.steps import Outcome, Step
from shared.arms import assign_arm
from shared.budget import Budget
from shared.call import Call
from shared.errors import InvalidArgument, Overloaded, Unavailable
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
    Edge,
    candidates,
    everything_kept,
    known_person,
)
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1.bus_pb2 import ChosenNotice
from touchpoint.common.v1.decision_pb2 import Removals
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, RemovalCode, Source
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse
from touchpoint.rules.v1.rules_service_pb2 import CommitPlacement, CommitResponse
from touchpoint.scenario.v1.scenario_service_pb2 import GetDueResponse


def asked(*placements, **facts):
    return RecommendRequest(
        identities=[{"kind": "customer", "value": "c-1"}],
        channel=Channel.WEB,
        placements=[{"placement": name} for name in placements or (BANNER,)],
        **facts,
    )


async def decide(edge, request=None, budget_s=0.1):
    """Decide within exactly `budget_s`: the way back is added to what the caller gives."""
    margin_s = min(0.010, max(0.004, budget_s / 0.9 * 0.1))
    budget = Budget.of(budget_s + margin_s, monotonic=edge.ticking)
    call = Call("/edge", request_id="request", budget=budget)
    return await edge.pipeline.decide(edge.asking.question(call, request or asked()))


def shown(decision):
    return [[choice.offer_no for choice in slate.chosen] for slate in decision.slates]


def outcomes(decision):
    return {record.step: record.outcome for record in decision.records}


@pytest.fixture
async def edge():
    made = Edge()
    await made.popular.refresh()
    return made


async def test_when_all_is_well_nothing_is_degraded(edge):
    decision = await decide(edge)
    assert shown(decision) == [[PC_1, PC_2]]
    assert decision.degraded == {}
    assert set(outcomes(decision).values()) == {Outcome.OK}
    assert [record.step for record in decision.records] == list(Step)


async def test_a_decision_id_is_a_uuid_of_version_7(edge):
    assert uuid.UUID((await decide(edge)).decision_id).version == 7


# Budgets.


async def test_each_step_gets_its_share_and_what_was_left_unspent(edge):
    peers = edge.peers
    peers.profile.GetSnapshot.spend_s = 0.010
    peers.retrieval.Retrieve.spend_s = 0.020
    peers.rules.Check.spend_s = 0.005
    peers.ranker.Rank.spend_s = 0.001
    await decide(edge, budget_s=0.130)
    assert peers.profile.GetSnapshot.timeouts_s == [pytest.approx(0.130 * 8 / 23)]
    assert peers.scenario.GetDue.timeouts_s == [pytest.approx(0.120 * 6 / 15)]
    assert peers.retrieval.Retrieve.timeouts_s == [pytest.approx(0.120 * 6 / 15)]
    assert peers.rules.Check.timeouts_s == [pytest.approx(0.100 * 4 / 9)]
    assert peers.ranker.Rank.timeouts_s == [pytest.approx(0.095 * 2 / 5)]
    assert peers.rules.Commit.timeouts_s == [pytest.approx(0.094)]


async def test_the_record_tells_budget_and_spent_of_every_step(edge):
    edge.peers.profile.GetSnapshot.spend_s = 0.010
    decision = await decide(edge, budget_s=0.130)
    first = decision.records[0]
    assert (first.budget_s, first.spent_s) == (
        pytest.approx(0.130 * 8 / 23),
        pytest.approx(0.010),
    )


async def test_nothing_is_called_when_nothing_remains(edge):
    edge.peers.profile.GetSnapshot.is_black_hole = True
    decision = await decide(edge, budget_s=0.0015)
    assert edge.peers.rules.Check.requests == []
    assert shown(decision) == [[WELCOME]]
    assert decision.degraded["rules"] is Outcome.NO_BUDGET


async def test_however_many_are_black_holes_the_budget_holds(edge):
    for stub in (edge.peers.profile, edge.peers.scenario, edge.peers.retrieval, edge.peers.rules):
        for rpc in vars(stub).values():
            rpc.is_black_hole = True
    began = edge.ticking.now
    decision = await decide(edge, budget_s=0.100)
    assert edge.ticking.now - began <= 0.100 + 1e-9
    assert shown(decision) == [[WELCOME]]


# Fallbacks.


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
    edge.peers.rules.Check.answer = lambda request: _with_person(everything_kept(request))
    await decide(edge)
    commit = edge.peers.rules.Commit.request
    assert commit.person_ids == [PERSON]
    assert commit.context.arm == assign_arm_of(edge)
    assert commit.degraded


def _with_person(response):
    response.person_ids.append(PERSON)
    return response


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
    assert shown(await decide(edge, asked(HERO))) == [[GUIDE, TV]]


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


# What is handed on.


def due(offer_no, **facts):
    return GetDueResponse(actions=[{"offer_no": offer_no, "lever": 1.0, **facts}])


async def test_what_a_journey_proposes_goes_first_and_once(edge):
    edge.peers.scenario.GetDue.answer = lambda _: due(PAN, lever=4.0)
    await decide(edge)
    check, rank = edge.peers.rules.Check.request, edge.peers.ranker.Rank.request
    assert list(check.candidates.offer_nos) == [PAN, PC_1, PC_2, TV, PROMO, GUIDE]
    assert check.candidates.sources[0] == Source.JOURNEY
    assert list(rank.levers) == [4.0, 1.0, 1.0, 1.0, 1.0, 1.0]


async def test_a_journey_fills_only_the_placements_it_names(edge):
    edge.peers.scenario.GetDue.answer = lambda _: due(PAN, placements=[HERO])
    await decide(edge, asked(BANNER, HERO))
    assert list(edge.peers.ranker.Rank.request.placement_bits)[:2] == [0b10, 0b11]


async def test_only_what_rules_kept_is_ranked(edge):
    def without_the_first(request):
        response = everything_kept(request)
        del response.kept[0], response.placement_bits[0]
        response.levers.extend([2.0] * len(response.kept))
        return response

    edge.peers.rules.Check.answer = without_the_first
    decision = await decide(edge)
    assert shown(decision) == [[PC_2, TV]]
    assert list(edge.peers.ranker.Rank.request.levers) == [2.0] * 5


async def test_what_a_standing_decision_adds_counts_on_from_the_last_candidate(edge):
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=candidates(TV))

    def adding(request):
        response = everything_kept(request)
        response.added.CopyFrom(candidates(PC_1, source=Source.OFFER))
        response.kept.append(1)
        response.placement_bits.append(1)
        return response

    edge.peers.rules.Check.answer = adding
    decision = await decide(edge)
    assert shown(decision) == [[TV, PC_1]]
    assert decision.candidates.offer_nos == [TV, PC_1]


async def test_a_standing_decision_keeps_its_id_to_the_end(edge):
    def standing(request):
        response = everything_kept(request)
        response.standing_decision_id = "standing"
        return response

    edge.peers.rules.Check.answer = standing
    decision = await decide(edge)
    assert decision.decision_id == "standing"
    assert edge.peers.ranker.Rank.request.context.decision_id == "standing"
    assert edge.peers.rules.Commit.request.context.decision_id == "standing"


async def test_a_preview_commits_nothing_and_keeps_nobody(edge):
    decision = await decide(edge, asked(preview=True))
    assert shown(decision) == [[PC_1, PC_2]]
    assert edge.peers.rules.Commit.requests == []
    assert not edge.peers.profile.GetSnapshot.request.keep_unknown
    assert edge.peers.rules.Check.request.context.preview


async def test_a_live_decision_keeps_a_person_never_seen_before(edge):
    await decide(edge)
    assert edge.peers.profile.GetSnapshot.request.keep_unknown


async def test_what_a_race_refused_is_replaced_and_told(edge):
    def refusing(request):
        spare = ChosenNotice(placement=BANNER, offer_no=TV, replaced=True)
        chosen = [request.placements[0].chosen[0], spare]
        return CommitResponse(
            placements=[CommitPlacement(placement=BANNER, chosen=chosen)],
            refused=Removals(offer_nos=[PC_2], codes=[RemovalCode.CONTACT_LIMIT]),
        )

    edge.peers.rules.Commit.answer = refusing
    decision = await decide(edge)
    assert shown(decision) == [[PC_1, TV]]
    assert [choice.replaced for choice in decision.slates[0].chosen] == [False, True]
    assert list(decision.removed.offer_nos) == [PC_2]
    assert list(decision.removed.rules) == list(decision.removed.placements) == [""]
    assert decision.slates[0].chosen[1].acceptance_probability == 0.25


async def test_an_empty_slate_is_committed_as_what_is_shown(edge):
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse()
    decision = await decide(edge)
    assert shown(decision) == [[WELCOME]]
    (chosen,) = edge.peers.rules.Commit.request.placements[0].chosen
    assert (chosen.offer_no, chosen.source) == (WELCOME, Source.DEFAULT)


async def test_the_trace_is_made_of_columns_and_reads_back(edge):
    edge.peers.retrieval.Retrieve.is_black_hole = True
    await decide(edge)
    trace = DecisionTrace.FromString(edge.peers.rules.Commit.request.trace)
    assert list(trace.candidates.offer_nos) == [TV, PAN]
    assert [timing.service for timing in trace.timings][:3] == ["profile", "scenario", "retrieval"]
    assert trace.degraded[0].service == "retrieval"
    assert (trace.seq, trace.bundle_hash, list(trace.person_ids)) == (7, "bundle", [PERSON])
    assert trace.arm == Arm.PERSONALISED


async def test_the_trace_holds_no_identity_and_no_query(edge):
    await decide(edge, asked(context={"query": "secret-query"}))
    trace = edge.peers.rules.Commit.request.trace
    assert b"c-1" not in trace
    assert b"secret-query" not in trace


# Arms.


async def test_the_static_arm_sees_only_default_offers_and_is_recorded(edge):
    edge.peers.profile.GetSnapshot.answer = lambda request: known_person(request, arm=Arm.STATIC)
    decision = await decide(edge, asked(BANNER, HERO))
    assert shown(decision) == [[WELCOME], [HELLO]]
    assert edge.peers.retrieval.Retrieve.requests == edge.peers.ranker.Rank.requests == []
    assert edge.peers.rules.Commit.request.context.arm == Arm.STATIC
    assert decision.degraded == {}


async def test_a_static_person_whom_only_rules_knew_sees_defaults_too():
    edge = Edge(parameters={"static": "100%"})
    edge.peers.profile.GetSnapshot.error = Unavailable("dead")
    edge.peers.rules.Check.answer = lambda request: _with_person(everything_kept(request))
    decision = await decide(edge)
    assert shown(decision) == [[WELCOME]]
    assert edge.peers.ranker.Rank.requests == []
    assert edge.peers.rules.Commit.request.context.arm == Arm.STATIC


async def test_the_holdout_is_told_to_every_service(edge):
    edge.peers.profile.GetSnapshot.answer = lambda request: known_person(request, arm=Arm.HOLDOUT)
    await decide(edge)
    for rpc in (edge.peers.retrieval.Retrieve, edge.peers.rules.Check, edge.peers.rules.Commit):
        assert rpc.request.context.arm == Arm.HOLDOUT


async def test_profile_assigns_the_arm_by_the_shares_of_the_bundle():
    edge = Edge(parameters={"holdout": "5%"})
    await decide(edge)
    assert edge.peers.profile.GetSnapshot.request.arm_plan.holdout_share == 0.05


async def test_the_language_of_the_person_is_used_when_the_caller_names_none(edge):
    edge.peers.profile.GetSnapshot.answer = lambda request: known_person(request, locale="de")
    await decide(edge)
    assert edge.peers.rules.Check.request.context.locale == "de"


async def test_the_strongest_identity_goes_first(edge):
    request = RecommendRequest(
        identities=[
            {"kind": "visitor", "value": "v"},
            {"kind": "email", "value": " A@Shop.example "},
            {"kind": "customer", "value": "c-1"},
        ],
        channel=Channel.WEB,
        placements=[{"placement": BANNER}],
    )
    await decide(edge, request)
    sent = edge.peers.profile.GetSnapshot.request
    assert [(one.kind, one.value) for one in sent.identities] == [
        ("customer", "c-1"),
        ("email", "a@shop.example"),
        ("visitor", "v"),
    ]
    assert [key.kind for key in sent.identity_keys] == ["customer", "email", "visitor"]
