"""What was decided stands for the same question, and is checked anew."""

from __future__ import annotations

import pytest

from services.rules.storage.definitions import Signature
from tests.grpc.rules.rules_kit import (
    GUIDE,
    LAPTOP,
    MILK,
    MINUTE_US,
    RUNNING_PROMO,
    SHOES,
    Rules,
    ann,
    codes,
    kept,
    minutes,
)
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import Owned
from touchpoint.common.v1.vocabulary_pb2 import Channel, Source
from touchpoint.rules.v1 import rules_service_pb2 as pb


async def test_a_decision_stands_for_the_same_question(rules: Rules) -> None:
    context = rules.context()
    await rules.commit(LAPTOP, GUIDE, next_best=(SHOES,), context=context)
    again = await rules.check(MILK, GUIDE, person=ann())
    assert again.standing_decision_id == context.decision_id
    [order] = again.standing
    assert (list(order.offer_nos), order.exact) == ([LAPTOP, GUIDE, SHOES], True)
    assert list(again.added.offer_nos) == [LAPTOP, SHOES]
    assert list(again.added.sources) == [Source.POPULAR, Source.POPULAR]
    assert kept(again, MILK, GUIDE) == [MILK, GUIDE, LAPTOP, SHOES]


async def test_what_stands_comes_with_a_value_in_every_column(rules: Rules) -> None:
    await rules.commit(LAPTOP, GUIDE, SHOES)
    added = (await rules.check(MILK, person=ann())).added
    columns = {field.name: len(column) for field, column in added.ListFields()}
    assert columns == {**dict.fromkeys(columns, 3), "evidence_kinds": 3}


@pytest.mark.parametrize("why", ["degraded", "makeshift"])
async def test_a_makeshift_decision_stands_only_for_a_repeated_request(
    rules: Rules, why: str
) -> None:
    context = rules.context()
    await rules.commit(LAPTOP, GUIDE, context=context, **{why: True})
    again = await rules.check(GUIDE, person=ann())
    assert again.standing_decision_id == context.decision_id
    later = rules.context(now_us=rules.clock.now_us() + 2 * MINUTE_US)
    assert not (await rules.check(GUIDE, person=ann(), context=later)).standing


async def test_without_a_profile_what_stands_is_left_standing(rules: Rules) -> None:
    context = rules.context()
    await rules.commit(LAPTOP, GUIDE, context=context)
    await rules.commit(SHOES, person=ann(standing_token=0), context=rules.context())
    again = await rules.check(GUIDE, person=ann())
    assert again.standing_decision_id == context.decision_id


async def test_what_stands_is_checked_anew(rules: Rules) -> None:
    await rules.commit(LAPTOP, GUIDE)
    bought = minutes(rules.clock.now_us())
    owned = Owned(family_nos=[LAPTOP], last_minutes=[bought], times=[1], cycle_days=[0])
    again = await rules.check(person=ann(owned=owned))
    assert codes(again) == {LAPTOP: "OWNED"}
    assert kept(again) == [GUIDE]


@pytest.mark.parametrize("changed", ["token", "context", "limit", "definitions", "time", "person"])
async def test_a_changed_question_frees_a_standing_decision(rules: Rules, changed: str) -> None:
    await rules.commit(LAPTOP, GUIDE)
    person, context = ann(), rules.context()
    match changed:
        case "token":
            person = ann(standing_token=8)
        case "context":
            context = rules.context(context_digest=b"another context")
        case "limit":
            context = rules.context(placements=[PlacementAsk(placement="web.home.banner", limit=2)])
        case "definitions":
            await rules.definitions.apply(
                await changed_definitions(rules), Signature("ann", "test")
            )
            context = rules.context()
        case "time":
            context = rules.context(now_us=rules.clock.now_us() + 30 * MINUTE_US)
        case "person":
            person = ann(person_ids=["bob"])
    response = await rules.check(GUIDE, person=person, context=context)
    assert response.standing_decision_id == ""
    assert not any(order.exact for order in response.standing)


async def changed_definitions(rules: Rules) -> list:
    bundle = (
        await rules.stub.GetBundle(
            pb.GetBundleRequest(bundle_hash=rules.bundles.active_hash), timeout=5
        )
    ).bundle
    for file in bundle.files:
        file.text = file.text.replace("declined_for: 30d", "declined_for: 31d")
    return list(bundle.files)


async def test_what_the_site_showed_leads_on_the_telephone(rules: Rules) -> None:
    shown = rules.context()
    await rules.commit(RUNNING_PROMO, GUIDE, context=shown)
    call = rules.context("agent.prompt", channel=Channel.CALL_CENTER)
    response = await rules.check(LAPTOP, person=ann(), context=call)
    [order] = response.standing
    assert (order.placement, list(order.offer_nos), order.exact) == (
        "agent.prompt",
        [RUNNING_PROMO, GUIDE],
        False,
    )
    assert response.standing_decision_id == ""
    faq = await rules.check(person=ann(), context=rules.context("web.faq"))
    assert (list(faq.added.offer_nos), codes(faq)) == ([GUIDE], {})
    unrelated = rules.context("web.gift", context_digest=b"another")
    assert not (await rules.check(person=ann(), context=unrelated)).standing
