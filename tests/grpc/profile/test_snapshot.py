from datetime import timedelta
from uuid import uuid4

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from shared.trials import is_in_trial
from tests.grpc.profile.edge import COUPON, LAPTOP, SHOE, SHOE_IN_BLUE
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Arm, Assurance, Channel
from touchpoint.profile.v1.profile_pb2 import ArmPlan, TrialPlan

ADA = ("customer", "ada")
COOKIE = ("visitor", "cookie")


async def test_nobody_is_in_the_snapshot_of_somebody_never_seen(client):
    answer = await client.answer(ADA)
    assert not answer.person_ids
    assert answer.arm == Arm.PERSONALISED
    assert not (await client.snapshot(ADA)).person_ids


async def test_somebody_never_seen_is_kept_when_asked_for(client):
    kept = await client.answer(COOKIE, keep_unknown=True)
    assert len(kept.person_ids) == 1
    assert (await client.answer(COOKIE)).person_ids == kept.person_ids


async def test_a_purchase_is_owned_by_its_family_and_counts_with_its_cost(client):
    await client.record(
        client.event([ADA], "purchase", item_id="shoe-blue", order_id="o1", quantity=2)
    )
    snapshot = await client.snapshot(ADA)
    assert list(snapshot.owned.family_nos) == [SHOE]
    assert list(snapshot.owned.times) == [1]
    assert snapshot.traits.frequency == 1
    assert snapshot.traits.monetary_micros == 160_000_000
    assert snapshot.traits.contribution_micros == 100_000_000
    assert not snapshot.traits.contribution_is_sales


async def test_what_was_paid_counts_rather_than_the_price(client):
    await client.record(
        client.event([ADA], "purchase", item_id="laptop", value=Money(amount="799.90"))
    )
    traits = (await client.snapshot(ADA)).traits
    assert traits.monetary_micros == 799_900_000
    assert traits.contribution_is_sales
    assert traits.recency_days == 0.0


async def test_a_return_gives_ownership_and_money_back(client):
    bought = client.event([ADA], "purchase", item_id="shoe", order_id="o1", ago_s=60)
    back = client.event([ADA], "return", item_id="shoe", order_id="o1")
    await client.record(back, bought)
    snapshot = await client.snapshot(ADA)
    assert not snapshot.owned.family_nos
    assert snapshot.traits.monetary_micros == 0


async def test_a_gift_is_neither_owned_nor_to_the_givers_taste(client):
    await client.record(client.event([ADA], "purchase", item_id="shoe", attributes={"gift": True}))
    snapshot = await client.snapshot(ADA)
    assert not snapshot.owned.family_nos
    assert not snapshot.traits.categories
    assert snapshot.traits.frequency == 1


async def test_a_decline_stands_until_it_is_accepted_or_bought(client):
    await client.record(
        client.event([ADA], "decline", item_id="shoe-blue", ago_s=600),
        client.event([ADA], "decline", offer_id="coupon", ago_s=600),
        client.event([ADA], "decline", offer_id="laptop", ago_s=600),
    )
    declined = (await client.snapshot(ADA)).declined
    assert sorted(zip(declined.offer_nos, declined.family_nos, strict=True)) == [
        (SHOE_IN_BLUE, SHOE),
        (LAPTOP, LAPTOP),
        (COUPON, COUPON),
    ]
    await client.record(
        client.event([ADA], "accept", offer_id="coupon"),
        client.event([ADA], "purchase", item_id="shoe"),
    )
    assert list((await client.snapshot(ADA)).declined.offer_nos) == [LAPTOP]


async def test_a_dislike_stands_until_it_is_taken_back(client):
    def say(sentiment, ago_s, **what):
        return client.event(
            [ADA],
            "preference",
            ago_s=ago_s,
            attributes={"sentiment": sentiment, **what.pop("attributes", {})},
            **what,
        )

    await client.record(
        say("dislike", 60, item_id="shoe-blue"),
        say("dislike", 60, attributes={"category": "Computers"}),
        say("dislike", 60, attributes={"brand": "Abacus"}),
    )
    disliked = (await client.snapshot(ADA)).disliked
    assert list(disliked.family_nos) == [SHOE]
    assert list(disliked.categories) == ["Computers"]
    assert list(disliked.brands) == ["Abacus"]
    await client.record(say("like", 0, attributes={"category": "Computers"}))
    assert not (await client.snapshot(ADA)).disliked.categories


async def test_the_cart_is_what_was_put_in_and_not_taken_out_or_bought(client):
    await client.record(
        client.event([ADA], "add_to_cart", item_id="shoe", quantity=3, ago_s=90),
        client.event([ADA], "remove_from_cart", item_id="shoe", ago_s=60),
        client.event([ADA], "add_to_cart", item_id="laptop", ago_s=60),
    )
    cart = (await client.snapshot(ADA)).cart
    assert dict(zip(cart.offer_nos, cart.quantities, strict=True)) == {SHOE: 2.0, LAPTOP: 1.0}
    assert cart.value_micros == 1_060_000_000
    await client.record(client.event([ADA], "purchase", item_id="laptop"))
    assert list((await client.snapshot(ADA)).cart.offer_nos) == [SHOE]


async def test_twenty_minutes_on_laptops_are_what_the_session_is_about(client):
    views = [
        client.event([COOKIE], "view", item_id="laptop", ago_s=60 * minute, session_id="s")
        for minute in range(22, 1, -2)
    ]
    await client.record(*views, client.event([COOKIE], "view", item_id="shoe", ago_s=60))
    session = (await client.snapshot(COOKIE)).session
    assert session.category == "Computers > PCs > Laptops"
    assert round(session.minutes) == 21
    assert session.last_offer_no == LAPTOP
    assert list(session.offer_nos) == [SHOE, LAPTOP]
    assert session.channel == Channel.WEB


async def test_the_latest_events_of_all_channels_come_newest_first(client):
    await client.record(
        client.event([ADA], "view", item_id="shoe", ago_s=20),
        client.event([ADA], "call_started", channel=Channel.CALL_CENTER, ago_s=10),
    )
    recent = (await client.snapshot(ADA)).recent
    assert list(recent.types) == ["call_started", "view"]
    assert list(recent.channels) == [Channel.CALL_CENTER, Channel.WEB]
    assert list(recent.categories) == ["", "Shoes > Running"]


async def test_the_latest_word_on_consent_counts_whatever_came_in_last(client):
    def say(granted, ago_s):
        return client.event(
            [ADA],
            "consent",
            ago_s=ago_s,
            attributes={"purpose": "marketing", "granted": granted},
        )

    await client.record(say(False, 10))
    await client.record(say(True, 20))
    snapshot = await client.snapshot(ADA)
    assert list(snapshot.refusals) == ["marketing"]
    assert not snapshot.consents


async def test_an_unsubscription_by_mail_is_of_mail(client):
    await client.record(client.event([ADA], "unsubscribe", channel=Channel.EMAIL))
    assert list((await client.snapshot(ADA)).refusals) == ["marketing:EMAIL"]


async def test_a_device_whose_clock_is_ahead_does_not_outlast_a_refusal(client):
    """It agreed, by its clock nine minutes from now; the person takes that back right after."""
    agreed = client.event([ADA], "consent", ago_s=-540)
    await client.record(agreed)
    assert list((await client.snapshot(ADA)).consents) == ["marketing"]
    client.clock.advance(timedelta(seconds=1))
    refusal = {"granted": False}
    await client.record(client.event([ADA], "consent", attributes=refusal))
    snapshot = await client.snapshot(ADA)
    assert (list(snapshot.consents), list(snapshot.refusals)) == ([], ["marketing"])
    assert (await client.record(agreed)).duplicates == 1


async def test_a_consent_that_has_ended_is_none_and_the_record_says_when_it_did(client):
    attributes = {"purpose": "sharing", "source": "till 4", "expires": "2026-12-31"}
    await client.record(client.event([ADA], "consent", attributes=attributes))
    assert list((await client.snapshot(ADA)).consents) == ["sharing"]
    [shown] = (await client.profile(ADA)).consents
    assert (shown.source, shown.stands) == ("till 4", True)
    assert shown.expires_time.ToJsonString() == "2027-01-01T00:00:00Z"
    await client.clock.move(timedelta(days=366))
    assert not (await client.snapshot(ADA)).consents
    [shown] = (await client.profile(ADA)).consents
    assert (shown.granted, shown.stands) == (True, False)


async def test_a_consent_that_contradicts_itself_is_refused_with_all_that_is_wrong(client):
    attributes = {"purpose": "news:SMS", "channel": "EMAIL", "granted": "perhaps"}
    told = await client.record(client.event([ADA], "consent", attributes=attributes))
    [refused] = told.rejected
    assert refused.code == "INVALID"
    assert "attributes.channel: contradicts" in refused.message
    assert "attributes.granted: must be true or false" in refused.message
    assert not (await client.answer(ADA)).person_ids


async def test_a_complaint_is_open_until_it_is_resolved(client):
    await client.record(client.event([ADA], "complaint", ago_s=5))
    assert (await client.snapshot(ADA)).complaint_open
    await client.record(client.event([ADA], "complaint", attributes={"status": "resolved"}))
    assert not (await client.snapshot(ADA)).complaint_open


async def test_taste_fades_and_what_came_later_leads(client):
    await client.record(client.event([ADA], "view", item_id="shoe"))
    await client.clock.move(timedelta(days=60))
    await client.record(client.event([ADA], "view", item_id="laptop"))
    traits = (await client.snapshot(ADA)).traits
    assert list(traits.categories) == ["Computers > PCs > Laptops", "Shoes > Running"]
    assert [round(share, 3) for share in traits.category_affinities] == [0.8, 0.2]


async def test_who_logged_in_is_verified_and_a_cookie_is_not(client):
    await client.record(client.event([COOKIE], "view"), client.event([ADA], "login"))
    assert (await client.snapshot(ADA)).assurance == Assurance.VERIFIED
    assert (await client.snapshot(COOKIE)).assurance == Assurance.ANONYMOUS


async def test_the_arm_is_that_of_the_oldest_person(client):
    await client.record(client.event([COOKIE], "view"))
    before = await client.answer(COOKIE)
    await client.clock.move(timedelta(seconds=1))
    await client.record(client.event([ADA, COOKIE], "login"))
    after = await client.answer(ADA)
    assert after.person_ids[0] == before.person_ids[0]
    assert after.arm == before.arm == (await client.snapshot(ADA)).arm


async def test_a_service_that_knows_no_identity_asks_by_person(client):
    await client.record(client.event([ADA], "add_to_cart", item_id="shoe"))
    [person_id] = (await client.answer(ADA)).person_ids
    by_id = await client.answer(person_id=person_id)
    assert list(by_id.person_ids) == [person_id]
    assert list((await client.snapshot(person_id=person_id)).cart.offer_nos) == [SHOE]


async def test_a_person_that_is_not_there_is_nobody(client):
    assert not (await client.answer(person_id=str(uuid4()))).person_ids


async def test_a_person_stands_alone_in_a_request(client):
    with pytest.raises(AioRpcError) as refused:
        await client.answer(ADA, person_id=str(uuid4()))
    assert refused.value.code() is StatusCode.INVALID_ARGUMENT


async def test_a_person_in_the_share_of_a_trial_gets_the_arm_that_is_tried(client):
    [person_id] = (await client.answer(COOKIE, keep_unknown=True)).person_ids
    for share, in_trial in ((0.999999999, True), (1e-12, False)):
        trial = Trial(bundle_hash="tried", share=share, salt="salt")
        assert is_in_trial(trial, person_id) is in_trial
        plan = TrialPlan(trial=trial, arm_plan=ArmPlan(salt="s", holdout_share=1.0))
        answer = await client.answer(COOKIE, trial_plan=plan)
        assert answer.in_trial is in_trial
        assert answer.arm == (Arm.HOLDOUT if in_trial else Arm.PERSONALISED)
        assert (await client.snapshot(COOKIE, trial_plan=plan)).arm == answer.arm


async def test_nobody_known_is_in_no_trial(client):
    plan = TrialPlan(trial=Trial(bundle_hash="tried", share=0.999999999, salt="salt"))
    assert not (await client.answer(COOKIE, trial_plan=plan)).in_trial
