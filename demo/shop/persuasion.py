"""Offers shown to a person on the site, by mail and by agents, and what they make of them."""

from __future__ import annotations

from demo.shop.diary import Facts, Visit
from demo.shop.model import Offer
from demo.shop.shopper import Shopper
from demo.shop.tastes import is_within

NEVER_SAID = 0.55  # most of those who do not care say nothing at all
BANNER_SHARE = 0.55


def interest(shopper: Shopper, offer: Offer) -> float:
    """Tell how likely the offer is taken, 0 to 1, by what it is about and who is asked."""
    about = offer.about_categories
    tastes = shopper.taste.categories
    weight = sum(share for category, share in tastes.items() if is_within(category, about))
    openness = shopper.taste.openness if offer.kind == "PROMOTION" else 0.4
    return min(0.7, (0.12 if not about else 0.03 + 0.6 * weight) * (0.4 + openness))


def choose_offer(shopper: Shopper, channel: str) -> Offer | None:
    """Choose as an old system would: anything that runs on the channel and was not declined."""
    open_offers = [
        offer
        for offer in shopper.offers
        if channel in offer.channels and offer.offer_id not in shopper.declined
    ]
    return shopper.rng.choice(open_offers) if open_offers else None


def banner(shopper: Shopper, visit: Visit) -> None:
    """Show an offer or a product on the home page and note the reaction."""
    if not shopper.chance(BANNER_SHARE):
        return
    offer = choose_offer(shopper, visit.channel)
    if offer is None or shopper.chance(0.4):
        _product_banner(shopper, visit)
        return
    visit.note("impression", offer_id=offer.offer_id, placement="web.home.banner")
    if shopper.chance(interest(shopper, offer)):
        visit.note(
            "click", shopper.dwell_s(20), offer_id=offer.offer_id, placement="web.home.banner"
        )
        take(shopper, visit, offer, "web.home.banner")
    elif not shopper.chance(NEVER_SAID):
        turn_down(shopper, visit, offer, "web.home.banner", declines=0.3)


def _product_banner(shopper: Shopper, visit: Visit) -> None:
    item = shopper.pick(shopper.subject or shopper.rng.choice(list(shopper.market.heads)))
    if not (item.stock and shopper.on_sale(item, visit.at)) or item.family in shopper.declined:
        return
    shown: Facts = {
        "item_id": item.item_id,
        "offer_id": item.item_id,
        "placement": "web.home.banner",
    }
    visit.note("impression", **shown)
    liking = 3 * shopper.taste.categories.get(item.category, 0.0)
    if shopper.chance(min(0.4, 0.03 + liking)):
        visit.note("click", **shown)
        visit.note("view", shopper.dwell_s(30), item_id=item.item_id, page=f"/p/{item.item_id}")
    elif shopper.chance(0.06):
        shopper.declined.add(item.family)
        visit.note("decline", **shown)


def take(shopper: Shopper, visit: Visit, offer: Offer, placement: str) -> None:
    """Note what accepting means for the offer's kind; a click alone accepts what is to be read."""
    if offer.kind == "SURVEY":
        answer = shopper.rng.choice(("price", "delivery", "just looking", "found elsewhere"))
        visit.note("survey_answer", offer_id=offer.offer_id, attributes={"answer": answer})
    elif offer.kind == "CONTENT":
        visit.note("article_view", shopper.dwell_s(120), offer_id=offer.offer_id, page=offer.link)
    elif shopper.chance(0.6):
        visit.note("accept", offer_id=offer.offer_id, placement=placement)


def turn_down(
    shopper: Shopper, visit: Visit, offer: Offer, placement: str, *, declines: float
) -> None:
    """Note a decline with this probability, else that the offer was passed over."""
    said_no = shopper.chance(declines)
    if said_no:
        shopper.declined.add(offer.offer_id)
    visit.note("decline" if said_no else "ignore", offer_id=offer.offer_id, placement=placement)
