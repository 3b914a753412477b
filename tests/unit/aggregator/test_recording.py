"""What of a decision is handed on to be recorded, and of which ones."""

import pytest

from shared.errors import Unavailable
from tests.unit.aggregator.deciding import asked, decide, due
from tests.unit.aggregator.edge import (
    BANNER,
    HERO,
    PAN,
    PC_1,
    TV,
    Edge,
    candidates,
    everything_kept,
    in_the_order_given,
    known_person,
    with_evidence,
)
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse
from touchpoint.rules.v1.recording_pb2 import RecordedDecision, RecordedProposal


def recorded(edge):
    return RecordedDecision.FromString(edge.peers.rules.Commit.requests[-1].recorded)


def gone_by(check):
    """Return what Check was given, without what nothing is decided by any more."""
    for key in check.context.identity_keys:
        key.key = b""
    for column in ("nos", "texts"):
        check.candidates.ClearField(f"evidence_{column}")
    return check


async def test_all_that_check_was_given_and_goes_by_is_recorded(edge):
    await decide(edge, asked(BANNER, HERO, locale="de-CH", exclude_ids=["pan-1"]))
    check, found = gone_by(edge.peers.rules.Check.request), recorded(edge)
    assert [each.kind for each in found.context.identity_keys] == ["customer"]
    assert found.context == check.context
    assert found.snapshot == check.snapshot
    assert found.candidates == check.candidates
    assert len(found.candidates.scores) == len(found.candidates.sources) > 0
    assert (found.schema, found.weight, list(found.slates)) == (1, 1.0, [])


async def test_who_asked_and_what_they_typed_is_not_recorded(edge):
    request = asked(context={"query": "a secret wish"}, recipient={"interests": ["secrets"]})
    await decide(edge, request)
    commit = edge.peers.rules.Commit.request
    assert commit.context.query == "a secret wish"
    assert commit.context.identity_keys[0].key
    assert b"secret" not in commit.recorded
    assert commit.context.identity_keys[0].key not in commit.recorded
    assert recorded(edge).context.HasField("recipient")


async def test_of_the_evidence_only_what_the_ranker_goes_by_is_recorded(edge):
    proposed = with_evidence(candidates(PC_1, TV, PAN))
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=proposed)
    await decide(edge)
    found = recorded(edge).candidates
    assert list(found.evidence_counts) == list(proposed.evidence_counts)
    assert list(found.evidence_totals) == list(proposed.evidence_totals)
    assert list(found.evidence_kinds) == list(proposed.evidence_kinds)
    assert (list(found.evidence_nos), list(found.evidence_texts)) == ([], [])


async def test_what_check_added_is_left_out(edge):
    def adding(request):
        verdict = everything_kept(request)
        verdict.added.CopyFrom(candidates(PAN + 100))
        return verdict

    edge.peers.rules.Check.answer = adding
    await decide(edge)
    asked_of = gone_by(edge.peers.rules.Check.request)
    assert recorded(edge).candidates == asked_of.candidates


async def test_the_model_is_recorded(edge):
    def ranked(request):
        answer = in_the_order_given(request)
        answer.versions.model = "model + 7"
        return answer

    edge.peers.ranker.Rank.answer = ranked
    await decide(edge)
    assert recorded(edge).model == "model + 7"


async def test_what_journeys_asked_for_is_recorded(edge):
    answer = due(PAN, lever=4.0)
    answer.actions.add(offer_no=TV, lever=1.0, placements=[HERO, BANNER])
    answer.actions.add(offer_no=PC_1, lever=1.0)
    edge.peers.scenario.GetDue.answer = lambda _: answer
    await decide(edge)
    assert list(recorded(edge).proposals) == [
        RecordedProposal(offer_no=TV, placements=[HERO, BANNER]),
        RecordedProposal(offer_no=PAN, lever=4.0),
    ]


async def test_a_decision_without_profile_is_recorded_as_what_it_was(edge):
    edge.peers.profile.GetSnapshot.error = Unavailable("gone")
    await decide(edge)
    assert recorded(edge).snapshot == b""


@pytest.mark.parametrize("arm", [Arm.HOLDOUT, Arm.STATIC, Arm.PERSONALISED])
async def test_decisions_of_every_arm_are_recorded(edge, arm):
    edge.peers.profile.GetSnapshot.answer = lambda request: known_person(request, arm=arm)
    await decide(edge)
    assert recorded(edge).context.arm == arm


async def test_a_decision_that_stands_is_not_recorded_again_and_takes_no_turn(edge):
    def standing(request):
        verdict = everything_kept(request)
        verdict.standing_decision_id = "made before"
        return verdict

    edge.peers.rules.Check.answer = standing
    for _ in range(3):
        await decide(edge)
    assert {each.recorded for each in edge.peers.rules.Commit.requests} == {b""}
    edge.peers.rules.Check.answer = everything_kept
    await decide(edge)
    assert recorded(edge).weight == 1.0


async def test_of_many_some_are_recorded_that_stand_for_the_others():
    edge = Edge(recorded_per_hour=4)
    await edge.popular.refresh()
    for _ in range(300):
        await decide(edge)
    handed_on = [each.recorded for each in edge.peers.rules.Commit.requests]
    found = [RecordedDecision.FromString(each) for each in handed_on if each]
    assert len(found) < 40
    largest = max(each.weight for each in found)
    assert abs(sum(each.weight for each in found) - 300) <= largest


async def test_of_what_is_not_recorded_nothing_is_written_out():
    edge = Edge(recorded_per_hour=0)
    await edge.popular.refresh()
    await decide(edge)
    assert edge.peers.rules.Commit.request.recorded == b""


async def test_a_preview_takes_no_turn(edge):
    await decide(edge, asked(preview=True))
    assert edge.peers.rules.Commit.requests == []
    assert edge.recorder._sampler._seen == 0
