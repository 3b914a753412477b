"""Training, serving and forgetting over a real server, the child that trains being stood in for."""

import asyncio

import grpc
import pytest

from services.retrieval.storage.event_log import EventLog
from services.retrieval.storage.in_memory import InMemoryCatalogue
from services.retrieval.storage.in_memory_models import InMemoryModels
from services.retrieval.storage.model_files import encode
from services.retrieval.storage.training_process import Outcome
from services.retrieval.training_run import Trainer
from shared.errors import Aborted, Internal, Unavailable
from tests.grpc.retrieval.replicas import Retrieval, item
from tests.unit.retrieval.learned import CATALOGUE_ID, ITEMS, RUNNING, learned
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, Source
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb


class Child:
    """Stands in for the process that trains: answers with a model it was given."""

    def __init__(self):
        self.orders = []
        self.interactions = None
        self.refusal = ""
        self.made = learned(
            ITEMS,
            {"ada": (RUNNING, [1]), "bob": (RUNNING, [1, 2]), "cem": (RUNNING, [2])},
            content={1: (1, 0), 2: (1, 0)},
            neighbours={1: [(2, 0.8, 40)]},
            buyers={1: 80, 2: 3},
        )
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.began = asyncio.Event()
        self.was_cancelled = asyncio.Event()
        self.failure = None

    async def __call__(self, order, interactions, items, tell):
        self.orders.append(order)
        self.interactions, self.items = interactions, items
        tell("factorising", 0.5)
        self.began.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled.set()
            raise
        if self.failure:
            raise self.failure
        if self.refusal:
            return Outcome({"refusal": self.refusal})
        report = {"persons": 3, "items": 6, "trials": [{"ndcg10": 0.25}]}
        return Outcome(report, encode(self.made.items), encode(self.made.persons))


@pytest.fixture
def child():
    return Child()


@pytest.fixture
async def retrieval(in_memory_bus, clock, child):
    opened = Retrieval(InMemoryCatalogue(), in_memory_bus, clock, train=child)
    async with opened.serving():
        names = ("shoes", "socks", "watch", "bike", "helmet", "pump")
        await opened.items(*(item(name, category=name) for name in names))
        yield opened


async def sources_of(retrieval, person_id="ada", arm=Arm.PERSONALISED, **context):
    request = pb.RetrieveRequest()
    request.context.bundle_hash = "b"
    request.context.now_us = retrieval.clock.now_us()
    request.context.channel = Channel.WEB
    request.context.arm = arm
    request.context.placements.add(placement="web.home.banner", limit=3)
    request.context.item_nos.extend(context.get("item_nos", ()))
    if "recipient" in context:
        request.context.recipient.relationship = context["recipient"]
    request.snapshot = PersonSnapshot(person_ids=[person_id]).SerializeToString()
    response = await retrieval.stub.Retrieve(request, timeout=5)
    found = response.candidates
    names = retrieval.ids(found)
    assert len(found.evidence_totals) == len(names)
    return dict(zip(names, found.sources)), response


async def model_of(retrieval):
    return await retrieval.stub.GetModel(pb.GetModelRequest(), timeout=5)


async def test_before_any_training_nothing_is_served_and_nothing_is_wrong(retrieval):
    answer = await model_of(retrieval)
    assert (answer.model, answer.version, answer.refusal) == ("", 0, "")
    await retrieval.models.check()
    found, response = await sources_of(retrieval, item_nos=[1])
    learned_sources = {Source.FOR_YOU, Source.ALSO_BOUGHT, Source.PEOPLE_LIKE_YOU, Source.SIMILAR}
    assert not learned_sources & set(found.values())
    assert response.versions.model == ""


async def test_training_tells_how_far_it_is_then_reports_and_is_served(retrieval, clock):
    progress, report = await retrieval.train()
    assert [each.step for each in progress][-1] == "factorising"
    shares = [each.share_done for each in progress]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(0.55)
    assert (report.persons, report.items, report.refusal) == (3, 6, "")
    answer = await model_of(retrieval)
    assert answer.model == report.model != ""
    assert answer.report == report
    assert answer.trained_time.ToMicroseconds() == clock.now_us()
    found, response = await sources_of(retrieval)
    assert found["socks"] == Source.FOR_YOU
    assert response.versions.model == report.model


async def test_what_is_bought_together_is_told_with_its_share(retrieval):
    await retrieval.train()
    found, response = await sources_of(retrieval, item_nos=[1], recipient="mother")
    at = list(found).index("socks")
    assert found["socks"] == Source.ALSO_BOUGHT
    columns = response.candidates
    evidence = (columns.evidence_nos, columns.evidence_counts, columns.evidence_totals)
    assert [column[at] for column in evidence] == [1, 40, 80]


@pytest.mark.parametrize("arm", [Arm.HOLDOUT, Arm.STATIC])
async def test_nothing_learned_reaches_an_arm_that_gets_nothing_personal(retrieval, arm):
    await retrieval.train()
    found, response = await sources_of(retrieval, arm=arm, item_nos=[1])
    assert set(found.values()) <= {Source.POPULAR, Source.OFFER}
    assert {report.source for report in response.sources} <= {"POPULAR", "OFFER"}


async def test_a_gift_does_not_follow_the_taste_of_the_giver(retrieval):
    await retrieval.train()
    found, _ = await sources_of(retrieval, recipient="mother")
    assert Source.FOR_YOU not in found.values()
    assert Source.PEOPLE_LIKE_YOU not in found.values()


async def test_training_reads_what_was_bought_as_families_of_today(retrieval, child):
    await retrieval.items(item("socks-red", variant_of="socks"))
    retrieval.log.add("ada", retrieval.no("socks-red"))
    retrieval.log.add("ada", retrieval.no("bike"), "view")
    retrieval.log.add("ada", 99_999)
    await retrieval.train(since_time={"seconds": 77}, seed=5)
    [request] = retrieval.log.requests
    assert request.since_time.seconds == 77
    assert set(request.types) == {"purchase", "add_to_cart", "view"}
    assert not request.origins
    told = child.interactions
    assert (told.person_ids, told.offer_nos.tolist()) == (("ada",), [2, 4])
    assert "socks-red" not in child.items.titles
    assert len(child.items.titles) == 6
    [order] = child.orders
    assert (order.seed, order.catalogue_version) == (5, 2)
    await retrieval.train()
    assert child.orders[1].seed == 1
    assert not retrieval.log.requests[1].HasField("since_time")


async def test_too_little_to_learn_from_is_said_and_changes_nothing(retrieval, child):
    await retrieval.train()
    before = await model_of(retrieval)
    child.refusal = "only 3 persons bought anything; at least 20 are needed"
    _, report = await retrieval.train()
    assert report.refusal == child.refusal
    assert await model_of(retrieval) == before


async def test_a_training_that_fails_changes_nothing_and_frees_the_next(retrieval, child):
    child.failure = Internal("training ended without a result", reason="TRAINING_FAILED")
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await retrieval.train()
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert (await model_of(retrieval)).version == 0
    child.failure = None
    _, report = await retrieval.train()
    assert report.model


async def test_one_training_runs_at_a_time(retrieval, child):
    child.may_end.clear()
    first = asyncio.create_task(retrieval.train())
    await child.began.wait()
    with pytest.raises(grpc.aio.AioRpcError, match="under way") as refused:
        await retrieval.train()
    assert refused.value.code() is grpc.StatusCode.ABORTED
    child.may_end.set()
    _, report = await first
    assert report.model


async def test_a_caller_that_leaves_ends_the_training(retrieval, child):
    child.may_end.clear()
    stream = retrieval.stub.Train(pb.TrainRequest(), timeout=30)
    await stream.read()
    await child.began.wait()
    stream.cancel()
    async with asyncio.timeout(10):
        await child.was_cancelled.wait()
        child.may_end.set()
        while await retrieval.pointers.begin_training() is None:
            await asyncio.sleep(0.01)
    assert (await model_of(retrieval)).version == 0


async def test_training_without_profile_says_who_is_missing(retrieval):
    def away(request, timeout=None, metadata=None):
        raise Unavailable("profile does not answer")

    retrieval.log.StreamEvents = away
    with pytest.raises(grpc.aio.AioRpcError, match="profile") as refused:
        await retrieval.train()
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_who_is_erased_is_gone_from_memory_and_from_every_file(retrieval):
    await retrieval.train()
    request = pb.ErasePersonRequest(person_ids=["ada", "nobody"])
    answer = await retrieval.stub.ErasePerson(request, timeout=5)
    assert answer.rows == 1
    assert set(retrieval.models.model.person_rows) == {"bob", "cem"}
    assert not [data for data in retrieval.artefacts.files.values() if b"ada" in data]
    assert [data for data in retrieval.artefacts.files.values() if b"bob" in data]
    await retrieval.models.catch_up()
    assert set(retrieval.models.model.person_rows) == {"bob", "cem"}
    again = await retrieval.stub.ErasePerson(request, timeout=5)
    assert again.rows == 0


async def test_who_is_erased_during_a_training_is_not_in_its_model(retrieval, child):
    child.may_end.clear()
    training = asyncio.create_task(retrieval.train())
    await child.began.wait()
    request = pb.ErasePersonRequest(person_ids=["ada"])
    await retrieval.stub.ErasePerson(request, timeout=5)
    child.may_end.set()
    await training
    assert set(retrieval.models.model.person_rows) == {"bob", "cem"}
    assert not [data for data in retrieval.artefacts.files.values() if b"ada" in data]


async def test_a_model_of_another_catalogue_is_refused_with_its_reason(retrieval, child):
    _, good = await retrieval.train()
    child.made = learned(ITEMS, catalogue_id="0190ffff-0000-7000-8000-000000000009")
    await retrieval.train()
    answer = await model_of(retrieval)
    assert (answer.model, answer.version) == (good.model, 2)
    assert "another catalogue" in answer.refusal
    found, response = await sources_of(retrieval)
    assert Source.FOR_YOU in found.values()
    assert response.versions.model == good.model
    with pytest.raises(Unavailable, match="another catalogue"):
        await retrieval.models.check()


async def test_files_of_models_that_are_kept_no_longer_are_gone(retrieval, child):
    for count in (1, 2, 3, 4):
        child.made = learned(ITEMS, {"ada": ((1.0, count), [1])}, buyers={1: count})
        await retrieval.train()
        assert len(retrieval.artefacts.files) == 2 * min(count, 2)
    assert len((await retrieval.pointers.kept()).models) == 2


async def test_a_training_that_lost_its_lease_moves_nothing_and_leaves_no_file(retrieval, child):
    child.may_end.clear()
    training = asyncio.create_task(retrieval.train())
    await child.began.wait()
    await retrieval.pointers.end_training(1)
    assert await retrieval.pointers.begin_training() == 2
    child.may_end.set()
    with pytest.raises(grpc.aio.AioRpcError, match="took the place") as refused:
        await training
    assert refused.value.code() is grpc.StatusCode.ABORTED
    assert retrieval.artefacts.files == {}
    assert await retrieval.pointers.begin_training() is None


async def test_a_training_whose_lease_is_lost_ends_at_once(retrieval, child):
    class Lost(InMemoryModels):
        async def renew(self, token):
            return False

    child.may_end.clear()
    catalogue = retrieval.replica.catalogue
    trainer = Trainer(
        Lost(CATALOGUE_ID, lambda: catalogue.version),
        retrieval.artefacts,
        EventLog(retrieval.log, catalogue),
        catalogue,
        retrieval.clock.now_us,
        child,
        renew_every_s=0.0,
    )
    with pytest.raises(Aborted, match="took the place"):
        await trainer.train(0, 1, lambda step, share: None)
    assert child.was_cancelled.is_set() or not child.began.is_set()
