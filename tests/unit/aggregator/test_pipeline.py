"""What a decision hands from step to step, to whom, and in which arm."""

import uuid

from services.aggregator.domain.steps import Outcome, Step
from shared.errors import Unavailable
from tests.unit.aggregator.deciding import asked, decide, due, outcomes, shown, with_person
from tests.unit.aggregator.edge import (
    BANNER,
    GUIDE,
    HELLO,
    HERO,
    PAN,
    PC_1,
    PC_2,
    PERSON,
    PROMO,
    TV,
    WELCOME,
    Edge,
    candidates,
    everything_kept,
    known_person,
    with_evidence,
)
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1.bus_pb2 import ChosenNotice
from touchpoint.common.v1.decision_pb2 import Removals
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, RemovalCode, Source
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse
from touchpoint.rules.v1.rules_service_pb2 import CheckResponse, CommitPlacement, CommitResponse
from touchpoint.scenario.v1.scenario_service_pb2 import GetDueResponse


async def test_when_all_is_well_nothing_is_degraded(edge):
    decision = await decide(edge)
    assert shown(decision) == [[PC_1, PC_2]]
    assert decision.degraded == {}
    assert set(outcomes(decision).values()) == {Outcome.OK}
    assert [record.step for record in decision.records] == list(Step)


async def test_a_decision_id_is_a_uuid_of_version_7(edge):
    assert uuid.UUID((await decide(edge)).decision_id).version == 7


async def test_what_a_journey_proposes_goes_first_and_once(edge):
    edge.peers.scenario.GetDue.answer = lambda _: due(PAN, lever=4.0)
    await decide(edge)
    check, rank = edge.peers.rules.Check.request, edge.peers.ranker.Rank.request
    assert list(check.candidates.offer_nos) == [PAN, PC_1, PC_2, TV, PROMO, GUIDE]
    assert check.candidates.sources[0] == Source.JOURNEY
    assert list(rank.levers) == [4.0, 1.0, 1.0, 1.0, 1.0, 1.0]


async def test_the_ranker_is_told_how_much_speaks_for_what_rules_keep(edge):
    proposed = with_evidence(candidates(PC_1, TV, PAN))

    def two_kept(request):
        return CheckResponse(kept=[2, 0], placement_bits=[1, 1])

    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=proposed)
    edge.peers.rules.Check.answer = two_kept
    await decide(edge)
    ranked = edge.peers.ranker.Rank.request.candidates
    assert list(ranked.offer_nos) == [PAN, PC_1]
    assert list(ranked.evidence_counts) == [3, 1]
    assert list(ranked.evidence_totals) == [120, 40]
    assert list(ranked.evidence_kinds) == [3, 1]
    assert (list(ranked.evidence_nos), list(ranked.evidence_texts)) == ([], [])
    trace = DecisionTrace.FromString(edge.peers.rules.Commit.request.trace)
    assert trace.candidates == proposed


async def test_rules_are_told_how_many_agents_are_free_and_the_question_stays_the_same(edge):
    await decide(edge)
    edge.peers.scenario.GetDue.answer = lambda _: GetDueResponse(free_agents=3)
    await decide(edge)
    before, after = [each.context for each in edge.peers.rules.Check.requests]
    assert (before.free_agents, after.free_agents) == (0, 3)
    assert after.context_digest == before.context_digest


async def test_a_journey_that_moves_frees_what_was_decided_before(edge):
    await decide(edge)
    edge.peers.scenario.GetDue.answer = lambda _: due(PAN)
    await decide(edge)
    await decide(edge)
    rules = edge.peers.rules
    before, during, again = [asked.context.context_digest for asked in rules.Check.requests]
    assert again == during != before
    assert [asked.context.context_digest for asked in rules.Commit.requests[1:]] == [during] * 2


async def test_who_was_told_that_nobody_is_free_is_decided_for_anew_once_somebody_is(edge):
    checked = edge.peers.rules.Check.requests
    for free in ({}, {"free_agents": 3}, {"free_agents": 2}, {"free_chat_agents": 1}):
        edge.peers.scenario.GetDue.answer = lambda _, free=free: due(HELLO, **free)
        await decide(edge)
    nobody, somebody, fewer, to_chat = [each.context.context_digest for each in checked]
    assert somebody == fewer, "how many it is decides nothing"
    assert len({nobody, somebody, to_chat}) == 3


async def test_what_agents_are_free_for_matters_only_where_a_service_is_proposed(edge):
    for free in ({}, {"free_agents": 3, "free_chat_agents": 3}):
        edge.peers.scenario.GetDue.answer = lambda _, free=free: due(PAN, **free)
        await decide(edge)
    nobody, somebody = [each.context.context_digest for each in edge.peers.rules.Check.requests]
    assert nobody == somebody


async def test_a_stale_model_is_used_and_told_of(edge):
    rank = edge.peers.ranker.Rank
    fresh = rank.answer

    def stale(request):
        answer = fresh(request)
        answer.versions.model_stale = True
        return answer

    rank.answer = stale
    decision = await decide(edge)
    assert shown(decision) == [[PC_1, PC_2]]
    assert decision.degraded == {"ranker": Outcome.MODEL_STALE}


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


async def test_what_a_newer_catalogue_brings_back_takes_nobody_elses_place(edge):
    newer = edge.catalogue.size + 5

    def adding(request):
        response = everything_kept(request)
        response.added.CopyFrom(candidates(newer, source=Source.OFFER))
        response.kept.append(len(request.candidates.offer_nos))
        response.placement_bits.append(1)
        response.levers.extend(range(1, len(response.kept) + 1))
        return response

    edge.peers.rules.Check.answer = adding
    await decide(edge)
    asked_of_ranker = edge.peers.ranker.Rank.request
    assert newer not in asked_of_ranker.candidates.offer_nos
    assert len(asked_of_ranker.placement_bits) == len(asked_of_ranker.candidates.offer_nos)
    assert list(asked_of_ranker.levers) == list(range(1, len(asked_of_ranker.levers) + 1))


async def test_where_only_a_newer_catalogue_knows_what_stands_the_default_is_shown(edge):
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse()

    def adding(request):
        response = everything_kept(request)
        response.added.CopyFrom(candidates(edge.catalogue.size, source=Source.OFFER))
        response.kept.append(0)
        response.placement_bits.append(1)
        return response

    edge.peers.rules.Check.answer = adding
    assert shown(await decide(edge)) == [[WELCOME]]


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


async def test_a_decision_is_committed_with_the_time_zone_in_which_their_days_begin(edge):
    edge.peers.profile.GetSnapshot.answer = lambda _: known_person(_, time_zone="Asia/Tokyo")
    await decide(edge)
    assert edge.peers.rules.Commit.request.time_zone == "Asia/Tokyo"


async def test_what_the_ranker_saw_is_committed_with_each_choice(edge):
    await decide(edge)
    [page] = edge.peers.rules.Commit.request.placements
    assert [notice.features for notice in page.chosen] == [b"seen 0", b"seen 1"]
    assert [notice.features for notice in page.next] == [b"seen 2", b"seen 3", b"seen 4", b"seen 5"]


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
    request = asked(context={"query": "secret-query"})
    request.identities[0].value = "secret-customer"
    await decide(edge, request)
    trace = edge.peers.rules.Commit.request.trace
    assert b"secret-customer" not in trace
    assert b"secret-query" not in trace


async def test_the_static_arm_sees_only_default_offers_and_is_recorded(edge):
    edge.peers.profile.GetSnapshot.answer = lambda request: known_person(request, arm=Arm.STATIC)
    decision = await decide(edge, asked(BANNER, HERO))
    assert shown(decision) == [[WELCOME], [HELLO]]
    assert edge.peers.retrieval.Retrieve.requests == edge.peers.ranker.Rank.requests == []
    assert edge.peers.rules.Commit.request.context.arm == Arm.STATIC
    assert decision.degraded == {}


async def test_what_the_static_arm_saw_elsewhere_does_not_lead_its_defaults(edge):
    edge.peers.profile.GetSnapshot.answer = lambda request: known_person(request, arm=Arm.STATIC)

    def with_what_stood(request):
        answer = everything_kept(request)
        answer.added.CopyFrom(candidates(HELLO, source=Source.DEFAULT))
        answer.kept.append(1)
        answer.placement_bits.append(1)
        answer.standing.add(placement=BANNER, offer_nos=[HELLO])
        return answer

    edge.peers.rules.Check.answer = with_what_stood
    assert shown(await decide(edge, asked(BANNER))) == [[WELCOME]]


async def test_a_static_person_whom_only_rules_knew_sees_defaults_too():
    edge = Edge(parameters={"static": "100%"})
    edge.peers.profile.GetSnapshot.error = Unavailable("dead")
    edge.peers.rules.Check.answer = lambda request: with_person(everything_kept(request))
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
