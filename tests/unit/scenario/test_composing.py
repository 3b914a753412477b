"""A message is written whole for one person, or it is said why there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.carts import NO_CART, Beginning, Cart
from services.scenario.domain.outbound import Draft, Fate
from services.scenario.messages.composing import Links, TemplateComposer
from services.scenario.messages.stationery import stationery
from services.scenario.messages.values import first_name, price
from shared.errors import InvalidArgument, NotFound, Unavailable
from shared.testing.clock import FakeClock
from shared.unsubscribing import Subscription, Unsubscribing
from tests.unit.aggregator.edge import PC_1, PERSON, FakeRpc, shop
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2 import ReachPersonResponse
from touchpoint.rules.v1.rules_pb2 import Bundle, Placement
from touchpoint.rules.v1.templates_pb2 import MessageSender, Template, TemplateVariant

OLDEST = "0190a000-0000-7000-8000-000000000000"
JOURNEY = "0190a000-0000-7000-8000-00000000000a"
LEFT = Template(
    template="left",
    language="en",
    channels=[Channel.EMAIL, Channel.SMS],
    subject="{{ person.first_name }},\n your cart",
    text="{% for o in offers %}{{ o.title }} {{ o.reason }} {% endfor %}{{ sender.name }}\n",
    html="<p>{{ person.name }}</p><a href='{{ unsubscribe.link }}'>no more</a>"
    "<a href='/pc-1?decision={{ decision_id }}'>",
    variants=[TemplateVariant(language="de", subject="Ihr Korb", text="{{ cart.value }}")],
)
CART = Template(
    template="cart",
    channels=[Channel.EMAIL],
    subject="{{ cart.count }}",
    text="{% for l in cart.lines %}{{ l.quantity }} x {{ l.title }} {% endfor %}{{ today }}",
)
LONG = Template(template="long", channels=[Channel.SMS], text="{{ person.name }}" * 60)
EARLY = "Pacific/Kiritimati"
TODAY = Template(template="today", channels=[Channel.EMAIL], subject="Now", text="{{ today }}")
BACK = Template(
    template="back",
    channels=[Channel.EMAIL],
    subject="Back",
    text="{{ item.title | default: 'It' }} is back",
)
BUNDLE = Bundle(
    templates=[LEFT, CART, LONG, TODAY, BACK],
    senders=[
        MessageSender(sender="house", name="Story Shop", address="hello@shop.example"),
        MessageSender(sender="anna", name="Anna Berg", address="anna@shop.example"),
    ],
    placements=[Placement(placement="email.body", channel=Channel.EMAIL)],
)


def decided(request):
    return RecommendResponse(
        decision_id="decision-1",
        placements=[
            {
                "placement": request.placements[0].placement,
                "recommendations": [
                    {
                        "offer_id": "pc-1",
                        "creative": {"title": "Aurora 15"},
                        "reasons": [{"text": "You like <PCs>"}],
                    }
                ],
            }
        ],
    )


class Peers:
    """Profile and the edge, what the journey began with, and what is written with them."""

    def __init__(self):
        said = {"address": "ada@shop.example", "name": "Ada <b>Byron"}
        self.person = ReachPersonResponse(owner_ids=["boris", "anna"], **said)
        self.ReachPerson = FakeRpc(lambda _: self.person)
        self.Recommend = FakeRpc(decided)
        self.began = Beginning()
        self.bundle = BUNDLE
        self.time_zone = ""
        self.clock = FakeClock()
        self.unsubscribing = Unsubscribing(b"k" * 32)
        self.url = "https://shop.example/unsubscribe"

    def in_force(self, oldest_id):
        return stationery(self.bundle) if oldest_id == OLDEST else stationery(Bundle())

    async def beginning_of(self, journey_id):
        assert journey_id == JOURNEY
        return self.began

    async def compose(self, channel=Channel.EMAIL, cart=NO_CART, **order):
        links = Links(self.url, self.unsubscribing)
        composer = TemplateComposer(self.in_force, self, self, self, shop(), links, self.clock)
        said = {"template": "left", "placement": "email.body"} | order
        draft = Draft(
            PERSON,
            MessageOrder((channel,), **said),
            journey_id=JOURNEY,
            scenario="s",
            stage="mail",
            oldest_id=OLDEST,
            time_zone=self.time_zone,
            cart=cart,
        )
        return await composer.compose(draft, channel)


@pytest.fixture
def peers():
    return Peers()


async def test_a_message_says_what_its_template_says_and_carries_what_was_decided(peers):
    found = await peers.compose(limit=2)
    assert found.address == "ada@shop.example"
    assert found.subject == "Ada, your cart"
    assert found.text == "Aurora 15 You like <PCs> Story Shop"
    assert found.html.startswith("<p>Ada &lt;b&gt;Byron</p>")
    assert "/pc-1?decision=decision-1'" in found.html
    assert (found.decision_id, found.offer_ids) == ("decision-1", ["pc-1"])
    assert (found.sender_name, found.sender_address) == ("Story Shop", "hello@shop.example")
    asked = peers.Recommend.request
    assert (asked.on_behalf.person_id, asked.on_behalf.journey_id) == (PERSON, JOURNEY)
    assert asked.on_behalf.contact_held
    assert not asked.on_behalf.only_offers
    assert (asked.placements[0].placement, asked.placements[0].limit) == ("email.body", 2)


@pytest.mark.parametrize(
    ("of_the_person", "of_the_house", "day"),
    [
        ("", "", 0),
        ("Pacific/Kiritimati", "", 1),
        ("", "Pacific/Kiritimati", 1),
        ("UTC", "Pacific/Kiritimati", 0),
    ],
)
async def test_the_day_is_that_of_where_the_person_is(peers, of_the_person, of_the_house, day):
    peers.time_zone = of_the_person
    peers.bundle = Bundle()
    peers.bundle.CopyFrom(BUNDLE)
    peers.bundle.parameters["time_zone"] = of_the_house
    # At noon of the meridian it is tomorrow already fourteen hours east of it.
    found = await peers.compose(template="today", placement="")
    assert found.text == (peers.clock.now().date() + timedelta(days=day)).isoformat()


async def test_a_click_ends_the_like_of_it(peers):
    found = await peers.compose(purpose="survey")
    link = found.headers["List-Unsubscribe"].strip("<>")
    assert found.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in found.html
    told = peers.unsubscribing.read(link.partition("token=")[2], peers.clock.now_us())
    assert told == Subscription(PERSON, Channel.EMAIL, "survey")


async def test_what_is_no_advertising_has_no_such_header(peers):
    assert not (await peers.compose(purpose="transactional")).headers


async def test_an_advertisement_that_nobody_could_end_is_not_sent(peers):
    peers.url = ""
    found = await peers.compose()
    assert found.fate is Fate.FAILED
    assert "TOUCHPOINT_UNSUBSCRIBE_URL" in found.reason


async def test_it_comes_from_who_looks_after_them_and_answers_go_there(peers):
    found = await peers.compose(from_own_contact=True)
    assert (found.sender_name, found.sender_address) == ("Anna Berg", "hello@shop.example")
    assert found.reply_to == "anna@shop.example"
    assert found.text.endswith("Anna Berg")


async def test_somebody_whom_nobody_looks_after_hears_from_the_house(peers):
    del peers.person.owner_ids[:]
    found = await peers.compose(from_own_contact=True)
    assert (found.sender_name, found.reply_to) == ("Story Shop", "")


async def test_it_is_in_their_language_and_tells_of_their_cart(peers):
    peers.person.locale = "de-AT"
    peers.began = Beginning(Cart((PC_1, 99), (2.0, 0.5), 1_299_000_000))
    found = await peers.compose()
    assert (found.subject, found.text, found.html) == ("Ihr Korb", "1299.00 EUR", "")
    assert peers.Recommend.request.locale == "de-AT"


async def test_what_lies_in_the_cart_is_told_in_their_language(peers, monkeypatch):
    sold = shop(translations=True)
    row = sold.details(PC_1)
    row.creative.words.add(language="de", title="Aurora fünfzehn")
    sold.apply(CatalogueBatch(previous_version=1, version=2, rows=[row]))
    monkeypatch.setattr("tests.unit.scenario.test_composing.shop", lambda: sold)
    peers.began = Beginning(Cart((PC_1,), (3.0,), 0))
    found = await peers.compose(template="cart", placement="")
    assert found.text.startswith("3 x Aurora 15 ")
    peers.person.locale = "de-AT"
    found = await peers.compose(template="cart", placement="")
    assert found.text.startswith("3 x Aurora fünfzehn ")


async def test_it_tells_of_the_cart_of_now_if_there_is_anything_in_it(peers):
    peers.began = Beginning(Cart((PC_1, PC_1), (1.0, 1.0), 5_000_000))
    now = Cart((PC_1,), (3.0,), 0)
    found = await peers.compose(template="cart", placement="", cart=now)
    assert (found.subject, found.text[:14]) == ("1", "3 x Aurora 15 ")
    assert (await peers.compose(template="cart", placement="")).subject == "2"


async def test_what_an_own_offer_needs_is_a_placement_of_the_channel(peers):
    await peers.compose(placement="", offer_ids=("pc-1",))
    asked = peers.Recommend.request
    assert (asked.placements[0].placement, asked.on_behalf.only_offers) == ("email.body", True)
    assert list(asked.on_behalf.offer_ids) == ["pc-1"]
    peers.person.address = "+431234"
    found = await peers.compose(Channel.SMS, placement="", offer_ids=("pc-1",))
    assert (found.fate, "no placement" in found.reason) == (Fate.FAILED, True)


async def test_a_message_without_offers_asks_nobody_what_to_carry(peers):
    peers.began = Beginning(Cart((PC_1,), (1.0,), 0))
    found = await peers.compose(template="cart", placement="")
    assert found.text.startswith("1 x Aurora 15 2")
    assert (found.decision_id, peers.Recommend.requests) == ("", [])


@pytest.mark.parametrize(("item_no", "told"), [(PC_1, "Aurora 15 is back"), (0, "It is back")])
async def test_it_names_the_item_that_its_journey_began_with(peers, item_no, told):
    peers.began = Beginning(item_no=item_no)
    found = await peers.compose(template="back", placement="")
    assert found.text == told


async def test_nothing_worth_sending_is_not_sent(peers):
    peers.Recommend.answer = lambda _: RecommendResponse(placements=[{}])
    found = await peers.compose()
    assert (found.fate, found.reason) == (Fate.SKIPPED, "NOTHING_TO_SAY")


async def test_without_an_address_another_channel_may_do(peers):
    peers.person.address = ""
    found = await peers.compose()
    assert (found.fate, found.reason) == (Fate.SKIPPED, "NO_ADDRESS")


async def test_what_was_decided_without_rules_is_decided_again_later(peers):
    peers.Recommend.answer = lambda _: RecommendResponse(degraded=[{"service": "rules"}])
    found = await peers.compose()
    assert (found.fate, found.after_s > 0) == (Fate.LATER, True)
    assert found.reason == "what it carries was decided without rules"


async def test_a_value_that_is_missing_fails_the_message_and_is_named(peers):
    peers.person.name = ""
    found = await peers.compose()
    assert (found.fate, found.reason) == (
        Fate.FAILED,
        "template left: person.first_name is not known",
    )


async def test_a_text_that_turned_out_too_long_fails_the_message(peers):
    found = await peers.compose(Channel.SMS, template="long", placement="")
    assert found.fate is Fate.FAILED
    assert found.reason.startswith("template long: its text has 720 characters")


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"template": "gone"}, "there is no template gone"),
        ({"template": "long"}, "template long has no words for EMAIL"),
    ],
)
async def test_a_template_that_was_taken_out_meanwhile_fails_its_messages(peers, order, reason):
    found = await peers.compose(**order)
    assert (found.fate, found.reason) == (Fate.FAILED, reason)


async def test_a_placement_that_was_taken_out_meanwhile_fails_its_messages(peers):
    peers.Recommend.error = InvalidArgument([])
    assert (await peers.compose()).fate is Fate.FAILED


async def test_nobody_is_written_to_by_nobody(peers):
    peers.ReachPerson.error = NotFound("gone")
    found = await peers.compose()
    assert (found.fate, found.reason) == (Fate.SKIPPED, "NOBODY")


async def test_what_cannot_be_known_now_is_raised(peers):
    peers.Recommend.error = Unavailable("down")
    with pytest.raises(Unavailable):
        await peers.compose()


@pytest.mark.parametrize(
    ("name", "first"),
    [("Ada Byron", "Ada"), ("Byron, Ada King", "Ada"), ("Ada", "Ada"), ("", ""), (",", "")],
)
def test_a_first_name_is_what_comes_first(name, first):
    assert first_name(name) == first


@pytest.mark.parametrize(
    ("micros", "told"),
    [(129_000_000, "129.00 EUR"), (9_990_000, "9.99 EUR"), (500_000, "0.50 EUR"), (0, "")],
)
def test_a_price_has_two_decimals(micros, told):
    assert price(micros, "EUR") == told
