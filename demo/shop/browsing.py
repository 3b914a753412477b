"""Visits to the web site and the app: look, choose, hesitate, buy."""

from __future__ import annotations

import math

from demo.shop.diary import Visit
from demo.shop.model import Identity, Item
from demo.shop.persuasion import banner
from demo.shop.shopper import Bought, Shopper

GIFT_SHARE = 0.12
DOUBTS = (
    ("faq_view", "/help/returns", "returns"),
    ("page_view", "/help/shipping", "shipping"),
    ("question_asked", "/help/contact", "delivery time"),
)


def browse(shopper: Shopper, at: int, channel: str, cookie: str, *, signed_in: bool) -> int:
    """Play one visit and return the second at which it ends."""
    visit = shopper.diary.visit(at, channel, Identity("visitor", cookie))
    if signed_in:
        visit.identities = (shopper.identity("customer"), *visit.identities)
        visit.note("login", page="/login")
    visit.note("page_view", shopper.dwell_s(9), page="/")
    banner(shopper, visit)
    seen = look_around(shopper, visit)
    _put_into_cart(shopper, visit, seen)
    if shopper.cart and shopper.chance(0.5):
        _check_out(shopper, visit)
    return visit.at


def look_around(shopper: Shopper, visit: Visit) -> list[Item]:
    """Note a search or a category and the products looked at there, and return these."""
    category = shopper.next_subject()
    path = category.lower().replace(" > ", "/").replace(" ", "-")
    if shopper.chance(0.45):
        words = category.split(" > ")[-1].lower()
        liked = (
            shopper.rng.choice(shopper.taste.brands).lower() + " " if shopper.chance(0.2) else ""
        )
        visit.note("search", shopper.dwell_s(14), query=liked + words, page="/search")
    else:
        visit.note(
            "page_view", shopper.dwell_s(16), page=f"/{path}", attributes={"category": category}
        )
    seen = []
    for _ in range(1 + min(14, math.floor(shopper.rng.expovariate(1 / 4.2)))):
        item = shopper.pick(category)
        if shopper.on_sale(item, visit.at):
            dwell_s = shopper.dwell_s(38)
            visit.note(
                "view", dwell_s, item_id=item.item_id, page=f"/p/{item.item_id}", duration_s=dwell_s
            )
            seen.append(item)
            if not item.stock and shopper.chance(0.5):
                visit.note("out_of_stock", item_id=item.item_id)
    if shopper.chance(0.05):
        visit.note("article_view", shopper.dwell_s(90), page=f"/guides/{path}")
    return seen


def _put_into_cart(shopper: Shopper, visit: Visit, seen: list[Item]) -> None:
    """Most visits end without a cart; the longer a subject is pursued, the fewer do."""
    for item_id in list(shopper.cart):
        if shopper.chance(0.12):
            quantity = shopper.cart.pop(item_id)
            visit.note("remove_from_cart", shopper.dwell_s(8), item_id=item_id, quantity=quantity)
    wanted = [item for item in seen if shopper.wants(item)]
    if not wanted or not shopper.chance(0.16 + 0.07 * shopper.eagerness):
        return
    for item in shopper.rng.sample(wanted, min(len(wanted), _basket_size(shopper))):
        if any(shopper.market.by_id[other].family == item.family for other in shopper.cart):
            continue
        quantity = 2 if item.price_cents < 3_000 and shopper.chance(0.15) else 1
        shopper.cart[item.item_id] = quantity
        visit.note(
            "add_to_cart",
            shopper.dwell_s(12),
            item_id=item.item_id,
            quantity=quantity,
            value_cents=item.price_cents * quantity,
        )


def _basket_size(shopper: Shopper) -> int:
    return 1 + (shopper.rng.random() < 0.35) + (shopper.rng.random() < 0.15)


def _check_out(shopper: Shopper, visit: Visit) -> None:
    by_id = shopper.market.by_id
    worth_cents = sum(by_id[item].price_cents * n for item, n in shopper.cart.items())
    visit.note("checkout_started", shopper.dwell_s(25), page="/checkout", value_cents=worth_cents)
    if shopper.chance(0.18):
        kind, page, topic = shopper.rng.choice(DOUBTS)
        visit.note(kind, shopper.dwell_s(30), page=page, attributes={"topic": topic})
    dear = min(0.35, worth_cents / 800_000)
    if not shopper.chance(0.74 - dear):
        return
    gift = shopper.chance(GIFT_SHARE)
    buy(shopper, visit, [(by_id[item], n) for item, n in shopper.cart.items()], gift=gift)
    shopper.cart.clear()
    shopper.subject = ""


def said_of_gift(item: Item) -> dict[str, object]:
    """Say whom a gift is for, as far as the thing itself tells it."""
    said: dict[str, object] = {"gift": True}
    youngest, _, oldest = item.attributes.get("age", "").partition("-")
    if youngest.isdecimal() and oldest.isdecimal():
        said["gift_for_age"] = max(1, (int(youngest) + int(oldest)) // 2)
    if item.attributes.get("gender") in ("female", "male"):
        said["gift_for_gender"] = item.attributes["gender"]
    occasion = item.attributes.get("occasion", "any")
    if occasion != "any":
        said["gift_occasion"] = occasion
    return said


def buy(shopper: Shopper, visit: Visit, lines: list[tuple[Item, int]], *, gift: bool) -> None:
    """Note a purchase, one event per line; a gift is not owned by its giver."""
    order_id = shopper.new_order()
    for item, quantity in lines:
        shopper.bought.append(
            Bought(order_id, item, quantity, visit.at, visit.channel, visit.identities)
        )
        visit.note(
            "purchase",
            order_id=order_id,
            item_id=item.item_id,
            quantity=quantity,
            value_cents=item.price_cents * quantity,
            attributes=said_of_gift(item) if gift else {},
        )
        if not gift:
            shopper.owned.add(item.family)
