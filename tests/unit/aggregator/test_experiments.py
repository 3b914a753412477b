"""The edge says once in which variants a person is, and every service and record hears of it."""

from datetime import timedelta

from services.aggregator.asking import Asking, Tried
from services.aggregator.definitions import compile_bundle
from shared.arms import assign_variants
from shared.call import Call
from shared.errors import Unavailable
from tests.unit.aggregator.deciding import asked, decide, with_person
from tests.unit.aggregator.edge import PERSON, Edge, bundle, everything_kept, known_person
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.common.v1.decision_pb2 import Trial, VariantOf
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.rules.v1.experiments_pb2 import Experiment, ExperimentVariant
from touchpoint.rules.v1.recording_pb2 import RecordedDecision

SECOND_US = 1_000_000


def experiment(name="one", parts=(0.0, 1.0), **more):
    variants = [ExperimentVariant(variant=f"v{at}", share=part) for at, part in enumerate(parts)]
    return Experiment(experiment=name, share=1.0, variants=variants, **more)


def experimenting(*experiments, bundle_hash="bundle", **parameters):
    message = bundle(**parameters)
    message.bundle_hash = bundle_hash
    message.experiments.extend(experiments)
    return compile_bundle(message)


def edge_with(*experiments, **parameters):
    edge = Edge()
    edge.definitions = experimenting(*experiments, **parameters)
    return edge


def told(edge):
    """Return the variants of which each service heard."""
    peers = edge.peers
    rpcs = (
        peers.retrieval.Retrieve,
        peers.scenario.GetDue,
        peers.rules.Check,
        peers.ranker.Rank,
        peers.rules.Commit,
    )
    return [list(rpc.request.context.variants) for rpc in rpcs if rpc.requests]


async def test_every_service_hears_of_the_variants_of_the_person():
    edge = edge_with(experiment("one"), experiment("two"))
    await decide(edge)
    expected = [
        VariantOf(experiment="one", variant="v1"),
        VariantOf(experiment="two", variant="v1"),
    ]
    assert told(edge) == [expected] * 5
    trace = DecisionTrace.FromString(edge.peers.rules.Commit.request.trace)
    assert list(trace.variants) == expected
    recorded = RecordedDecision.FromString(edge.peers.rules.Commit.request.recorded)
    assert list(recorded.context.variants) == expected


async def test_the_oldest_of_the_set_decides():
    edge = edge_with(experiment(parts=(0.5, 0.5)))
    plan = edge.definitions.experiments
    people = [f"person-{number}" for number in range(40)]
    by_variant = {assign_variants(plan, each)[0].variant: each for each in people}

    def merged(*person_ids):
        def answer(request):
            found = known_person(request)
            del found.person_ids[:]
            found.person_ids.extend(person_ids)
            return found

        return answer

    first, second = by_variant["v0"], by_variant["v1"]
    for oldest, other, expected in ((first, second, "v0"), (second, first, "v1")):
        edge.peers.profile.GetSnapshot.answer = merged(oldest, other)
        await decide(edge)
        committed = edge.peers.rules.Commit.requests[-1]
        assert [each.variant for each in committed.context.variants] == [expected]
        assert list(committed.person_ids) == [oldest, other]


async def test_neither_holdout_nor_static_take_part():
    for arm in ("holdout", "static"):
        edge = edge_with(experiment(), **{arm: "100%"})
        await decide(edge)
        assert told(edge) == [[]] * 5


async def test_nobody_known_is_in_nothing():
    edge = edge_with(experiment())

    def nobody(request):
        found = known_person(request)
        del found.person_ids[:]
        return found

    edge.peers.profile.GetSnapshot.answer = nobody
    await decide(edge)
    assert told(edge) == [[]] * 5


async def test_without_profile_the_variants_are_those_of_whom_rules_knew():
    edge = edge_with(experiment())
    edge.peers.profile.GetSnapshot.error = Unavailable("dead")
    edge.peers.rules.Check.answer = lambda request: with_person(everything_kept(request))
    await decide(edge)
    ranked, committed = edge.peers.ranker.Rank.request, edge.peers.rules.Commit.request
    expected = [VariantOf(experiment="one", variant="v1")]
    assert list(ranked.context.variants) == list(committed.context.variants) == expected


async def test_who_is_in_a_trial_is_in_its_experiments():
    edge = edge_with(experiment("everybodys"))
    tried = Tried(
        Trial(bundle_hash="tried", share=0.1, salt="salt"),
        experimenting(experiment("tried"), bundle_hash="tried"),
    )
    edge.asking = Asking(
        lambda: edge.definitions, edge.catalogue, edge.identification, edge.clock, lambda: tried
    )

    def in_the_share(request):
        answer = known_person(request)
        answer.in_trial = True
        return answer

    edge.peers.profile.GetSnapshot.answer = in_the_share
    await decide(edge)
    assert told(edge) == [[VariantOf(experiment="tried", variant="v1")]] * 5


async def test_what_was_decided_before_it_began_does_not_stand_in_it():
    edge, running = Edge(), experiment()
    running.starts_time.FromMicroseconds(edge.clock.now_us() + 5 * SECOND_US)
    running.ends_time.FromMicroseconds(edge.clock.now_us() + 9 * SECOND_US)
    edge.definitions = experimenting(running)
    digests = []
    for _ in range(3):
        await decide(edge)
        digests.append(edge.peers.rules.Check.requests[-1].context.context_digest)
        edge.clock.advance(timedelta(seconds=5))
    before, during, after = digests
    assert before == after != during


async def answered(edge):
    return await edge.recommending().recommend(Call("/edge", request_id="request"), asked())


async def test_every_answer_says_arm_and_variants():
    edge = edge_with(experiment())
    answer = await answered(edge)
    assert (answer.arm, [each.variant for each in answer.variants]) == (Arm.PERSONALISED, ["v1"])
    edge.peers.profile.GetSnapshot.answer = lambda request: known_person(request, arm=Arm.HOLDOUT)
    edge.definitions = experimenting(experiment(), holdout="100%")
    answer = await answered(edge)
    assert (answer.arm, list(answer.variants)) == (Arm.HOLDOUT, [])


def test_the_person_of_these_tests_is_in_the_personalised_arm():
    plan = experimenting(experiment()).experiments
    assert assign_variants(plan, PERSON)
