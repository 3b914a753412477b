"""What completes the cart, and what could be bought instead."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.evidence import EvidenceKind
from services.retrieval.domain.learning.model import BasketModel
from services.retrieval.domain.postings import AttributeShelf
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.sources.goes_with_cart import GoesWithCart
from tests.unit.retrieval.learned import ExactIndex, learned
from tests.unit.retrieval.shop import NOW_US, Shop
from touchpoint.common.v1 import vocabulary_pb2


@pytest.fixture
def shop():
    shop = Shop()
    shop.item("pan", "Kitchen > Pans", brand="Iron", attributes={"colour": "red"})
    shop.item("lid", "Kitchen > Lids", brand="Iron")
    shop.item("tin lid", "Kitchen > Lids", brand="Tin")
    shop.item("oil", "Food > Oil")
    shop.item("red cloth", "Kitchen > Cloths", attributes={"colour": "Red"})
    shop.item("cake", "Food > Cakes")
    return shop


def baskets(shop, partners, orders=100, brand_kept=1.0):
    """Make what was learned: name to (partner, score, orders with both)."""
    nos = sorted(shop.no(name) for name in partners)
    width = max(len(found) for found in partners.values())
    partner_nos, counts = (np.zeros((len(nos), width), np.uint32) for _ in range(2))
    scores = np.zeros((len(nos), width), np.float32)
    for name, found in partners.items():
        row = nos.index(shop.no(name))
        for at, (partner, score, both) in enumerate(found):
            partner_nos[row, at] = shop.no(partner)
            scores[row, at], counts[row, at] = score, both
    return BasketModel(
        np.array(nos, np.uint32),
        np.full(len(nos), orders, np.uint32),
        partner_nos,
        scores,
        counts,
        np.full(len(nos), brand_kept, np.float32),
    )


def model_of(shop, partners, **more):
    parts = replace(learned({1: (1.0, 0.0)}), baskets=baskets(shop, partners, **more))
    return ServedModel.of("test", parts, ExactIndex)


def source_of(shop):
    shelves = Shelves(shop.catalogue, shop.sizes, lambda: shop.popularity, lambda: NOW_US)
    return GoesWithCart(shop.catalogue, AttributeShelf(shop.attributes, shop.catalogue, shelves))


def ask(shop, *cart, **query):
    cart_nos = tuple(shop.no(name) for name in cart)
    return shop.ask(source_of(shop), cart_nos=cart_nos, **query)


def told(shop, *cart, **query):
    return shop.told(ask(shop, *cart, **query))


def test_kinds_have_the_numbers_of_the_contract():
    contract = vocabulary_pb2.EvidenceKind.Value
    assert {kind.name: kind.value for kind in EvidenceKind} == dict(contract.items())


def test_what_is_ordered_with_it_completes_it_with_the_orders_as_evidence(shop):
    model = model_of(shop, {"pan": [("lid", 0.3, 40), ("oil", 0.1, 15)]})
    found = ask(shop, "pan", model=model)
    assert shop.told(found) == ["lid", "oil"]
    assert found.evidence_nos.tolist() == [shop.no("pan")] * 2
    assert found.evidence_counts.tolist() == [40, 15]
    assert found.evidence_totals.tolist() == [100, 100]
    assert set(found.evidence_kinds.tolist()) == {EvidenceKind.IN_ONE_ORDER}
    assert 0.0 < found.scores[1] < found.scores[0] < 1.0


def test_a_share_that_says_little_is_not_told(shop):
    found = ask(shop, "pan", model=model_of(shop, {"pan": [("lid", 0.3, 9)]}))
    assert (found.evidence_counts.tolist(), found.evidence_totals.tolist()) == ([9], [0])
    found = ask(shop, "pan", model=model_of(shop, {"pan": [("lid", 0.3, 5)]}, orders=8))
    assert found.evidence_totals.tolist() == [0]


def test_what_several_things_of_the_cart_call_for_comes_first(shop):
    partners = {"pan": [("oil", 0.2, 30), ("lid", 0.3, 40)], "cake": [("oil", 0.2, 50)]}
    found = ask(shop, "pan", "cake", model=model_of(shop, partners))
    assert shop.told(found) == ["oil", "lid"]
    both, one = (float(score) for score in found.scores)
    chance = both * 0.1 / (1 - both)
    assert chance == pytest.approx(1 - 0.8 * 0.8, rel=1e-3)
    assert one * 0.1 / (1 - one) == pytest.approx(0.3, rel=1e-3)


def test_neither_the_cart_nor_its_variants_are_proposed(shop):
    shop.item("red lid", "Kitchen > Lids", of="lid")
    model = model_of(shop, {"pan": [("lid", 0.3, 40), ("oil", 0.1, 15)]})
    assert told(shop, "pan", "red lid", model=model) == ["oil"]


def test_the_brand_is_kept_where_buyers_keep_it(shop):
    partners = {"pan": [("tin lid", 0.2, 30), ("lid", 0.15, 20)]}
    assert told(shop, "pan", model=model_of(shop, partners)) == ["tin lid", "lid"]
    assert told(shop, "pan", model=model_of(shop, partners, brand_kept=2.0)) == ["lid", "tin lid"]


def test_the_style_is_kept_and_told(shop):
    partners = {"pan": [("oil", 0.11, 5), ("red cloth", 0.1, 5)]}
    found = ask(shop, "pan", model=model_of(shop, partners))
    assert shop.told(found) == ["red cloth", "oil"]
    assert found.evidence_kinds[0] == EvidenceKind.SAME_STYLE


def test_what_is_sold_out_is_not_proposed_but_a_variant_of_it_is():
    shop = Shop()
    shop.item("pan")
    shop.item("lid", stock=0)
    shop.item("glass lid", of="lid")
    assert told(shop, "pan", model=model_of(shop, {"pan": [("lid", 0.3, 40)]})) == ["glass lid"]


def test_without_a_model_what_an_item_says_itself_is_taken(shop):
    shop.item("lid clip", "Kitchen > Clips", attributes={"goes_with": "Kitchen > Pans"})
    shop.item("apron", "Kitchen > Aprons", attributes={"goes_with": "Kitchen"})
    shop.item("piston", "Cars", attributes={"goes_with": "Cars > Motors"})
    found = ask(shop, "pan")
    assert shop.told(found) == ["lid clip", "apron"]
    assert set(found.evidence_nos.tolist()) == {shop.no("pan")}
    assert found.evidence_kinds.tolist() == [EvidenceKind.UNSPECIFIED] * 2


def test_a_thing_may_say_by_the_whole_path_what_it_goes_with():
    shop = Shop()
    path = "Home & Garden > Kitchen > Cookware > Frying pans"
    shop.item("pan", path)
    shop.item("lid", "Home & Garden > Lids", attributes={"goes_with": path})
    assert told(shop, "pan") == ["lid"]


def laptops():
    shop = Shop()
    for name, price, memory, weight in (
        ("small", 500, 8, 1.9),
        ("usual", 800, 16, 1.8),
        ("light", 900, 16, 1.2),
        ("worse", 950, 8, 2.4),
        ("large", 1000, 32, 1.5),
        ("best", 2500, 64, 1.1),
        ("mini", 400, 4, 2.2),
        ("old", 450, 8, 2.3),
        ("cheap", 380, 4, 2.4),
        ("thin", 1900, 32, 1.2),
        ("dearest", 2200, 64, 1.15),
    ):
        attributes = {"memory": f"{memory} GB", "weight": f"{weight} kg", "warranty": "2 years"}
        shop.item(name, "PCs > Laptops", price=price, attributes=attributes)
    shop.item("dear mouse", "PCs > Mice", price=900, attributes={"memory": "999 GB"})
    return shop


def test_an_upgrade_is_better_in_attributes_and_dearer_within_a_band():
    shop = laptops()
    found = ask(shop, "usual")
    assert set(shop.told(found)) == {"light", "large"}
    assert set(found.evidence_kinds.tolist()) == {EvidenceKind.UPGRADE}
    assert set(found.evidence_nos.tolist()) == {shop.no("usual")}


def test_nothing_is_called_better_where_no_attribute_tells():
    shop = Shop()
    for at in range(8):
        shop.item(f"vase {at}", "Vases", price=100 + 10 * at)
    assert told(shop, "vase 0") == []


def test_numbers_that_have_nothing_to_do_with_the_price_make_nothing_better():
    shop, random = Shop(), np.random.default_rng(0)
    for category in range(60):
        for number, price in enumerate(np.sort(random.uniform(100, 200, 10)).tolist()):
            mark = {"mark": f"{random.uniform():.6f}"}
            shop.item(f"{category} {number}", f"C{category}", price=int(price), attributes=mark)
    source = source_of(shop)
    query = shop.query()
    found = [
        source.propose(replace(query, cart_nos=(shop.no(f"{category} 0"),))).offer_nos
        for category in range(60)
    ]
    assert sum(len(nos) > 0 for nos in found) <= 6


def test_an_upgrade_that_may_be_shown_takes_the_place_of_those_that_may_not():
    shop = Shop()
    for number in range(20):
        size = {"inches": f"{20 + number}"}
        shop.item(f"tv {number}", "TVs", price=300 + 10 * number, attributes=size)
    query = shop.query(cart_nos=(shop.no("tv 0"),))
    source = source_of(shop)
    best = source.propose(query).offer_nos
    query.showing.mask[best] = False
    assert len(source.propose(query).offer_nos) == len(best) == 6


def test_upgrades_follow_what_is_to_be_had():
    shop = laptops()
    source = source_of(shop)
    cart = (shop.no("usual"),)
    assert set(shop.told(source.propose(shop.query(cart_nos=cart)))) == {"light", "large"}
    shop.item("other", "PCs > Laptops", price=810)
    fewer = shop.query(cart_nos=cart)
    fewer.showing.mask[shop.no("large")] = False
    assert shop.told(source.propose(fewer)) == ["light"]


@pytest.mark.parametrize("query", [{}, {"cart": ["oil"]}, {"cart": ["pan"], "kinds": {2}}])
def test_without_anything_to_go_with_there_is_nothing(shop, query):
    model = model_of(shop, {"pan": [("lid", 0.3, 40)]})
    assert told(shop, *query.pop("cart", ()), model=model, **query) == []
