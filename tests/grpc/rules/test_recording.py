"""What the edge records of a decision is kept by rules with what was shown, and only once."""

from __future__ import annotations

import pytest

from services.rules.domain.recordings import StoredRecording
from services.rules.recorder import Recorder
from shared.errors import Unavailable
from tests.grpc.rules.rules_kit import (
    FREE_SHIPPING,
    GUIDE,
    LAPTOP,
    LAPTOP_PROMO,
    RUNNING_PROMO,
    SHIPPING,
    SHOES,
    Rules,
    ann,
    candidates,
)
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.recording_pb2 import RecordedDecision, RecordedSlate


def given(context: DecisionContext) -> RecordedDecision:
    return RecordedDecision(
        schema=1,
        context=context,
        snapshot=ann().SerializeToString(),
        candidates=candidates(LAPTOP, GUIDE, SHOES),
        weight=3.0,
        model="prior",
    )


async def kept(rules: Rules) -> list[StoredRecording]:
    await rules.recorder.write()
    now_us = rules.clock.now_us()
    return [each async for each in rules.recordings.recorded(0, now_us + 1, 100)]


async def test_it_is_kept_as_it_came_with_what_was_shown(rules: Rules) -> None:
    context = rules.context()
    recorded = given(context)
    await rules.commit(LAPTOP, GUIDE, context=context, recorded=recorded.SerializeToString())
    [only] = await kept(rules)
    assert (only.decision_id, only.person_ids) == (context.decision_id, ("ann",))
    assert only.decided_us == context.now_us
    recorded.slates.append(RecordedSlate(placement="web.home.banner", offer_nos=[LAPTOP, GUIDE]))
    assert RecordedDecision.FromString(only.recorded) == recorded


async def test_what_a_limit_replaced_is_recorded_as_it_was_shown(rules: Rules) -> None:
    for offer_no in (FREE_SHIPPING, RUNNING_PROMO, SHIPPING):
        await rules.commit(offer_no)
    context = rules.context()
    answer = await rules.commit(
        LAPTOP,
        LAPTOP_PROMO,
        next_best=(GUIDE,),
        context=context,
        recorded=given(context).SerializeToString(),
    )
    shown = [each.offer_no for each in answer.placements[0].chosen]
    [only] = await kept(rules)
    [slate] = RecordedDecision.FromString(only.recorded).slates
    assert list(slate.offer_nos) == shown == [LAPTOP, GUIDE]


async def test_of_what_is_not_chosen_stands_or_is_repeated_nothing_new_is_kept(
    rules: Rules,
) -> None:
    await rules.commit(LAPTOP)
    standing = rules.context()
    recorded = given(standing).SerializeToString()
    await rules.commit(LAPTOP, context=standing, recorded=recorded, stood=True)
    assert await kept(rules) == []
    twice = rules.context()
    recorded = given(twice).SerializeToString()
    for _ in range(2):
        await rules.commit(LAPTOP, context=twice, recorded=recorded)
    assert len(await kept(rules)) == 1


async def test_an_erasure_removes_it_also_before_it_is_written(rules: Rules) -> None:
    before, after = rules.context(), rules.context()
    await rules.commit(LAPTOP, context=before, recorded=given(before).SerializeToString())
    assert len(await kept(rules)) == 1
    await rules.commit(GUIDE, context=after, recorded=given(after).SerializeToString())
    await rules.stub.ErasePerson(pb.ErasePersonRequest(person_ids=["ann"]), timeout=5)
    assert await kept(rules) == []


async def test_what_cannot_be_written_now_is_written_later(rules: Rules) -> None:
    class Away(type(rules.recordings)):  # type: ignore[misc]
        is_away = True

        async def add(self, recorded):
            if self.is_away:
                raise Unavailable("the server is away")
            await super().add(recorded)

    store = Away(rules.database)
    recorder = Recorder(store)
    contexts = [rules.context() for _ in range(120)]
    for context in contexts:
        await rules.commit(LAPTOP, context=context)
        recorder.record(context.decision_id, given(context).SerializeToString())
    with pytest.raises(Unavailable):
        await recorder.write()
    store.is_away = False
    await recorder.write()
    assert len(await kept(rules)) == 100
    assert await store.count(0, rules.clock.now_us() + 1) == 120
