"""What is taken at a placement, and what people of a persona buy."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.crowds import SEEN_FOR_US, Crowds, Heat, Recently
from services.retrieval.domain.lifts import CrowdLifts, Lifts, lifts
from services.retrieval.domain.lifts import Shop as WholeShop
from services.retrieval.domain.popularity import HALF_LIFE_US
from services.retrieval.domain.sources.popular import Popular
from tests.unit.retrieval.shop import NOW_US, Shop, ago_us

HOUR_US = 3600 * 1_000_000


@pytest.fixture
def shop():
    shop = Shop()
    for name, times in (("milk", 60), ("tv", 40), ("spade", 20), ("rose", 10)):
        shop.item(name, "Garden" if name in ("spade", "rose") else "Home")
        shop.bought(name, times, days=2)
    return shop


@pytest.fixture
def crowds():
    return Crowds(NOW_US)


def note(crowds, shop, name, event_type="purchase", times=1, *, at="", who="p", **event):
    ago = event.pop("ago_us", 0)
    for _ in range(times):
        crowds.note(who, event_type, shop.no(name), at, NOW_US - ago, **event)


def lifts_of(shop, crowds):
    size = shop.catalogue.size
    columns = shop.popularity.heat(size), shop.popularity.sold(size, NOW_US)
    taken = [
        {name: (heat.as_of(NOW_US), heat.lately_as_of(NOW_US)) for name, heat in own.items()}
        for own in (crowds.at, crowds.among)
    ]
    return lifts(*taken, WholeShop.of(*columns, shop.catalogue.family_no[:size]))


def told(shop, crowds, *placements, persona="", **query):
    person = replace(shop.person(), persona=persona) if persona else None
    source = Popular(shop.catalogue, lambda: lifts_of(shop, crowds))
    return shop.asked(source, placements=placements, person=person, **query)


def test_heat_halves_with_every_half_life_and_outlasts_centuries():
    heat = Heat(NOW_US)
    heat.add(1, 1.0, NOW_US - HALF_LIFE_US)
    heat.add(2, 1.0, NOW_US)
    later_us = NOW_US + 5000 * HALF_LIFE_US
    assert dict(zip(*(each.tolist() for each in heat.as_of(NOW_US)), strict=True)) == {
        1: pytest.approx(0.5),
        2: pytest.approx(1.0),
    }
    heat.add(3, 1.0, later_us)
    nos, sums = heat.as_of(later_us)
    assert np.isfinite(sums).all()
    assert sums[nos.tolist().index(3)] == pytest.approx(1.0)


def test_only_the_warmest_are_kept():
    heat = Heat(NOW_US)
    for no in range(1, 25_000):
        heat.add(no, float(no), NOW_US)
    nos, _ = heat.as_of(NOW_US)
    assert len(nos) <= 20_000
    assert nos.max() == 24_999


def test_what_is_taken_at_a_placement_comes_first_there(shop, crowds):
    assert told(shop, crowds, "till") == ["milk", "tv", "spade", "rose"]
    note(crowds, shop, "rose", "accept", 40, at="till")
    assert told(shop, crowds, "till")[0] == "rose"
    assert told(shop, crowds, "home") == ["milk", "tv", "spade", "rose"]


def test_of_several_placements_the_first_that_took_anything_counts(shop, crowds):
    note(crowds, shop, "rose", "accept", 40, at="till")
    assert told(shop, crowds, "new", "till")[0] == "rose"


def test_one_that_was_taken_once_moves_little(shop, crowds):
    note(crowds, shop, "rose", "accept", at="till")
    assert told(shop, crowds, "till") == ["milk", "tv", "spade", "rose"]


def test_what_was_bought_within_a_day_of_being_shown_counts_for_where_it_was(shop, crowds):
    note(crowds, shop, "rose", "impression", at="till")
    note(crowds, shop, "rose", "impression", at="till", who="late", ago_us=SEEN_FOR_US + 1)
    for who in ("p", "late", "somebody"):
        note(crowds, shop, "rose", who=who)
    assert crowds.at["till"].as_of(NOW_US)[1].tolist() == [1.0]


def test_what_people_of_a_persona_buy_comes_first_for_them(shop, crowds):
    crowds.met(["ada", "cem"], "gardeners")
    note(crowds, shop, "rose", times=20, who="ada")
    note(crowds, shop, "spade", times=20, who="cem")
    note(crowds, shop, "milk", times=90, who="bob")
    assert told(shop, crowds, persona="gardeners")[:2] == ["spade", "rose"]
    assert told(shop, crowds, persona="others") == ["milk", "tv", "spade", "rose"]
    assert told(shop, crowds) == ["milk", "tv", "spade", "rose"]


def test_who_came_as_nobody_counts_for_no_persona_any_more(shop, crowds):
    crowds.met(["ada", "ada at work"], "gardeners")
    crowds.met(["ada", "ada at work"], "")
    note(crowds, shop, "rose", who="ada at work")
    assert not crowds.among


def test_a_gift_says_nothing_of_the_giver(shop, crowds):
    crowds.met(["ada"], "gardeners")
    note(crowds, shop, "tv", times=20, who="ada", is_gift=True)
    assert not crowds.among


def test_who_is_forgotten_counts_for_no_crowd_any_more(shop, crowds):
    crowds.met(["ada"], "gardeners")
    note(crowds, shop, "rose", "impression", at="till", who="ada")
    crowds.forget(["ada"])
    note(crowds, shop, "rose", who="ada")
    assert not crowds.among
    assert not crowds.at


def test_of_those_heard_of_least_lately_it_is_forgotten():
    remembered = Recently(10)
    for number in range(100):
        remembered.put(f"p{number}", number)
        remembered.put("often", number)
    assert remembered.get("p0") is None
    assert (remembered.get("p99"), remembered.get("often")) == (99, 99)
    assert sum(remembered.get(f"p{number}") is not None for number in range(100)) <= 20


def test_what_a_crowd_takes_most_is_there_although_the_shop_hardly_sells_it(shop, crowds):
    for at in range(80):
        shop.item(f"thing {at}")
        shop.bought(f"thing {at}", 30, days=1)
    shop.item("bulb", "Garden")
    shop.bought("bulb", 1, days=1)
    assert "bulb" not in told(shop, crowds, "till", limit=20)
    note(crowds, shop, "bulb", "accept", 300, at="till")
    assert told(shop, crowds, "till", limit=20)[0] == "bulb"


def test_evidence_stays_what_the_whole_shop_sold(shop, crowds):
    note(crowds, shop, "rose", "accept", 40, at="till")
    source = Popular(shop.catalogue, lambda: lifts_of(shop, crowds))
    found = shop.ask(source, placements=("till",))
    sold = dict(zip(shop.told(found), found.evidence_counts.tolist(), strict=True))
    assert sold == {"milk": 60, "tv": 40, "spade": 20, "rose": 10}
    assert 0.0 <= found.scores.min() <= found.scores.max() <= 1.0


def test_what_may_not_be_shown_is_not_proposed_to_a_crowd_either(shop, crowds):
    shop.item("gone", stock=0)
    note(crowds, shop, "gone", "accept", 40, at="till")
    crowds.note("p", "accept", 4000, "till", NOW_US)
    assert "gone" not in told(shop, crowds, "till")


def test_variants_count_for_their_family(shop, crowds):
    shop.item("red rose", "Garden", of="rose")
    note(crowds, shop, "red rose", "accept", 40, at="till")
    assert told(shop, crowds, "till")[0] == "rose"


def test_old_answers_fade(shop, crowds):
    note(crowds, shop, "rose", "accept", 40, at="till", ago_us=NOW_US - ago_us(days=200))
    assert told(shop, crowds, "till") == ["milk", "tv", "spade", "rose"]


def test_events_that_tell_nothing_are_left_out(shop, crowds):
    crowds.note("p", "accept", 0, "till", NOW_US)
    note(crowds, shop, "rose", "email_open", at="till")
    note(crowds, shop, "rose", "impression")
    assert lifts_of(shop, crowds) == Lifts()


async def test_crowds_are_looked_at_beside_requests(shop, crowds):
    crowd_lifts = CrowdLifts(
        shop.catalogue, lambda: crowds, lambda: shop.popularity, lambda: NOW_US
    )
    await crowd_lifts.look()
    assert crowd_lifts.current == Lifts()
    note(crowds, shop, "rose", "accept", 40, at="till")
    await crowd_lifts.look()
    source = Popular(shop.catalogue, lambda: crowd_lifts.current)
    assert shop.asked(source, placements=("till",))[0] == "rose"


def test_what_is_remembered_of_a_shelf_follows_what_may_be_shown_and_the_crowds(shop, crowds):
    found = Lifts()
    source = Popular(shop.catalogue, lambda: found)
    query = shop.query(placements=("till",))
    assert shop.told(source.propose(query)) == ["milk", "tv", "spade", "rose"]
    note(crowds, shop, "rose", "accept", 40, at="till")
    found = lifts_of(shop, crowds)
    assert shop.told(source.propose(query))[0] == "rose"
    other = replace(query, showing=shop.query(kinds={1}).showing, limit=2)
    assert len(source.propose(other).offer_nos) == 2
    mask = other.showing.mask.copy()
    mask[shop.no("rose")] = False
    hidden = replace(query, showing=type(query.showing)(mask, query.shelf.of_family))
    assert shop.told(source.propose(hidden)) == ["milk", "tv", "spade"]
