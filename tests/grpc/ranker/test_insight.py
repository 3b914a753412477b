"""What those who accept have in common is found in the log, and told over the wire."""

import uuid

import grpc
import numpy as np
import pytest

from services.ranker import insights
from services.ranker.domain.answers import Answer, Decision, Shown
from services.ranker.domain.characteristics import hashes
from services.ranker.domain.encoding import decode, encode
from services.ranker.domain.hashing import text_hash
from tests.grpc.ranker.test_learning import liker, request
from tests.unit.ranker.shop import BIKES, COUPON, PROMPT
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.ranker.v1.insight_pb2 import (
    EffectTrend,
    NothingPredicts,
    ReportInsightRequest,
    ReportInsightResponse,
)

PEOPLE = 240
BIKE = 1
CLUB = [f"attr.club={answer}" for answer in ("no", "yes")]
MONTH_US = 30 * 86_400_000_000


def texts_of(number):
    channel = "WEB" if number % 3 else "IVR"
    return [CLUB[number % 2], f"attr.size={number % 5}", f"channel={channel}", "segment=all"]


async def sell(shop, offer, is_taken, first=0):
    """Show an offer to people over a month, by an agent; some take it."""
    for number in range(first, first + PEOPLE):
        person_id, decision_id = (str(uuid.UUID(int=n + number)) for n in (10_000, 90_000))
        features = encode(0.0, np.array([1, 2], np.uint32), hashes(texts_of(number)))
        time_us = (number - first) * MONTH_US // PEOPLE
        shown = Shown(PROMPT, offer, features, 1.0)
        await shop.decided(Decision(decision_id, [person_id], time_us, [shown]))
        if is_taken(number):
            kind = "accept" if offer == COUPON else "purchase"
            event = (f"taken-{number}", person_id, kind, time_us + 1, offer, offer, decision_id)
            await shop.answered(Answer(*event))


async def common(shop):
    every = {text for number in range(60) for text in texts_of(number)}
    await shop.insights.note(sorted(every), 1)


async def report(shop, **asked):
    return await shop.stub.ReportInsight(ReportInsightRequest(**asked), timeout=60)


async def test_what_those_who_accept_have_in_common_is_named_with_its_people(learning_shop):
    await common(learning_shop)
    await sell(learning_shop, BIKE, lambda number: number % 2 and number % 3)
    told = await report(learning_shop)
    assert (told.people, told.shown, told.accepted) == (PEOPLE, PEOPLE, PEOPLE // 3)
    # That a channel accepts more is told too; segments are everybody's and tell nobody apart.
    assert list(told.tested) == ["attr.club", "attr.size", "channel"]
    assert [each.name for each in told.predictors] == ["attr.club", "channel"]
    assert told.nothing == NothingPredicts.UNSPECIFIED
    values = {each.value: each for each in told.predictors[0].values}
    assert set(values) == {"yes", "no"}
    member = values["yes"]
    assert (member.people, member.accepted, member.clear) == (PEOPLE // 2, PEOPLE // 3, True)
    assert 3 < member.times_as_often.low < member.times_as_often.high
    assert member.log_odds.value > 0 > values["no"].log_odds.value
    assert member.text.startswith("accepted ")
    assert member.trend == EffectTrend.STEADY
    assert len(member.parts) == 3
    assert told.until_time.ToMicroseconds() - told.since_time.ToMicroseconds() < MONTH_US


async def test_of_blind_answers_the_report_says_that_nothing_predicts(learning_shop):
    await common(learning_shop)
    await sell(learning_shop, BIKE, lambda number: number % 7 == 0)
    told = await report(learning_shop)
    assert not told.predictors
    assert told.nothing == NothingPredicts.NO_DIFFERENCE
    assert told.detectable_times > 1


async def test_what_is_common_to_too_few_is_not_named(learning_shop):
    await sell(learning_shop, BIKE, lambda number: number % 2)
    assert (await report(learning_shop)).nothing == NothingPredicts.NONE_COMMON


async def counted(answered, _):
    return ReportInsightResponse(shown=answered.rows)


async def test_a_report_is_of_an_offer_a_kind_a_placement_a_segment_a_channel_a_time(
    learning_shop, monkeypatch
):
    # Each report would start a process to look for what predicts, which is not asked here.
    monkeypatch.setattr(insights, "study_aside", counted)
    await common(learning_shop)
    await sell(learning_shop, BIKE, lambda number: number % 2)
    await sell(learning_shop, COUPON, lambda number: number % 2, first=PEOPLE)

    async def shown(**asked):
        return (await report(learning_shop, **asked)).shown

    assert await shown() == 2 * PEOPLE
    assert await shown(offer_id="coupon") == PEOPLE
    assert await shown(kind=OfferKind.PRODUCT) == PEOPLE
    assert await shown(kind=OfferKind.SURVEY) == 0
    assert await shown(placement=PROMPT) == 2 * PEOPLE
    assert await shown(placement="elsewhere") == 0
    assert await shown(segment="all") == 2 * PEOPLE
    assert await shown(segment="nobody") == 0
    assert await shown(channel=Channel.IVR) == 2 * PEOPLE // 3
    asked = ReportInsightRequest()
    asked.since_time.FromMicroseconds(MONTH_US // 2)
    assert (await learning_shop.stub.ReportInsight(asked, timeout=60)).shown == PEOPLE
    asked.until_time.FromMicroseconds(MONTH_US // 2)
    assert (await learning_shop.stub.ReportInsight(asked, timeout=60)).shown == 0


async def test_an_offer_that_nobody_knows_is_not_found(learning_shop):
    with pytest.raises(grpc.aio.AioRpcError, match="no-such") as refused:
        await report(learning_shop, offer_id="no-such")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_who_was_erased_is_counted_no_more(learning_shop):
    await sell(learning_shop, BIKE, lambda number: number % 2)
    await learning_shop.log.erase([str(uuid.UUID(int=10_000 + number)) for number in range(50)])
    assert (await report(learning_shop)).people == PEOPLE - 50


async def test_what_is_ranked_carries_what_characterises_the_person(learning_shop):
    response = await learning_shop.stub.Rank(request(liker(BIKES), limit=1), timeout=5)
    [ranked] = response.placements[0].chosen
    told = decode(ranked.features).characteristics.tolist()
    assert {text_hash("value_tier=medium"), text_hash("likes_category=Cycling")} < set(told)


@pytest.mark.parametrize("channel", [99, -(1 << 31)])
async def test_a_channel_that_there_is_not_is_refused(learning_shop, channel):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await report(learning_shop, channel=channel)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "channel" in refused.value.details()
