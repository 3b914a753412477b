"""How items and offers are read, and what is refused."""

import pytest

from services.retrieval.intake import read_items, read_offers
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow, ChannelCreative, Creative, Words
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.retrieval.v1.retrieval_pb2 import Item, Offer


def item(**changes):
    return Item(**{"item_id": "tv-1", "title": "A television", **changes})


def offer(**changes):
    fields = {"offer_id": "sale", "kind": OfferKind.PROMOTION, "title": "10% off", **changes}
    return Offer(**fields)


def row_of(read):
    drafts, rejections = read
    assert rejections == []
    return CatalogueRow.FromString(drafts[0].content)


def usd(amount):
    return Money(amount=amount, currency="USD")


def refused(read):
    drafts, rejections = read
    assert drafts == []
    return [rejection.field for rejection in rejections]


def test_an_item_is_worth_what_is_earned_with_it():
    row = row_of(read_items([item(price=usd("12.50"), cost=usd("8"))], "USD"))
    assert (row.price_micros, row.cost_micros, row.value_micros) == (
        12_500_000,
        8_000_000,
        4_500_000,
    )


def test_an_item_of_unknown_cost_is_worth_its_price():
    row = row_of(read_items([item(price=usd("12.50"))], "USD"))
    assert (row.cost_micros, row.value_micros) == (-1, 12_500_000)


def test_an_amount_without_currency_is_in_that_of_the_deployment():
    row = row_of(read_items([item(price=Money(amount="3"))], "EUR"))
    assert row.currency == "EUR"


def test_an_item_is_used_up_where_its_attribute_says_so():
    assert row_of(read_items([item(attributes={"consumable": "true"})], "USD")).is_consumable
    assert not row_of(read_items([item(attributes={"consumable": "false"})], "USD")).is_consumable
    assert not row_of(read_items([item()], "USD")).is_consumable
    unclear = read_items([item(attributes={"consumable": "yes"})], "USD")
    assert refused(unclear) == ["attributes.consumable"]


def test_stock_that_is_not_told_is_not_tracked():
    assert row_of(read_items([item()], "USD")).stock == -1
    assert row_of(read_items([item(stock=0)], "USD")).stock == 0


def test_blanks_in_a_category_do_not_matter():
    assert (
        row_of(read_items([item(category="Video>TV  >  4K")], "USD")).category == "Video > TV > 4K"
    )


def test_known_attributes_make_the_creative():
    row = row_of(read_items([item(attributes={"link": "/tv", "min_age": "18", "hz": "60"})], "USD"))
    assert (row.creative.link, row.creative.title, row.min_age) == ("/tv", "A television", 18)
    assert dict(row.attributes) == {"link": "/tv", "min_age": "18", "hz": "60"}


def test_equal_items_have_equal_content_whatever_the_order_of_attributes():
    one = item(attributes={"a": "1", "b": "2", "c": "3"})
    other = item(attributes={"c": "3", "a": "1", "b": "2"})
    assert read_items([one], "USD") == read_items([other], "USD")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"item_id": ""}, "item_id"),
        ({"item_id": "x" * 129}, "item_id"),
        ({"title": " "}, "title"),
        ({"price": usd("-1")}, "price.amount"),
        ({"price": usd("1e3")}, "price.amount"),
        ({"price": usd("")}, "price.amount"),
        ({"price": Money(amount="1", currency="dollar")}, "price.currency"),
        ({"price": usd("2"), "cost": Money(amount="1", currency="EUR")}, "cost.currency"),
        ({"stock": -1}, "stock"),
        ({"category": "A >  > B"}, "category"),
        ({"variant_of": "tv-1"}, "variant_of"),
        ({"attributes": {"min_age": "old"}}, "attributes.min_age"),
        ({"attributes": {"members_only": "yes"}}, "attributes.members_only"),
        ({"attributes": {f"a{n}": "" for n in range(33)}}, "attributes"),
        ({"attributes": {"long": "x" * 1025}}, "attributes.long"),
    ],
)
def test_a_bad_item_is_refused_by_its_field(wrong, field):
    assert refused(read_items([item(**wrong)], "USD")) == [field]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"offer_id": ""}, "offer_id"),
        ({"kind": OfferKind.PRODUCT}, "kind"),
        ({"kind": OfferKind.UNSPECIFIED}, "kind"),
        ({"kind": 99}, "kind"),
        ({"channels": [Channel.UNSPECIFIED]}, "channels[0]"),
        ({"channels": [Channel.WEB, 99]}, "channels[1]"),
        ({"lever": -1.0}, "lever"),
        ({"lever": float("nan")}, "lever"),
        ({"value": usd("-5")}, "value.amount"),
        ({"starts_time": {"seconds": 200}, "ends_time": {"seconds": 100}}, "ends_time"),
        ({"about_categories": ["A", "B >"]}, "about_categories[1]"),
        ({"about_items": [str(n) for n in range(1001)]}, "about_items"),
        ({"is_default": True, "attributes": {"needs_consent": "ads"}}, "attributes.needs_consent"),
        ({"is_default": True, "attributes": {"min_age": "18"}}, "attributes.min_age"),
        ({"is_default": True, "attributes": {"price_led": "true"}}, "attributes.price_led"),
        ({"attributes": {"personal": "True"}}, "attributes.personal"),
        ({"channel_creatives": [ChannelCreative()]}, "channel_creatives[0].channel"),
        ({"ends_time": {"seconds": 2**62}}, "ends_time"),
    ],
)
def test_a_bad_offer_is_refused_by_its_field(wrong, field):
    assert refused(read_offers([offer(**wrong)], "USD")) == [field]


def test_an_offer_without_lever_is_neutral_and_keeps_its_creative():
    row = row_of(read_offers([offer(text="Only now", channels=[Channel.IVR, Channel.WEB])], "USD"))
    assert (row.lever, row.creative.text) == (1.0, "Only now")
    assert list(row.channels) == [Channel.WEB, Channel.IVR]


def test_every_mistake_is_told_at_once_with_its_row():
    _, rejections = read_items(
        [item(), item(item_id="", title=""), item(item_id="b", stock=-2)], "USD"
    )
    assert [(r.index, r.field) for r in rejections] == [(1, "item_id"), (1, "title"), (2, "stock")]


def test_an_id_twice_in_a_request_is_refused_the_second_time():
    drafts, [rejection] = read_items([item(), item(title="Another")], "USD")
    assert (len(drafts), rejection.index, rejection.field) == (1, 1, "item_id")


def test_a_text_with_the_character_that_ends_texts_is_refused():
    for change in ({"title": "a\0b"}, {"brand": "\0"}, {"attributes": {"colour": "red\0"}}):
        [name] = change
        [field] = refused(read_items([item(**change)], "USD"))
        assert field.startswith(name)


def test_words_in_other_languages_are_kept_in_the_order_of_their_languages():
    words = [Words(language="es", title="Televisor"), Words(language="de", title="Fernseher")]
    for row in (
        row_of(read_items([item(words=words)], "USD")),
        row_of(read_offers([offer(words=words)], "USD")),
    ):
        assert [each.language for each in row.creative.words] == ["de", "es"]
        assert row.creative.words[0].title == "Fernseher"


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ([Words(language="xx", title="A")], "words[0].language"),
        ([Words(title="A")], "words[0].language"),
        ([Words(language="de", title="A"), Words(language="de")], "words[1].language"),
        ([Words(language="de", title="A" * 513)], "words[0].title"),
        ([Words(language="de", title="A\0")], "words[0].title"),
        ([Words(language="de")] * 51, "words"),
    ],
)
def test_words_that_cannot_be_kept_are_refused(words, field):
    assert refused(read_items([item(words=words)], "USD")) == [field]
    special = ChannelCreative(channel=Channel.WEB, creative=Creative(words=words))
    found = refused(read_offers([offer(words=words, channel_creatives=[special])], "USD"))
    assert set(found) == {field, f"channel_creatives[0].creative.{field}"}
