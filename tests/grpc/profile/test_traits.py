"""Traits, from what came in over the wire to the snapshot that all decide by."""

from tests.grpc.profile.edge import SHOE
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel, Doubt, PurchaseStage

ADA = ("customer", "ada")
RUNNING = "Shoes > Running"


def dollars(amount):
    return Money(amount=amount, currency="USD")


async def test_what_tells_the_variant_that_was_kept_is_a_trait(client):
    await client.record(client.event([ADA], "purchase", item_id="shoe-blue", order_id="o1"))
    kept = (await client.snapshot(ADA)).traits.variants
    assert list(zip(kept.categories, kept.names, kept.values, kept.shares, strict=True)) == [
        (RUNNING, "colour", "blue", 1.0)
    ]
    await client.record(client.event([ADA], "return", item_id="shoe-blue", order_id="o1"))
    assert not (await client.snapshot(ADA)).traits.variants.values


async def test_a_price_below_the_catalogues_or_a_discount_that_is_said_is_a_promotion(client):
    below = client.event([ADA], "purchase", item_id="shoe", order_id="o1", value=dollars("40"))
    assert (await client.record(below)).accepted
    assert (await client.snapshot(ADA)).traits.promotion_share == 0.25
    said = client.event(
        [ADA],
        "purchase",
        order_id="o2",
        value=dollars("40"),
        attributes={"discount": "10.00"},
    )
    assert (await client.record(said)).accepted
    assert round((await client.snapshot(ADA)).traits.promotion_share, 6) == 0.4


async def test_a_discount_that_is_no_amount_is_refused_in_so_many_words(client):
    for discount in ("10%", "-1", ""):
        wrong = client.event([ADA], "purchase", attributes={"discount": discount})
        (rejected,) = (await client.record(wrong)).rejected
        assert rejected.message.startswith("attributes.discount: must")


async def test_a_decline_is_a_soft_dislike_beside_the_decline_itself(client):
    await client.record(client.event([ADA], "decline", item_id="shoe"))
    disliked = (await client.snapshot(ADA)).disliked
    assert not disliked.family_nos
    assert list(disliked.soft_family_nos) == [SHOE]
    assert [round(strength, 3) for strength in disliked.soft_family_strengths] == [0.5]
    assert list(disliked.soft_categories) == [RUNNING]
    assert list(disliked.soft_brands) == ["Fleet"]


async def test_the_session_says_how_far_somebody_is_and_what_the_doubt_is_about(client):
    await client.record(
        client.event([ADA], "search", query="shoe", ago_s=400),
        client.event([ADA], "add_to_cart", item_id="shoe", ago_s=300),
        client.event([ADA], "checkout_started", ago_s=200),
        client.event([ADA], "page_view", page="/help/refunds", ago_s=100),
    )
    snapshot = await client.snapshot(ADA)
    assert snapshot.session.hesitating
    assert snapshot.session.doubt == Doubt.RETURNS
    assert snapshot.session.searches == 1
    assert snapshot.session.cart_value_micros == 80_000_000
    assert list(snapshot.traits.stages.categories) == [RUNNING]
    assert list(snapshot.traits.stages.stages) == [PurchaseStage.DECIDING]


async def test_answers_and_the_channels_used_are_traits(client):
    await client.record(
        client.event([ADA], "impression", offer_id="coupon", channel=Channel.EMAIL),
        client.event([ADA], "contact_sent", offer_id="coupon", channel=Channel.EMAIL),
        client.event([ADA], "email_open", offer_id="coupon", channel=Channel.EMAIL),
        client.event([ADA], "view", item_id="shoe", channel=Channel.APP),
        client.event([ADA], "view", item_id="shoe", channel=Channel.APP),
    )
    traits = (await client.snapshot(ADA)).traits
    assert list(traits.channels) == [Channel.APP, Channel.EMAIL]
    assert list(traits.answers.channels) == [Channel.EMAIL]
    assert traits.answers.email_open_share == 1.0
    assert len(traits.hours) == 1
