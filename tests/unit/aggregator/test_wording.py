"""A decision in words: ids, titles, creatives and reasons out of the catalogue."""

import pytest

from services.aggregator.domain.candidates import Candidates
from services.aggregator.domain.slates import Choice
from services.aggregator.domain.vocabulary import Channel, RemovalCode, Source
from services.aggregator.pipeline.wording import Moment, Wording
from tests.unit.aggregator.edge import GUIDE, PAN, PC_1, PC_2, PROMO, row, shop
from touchpoint.common.v1.catalogue_pb2 import (
    CatalogueBatch,
    ChannelCreative,
    Creative,
    PromisedTerms,
)
from touchpoint.common.v1.decision_pb2 import Recipient, Removals
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

DAY = 24 * 60
NOW_MINUTES = 29_000_000


def moment(**facts):
    given = {
        "now_us": NOW_MINUTES * 60_000_000,
        "locale": "",
        "channel": Channel.WEB,
        "facts": PersonSnapshot(),
        "recipient": Recipient(),
    }
    return Moment(**(given | facts))


@pytest.fixture
def wording():
    return Wording(shop())


def test_a_product_has_an_item_and_an_offer_has_none(wording):
    assert (wording.offer_id(PC_1), wording.item_id(PC_1)) == ("pc-1", "pc-1")
    assert (wording.offer_id(GUIDE), wording.item_id(GUIDE)) == ("guide-1", "")


def test_an_offer_that_this_replica_does_not_know_has_no_words(wording):
    for no in (0, 999, 2**32 - 1):
        assert not wording.knows(no)
        assert wording.offer_id(no) == wording.title(no) == wording.category(no) == ""


def test_what_was_promised_is_told_on_the_terms_of_then(wording):
    mail, call = Channel.EMAIL, Channel.CALL_CENTER
    terms = PromisedTerms(
        offer_no=PROMO,
        title="Shipping from 20",
        creative=Creative(text="From 20 on"),
        channel_creatives=[ChannelCreative(channel=call, creative=Creative(text="Say 20"))],
    )
    theirs = wording.on_terms([terms])
    assert theirs.title(PROMO) == "Shipping from 20"
    shown = theirs.creative(PROMO, mail)
    assert (shown.title, shown.text) == ("Shipping from 20", "From 20 on")
    assert theirs.creative(PROMO, call).text == "Say 20"
    assert theirs.script(PROMO) == ("Say 20", "")
    read_out = theirs.creative(PROMO, Channel.IVR).ssml
    assert read_out.endswith(">Shipping from 20. From 20 on</speak>")
    assert theirs.title(GUIDE) == wording.title(GUIDE)
    assert wording.title(PROMO) == "Free shipping"


def test_the_evidence_of_the_candidate_is_told(wording):
    found = Candidates([PC_2], [Source.IN_SESSION], [1.0], [PC_1], [0], [0])
    reason = wording.reason(Choice(PC_2, Source.IN_SESSION), found, moment())
    assert reason.code == Source.IN_SESSION
    assert reason.text == "Because you looked at Aurora 15"


def test_what_is_being_looked_at_is_told_and_not_what_is_proposed_for_it(wording):
    found = Candidates([PAN], [Source.IN_SESSION], [1.0], [0], [0], [0])
    choice = Choice(PAN, Source.IN_SESSION)
    told = wording.reason(choice, found, moment(category="Kitchen > Baking")).text
    assert told == "Because you are looking at Baking"
    assert wording.reason(choice, found, moment()).text == "Because of what you are looking at"


def test_a_liking_is_told_only_of_what_is_liked(wording):
    found = Candidates([PC_2], [Source.FOR_YOU], [1.0], [0], [0], [0])
    choice = Choice(PC_2, Source.FOR_YOU)
    facts = PersonSnapshot()
    assert wording.reason(choice, found, moment(facts=facts)).text == "Chosen for you"
    facts.traits.categories.append("Electronics")
    told = wording.reason(choice, found, moment(facts=facts)).text
    assert told == "Because you like Electronics"


def test_an_offer_tells_the_category_that_it_is_about():
    catalogue = shop()
    sale = row(20, "sale", OfferKind.PROMOTION, "Sale", about_categories=["Electronics > PCs"])
    catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=[sale]))
    reason = Wording(catalogue).reason(Choice(20, Source.OFFER), Candidates(), moment())
    assert reason.text == "About PCs"


def test_when_it_was_last_bought_is_read_from_the_snapshot(wording):
    facts = PersonSnapshot()
    facts.owned.family_nos.extend([PC_1, PAN])
    facts.owned.last_minutes.extend([NOW_MINUTES, NOW_MINUTES - 42 * DAY])
    found = Candidates([PAN], [Source.BUY_AGAIN], [1.0], [0], [4], [0])
    reason = wording.reason(Choice(PAN, Source.BUY_AGAIN), found, moment(facts=facts))
    assert reason.text == "You bought this 4 times, last 6 weeks ago"


def test_a_default_offer_was_no_candidate_and_has_a_reason_all_the_same(wording):
    reason = wording.reason(Choice(GUIDE, Source.DEFAULT), Candidates(), moment())
    assert reason.text == "For everybody"


def test_a_gift_names_whom_it_is_for(wording):
    recipient = Recipient(relationship="mother", occasion="birthday")
    found = Candidates([PAN], [Source.GIFT], [1.0], [0], [0], [0])
    reason = wording.reason(Choice(PAN, Source.GIFT), found, moment(recipient=recipient))
    assert reason.text == "A gift idea for your mother"


def test_an_ivr_always_gets_something_to_say():
    catalogue = shop()
    title = "Bread & butter <new>"
    offer = row(20, "bread", OfferKind.CONTENT, title, creative=Creative(title=title, text="Hi"))
    catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=[offer]))
    wording = Wording(catalogue)
    read_out = wording.creative(20, Channel.IVR).ssml
    assert read_out.endswith(">Bread &amp; butter &lt;new&gt;. Hi</speak>")
    assert wording.creative(20, Channel.WEB).ssml == ""


def test_a_creative_made_for_the_channel_goes_before_the_general_one():
    catalogue = shop()
    special = ChannelCreative(channel=Channel.EMAIL, creative=Creative(title="Dear you"))
    offer = row(20, "x", OfferKind.CONTENT, "General", channel_creatives=[special])
    catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=[offer]))
    wording = Wording(catalogue)
    assert wording.creative(20, Channel.EMAIL).title == "Dear you"
    assert wording.creative(20, Channel.WEB).title == "General"


def test_an_offer_made_for_agents_says_what_they_say(wording):
    catalogue = shop()
    script = ChannelCreative(channel=Channel.CALL_CENTER, creative=Creative(text="May I help?"))
    offer = row(20, "x", OfferKind.SERVICE, "Help", channel_creatives=[script])
    catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=[offer]))
    assert Wording(catalogue).script(20) == ("May I help?", "")
    assert wording.script(GUIDE) == ("", "")


def test_removals_are_told_by_the_rule_that_removed_them_or_else_by_their_code(wording):
    removals = Removals(
        offer_nos=[PC_1, PROMO],
        codes=[RemovalCode.OWNED, RemovalCode.CONTACT_LIMIT],
        rules=["owned", "limit"],
        placements=["", "web.home.banner"],
        free_us=[0, 60_000_000],
    )
    first, second = wording.removed(removals, {"owned": {"en": "You have one."}}, "")
    assert (first.offer_id, first.service, first.text) == ("pc-1", "rules", "You have one.")
    assert second.text == "We have been in touch with you often enough lately."
    assert second.placement == "web.home.banner"
    assert not first.HasField("free_at")
    assert second.free_at.seconds == 60


def test_removals_without_names_of_rules_are_told_too(wording):
    (found,) = wording.removed(Removals(offer_nos=[PC_1], codes=[RemovalCode.OWNED]), {}, "")
    assert found.text == "You already have this, perhaps in another version."
