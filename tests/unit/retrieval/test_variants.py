"""One of a family at a time: in stock, in the person's own size, in what they like."""

import numpy as np
import pytest

from services.retrieval.domain.query import Proposals, Visit
from services.retrieval.domain.retriever import AS_ASKED_FOR, INSTEAD_OF, Retriever
from services.retrieval.domain.sources.popular import Popular
from services.retrieval.domain.wardrobe import Wardrobe
from tests.unit.retrieval.shop import Shop

SOURCE = 5
SHOES, HATS = "Clothing > Shoes", "Clothing > Hats"


class Says:
    is_personal = False

    def __init__(self, nos):
        self._nos = np.array(nos, np.int64)

    def propose(self, query):
        return Proposals.of(self._nos, np.ones(len(self._nos)))


@pytest.fixture
def shop():
    """A shoe in two colours and three sizes, another that comes in one size, and a hat."""
    shop = Shop()
    shop.item("shoe", SHOES)
    for colour in ("red", "blue"):
        for size in ("41", "42", "43"):
            attributes = {"size": size, "colour": colour}
            name = f"{colour} {size}"
            shop.item(name, SHOES, of="shoe", size=size, attributes=attributes, stock=3)
    shop.item("clog", SHOES)
    shop.item("clog 41", SHOES, of="clog", size="41", stock=3)
    shop.item("hat", HATS)
    return shop


def wardrobe(shop, sizes=(), *, category=SHOES, elsewhere=(), **liked):
    number = shop.sizes.number
    return Wardrobe(
        {shop.catalogue.categories.find(category): {number(s): share for s, share in sizes}},
        {number(size): 0.5 for size in elsewhere},
        {shop.attributes.pair(*pair.split("_")): share for pair, share in liked.items()},
    )


async def offered(
    shop, names, *args, source=SOURCE, in_view=(), limit=50, excluded_nos=(), **known
):
    person = shop.person(wardrobe=wardrobe(shop, *args, **known))
    sources = {source: Says([shop.no(name) for name in names])}
    retriever = Retriever(shop.catalogue, sources, {source: 1.0}, attributes=shop.attributes)
    query = shop.query(person=person, in_view=in_view, limit=limit, excluded_nos=excluded_nos)
    return shop.told((await retriever.retrieve(query, 5.0)).candidates)


def sell_out(shop, *names):
    for name in names:
        shop.catalogue.stock[shop.no(name)] = 0


async def test_the_variant_in_the_own_size_is_offered(shop):
    assert await offered(shop, ["shoe", "hat"], [("42", 1.0)]) == ["red 42", "hat"]


@pytest.mark.parametrize("rival", [AS_ASKED_FOR, SOURCE])
async def test_a_substitute_is_kept_whoever_else_proposes_its_family(shop, rival):
    sell_out(shop, "red 42")
    says = {rival: ["blue 42", "hat"], INSTEAD_OF: ["blue 42"]}
    sources = {number: Says([shop.no(name) for name in names]) for number, names in says.items()}
    retriever = Retriever(shop.catalogue, sources, dict.fromkeys(sources, 1.0))
    found = (await retriever.retrieve(shop.query(in_view=["red 42"]), 5.0)).candidates
    told = dict(zip(shop.told(found), found.sources.tolist(), strict=True))
    assert told == {"blue 42": INSTEAD_OF, "hat": rival}


@pytest.mark.parametrize("place", [70, 500])
async def test_where_the_popular_come_in_other_sizes_what_fits_is_found_further_down(place):
    shop = Shop()
    for number in range(600):
        shop.item(f"shoe {number}", SHOES, price=900 - number)
        size = "48" if number in (place, 590) else "42"
        shop.item(f"shoe {number} in {size}", SHOES, of=f"shoe {number}", size=size)
    person = shop.person(wardrobe=wardrobe(shop, [("48", 1.0)]))
    retriever = Retriever(shop.catalogue, {SOURCE: Popular(shop.catalogue)}, {SOURCE: 1.0})
    found = await retriever.retrieve(shop.query(person=person, limit=20), 5.0)
    assert shop.told(found.candidates) == [f"shoe {place} in 48", "shoe 590 in 48"]


async def test_a_thing_that_comes_in_one_size_alone_is_for_those_who_have_it(shop):
    shop.item("last pair", SHOES, size="44")
    assert await offered(shop, ["last pair", "hat"], [("44", 1.0)]) == ["last pair", "hat"]
    assert await offered(shop, ["last pair", "hat"], [("40", 1.0)]) == ["hat"]
    assert await offered(shop, ["last pair"], elsewhere=["40"]) == ["last pair"]


async def test_of_two_own_sizes_the_more_usual_is_offered_while_it_is_in_stock(
    shop,
):
    sizes = [("42", 0.3), ("43", 0.7)]
    assert await offered(shop, ["shoe"], sizes) == ["red 43"]
    sell_out(shop, "red 43", "blue 43")
    assert await offered(shop, ["shoe"], sizes) == ["red 42"]


async def test_with_none_in_the_own_size_the_next_product_takes_its_place(shop):
    names = ["shoe", "clog", "hat"]
    assert await offered(shop, names, [("43", 1.0)], limit=2) == ["red 43", "hat"]
    sell_out(shop, "red 43", "blue 43")
    assert await offered(shop, names, [("43", 1.0)], limit=2) == ["hat"]


async def test_stock_counts_as_it_is_now_and_not_as_it_was_when_the_shelf_was_stacked(shop):
    person = shop.person(wardrobe=wardrobe(shop, [("42", 1.0)]))
    source = {SOURCE: Says([shop.no("shoe"), shop.no("hat")])}
    retriever = Retriever(shop.catalogue, source, {SOURCE: 1.0}, attributes=shop.attributes)
    query = shop.query(person=person)
    sell_out(shop, "red 42")
    shop.catalogue.withdrawn[shop.no("hat")] = True
    assert shop.told((await retriever.retrieve(query, 5.0)).candidates) == ["blue 42"]


async def test_who_has_no_known_size_gets_what_was_proposed_while_it_can_be_had(shop):
    assert await offered(shop, ["blue 41"]) == ["blue 41"]
    sell_out(shop, "blue 41")
    assert await offered(shop, ["blue 41"]) in (["shoe"], ["red 41"])


async def test_a_size_of_another_category_counts_where_the_family_comes_in_it(shop):
    assert await offered(shop, ["shoe"], [("S", 1.0)], category=HATS, elsewhere=["42"]) == [
        "red 42"
    ]
    assert await offered(shop, ["clog"], [("S", 1.0)], category=HATS, elsewhere=["42"]) == ["clog"]
    sell_out(shop, "red 42", "blue 42")
    assert await offered(shop, ["shoe"], elsewhere=["42"]) == []


async def test_a_liked_colour_decides_between_variants_of_the_same_size(shop):
    assert await offered(shop, ["shoe"], [("42", 1.0)], colour_blue=0.8) == ["blue 42"]
    sell_out(shop, "blue 42")
    assert await offered(shop, ["shoe"], [("42", 0.6), ("41", 0.4)], colour_blue=0.8) == ["red 42"]


async def test_what_was_asked_for_stays_the_variant_that_it_is(shop):
    known = {"sizes": [("42", 1.0)], "colour_blue": 0.9, "source": AS_ASKED_FOR}
    assert await offered(shop, ["red 43"], known.pop("sizes"), **known) == ["red 43"]


async def test_another_variant_may_stand_in_for_one_in_view(shop):
    sell_out(shop, "red 42")
    in_view = {"in_view": ["red 42"]}
    assert await offered(shop, ["shoe"], [("42", 1.0)], source=INSTEAD_OF, **in_view) == ["blue 42"]
    assert await offered(shop, ["shoe"], [("42", 1.0)], **in_view) == []


async def test_what_was_out_of_stock_in_this_visit_is_not_proposed_again(shop):
    visit = Visit(0, (), (shop.no("hat"),))
    sources = {SOURCE: Says([shop.no("hat"), shop.no("clog")])}
    retriever = Retriever(shop.catalogue, sources, {SOURCE: 1.0})
    query = shop.query(person=shop.person(visit=visit))
    assert shop.told((await retriever.retrieve(query, 5.0)).candidates) == ["clog"]


async def test_a_variant_that_the_caller_excludes_does_not_come_in_the_place_of_another(shop):
    assert await offered(shop, ["shoe"], [("42", 1.0)]) == ["red 42"]
    excluded = (shop.no("red 42"),)
    assert await offered(shop, ["shoe"], [("42", 1.0)], excluded_nos=excluded) == ["blue 42"]
