"""(g) Every kind of answer changes the model on every replica, to the same bits."""

from contextlib import AsyncExitStack, asynccontextmanager

import grpc.aio
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.journeys.channels import only, shown, until
from tests.journeys.modes import APART_FIRST
from tests.journeys.shop import FREE_SHIPPING, SHOE, SHOE_PROMOTION
from tests.journeys.test_learning import PLACEMENT, outcomes_of, somebody_who_looks_at
from touchpoint.aggregator.v1.aggregator_pb2 import Context
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.ranker.v1 import ranker_service_pb2 as ranker_pb
from touchpoint.ranker.v1.ranker_pb2 import Outcome
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.ranker.v1.reverting_pb2 import (
    LearningSpan,
    RevertLearningRequest,
    UndoRevertRequest,
)

pytestmark = APART_FIRST

TIMEOUT_S = 10.0
ANSWERS = {
    "accept": [Outcome.SHOWN, Outcome.ACCEPTED],
    "decline": [Outcome.SHOWN, Outcome.DECLINED],
    "click": [Outcome.SHOWN],
    "ignore": [Outcome.SHOWN],
}
"""To a promotion that nothing was told of yet, and what each teaches."""


@asynccontextmanager
async def replicas(channels):
    """Lend a stub of each replica of the ranker."""
    async with AsyncExitStack() as stack:
        yield [
            RankerServiceStub(await stack.enter_async_context(grpc.aio.insecure_channel(address)))
            for address in channels.suite.grpc["ranker"]
        ]


async def be_shown(channels, person):
    """Show ten off shoes, and no promotion that others learn of; return what an answer says."""
    context, without = Context(item_ids=[SHOE]), [FREE_SHIPPING]
    answer = await channels.recommend(person, PLACEMENT, context=context, exclude_ids=without)
    assert SHOE_PROMOTION in shown(answer)
    return {
        "offer_id": SHOE_PROMOTION,
        "decision_id": answer.decision_id,
        "placement": PLACEMENT,
    }


async def models(stubs):
    request = ranker_pb.GetModelRequest(digest=True)
    return [await stub.GetModel(request, timeout=TIMEOUT_S) for stub in stubs]


async def agreed(stubs, changed_from=""):
    """Return the digest that all replicas have once they learned all there is, and it changed."""
    found = []

    async def agree():
        told = await models(stubs)
        found[:] = {each.digest for each in told}
        written = max(each.written_rows for each in told)
        return (
            all(each.learned_rows == written for each in told)
            and len(found) == 1
            and found[0] != changed_from
        )

    await until(agree)
    return found[0]


async def written(channels, decision_id, outcomes):
    """Wait until the log holds just these of a decision: what others taught may come before it."""

    async def are_written():
        return await outcomes_of(channels, decision_id) == outcomes

    await until(are_written)


@pytest.mark.parametrize("kind", ANSWERS)
async def test_each_answer_to_a_promotion_changes_every_model_alike(channels, somebody, kind):
    async with replicas(channels) as stubs:
        runner = await somebody_who_looks_at(channels, somebody, [SHOE])
        told = await be_shown(channels, runner)
        before = await agreed(stubs)
        await channels.track(runner, kind, **told)
        await written(channels, told["decision_id"], ANSWERS[kind])
        await agreed(stubs, changed_from=before)


async def test_a_purchase_and_its_return_change_every_model_alike(channels, somebody):
    async with replicas(channels) as stubs:
        runner = await somebody_who_looks_at(channels, somebody, [SHOE])
        answer = await channels.recommend(runner, "web.item", context=Context(item_ids=["bike-1"]))
        product = next(
            each.offer_id
            for each in answer.placements[0].recommendations
            if each.kind == OfferKind.PRODUCT
        )
        seen = {"decision_id": answer.decision_id, "placement": "web.item"}
        order, taught = {"item_id": product, "order_id": answer.decision_id}, []
        for kind, told, outcome in (
            ("impression", {"offer_id": product, **seen}, Outcome.SHOWN),
            ("purchase", {**order, "quantity": 2}, Outcome.ACCEPTED),
            ("return", order, Outcome.RETURNED),
        ):
            before = await agreed(stubs)
            await channels.track(runner, kind, **told)
            await written(channels, answer.decision_id, taught := [*taught, outcome])
            await agreed(stubs, changed_from=before)


async def test_what_was_just_learned_is_taken_out_everywhere_and_put_back(channels, somebody):
    async with replicas(channels) as stubs:
        runner = await somebody_who_looks_at(channels, somebody, [SHOE])
        start = channels.now()
        told = await be_shown(channels, runner)
        await channels.track(runner, "accept", **told)

        async def is_written():
            return Outcome.ACCEPTED in await outcomes_of(channels, told["decision_id"])

        await until(is_written)
        before = await agreed(stubs)
        span = LearningSpan(
            from_time=_time(start), to_time=_time(channels.now()), offer_ids=[SHOE_PROMOTION]
        )
        request = RevertLearningRequest(span=span)
        made = (await stubs[0].RevertLearning(request, timeout=TIMEOUT_S)).revert
        assert made.rows >= 2
        assert [each.offer_id for each in made.offers] == [SHOE_PROMOTION]
        without = await agreed(stubs, changed_from=before)
        undo = UndoRevertRequest(number=made.number)
        await stubs[-1].UndoRevert(undo, timeout=TIMEOUT_S)
        await agreed(stubs, changed_from=without)
        assert all(not each.reverted_rows for each in await models(stubs))


def _time(moment):
    time = Timestamp()
    time.FromDatetime(moment)
    return time


async def test_an_answer_to_what_somebody_else_was_shown_is_put_aside(channels, somebody):
    runner = await somebody_who_looks_at(channels, somebody, [SHOE])
    told = await be_shown(channels, runner)
    await channels.track(runner, "impression", **told)
    async with replicas(channels) as stubs:
        parked = _foreign(await models(stubs))
        await channels.track(only(somebody("thief"), "visitor"), "accept", **told)

        async def is_put_aside():
            return _foreign(await models(stubs)) == parked + 1

        await until(is_put_aside)
    assert await outcomes_of(channels, told["decision_id"]) == [Outcome.SHOWN]


def _foreign(told):
    return max(
        (each.count for each in told[0].parked if each.reason == "FOREIGN_DECISION"), default=0
    )
