"""A decision that was made can be explained afterwards."""

from functools import partial

import grpc
import pytest

from services.aggregator.domain.texts import phrase
from shared.errors import NotFound, Unavailable
from tests.unit.aggregator.edge import (
    BANNER,
    PC_1,
    PC_2,
    TV,
    candidates,
    everything_kept,
    known_person,
)
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ExplainDecisionRequest,
    RecommendRequest,
)
from touchpoint.common.v1.decision_pb2 import Removals
from touchpoint.common.v1.snapshot_pb2 import Owned
from touchpoint.common.v1.vocabulary_pb2 import (
    Channel,
    EvidenceKind,
    RemovalCode,
    SlateCause,
    Source,
)
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse
from touchpoint.rules.v1.rules_service_pb2 import GetDecisionResponse


@pytest.fixture
async def decided(stub, edge):
    """Decide once, where one of what is proposed is removed."""

    def removing_the_tv(request):
        response = everything_kept(request)
        at = list(request.candidates.offer_nos).index(TV)
        del response.kept[at], response.placement_bits[at]
        response.removed.CopyFrom(
            Removals(offer_nos=[TV], codes=[RemovalCode.OWNED], rules=["owned"])
        )
        return response

    edge.peers.rules.Check.answer = removing_the_tv
    return await asked(stub, edge)


async def asked(stub, edge, **more):
    """Ask, and let rules keep what was committed."""
    answer = await stub.Recommend(
        RecommendRequest(
            identities=[{"kind": "customer", "value": "c-1"}],
            channel=Channel.WEB,
            placements=[{"placement": BANNER}],
            **{"explain": True, **more},
        )
    )
    commit = edge.peers.rules.Commit.request
    edge.peers.rules.GetDecision.answer = lambda _: GetDecisionResponse(
        trace=commit.trace, placements=commit.placements
    )
    return answer


async def test_the_trace_tells_what_was_shown_as_the_caller_saw_it(stub, edge, decided):
    asked = ExplainDecisionRequest(decision_id=decided.decision_id)
    explained = await stub.ExplainDecision(asked)
    (shown,) = explained.trace.placements
    assert [one.offer_id for one in shown.recommendations] == ["pc-1", "pc-2"]
    assert shown.recommendations[0].reasons == decided.placements[0].recommendations[0].reasons
    assert shown.recommendations[0].score == 0.5
    assert [part.name for part in shown.recommendations[0].contributions] == ["prior"]
    assert explained.trace.decision_id == decided.decision_id
    assert explained.trace.bundle_hash == "bundle"


async def test_what_was_removed_is_told_with_its_reason(stub, decided):
    asked = ExplainDecisionRequest(decision_id=decided.decision_id)
    (removed,) = (await stub.ExplainDecision(asked)).removed
    assert (removed.offer_id, removed.code) == ("tv-1", RemovalCode.OWNED)
    assert removed.text == "You have one of these at home."


async def test_every_candidate_is_told_with_its_source_and_what_became_of_it(stub, decided):
    asked = ExplainDecisionRequest(decision_id=decided.decision_id)
    explained = await stub.ExplainDecision(asked)
    found = {one.offer_id: (one.title, one.outcome) for one in explained.candidates}
    assert found["pc-1"] == ("Aurora 15", "SHOWN")
    assert found["tv-1"] == ("Vista 50", "REMOVED")
    assert found["pan-1"] == ("Cake pan", "NOT_CHOSEN")
    assert {one.source for one in explained.candidates} == {Source.POPULAR}


async def test_how_the_time_was_used_is_kept(stub, decided):
    asked = ExplainDecisionRequest(decision_id=decided.decision_id)
    timings = (await stub.ExplainDecision(asked)).trace.timings
    assert {timing.service for timing in timings} >= {"profile", "retrieval", "rules.Check"}


@pytest.mark.parametrize("locale", ["", "de"])
@pytest.mark.parametrize("source", [Source.GIFT, Source.BUY_AGAIN, Source.IN_SESSION])
async def test_reasons_are_told_in_the_words_in_which_they_were_given(stub, edge, source, locale):
    """They may speak of whom it is for, of what the person has, or of what is looked at."""
    found = candidates(PC_1, PC_2, source=source)
    found.evidence_counts[:] = [4, 4]
    minutes = edge.clock.now_us() // 60_000_000 - 40 * 24 * 60
    owned = Owned(family_nos=[PC_1], last_minutes=[minutes], times=[4], cycle_days=[0.0])
    person = partial(known_person, owned=owned, locale=locale)
    edge.peers.profile.GetSnapshot.answer = person
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=found)
    more = {"context": {"attributes": {"category": "Computers > PCs"}}, "explain": False}
    if source == Source.GIFT:
        more["recipient"] = {"relationship": "mother"}
    answer = await asked(stub, edge, **more)
    explained = await stub.ExplainDecision(ExplainDecisionRequest(decision_id=answer.decision_id))
    told = [one.reasons for one in answer.placements[0].recommendations]
    (shown,) = explained.trace.placements
    assert [one.reasons for one in shown.recommendations] == told
    assert not shown.recommendations[0].contributions
    plain = phrase(Source.Value.Name(source), locale)
    assert told[0][0].text != plain, "there is more to tell than the source"


async def test_what_a_standing_decision_brought_back_is_told_beside_what_was_proposed(stub, edge):
    found = candidates(PC_1, source=Source.ALSO_BOUGHT)
    found.evidence_kinds.append(EvidenceKind.IN_ONE_ORDER)
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=found)

    def adding(request):
        response = everything_kept(request)
        # As rules of a former release adds: without any kind of evidence.
        response.added.CopyFrom(candidates(PC_2, source=Source.OFFER))
        response.kept.append(1)
        response.placement_bits.append(response.placement_bits[0])
        return response

    edge.peers.rules.Check.answer = adding
    answer = await asked(stub, edge)
    explained = await stub.ExplainDecision(ExplainDecisionRequest(decision_id=answer.decision_id))
    (shown,) = explained.trace.placements
    assert [one.offer_id for one in shown.recommendations] == ["pc-1", "pc-2"]
    assert [one.source for one in explained.candidates] == [Source.ALSO_BOUGHT, Source.OFFER]


async def unconfirmed(edge):
    """Hand over what was answered without rules, and return it."""
    while edge.unconfirmed._unwritten:
        edge.unconfirmed._write_next()
    await edge.unconfirmed.hand_over(5.0)
    (answer,) = edge.peers.rules.KeepAnswers.request.answers
    return answer


@pytest.mark.parametrize("silent", ["Check", "Commit"])
async def test_an_answer_without_rules_is_explained_like_any_other(stub, edge, silent):
    getattr(edge.peers.rules, silent).error = Unavailable("dead")
    answer = await stub.Recommend(
        RecommendRequest(
            identities=[{"kind": "customer", "value": "c-1"}],
            channel=Channel.WEB,
            placements=[{"placement": BANNER}],
        )
    )
    late = await unconfirmed(edge)
    edge.peers.rules.GetDecision.answer = lambda _: GetDecisionResponse(
        trace=late.trace, placements=late.placements, unconfirmed=late
    )
    explained = await stub.ExplainDecision(ExplainDecisionRequest(decision_id=answer.decision_id))
    assert not explained.committed
    (shown,), (late_shown,) = explained.trace.placements, explained.unconfirmed.placements
    told = [(one.offer_id, one.reasons) for one in answer.placements[0].recommendations]
    assert [(one.offer_id, one.reasons) for one in shown.recommendations] == told
    assert late_shown == shown
    assert explained.trace.degraded == answer.degraded == explained.unconfirmed.degraded
    ends = {each.service: each.outcome for each in explained.unconfirmed.timings}
    assert ends[f"rules.{silent}"] == "UNAVAILABLE"
    assert {one.offer_id for one in explained.candidates} >= {"pc-1", "tv-1"}


async def test_what_was_answered_without_rules_stands_beside_what_was_committed_later(stub, edge):
    edge.peers.rules.Commit.error = Unavailable("late")
    answer = await asked(stub, edge)
    late, commit = await unconfirmed(edge), edge.peers.rules.Commit.request
    edge.peers.rules.GetDecision.answer = lambda _: GetDecisionResponse(
        trace=commit.trace, placements=commit.placements, committed=True, unconfirmed=late
    )
    explained = await stub.ExplainDecision(ExplainDecisionRequest(decision_id=answer.decision_id))
    assert explained.committed
    assert not explained.trace.degraded
    assert [one.service for one in explained.unconfirmed.degraded] == ["rules"]


@pytest.mark.parametrize("standing", ["", "an-earlier-one"])
async def test_an_answer_says_whether_its_decision_stood_already(stub, edge, standing):
    def stood(request):
        response = everything_kept(request)
        response.standing_decision_id = standing
        return response

    edge.peers.rules.Check.answer = stood
    assert (await asked(stub, edge)).repeated_decision == bool(standing)


async def test_a_decision_that_nobody_keeps_is_not_found(stub, edge):
    edge.peers.rules.GetDecision.error = NotFound("there is no such decision")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ExplainDecision(ExplainDecisionRequest(decision_id="x"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_what_a_rule_in_shadow_would_have_removed_is_told_beside_what_was(stub, edge):
    def with_a_trial(request):
        response = everything_kept(request)
        offer_nos = list(request.candidates.offer_nos)
        mask = bytes([1 << offer_nos.index(PC_1) | 1 << offer_nos.index(TV)])
        response.acts.add(rule="owned", shadow=True, candidates=2, placement_bits=1)
        response.shadow.add(rule="owned", code=RemovalCode.OWNED, candidates=mask)
        return response

    edge.peers.rules.Check.answer = with_a_trial
    answer = await asked(stub, edge)
    told = [(each.offer_id, each.rule, each.text) for each in answer.shadow_removed]
    sentence = "You have one of these at home."
    assert told == [("pc-1", "owned", sentence), ("tv-1", "owned", sentence)]
    assert not answer.removed
    (act,) = edge.peers.rules.Commit.request.acts
    assert set(act.shown_offer_nos) == {PC_1, TV}
    explained = await stub.ExplainDecision(ExplainDecisionRequest(decision_id=answer.decision_id))
    assert explained.shadow_removed == answer.shadow_removed


async def test_what_decided_a_place_is_told_again(stub, edge):
    def pinning(request):
        pin = SlateConstraint(
            placement=BANNER, attribute="OFFER", value="tv-1", rule="star", pin={"position": 1}
        )
        kept = everything_kept(request)
        kept.constraints.append(pin)
        return kept

    edge.peers.rules.Check.answer = pinning
    edge.peers.ranker.Rank.error = Unavailable("dead")
    answer = await asked(stub, edge)
    explained = await stub.ExplainDecision(ExplainDecisionRequest(decision_id=answer.decision_id))
    first, second = explained.trace.placements[0].recommendations
    assert (first.offer_id, first.placing.code, first.placing.rule) == (
        "tv-1",
        SlateCause.PIN,
        "star",
    )
    assert first.placing == answer.placements[0].recommendations[0].placing
    assert not second.HasField("placing")
