"""A training from its order to its report, the child that trains being stood in for."""

import asyncio
from dataclasses import replace

import grpc
import numpy as np
import pytest

from services.retrieval.storage.event_log import EventLog
from services.retrieval.storage.in_memory_models import InMemoryModels
from services.retrieval.training_run import Asked, AskedFor, Trainer
from shared.errors import Aborted, Internal, Unavailable
from tests.grpc.retrieval.replicas import item
from tests.grpc.retrieval.trained import alike, model_of, sources_of
from tests.unit.retrieval.learned import CATALOGUE_ID, RUNNING
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb


async def test_training_tells_how_far_it_is_then_reports_and_is_served(retrieval, clock):
    progress, report = await retrieval.train()
    assert [each.step for each in progress][-2:] == ["factorising", "preparing it"]
    shares = [each.share_done for each in progress]
    assert shares == sorted(shares)
    assert shares[-2:] == pytest.approx([0.55, 1.0])
    assert (report.persons, report.items, report.refusal) == (3, 6, "")
    answer = await model_of(retrieval)
    assert answer.model == report.model != ""
    assert answer.report == report
    assert answer.trained_time.ToMicroseconds() == clock.now_us()
    found, response = await sources_of(retrieval)
    assert found["socks"] == Source.FOR_YOU
    assert response.versions.model == report.model


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


async def test_how_it_ended_is_told_before_another_can_begin(retrieval, child):
    told = []

    class Occasion(AskedFor):
        async def ended(self, report, position):
            told.append((report.model, position, await retrieval.pointers.begin_training()))

        async def failed(self, error):
            told.append((error.reason, await retrieval.pointers.begin_training()))

    child.failure = Internal("training ended without a result", reason="TRAINING_FAILED")
    with pytest.raises(Internal):
        await retrieval.trainer.train(Asked(), lambda step, share: None, Occasion())
    child.failure = None
    report = await retrieval.trainer.train(Asked(), lambda step, share: None, Occasion())
    assert told == [("TRAINING_FAILED", None), (report.model, 1, None)]


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


async def test_a_training_that_lost_its_lease_moves_nothing_and_drops_no_part(retrieval, child):
    """The one that took its place may have put equal parts, and not yet point to them."""
    child.may_end.clear()
    training = asyncio.create_task(retrieval.train())
    await child.began.wait()
    await retrieval.pointers.end_training(1)
    assert await retrieval.pointers.begin_training() == 2
    child.may_end.set()
    with pytest.raises(grpc.aio.AioRpcError, match="took the place") as refused:
        await training
    assert refused.value.code() is grpc.StatusCode.ABORTED
    assert (await model_of(retrieval)).version == 0
    assert retrieval.artefacts.files
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
        await trainer.train(Asked(), lambda step, share: None)
    assert child.was_cancelled.is_set() or not child.began.is_set()


async def test_training_hears_what_the_served_model_foretold(retrieval, child):
    child.made = alike(RUNNING)
    foretold = replace(child.made.persons, foretold_ids=("ada",), foretold_us=7)
    child.made = replace(child.made, persons=replace(foretold, foretold_nos=no_offers(1)))
    _, first = await retrieval.train()
    assert child.before.model == ""
    await retrieval.train()
    assert (child.before.model, child.before.foretold_ids) == (first.model, ("ada",))


def no_offers(lines):
    return np.zeros((lines, 100), np.uint32)
