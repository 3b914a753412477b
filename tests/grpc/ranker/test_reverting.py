"""A bad hour is taken out, looked at and put back over a real server."""

import uuid

import grpc
import pytest

from services.ranker.domain.answers import HOUR_US, Answer, Decision, Shown
from tests.unit.ranker.shop import BIKE_NOS, BOOK_NOS, PROMPT
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.reverting_pb2 import (
    LearningSpan,
    ListRevertsRequest,
    RevertLearningRequest,
    UndoRevertRequest,
)

FEATURES = b"\x01\x00\x00\x40\xc0" + (7).to_bytes(4, "little")
"""A row of the first version: offset -3, one weight."""


async def hours(shop):
    """Let an agent offer a bike in one hour and a book in the next, each bought at once."""
    for hour, offer_no in enumerate((BIKE_NOS[0], BOOK_NOS[0])):
        person, decision_id = str(uuid.uuid4()), str(uuid.uuid4())
        shown = [Shown(PROMPT, offer_no, FEATURES, 1.0)]
        start_us = hour * HOUR_US
        await shop.decided(Decision(decision_id, [person], start_us, shown, Channel.CALL_CENTER))
        await shop.answered(
            Answer(str(hour), person, "purchase", start_us + 1, offer_no, offer_no, decision_id)
        )


def span(from_hour, to_hour, **only):
    made = LearningSpan(**only)
    made.from_time.FromMicroseconds(from_hour * HOUR_US)
    made.to_time.FromMicroseconds(to_hour * HOUR_US)
    return made


async def model(shop):
    return await shop.stub.GetModel(pb.GetModelRequest(digest=True), timeout=5)


async def test_an_hour_is_taken_out_and_put_back(learning_shop):
    await hours(learning_shop)
    stub, before = learning_shop.stub, await model(learning_shop)
    request = RevertLearningRequest(span=span(0, 1), preview=True)
    asked = (await stub.RevertLearning(request, timeout=5)).revert
    request.preview = False
    made = (await stub.RevertLearning(request, timeout=5)).revert
    assert (asked.number, made.number) == (0, 5)
    assert asked.offers == made.offers
    assert [(each.offer_id, each.rows, each.accepted) for each in made.offers] == [("item-1", 2, 1)]
    await learning_shop.replica.catch_up()
    without = await model(learning_shop)
    assert (without.reverted_rows, without.learned_rows) == (2, 5)
    assert without.outcomes["REVERTED"] == 1
    undone = (await stub.UndoRevert(UndoRevertRequest(number=5), timeout=5)).revert
    assert (undone.number, undone.undoes, undone.rows) == (6, 5, 2)
    await learning_shop.replica.catch_up()
    after = await model(learning_shop)
    assert len({before.digest, without.digest, after.digest}) == 3
    assert after.reverted_rows == 0
    told = (await stub.ListReverts(ListRevertsRequest(), timeout=5)).reverts
    assert [(each.number, each.undoes) for each in told] == [(6, 5), (5, 0)]
    assert told[1].span == request.span
    rows = [
        row
        async for part in stub.StreamLearning(pb.StreamLearningRequest(), timeout=5)
        for row in part.rows
    ]
    assert [row.reverted for row in rows] == [False] * 6


@pytest.mark.parametrize(
    ("only", "offers"),
    [
        ({"offer_ids": ["item-11"]}, ["item-11"]),
        ({"placement": PROMPT}, ["item-1", "item-11"]),
        ({"placement": "web.item"}, []),
        ({"channel": Channel.CALL_CENTER}, ["item-1", "item-11"]),
        ({"channel": Channel.WEB}, []),
    ],
)
async def test_it_may_be_of_some_offers_a_placement_or_a_channel(learning_shop, only, offers):
    await hours(learning_shop)
    request = RevertLearningRequest(span=span(0, 9, **only), preview=True)
    asked = (await learning_shop.stub.RevertLearning(request, timeout=5)).revert
    assert [each.offer_id for each in asked.offers] == offers


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (RevertLearningRequest(), "span"),
        (RevertLearningRequest(span=LearningSpan()), "span.from_time"),
        (RevertLearningRequest(span=span(1, 1)), "span.to_time"),
        (RevertLearningRequest(span=span(0, 1, offer_ids=["nothing"])), r"span.offer_ids\[0\]"),
        (RevertLearningRequest(span=span(0, 1, channel=99)), "span.channel"),
    ],
)
async def test_what_is_no_span_is_refused_with_its_field(learning_shop, request_, complaint):
    with pytest.raises(grpc.aio.AioRpcError, match=complaint) as refused:
        await learning_shop.stub.RevertLearning(request_, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_what_was_never_reverted_cannot_be_undone(learning_shop):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await learning_shop.stub.UndoRevert(UndoRevertRequest(number=3), timeout=5)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
