"""How a bundle's offers come into the catalogue."""

import numpy as np
import pytest

from services.retrieval.definitions import DefinedOffers, Definitions, Place
from services.retrieval.intake import read_offers
from services.retrieval.storage.in_memory import InMemoryCatalogue
from shared.bus import InMemoryBus
from shared.catalogue import Catalogue
from shared.definitions import BundleFollower
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.retrieval.v1.retrieval_pb2 import Offer
from touchpoint.rules.v1.rules_pb2 import Bundle, Placement
from touchpoint.rules.v1.rules_service_pb2 import GetActiveBundleResponse


def offer(offer_id, **fields):
    return Offer(offer_id=offer_id, kind=OfferKind.CONTENT, title=offer_id, **fields)


class Rules:
    """The owner of the definitions, with one bundle being prepared."""

    def __init__(self, *offers):
        self.bundles = {}
        self.only = self.prepare("b", *offers)
        self.acknowledged = {}

    def prepare(self, bundle_hash, *offers):
        place = Placement(placement="web.faq", channel=Channel.WEB, kinds=[OfferKind.CONTENT])
        made = Bundle(bundle_hash=bundle_hash, placements=[place], offers=offers)
        self.bundles[bundle_hash] = made
        self.state = GetActiveBundleResponse(preparing_hash=bundle_hash)
        return made

    async def active(self):
        return self.state

    async def bundle(self, bundle_hash):
        return self.bundles[bundle_hash]

    async def acknowledge(self, bundle_hash, failure):
        self.acknowledged[bundle_hash] = failure


class Replica:
    """One replica of retrieval as the definitions see it."""

    def __init__(self, rules, store):
        self.caught_up = 0
        self.exchanges = []
        heard = self.exchanges.append
        source = DefinedOffers(rules, store, "USD", self._catch_up, heard)
        self.bundles = BundleFollower(InMemoryBus(), source, source.compile)

    async def _catch_up(self):
        self.caught_up += 1


@pytest.fixture
def store():
    return InMemoryCatalogue()


async def test_offers_have_numbers_before_the_bundle_is_acknowledged(store):
    rules = Rules(offer("welcome", is_default=True), offer("tips"))
    replica = Replica(rules, store)
    await replica.bundles.look()
    assert rules.acknowledged == {"b": ""}
    compiled = replica.bundles.of("b")
    assert compiled.places["web.faq"].kinds == {OfferKind.CONTENT}
    assert compiled.defined_nos.tolist() == [1, 2]
    assert replica.caught_up == 1


async def test_every_replica_writes_the_same_and_only_one_version_comes_of_it(store):
    rules = Rules(offer("tips"))
    for _ in range(2):
        replica = Replica(rules, store)
        await replica.bundles.look()
        assert replica.bundles.of("b").defined_nos.tolist() == [1]
    assert (await store.read_after(0)).version == 1


async def test_a_bundle_with_a_bad_offer_is_refused_with_what_to_do(store):
    rules = Rules(offer("tips"), offer("about a lamp", about_items=["lamp"]))
    await Replica(rules, store).bundles.look()
    assert "offer 'about a lamp': about_items[0]" in rules.acknowledged["b"]
    assert "lamp" in rules.acknowledged["b"]


async def test_an_offer_that_was_imported_before_belongs_to_the_definitions_from_then_on(store):
    await store.write(read_offers([offer("tips")], "USD")[0])
    rules = Rules(offer("tips"))
    replica = Replica(rules, store)
    await replica.bundles.look()
    assert not (await store.write(read_offers([offer("tips")], "USD")[0])).rejections
    await in_force(rules, replica, "b")
    [rejection] = (await store.write(read_offers([offer("tips")], "USD")[0])).rejections
    assert "definitions" in rejection.message


async def in_force(rules, replica, bundle_hash):
    rules.state = GetActiveBundleResponse(bundle_hash=bundle_hash)
    await replica.bundles.look()


async def test_of_a_bundle_that_is_refused_nothing_is_written(store):
    rules = Rules(offer("tips"))
    replica = Replica(rules, store)
    await in_force(rules, replica, "b")
    version = await store.newest_version()
    changed = Offer(offer_id="tips", kind=OfferKind.CONTENT, title="better tips")
    rules.prepare("c", changed, offer("more"), offer("wrong", about_items=["lamp"]))
    await replica.bundles.look()
    assert "lamp" in rules.acknowledged["c"]
    assert await store.newest_version() == version


async def test_a_question_about_items_says_which_of_their_attributes_it_asks_for(store):
    rules = Rules()
    rules.only.questions.add(question="colours", attribute="likes_colour", item_attribute="colour")
    rules.only.questions.add(question="shops_for", attribute="shops_for")
    replica = Replica(rules, store)
    await replica.bundles.look()
    assert replica.bundles.of("b").asked == {"likes_colour": "colour"}


def test_beside_another_bundle_either_ones_offers_and_kinds_are_shown_where_asked():
    def place(kind):
        return Place(frozenset({kind}), Channel.WEB)

    mine = Definitions({"web.faq": place(3), "web.item": place(1)}, np.array([2, 5], np.uint32))
    other = Definitions({"web.faq": place(4), "web.cart": place(1)}, np.array([5, 9], np.uint32))
    both = mine.beside(other)
    assert both.defined_nos.tolist() == [2, 5, 9]
    assert both.places == {"web.faq": Place(frozenset({3, 4}), Channel.WEB), "web.item": place(1)}


def titled(title):
    made = offer("tips")
    made.title = title
    return made


class Versions(Rules):
    """The owner of several bundles, named by the title of their one offer."""

    def __init__(self):
        super().__init__()
        self.state = GetActiveBundleResponse()

    async def active(self):
        return self.state

    async def bundle(self, bundle_hash):
        return Bundle(bundle_hash=bundle_hash, offers=[titled(bundle_hash)])


@pytest.mark.parametrize("way_back", ["rolled back", "never active"])
async def test_what_the_active_bundle_says_of_its_offers_is_so_whatever_was_prepared(
    store, way_back
):
    rules, found = Versions(), []
    replicas = [Replica(rules, store) for _ in range(2)]

    async def look(**state):
        rules.state = GetActiveBundleResponse(**state)
        for replica in replicas:
            await replica.bundles.look()
        [entry] = await store.find(["tips"])
        found.append(CatalogueRow.FromString(entry.content).title)

    await look(preparing_hash="old")
    await look(bundle_hash="old")
    await look(bundle_hash="old", preparing_hash="new")
    if way_back == "rolled back":
        await look(bundle_hash="new")
        await look(bundle_hash="new", preparing_hash="old")
    await look(bundle_hash="old")
    version = await store.newest_version()
    await look(bundle_hash="old")
    assert found[:3] == ["old", "old", "old"]
    assert found[3] == ("new" if way_back == "rolled back" else "old")
    assert found[-1] == "old"
    assert await store.newest_version() == version


async def test_the_rates_of_what_is_in_force_are_heard_of_and_no_others(store):
    rules = Rules(offer("tips"))
    rules.bundles["b"].currencies.base = "USD"
    rules.bundles["b"].currencies.rates["EUR"] = "1.25"
    replica = Replica(rules, store)
    await replica.bundles.look()
    assert not replica.exchanges
    rules.state = GetActiveBundleResponse(bundle_hash="b")
    await replica.bundles.look()
    [exchange] = replica.exchanges
    assert exchange.table(Catalogue()).rate("EUR") == 1.25
