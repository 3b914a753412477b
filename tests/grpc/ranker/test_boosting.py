"""Boosters over a real server: trees are taken in when they pay, and every replica serves them."""

import asyncio
from dataclasses import replace

import grpc
import numpy as np
import pytest
import pytest_asyncio

from cli.growing import Examples, grow
from services.ranker.booster_watch import BoosterWatch
from services.ranker.boosting_rpcs import Boosting
from services.ranker.calibrating import Calibrating
from services.ranker.domain.answers import Answer, Decision, Shown, TeachingTerms
from services.ranker.domain.encoding import encode
from services.ranker.domain.layout import COLUMN, COLUMNS
from services.ranker.hindsight import Hindsight
from services.ranker.lookups import facts_of
from services.ranker.servicer import RankerServicer
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.booster_replica import BoosterReplica
from services.ranker.storage.boosters import (
    Boosters,
    InMemoryBoosterPointers,
    PostgresBoosterPointers,
)
from services.ranker.storage.in_memory import InMemoryLearningLog
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.snapshots import InMemoryPointers, Snapshots
from services.ranker.validation import VALIDATORS
from shared.artefacts import FolderArtefacts
from shared.binding import bind
from shared.bus import InMemoryBus
from shared.errors import Unavailable
from shared.testing.background import running, until
from shared.testing.grpc import grpc_service
from tests.grpc.ranker.conftest import OneBundle
from tests.grpc.ranker.keeping import FAR_US, keep
from tests.unit.ranker.shop import COUPON, PROMPT, definitions, shop
from tests.unit.ranker.trees import laid
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, Source
from touchpoint.ranker.v1 import booster_pb2, ranker_service_pb2
from touchpoint.ranker.v1.calibration_pb2 import ReportCalibrationRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

START = COLUMNS[COLUMN["offer"]].start
POSITION = COLUMNS[COLUMN["placement_position"]].start
ONE, TWO = START + 11, START + 21
PAIRS = [(ONE, (TWO, 0.4, -2.9), (TWO, -2.9, 0.4))]
FALSE = [(ONE, (TWO, -2.9, 0.4), (TWO, 0.4, -2.9))]
SHOWINGS, AT_ONCE = 1400, 20
"""A log in memory reads all that it holds whenever it is written to."""
KEPT_ROWS = 450
MEASURED = pytest.mark.parametrize("scene", ["in memory"], indirect=True)
"""For what trees come to, wherever it is kept which of them are served."""
NAMED = "00000000-0000-0000-0002-000000000001"


def told(trees, base=0.0):
    columns = laid(trees, base)
    return booster_pb2.BoosterTrees(
        trees=columns.trees,
        base=columns.base,
        features=columns.indices,
        without=columns.without,
        having=columns.having,
        values=columns.values,
    )


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def log():
    """Lend a log whose answers depend on two things at once."""
    made = InMemoryLearningLog(facts_of(shop()), TeachingTerms(10_000, 10_000))
    random = np.random.default_rng(3)
    for start in range(0, SHOWINGS, AT_ONCE):
        decisions, answers = [], []
        for at in range(start, start + AT_ONCE):
            one, two = random.integers(2, size=2)
            row = np.array([START + 10 + one, START + 20 + two, POSITION], np.uint32)
            person = f"00000000-0000-0000-0000-{at % 60:012d}"
            decision_id = f"00000000-0000-0000-0001-{at:012d}"
            shown = Shown(PROMPT, COUPON, encode(-1.0, row), 1.0)
            decision = Decision(decision_id, (person,), at, [shown])
            decisions.append((decision, frozenset({PROMPT})))
            if random.random() < (0.6 if one == two else 0.05):
                answer = Answer(f"event-{at}", person, "accept", at, COUPON, COUPON, decision_id)
                answers.append(answer)
        await made.decided(decisions, 0)
        await made.answered(answers, 0)
    return made


class Ranker:
    """One replica of the ranker."""

    def __init__(self, scene, log):
        self.boosters = BoosterReplica(scene.bus, Boosters(scene.pointers, scene.store))
        snapshots = Snapshots(InMemoryPointers(), None)
        self.model = ModelReplica(InMemoryBus(), log, snapshots)
        bundle = OneBundle(definitions())
        catalogue = shop()
        kept = keep(log, self.model, catalogue, snapshots, bundle.fetched)
        boosting = Boosting(log, self.boosters, lambda: 1_000_000)
        calibrating = Calibrating(Hindsight(log, snapshots, lambda: FAR_US), self.boosters)
        kept = replace(kept, boosting=boosting, calibrating=calibrating)
        self.servicer = RankerServicer(catalogue, bundle, kept, None)

    def served(self):
        contract = ranker_service_pb2.DESCRIPTOR.services_by_name["RankerService"]
        return grpc_service(bind(contract, self.servicer, validators=VALIDATORS))


class Scene:
    """Two replicas, the first of them behind a server."""

    def __init__(self, pointers, folder, log):
        self.bus, self.pointers, self.folder = InMemoryBus(), pointers, folder
        self.store = FolderArtefacts(folder)
        self.log = log
        self.one, self.two = Ranker(self, log), Ranker(self, log)
        self.stub = None

    async def serve(self, trees, **more):
        request = booster_pb2.ServeBoosterRequest(trees=told(trees), trained_row=KEPT_ROWS, **more)
        response = await self.stub.ServeBooster(request)
        await self.two.boosters.catch_up()
        return response

    async def roll_back(self, **asked):
        response = await self.stub.RollBackBooster(booster_pb2.RollBackBoosterRequest(**asked))
        await self.two.boosters.catch_up()
        return response

    async def rank(self, *, explain=False):
        request = ranker_service_pb2.RankRequest()
        context = request.context
        context.decision_id, context.seed, context.explain = NAMED, 7, explain
        context.arm, context.channel = Arm.PERSONALISED, Channel.CALL_CENTER
        context.placements.append(PlacementAsk(placement=PROMPT, limit=1))
        request.candidates.offer_nos.append(COUPON)
        request.candidates.sources.append(Source.OFFER)
        request.candidates.scores.append(1.0)
        request.placement_bits.append(1)
        return await self.stub.Rank(request)

    def watch(self):
        hindsight = Hindsight(self.log, Snapshots(InMemoryPointers(), None), lambda: FAR_US)
        return BoosterWatch(hindsight, self.one.boosters)

    def harm(self, artefact):
        path = self.folder / artefact[:2] / artefact
        path.write_bytes(path.read_bytes()[:-3])

    @property
    def versions(self):
        return self.one.boosters.version, self.two.boosters.version


@pytest_asyncio.fixture(params=["in memory", "PostgreSQL"], loop_scope="session")
async def scene(request, fresh_database, tmp_path, log):
    """Lend two replicas that serve no booster yet."""
    pointers = InMemoryBoosterPointers()
    if request.param == "PostgreSQL":
        pointers = PostgresBoosterPointers(await fresh_database("ranker", MIGRATIONS))
    made = Scene(pointers, tmp_path, log)
    async with made.one.served() as channel:
        made.stub = RankerServiceStub(channel)
        yield made


async def test_trees_that_pay_are_served_on_every_replica_and_named_by_decisions(scene):
    await scene.one.model.catch_up()
    before = await scene.rank()
    assert before.versions.booster == ""
    served = await scene.serve(PAIRS)
    report = served.report
    assert served.refusal == ""
    assert report.gain_low > 0
    assert report.log_loss_with < report.log_loss_without
    assert report.trees == 1
    assert report.features == 2
    assert scene.versions == (report.booster, report.booster)
    after = await scene.rank(explain=True)
    assert after.versions.booster == report.booster
    assert after.placements[0].chosen[0].features == before.placements[0].chosen[0].features
    parts = {each.name: each for each in after.placements[0].chosen[0].contributions}
    assert parts["booster"].text
    total = sum(each.value for each in parts.values())
    assert total == pytest.approx(after.placements[0].chosen[0].score, rel=1e-5)
    told_of = await scene.stub.GetModel(ranker_service_pb2.GetModelRequest())
    assert told_of.booster == report


@MEASURED
async def test_trees_that_do_not_pay_are_refused_unless_forced(scene):
    refused = await scene.serve(FALSE)
    assert "does not pay for sure" in refused.refusal
    assert scene.versions == ("", "")
    forced = await scene.serve(FALSE, force=True)
    assert forced.report.is_forced
    assert scene.versions == (forced.report.booster,) * 2


@MEASURED
async def test_trees_that_do_not_pay_over_those_that_are_served_leave_them(scene):
    first = (await scene.serve(PAIRS)).report.booster
    refused = await scene.serve([*PAIRS, 0.01])
    assert "with the one that is served" in refused.refusal
    assert refused.report.gain_low > 0
    assert refused.report.served_booster == first
    assert refused.report.gain_over_served_low <= 0
    assert scene.versions == (first, first)
    await scene.serve(FALSE, force=True)
    better = await scene.serve(PAIRS)
    assert better.refusal == ""
    assert better.report.gain_over_served_low > 0
    assert scene.versions == (first, first)


async def test_trees_that_cost_are_taken_out_on_every_replica_and_told_of(scene):
    """As if taste had changed since they were served."""
    await scene.serve(FALSE, force=True)
    await _as_if_not_forced(scene)
    taken = scene.versions[0]
    await scene.watch().look()
    await scene.two.boosters.catch_up()
    assert scene.versions == ("", "")
    told = await scene.stub.GetModel(ranker_service_pb2.GetModelRequest())
    assert told.booster_standing.booster == taken
    assert told.booster_standing.is_taken_out
    assert told.booster_standing.gain_high < 0
    for replica in (scene.one.boosters, scene.two.boosters):
        with pytest.raises(Unavailable, match="served no more"):
            await replica.check_pays()
    await scene.serve(PAIRS)
    await scene.one.boosters.check_pays()


@MEASURED
async def test_forced_trees_that_cost_are_told_of_and_stay(scene):
    forced = (await scene.serve(FALSE, force=True)).report.booster
    await scene.watch().look()
    assert scene.versions == (forced, forced)
    with pytest.raises(Unavailable, match="costs"):
        await scene.one.boosters.check_pays()
    told = await scene.stub.GetModel(ranker_service_pb2.GetModelRequest())
    assert told.booster_standing.costs
    assert not told.booster_standing.is_taken_out


@MEASURED
async def test_trees_that_pay_stay_and_what_they_came_to_is_told_by_every_replica(scene):
    served = (await scene.serve(PAIRS)).report
    await scene.watch().look()
    await scene.two.boosters.catch_up()
    assert scene.versions == (served.booster,) * 2
    assert scene.one.boosters.standing == scene.two.boosters.standing
    standing = booster_pb2.BoosterStanding.FromString(scene.two.boosters.standing)
    assert standing.gain_low > 0
    assert standing.people == 60
    # More than it was compared on: the half that chose its share is unseen by its trees as well.
    assert standing.answers > served.compared
    found = await scene.stub.ReportCalibration(ReportCalibrationRequest(rows=100_000))
    assert found.booster == standing


async def test_what_is_measured_of_one_changes_nothing_once_another_is_served(scene):
    first = (await scene.serve(PAIRS)).report.booster
    artefact = (await scene.pointers.state()).served
    second = (await scene.serve([*PAIRS, 0.01], force=True)).report.booster
    await scene.pointers.note(artefact, b"", take_out=True)
    await scene.one.boosters.catch_up()
    assert first != second
    assert scene.versions == (second, second)


async def _as_if_not_forced(scene):
    """Keep what is served as something that paid when it was compared."""
    state = await scene.pointers.state()
    [kept] = [each for each in state.kept if each.artefact == state.served]
    report = booster_pb2.BoosterReport.FromString(kept.report)
    report.is_forced = False
    await scene.pointers.keep(replace(kept, report=report.SerializeToString()))
    await scene.pointers.point("")
    for ranker in (scene.one, scene.two):
        await ranker.boosters.catch_up()
    await scene.pointers.point(kept.artefact)
    for ranker in (scene.one, scene.two):
        await ranker.boosters.catch_up()


@MEASURED
@pytest.mark.parametrize(
    ("trees", "field"),
    [
        ([(POSITION, 0.1, 0.2)], "trees.features"),
        ([(1 << 30, 0.1, 0.2)], "trees"),
        ([float("nan")], "trees"),
    ],
)
async def test_trees_that_cannot_be_served_are_refused(scene, trees, field):
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await scene.serve(trees, force=True)
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in refusal.value.details()


@MEASURED
async def test_what_cannot_be_compared_is_not_served(scene):
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await scene.stub.ServeBooster(
            booster_pb2.ServeBoosterRequest(trees=told(PAIRS), trained_row=10**9, force=True)
        )
    assert refusal.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "too little followed" in refusal.value.details()


async def test_an_older_one_none_and_one_by_name_are_served_again(scene):
    first = (await scene.serve(PAIRS)).report.booster
    second = (await scene.serve([*PAIRS, 0.01], force=True)).report.booster
    assert (await scene.roll_back()).former_booster == second
    assert scene.versions == (first, first)
    assert not (await scene.roll_back()).HasField("served")
    assert scene.versions == ("", "")
    assert (await scene.roll_back(booster=second[:6])).served.booster == second
    assert scene.versions == (second, second)
    await scene.roll_back(off=True)
    assert scene.versions == ("", "")
    for asked, code in (
        ({}, grpc.StatusCode.FAILED_PRECONDITION),
        ({"booster": "unknown"}, grpc.StatusCode.NOT_FOUND),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await scene.roll_back(**asked)
        assert refusal.value.code() is code


async def test_a_replica_that_starts_serves_what_is_served_and_passes_over_what_is_harmed(scene):
    await scene.serve(PAIRS)
    await scene.serve([*PAIRS, 0.01], force=True)
    late = Ranker(scene, scene.log)
    await late.boosters.catch_up()
    assert late.boosters.version == scene.one.boosters.version
    state = await scene.pointers.state()
    scene.harm(state.served)
    later = Ranker(scene, scene.log)
    await later.boosters.catch_up()
    assert later.boosters.version == state.before.name
    with pytest.raises(Unavailable, match="torn or altered"):
        await later.boosters.check()
    with pytest.raises(grpc.aio.AioRpcError, match="cannot be served again"):
        await scene.roll_back(booster=state.served)


async def test_the_last_good_one_stays_where_the_next_is_harmed(scene):
    first = (await scene.serve(PAIRS)).report.booster
    response = await scene.stub.ServeBooster(
        booster_pb2.ServeBoosterRequest(
            trees=told([*PAIRS, 0.01]), trained_row=KEPT_ROWS, force=True
        )
    )
    scene.harm((await scene.pointers.state()).served)
    await scene.two.boosters.catch_up()
    assert scene.versions == (response.report.booster, first)
    assert "is not served" in scene.two.boosters.refusal


async def test_a_replica_that_follows_comes_to_what_is_served_by_itself(scene):
    async with running(scene.two.boosters):
        await until(lambda: _ready(scene.two.boosters))
        request = booster_pb2.ServeBoosterRequest(trees=told(PAIRS), trained_row=KEPT_ROWS)
        booster = (await scene.stub.ServeBooster(request)).report.booster
        await until(lambda: scene.two.boosters.version == booster)


async def _ready(replica):
    try:
        await replica.check_ready()
    except Unavailable:
        return False
    return True


@MEASURED
async def test_examples_are_what_was_shown_with_what_became_of_it(scene):
    streamed = scene.stub.StreamExamples(booster_pb2.StreamExamplesRequest())
    parts = [part async for part in streamed]
    rows = [row for part in parts for row in part.rows]
    labels = np.array([label for part in parts for label in part.labels])
    lengths = [length for part in parts for length in part.lengths]
    features = np.array([each for part in parts for each in part.features])
    assert rows == sorted(set(rows))
    assert len(rows) == len(labels) == len(lengths) == SHOWINGS
    assert POSITION not in features
    pairs = features.reshape(-1, 2)
    alike = (pairs[:, 0] == ONE) == (pairs[:, 1] == TWO)
    assert labels[alike].mean() == pytest.approx(0.6, abs=0.05)
    assert labels[~alike].mean() == pytest.approx(0.05, abs=0.03)


@MEASURED
async def test_trees_grown_from_the_examples_find_the_pair_and_pay(scene):
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        pytest.skip(f"LightGBM grows the trees: {error}")
    assert lightgbm
    streamed = scene.stub.StreamExamples(booster_pb2.StreamExamplesRequest())
    grown = grow(Examples.of([part async for part in streamed]), 1, lambda step, share: None)
    response = await scene.stub.ServeBooster(
        booster_pb2.ServeBoosterRequest(trees=grown.trees, trained_row=grown.trained_row)
    )
    assert response.refusal == ""
    assert response.report.gain_low > 0.02


@MEASURED
async def test_requests_are_answered_while_trees_are_compared(scene):
    await scene.one.model.catch_up()
    comparing = asyncio.create_task(scene.serve(PAIRS))
    for _ in range(3):
        await scene.rank()
    assert not comparing.done()
    assert not (await comparing).refusal
