"""While definitions are tried on a share of people, each decision is made wholly by one bundle."""

from services.aggregator.asking import Asking, Tried
from services.aggregator.definitions import compile_bundle
from shared.errors import Unavailable
from tests.unit.aggregator.deciding import asked, decide, shown, with_person
from tests.unit.aggregator.edge import (
    BANNER,
    PC_1,
    PC_2,
    bundle,
    everything_kept,
    known_person,
)
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.common.v1.decision_pb2 import Trial

TRIAL = Trial(bundle_hash="tried", share=0.1, salt="salt")


def trying(edge):
    """Let the edge try a bundle that shows one thing where the other shows two."""
    message = bundle(holdout="20%")
    message.bundle_hash = "tried"
    message.placements[0].limit = 1
    tried = Tried(TRIAL, compile_bundle(message))
    edge.asking = Asking(
        lambda: edge.definitions, edge.catalogue, edge.identification, edge.clock, lambda: tried
    )


def in_the_share(request):
    answer = known_person(request)
    answer.in_trial = True
    return answer


def decided_by(edge):
    """Return the bundle that each service was told to decide by, and that of the trace."""
    peers = edge.peers
    asked_of = (
        peers.retrieval.Retrieve,
        peers.scenario.GetDue,
        peers.rules.Check,
        peers.ranker.Rank,
        peers.rules.Commit,
    )
    named = {rpc.request.context.bundle_hash for rpc in asked_of}
    return named | {DecisionTrace.FromString(peers.rules.Commit.request.trace).bundle_hash}


async def test_profile_is_told_what_is_tried_with_its_own_arms(edge):
    trying(edge)
    await decide(edge)
    request = edge.peers.profile.GetSnapshot.request
    assert (request.bundle_hash, request.arm_plan.holdout_share) == ("bundle", 0.0)
    assert request.trial_plan.trial == TRIAL
    assert request.trial_plan.arm_plan.holdout_share == 0.2


async def test_a_person_in_the_share_is_decided_by_what_is_tried_in_every_step(edge):
    trying(edge)
    edge.peers.profile.GetSnapshot.answer = in_the_share
    assert shown(await decide(edge)) == [[PC_1]]
    assert decided_by(edge) == {"tried"}
    [placement] = edge.peers.rules.Commit.request.context.placements
    assert (placement.placement, placement.limit) == (BANNER, 1)


async def test_a_limit_that_the_caller_asked_for_holds_in_the_share_as_well(edge):
    trying(edge)
    edge.peers.profile.GetSnapshot.answer = in_the_share
    request = asked()
    request.placements[0].limit = 2
    assert shown(await decide(edge, request)) == [[PC_1, PC_2]]


async def test_everybody_else_is_decided_by_what_is_everybodys(edge):
    trying(edge)
    assert shown(await decide(edge)) == [[PC_1, PC_2]]
    assert decided_by(edge) == {"bundle"}
    assert not edge.peers.rules.Check.request.context.HasField("trial")


async def test_without_profile_rules_finds_out_who_is_in_the_share(edge):
    trying(edge)
    edge.peers.profile.GetSnapshot.error = Unavailable("dead")

    def found(request):
        assert request.context.trial == TRIAL
        answer = with_person(everything_kept(request))
        answer.versions.bundle_hash = "tried"
        return answer

    edge.peers.rules.Check.answer = found
    assert shown(await decide(edge)) == [[PC_1]]
    commit = edge.peers.rules.Commit.request
    assert commit.context.bundle_hash == "tried"
    assert not commit.context.HasField("trial")
    assert DecisionTrace.FromString(commit.trace).bundle_hash == "tried"


async def test_without_profile_somebody_outside_of_the_share_stays_outside(edge):
    trying(edge)
    edge.peers.profile.GetSnapshot.error = Unavailable("dead")
    edge.peers.rules.Check.answer = lambda request: with_person(everything_kept(request))
    assert shown(await decide(edge)) == [[PC_1, PC_2]]
    assert edge.peers.rules.Commit.request.context.bundle_hash == "bundle"
