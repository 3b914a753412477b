"""What the answers given say of another policy, by the decisions of the journal."""

import uuid

import grpc
import pytest
import pytest_asyncio

from services.ranker.domain.answers import Answer, Decision, Shown, TeachingTerms
from services.ranker.domain.journal import JournalEntry
from services.ranker.lookups import facts_of
from services.ranker.servicer import RankerServicer
from services.ranker.storage.in_memory import InMemoryLearningLog
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.snapshots import InMemoryPointers, Snapshots
from services.ranker.validation import VALIDATORS
from shared.artefacts import FolderArtefacts
from shared.binding import bind
from shared.bus import InMemoryBus
from shared.testing.grpc import grpc_service
from tests.grpc.ranker.conftest import OneBundle
from tests.grpc.ranker.keeping import keep
from tests.unit.ranker.shop import BANNER, BIKE_NOS, BIKES, BOOK_NOS, definitions, shop
from touchpoint.common.v1.bus_pb2 import ChosenNotice, DecisionNotice
from touchpoint.common.v1.decision_pb2 import Candidates, PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot, Traits
from touchpoint.common.v1.vocabulary_pb2 import Arm, Assurance, Channel, Source
from touchpoint.ranker.v1 import off_policy_pb2 as off_policy
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

EVERYTHING = (*BIKE_NOS, *BOOK_NOS)
DECISIONS = 80


def request(number, nos=EVERYTHING):
    asked = pb.RankRequest(
        snapshot=PersonSnapshot(
            person_ids=[str(uuid.UUID(int=5000 + number))],
            assurance=Assurance.VERIFIED,
            traits=Traits(categories=[BIKES], category_affinities=[0.7]),
        ).SerializeToString(),
        candidates=Candidates(
            offer_nos=nos, sources=[Source.POPULAR] * len(nos), scores=[1.0] * len(nos)
        ),
        placement_bits=[1] * len(nos),
    )
    context = asked.context
    context.decision_id, context.bundle_hash = str(uuid.UUID(int=number)), "b"
    context.now_us, context.seed, context.arm = number, number * 7919, Arm.PERSONALISED
    context.channel = Channel.WEB
    context.placements.append(PlacementAsk(placement=BANNER, limit=1))
    return asked


class Scene:
    """A ranker whose decisions are seen and answered at once."""

    def __init__(self, stub, log, replica, kept, snapshots):
        self.stub, self.log, self.replica = stub, log, replica
        self.kept, self.snapshots = kept, snapshots

    async def decide(self, number, *, accept=False, seen=True, **chosen):
        """Rank, commit and answer; returns the request and what was shown."""
        asked = request(number)
        response = await self.stub.Rank(asked, timeout=5)
        await self.kept.keeper.write()
        [ranked] = response.placements[0].chosen
        offer_no = asked.candidates.offer_nos[ranked.candidate]
        notice = DecisionNotice(
            decision_id=asked.context.decision_id,
            time_us=number,
            chosen=[
                ChosenNotice(
                    placement=BANNER,
                    offer_no=offer_no,
                    acceptance_probability=ranked.acceptance_probability,
                    selection_probability=ranked.selection_probability,
                    **chosen,
                )
            ],
        ).SerializeToString()
        person = str(uuid.UUID(int=5000 + number))
        decision_id = asked.context.decision_id
        await self.kept.journal.append([JournalEntry(decision_id, (person,), number, notice)])
        if seen:
            shown = Shown(BANNER, offer_no, ranked.features, ranked.selection_probability)
            decision = Decision(decision_id, [person], number, [shown])
            await self.log.decided([(decision, frozenset({BANNER}))], 0)
            if accept:
                bought = (f"e{number}", person, "purchase", number + 1, offer_no, offer_no)
                await self.log.answered([Answer(*bought, decision_id)], 0)
            await self.replica.catch_up()
        return asked, offer_no

    async def simulate(self, **asked):
        stream = self.stub.SimulateRanking(off_policy.SimulateRankingRequest(**asked), timeout=60)
        told = [response async for response in stream]
        assert told[-1].HasField("report")
        return told[-1].report

    async def judge(self, asked):
        response = await self.stub.JudgeShown(
            pb.JudgeShownRequest(decision_id=asked.context.decision_id, request=asked), timeout=5
        )
        return response.showings


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path):
    catalogue, bundle = shop(), OneBundle(definitions())
    log = InMemoryLearningLog(facts_of(catalogue), TeachingTerms(10_000, 10_000))
    snapshots = Snapshots(InMemoryPointers(log.known_reverts), FolderArtefacts(tmp_path))
    replica = ModelReplica(InMemoryBus(), log, snapshots)
    kept = keep(log, replica, catalogue, snapshots, bundle.fetched)
    servicer = RankerServicer(catalogue, bundle, kept, None)
    contract = pb.DESCRIPTOR.services_by_name["RankerService"]
    async with grpc_service(bind(contract, servicer, validators=VALIDATORS)) as channel:
        yield Scene(RankerServiceStub(channel), log, replica, kept, snapshots)


async def test_the_policy_that_decided_is_told_to_earn_what_was_earned(scene):
    for number in range(1, DECISIONS + 1):
        await scene.decide(number, accept=number % 4 == 0)
    report = await scene.simulate()
    assert (report.journalled, report.ranked, report.seen) == (DECISIONS,) * 3
    assert (report.gone, report.changed) == (0, 0)
    accepted = report.acceptances
    assert accepted.logged.value == pytest.approx(0.25)
    assert accepted.snips.value == pytest.approx(0.25, abs=1e-6)
    assert accepted.doubly_robust.value == pytest.approx(accepted.logged.value, abs=0.02)
    assert accepted.effective_showings == pytest.approx(DECISIONS, rel=1e-6)
    assert report.value.logged.value == pytest.approx(0.25 * 10.0)
    assert not report.model_knows_answers


async def test_without_exploration_only_what_would_be_shown_all_the_same_counts(scene):
    for number in range(1, DECISIONS + 1):
        await scene.decide(number, accept=number % 4 == 0)
    report = await scene.simulate(exploration=0.0)
    assert report.ranked == DECISIONS
    assert report.changed > 0
    assert 0 < report.acceptances.effective_showings < DECISIONS
    assert report.acceptances.unsupported_share == 0.0


async def test_a_model_by_its_name_is_told_to_know_the_answers_it_has_learned_from(scene):
    for number in range(1, 21):
        await scene.decide(number, accept=number % 2 == 0)
    pointer = await scene.snapshots.save(scene.replica.model)
    report = await scene.simulate(model=pointer.artefact[:8])
    assert report.model_knows_answers
    assert report.ranked == 20
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await scene.simulate(model="nothing")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_so_many_decisions_are_taken_evenly_over_the_time(scene):
    for number in range(1, 21):
        await scene.decide(number)
    report = await scene.simulate(at_most=5)
    assert (report.journalled, report.ranked) == (20, 5)


async def test_what_was_seen_is_set_beside_another_request(scene):
    await scene.decide(1, accept=True)
    asked, shown = await scene.decide(2, accept=True)
    same = await scene.judge(asked)
    assert list(same.accepted) == [True]
    assert list(same.known) == [True]
    assert list(same.values) == [10.0]
    assert 0.0 < same.probabilities[0] <= 1.0
    without = request(2, [no for no in EVERYTHING if no != shown])
    never = await scene.judge(without)
    assert list(never.probabilities) == [0.0]
    assert list(never.values) == [10.0]
    assert never.logged_probabilities == same.logged_probabilities
    new = await scene.judge(request(2, [21]))
    assert list(new.unsupported) == [1.0]


async def test_what_nobody_saw_or_commit_replaced_is_left_out(scene):
    unseen, _ = await scene.decide(1, seen=False)
    replaced, _ = await scene.decide(2, accept=True, replaced=True)
    for asked in (unseen, replaced, request(3)):
        assert not (await scene.judge(asked)).accepted


async def test_of_a_decision_whose_inputs_are_gone_no_model_is_asked(scene):
    await scene.decide(1)
    asked, _ = await scene.decide(2, accept=True)
    await scene.kept.policies._past.rankings.forget_before(1000)
    showings = await scene.judge(asked)
    assert list(showings.known) == [False]
    evaluated = await scene.stub.EvaluatePolicy(
        off_policy.EvaluatePolicyRequest(showings=showings), timeout=5
    )
    assert not evaluated.acceptances.HasField("doubly_robust")
    assert "FEW_ROWS" in [each.code for each in evaluated.acceptances.cautions]


def showings(**changed):
    columns = {
        "logged_probabilities": [0.5, 0.5],
        "probabilities": [1.0, 0.0],
        "accepted": [True, False],
        "values": [10.0, 20.0],
        "known": [True, False],
        "predicted": [0.4, 0.0],
        "expected": [0.3, 0.0],
        "expected_values": [3.0, 0.0],
        "unsupported": [0.0, 0.0],
    }
    return off_policy.JudgedShowings(**(columns | changed))


async def test_showings_are_evaluated_in_acceptances_and_in_value(scene):
    told = await scene.stub.EvaluatePolicy(
        off_policy.EvaluatePolicyRequest(showings=showings()), timeout=5
    )
    assert told.acceptances.ips.value == pytest.approx(1.0)
    assert told.value.ips.value == pytest.approx(10.0)
    # Of the second nothing is known: it is weighed as by IPS.
    assert told.acceptances.doubly_robust.value == pytest.approx((0.3 + 2 * 0.6) / 2)
    assert told.value.doubly_robust.value == pytest.approx((3.0 + 2 * 6.0) / 2)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"values": [1.0]}, "values"),
        ({"weights": [1.0]}, "weights"),
        ({"probabilities": [1.5, 0.0]}, "showings"),
        ({"logged_probabilities": [0.0, 0.5]}, "showings"),
        ({"weights": [0.0, 1.0]}, "showings"),
        ({"values": [float("nan"), 1.0]}, "showings"),
    ],
)
async def test_showings_that_make_no_sense_are_refused(scene, changed, field):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await scene.stub.EvaluatePolicy(
            off_policy.EvaluatePolicyRequest(showings=showings(**changed)), timeout=5
        )
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in str(refused.value.trailing_metadata())
