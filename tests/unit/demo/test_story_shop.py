from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime

import phonenumbers
import pytest

from demo.shop import story
from demo.shop.life import DAYS, PAUSE_S
from demo.shop.model import Event, Identity, Item, Shop, midnight_s
from demo.shop.shop import make_shop

TODAY = date(2026, 1, 1)
DAY_S = 86_400
KNOWN_TYPES = frozenset(
    [
        "view",
        "search",
        "click",
        "page_view",
        "article_view",
        "question_asked",
        "faq_view",
        "add_to_cart",
        "remove_from_cart",
        "checkout_started",
        "purchase",
        "return",
        "out_of_stock",
        "impression",
        "accept",
        "decline",
        "ignore",
        "login",
        "preference",
        "consent",
        "subscribe",
        "unsubscribe",
        "survey_answer",
        "email_open",
        "email_click",
        "contact_sent",
        "call_started",
        "call_topic",
        "ivr_choice",
        "agent_note",
        "call_ended",
        "complaint",
    ]
)
CHANNELS = frozenset(["WEB", "APP", "EMAIL", "CALL_CENTER", "IVR", "STORE"])


def sessions(shop: Shop) -> Iterator[list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in shop.events:
        if event.session_id:
            found[event.session_id].append(event)
    return iter(found.values())


def test_midnight_is_the_beginning_of_the_day_in_utc() -> None:
    assert midnight_s(TODAY) == datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def test_there_are_about_two_thousand_items_and_five_hundred_people(shop: Shop) -> None:
    assert 1_900 <= len(shop.items) <= 2_100
    assert len(shop.customers) == 500
    assert 40_000 <= len(shop.events) <= 80_000


def test_item_ids_and_titles_are_distinct(shop: Shop) -> None:
    assert len({item.item_id for item in shop.items}) == len(shop.items)
    assert len({item.title for item in shop.items}) == len(shop.items)


def test_titles_are_names_not_numbers_of_items(shop: Shop) -> None:
    assert not [i.title for i in shop.items if re.match(r"(item|product) \d+", i.title.lower())]
    assert not [i.title for i in shop.items if "{" in i.title or "  " in i.title]


def test_items_sell_above_cost_and_never_have_negative_stock(shop: Shop) -> None:
    assert all(0 < item.cost_cents < item.price_cents for item in shop.items)
    assert all(item.stock >= 0 for item in shop.items)
    sold_out = sum(item.stock == 0 for item in shop.items) / len(shop.items)
    assert 0.02 < sold_out < 0.10


def test_a_variant_follows_the_head_of_its_family_and_shares_its_category(shop: Shop) -> None:
    heads: dict[str, Item] = {}
    for item in shop.items:
        if item.variant_of:
            assert heads[item.variant_of].category == item.category
        else:
            heads[item.item_id] = item


def test_every_item_was_released_before_today(shop: Shop) -> None:
    assert max(item.released for item in shop.items) < TODAY


def test_there_are_televisions_at_about_three_thousand_dollars(shop: Shop) -> None:
    prices = [item.price_cents for item in shop.items if item.category == "Electronics > TVs"]
    assert [price for price in prices if 280_000 < price < 320_000]


@pytest.mark.parametrize(
    "category",
    [
        "Electronics > PCs > Desktops", "Electronics > PCs > Laptops", "Electronics > TVs", "DVDs",
        "Fashion > Handbags", "Fashion > Shoes", "Running", "Cycling", "Kitchen > Bakeware",
        "Books", "Gifts",
    ],
)  # fmt: skip
def test_every_department_has_something_in_stock(shop: Shop, category: str) -> None:
    assert [i for i in shop.items if f"{i.category} > ".startswith(f"{category} > ") and i.stock]


def test_offers_cover_all_kinds_and_are_about_categories_that_exist(shop: Shop) -> None:
    assert {o.kind for o in shop.offers} == {"PROMOTION", "CONTENT", "SERVICE", "SURVEY"}
    categories = [f"{item.category} > " for item in shop.items]
    for offer in shop.offers:
        assert offer.starts < TODAY < offer.ends
        assert frozenset(offer.channels) <= CHANNELS | {"SMS"}
        for about in offer.about_categories:
            assert [c for c in categories if c.startswith(f"{about} > ")], about


def test_telephone_numbers_are_valid_and_kept_for_fiction(shop: Shop) -> None:
    for customer in shop.customers:
        assert phonenumbers.is_valid_number(phonenumbers.parse(customer.phone))
        assert re.fullmatch(r"\+1\d{3}55501\d{2}", customer.phone)


def test_only_the_couple_shares_an_identity(shop: Shop) -> None:
    for kind in ("customer", "email", "phone", "loyalty_card"):
        values = Counter(c.identity(kind).value for c in shop.customers)
        shared = {value for value, count in values.items() if value and count > 1}
        assert shared == ({story.INES.customer.phone} if kind == "phone" else set())


def test_mail_addresses_are_kept_for_examples(shop: Shop) -> None:
    for customer in shop.customers:
        assert re.fullmatch(r"[a-z]+\.[a-z]+\d*@example\.(com|net|org)", customer.email)


def test_events_know_their_items_offers_and_words(shop: Shop) -> None:
    items = {item.item_id for item in shop.items}
    offers = items | {offer.offer_id for offer in shop.offers}
    for event in shop.events:
        assert event.type in KNOWN_TYPES
        assert event.channel in CHANNELS
        assert not event.item_id or event.item_id in items
        assert not event.offer_id or event.offer_id in offers


def test_events_of_identities_lead_to_customers_or_cookies(shop: Shop) -> None:
    known = {
        customer.identity(kind)
        for customer in shop.customers
        for kind in ("customer", "email", "phone", "loyalty_card")
    }
    for event in shop.events:
        assert event.identities
        for identity in event.identities:
            assert identity.value
            assert identity.kind == "visitor" or identity in known


def test_event_ids_are_distinct_and_quantities_and_values_are_not_negative(shop: Shop) -> None:
    assert len({event.event_id for event in shop.events}) == len(shop.events)
    assert all(event.quantity >= 0 and event.duration_s >= 0 for event in shop.events)
    assert all(e.value_cents is None or e.value_cents > 0 for e in shop.events)


def test_events_lie_in_order_within_sixty_days_before_today(shop: Shop) -> None:
    times = [event.at for event in shop.events]
    assert times == sorted(times)
    assert midnight_s(TODAY) - DAYS * DAY_S <= times[0]
    assert midnight_s(TODAY) - DAY_S < times[-1] < midnight_s(TODAY)


def test_one_thing_happens_after_another_within_a_session(shop: Shop) -> None:
    for session in sessions(shop):
        assert all(a.at < b.at for a, b in itertools.pairwise(session))
        assert all(b.at - a.at <= PAUSE_S for a, b in itertools.pairwise(session))


def test_a_person_is_not_in_two_visits_at_once(shop: Shop) -> None:
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for session in sessions(shop):
        if not session[0].session_id.startswith("story"):
            person = session[0].session_id.split("-", 1)[1].rsplit("-", 1)[0]
            spans[person].append((session[0].at, session[-1].at))
    for visits in spans.values():
        assert all(a[1] < b[0] for a, b in itertools.pairwise(sorted(visits)))


def test_nothing_is_seen_or_bought_before_its_release(shop: Shop) -> None:
    released = {item.item_id: midnight_s(item.released) for item in shop.items}
    assert all(e.at >= released[e.item_id] for e in shop.events if e.item_id)


def test_the_funnel_narrows_on_line(shop: Shop) -> None:
    online = Counter(e.type for e in shop.events if e.channel in ("WEB", "APP"))
    visits = sum(1 for s in sessions(shop) if s[0].channel in ("WEB", "APP"))
    orders = len({e.order_id for e in shop.events if e.order_id and e.channel in ("WEB", "APP")})
    assert online["view"] > 8 * online["add_to_cart"] > 8 * online["checkout_started"]
    assert 0.03 < orders / visits < 0.2
    assert 0.3 < online["checkout_started"] / online["add_to_cart"] < 0.9


def test_on_line_only_what_lies_in_the_cart_is_bought(shop: Shop) -> None:
    carts: dict[str, set[str]] = defaultdict(set)
    for event in shop.events:
        if event.channel not in ("WEB", "APP") or event.event_id.startswith("story"):
            continue
        person = event.event_id.rsplit("-", 1)[0]
        if event.type == "add_to_cart":
            carts[person].add(event.item_id)
        elif event.type in ("remove_from_cart", "purchase"):
            carts[person].remove(event.item_id)


def test_nothing_sold_out_is_bought(shop: Shop) -> None:
    stock = {item.item_id: item.stock for item in shop.items}
    assert all(stock[e.item_id] for e in shop.events if e.type == "purchase")


def test_a_return_names_an_earlier_order_line(shop: Shop) -> None:
    bought = {(e.order_id, e.item_id): e for e in shop.events if e.type == "purchase"}
    returns = [e for e in shop.events if e.type == "return"]
    assert len(returns) > 20
    for event in returns:
        line = bought[event.order_id, event.item_id]
        assert line.at < event.at
        assert line.value_cents == event.value_cents


def test_some_purchases_are_gifts(shop: Shop) -> None:
    gifts = [e.attributes.get("gift", False) for e in shop.events if e.type == "purchase"]
    assert 0.04 < sum(map(bool, gifts)) / len(gifts) < 0.25


def test_logins_link_a_cookie_to_a_customer(shop: Shop) -> None:
    logins = [e for e in shop.events if e.type == "login"]
    assert len(logins) > 500
    assert all([i.kind for i in e.identities] == ["customer", "visitor"] for e in logins)


def test_many_visitors_are_never_named(shop: Shop) -> None:
    named = {i for e in shop.events if len(e.identities) > 1 for i in e.identities}
    cookies = {i for e in shop.events for i in e.identities if i.kind == "visitor"}
    assert len(cookies - named) > 1_000


def test_people_view_what_they_like_more_than_chance_would(shop: Shop) -> None:
    liked_first = {
        customer: max(taste.categories, key=taste.categories.__getitem__)
        for customer, taste in shop.tastes.items()
    }
    category = {item.item_id: item.category for item in shop.items}
    views = [
        category[e.item_id] == liked_first[e.identities[0].value]
        for e in shop.events
        if e.type == "view" and e.identities[0].value in liked_first
    ]
    assert sum(views) / len(views) > 4 / len(set(category.values()))


def test_story_people_are_the_same_for_every_seed(other_shop: Shop) -> None:
    assert other_shop.customers[: len(story.PEOPLE)] == tuple(p.customer for p in story.PEOPLE)
    in_stock = {item.item_id for item in other_shop.items if item.stock}
    assert not story.ITEMS - in_stock


def test_story_people_declined_nothing_and_were_not_contacted(shop: Shop) -> None:
    theirs = {
        identity
        for person in story.PEOPLE
        for identity in (
            *(person.customer.identity(k) for k in ("customer", "email", "phone", "loyalty_card")),
            Identity("visitor", person.cookie),
        )
    }
    types = {e.type for e in shop.events if theirs & frozenset(e.identities)}
    assert "purchase" in types
    assert types.isdisjoint({"decline", "ignore", "contact_sent", "impression", "complaint"})


def test_clara_has_a_cart_above_the_survey_threshold(shop: Shop) -> None:
    prices = {item.item_id: item.price_cents for item in shop.items}
    assert prices[story.TV] > 250_000
    clara = story.CLARA.customer.identity("customer")
    hers = [e for e in shop.events if clara in e.identities]
    assert [e.item_id for e in hers if e.type == "add_to_cart"] == [story.TV]
    assert "purchase" not in {e.type for e in hers}


def test_the_loafers_in_another_colour_are_of_one_family(shop: Shop) -> None:
    family = {item.item_id: item.family for item in shop.items}
    assert family[story.LOAFERS] == family[story.LOAFERS_IN_TAN]


def test_the_day_moves_the_history_and_keeps_the_people(shop: Shop) -> None:
    later = make_shop(7, date(2026, 1, 9))
    assert later.customers == shop.customers
    assert max(e.at for e in later.events) > midnight_s(date(2026, 1, 8))
    assert not {e.event_id for e in later.events} & {e.event_id for e in shop.events}
