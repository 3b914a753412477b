"""What happened in the shop could have happened."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

from demo.records import DAY_S, midnight_s
from demo.shop.life import DAYS, PAUSE_S
from demo.shop.model import Event, Shop
from demo.shop.shop import make_shop

TODAY = date(2026, 1, 1)
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


def test_ids_that_are_kept_as_they_are_say_nothing_of_who_it_is(shop: Shop) -> None:
    for event in shop.events:
        kept = " ".join((event.event_id, event.session_id, event.order_id))
        assert not [each.value for each in event.identities if each.value in kept]


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


def test_gifts_say_whom_they_are_for_where_the_thing_tells_it(shop: Shop) -> None:
    items = {item.item_id: item for item in shop.items}
    said = [e for e in shop.events if "gift_for_age" in e.attributes]
    assert said
    for event in said:
        youngest, oldest = items[event.item_id].attributes["age"].split("-")
        assert int(youngest) <= int(str(event.attributes["gift_for_age"])) <= int(oldest)
    assert any("gift_occasion" in event.attributes for event in shop.events)


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


def test_the_day_moves_the_history_and_keeps_the_people(shop: Shop) -> None:
    later = make_shop(7, date(2026, 1, 9))
    assert later.customers == shop.customers
    assert max(e.at for e in later.events) > midnight_s(date(2026, 1, 8))
    assert not {e.event_id for e in later.events} & {e.event_id for e in shop.events}
