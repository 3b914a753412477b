"""The grocer's coupon campaigns: promotions about products, who was mailed, who redeemed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from demo.grocer.households import customer_id
from demo.grocer.source import read
from demo.grocer.titles import distinct_titles
from demo.records import midnight

MOST_ITEMS = 60  # a coupon for more products is about their categories
CATEGORY_SHARE = 0.02  # of a wide coupon's products, to be worth naming
CHANNELS = ("DIRECT_MAIL", "EMAIL", "STORE")
NOON = time(12)


@dataclass(frozen=True, slots=True)
class Response:
    """A mailing or a redemption, at noon of its day: the data know no hour."""

    event_id: str
    type: str
    at: datetime
    customer_id: str
    channel: str
    offer_id: str
    campaign: str


def offer_records(
    source: Path, categories: Mapping[int, str], shift: timedelta
) -> list[dict[str, object]]:
    """Describe one promotion per coupon of a campaign; the data do not tell its worth."""
    periods = _periods(source)
    products: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in read(source, "coupons").to_pylist():
        if row["product_id"] in categories:
            products[row["campaign_id"], row["coupon_upc"]].append(row["product_id"])
    offers = [
        _offer(campaign, coupon, sorted(set(found)), categories, periods[campaign], shift)
        for (campaign, coupon), found in sorted(products.items())
    ]
    campaigns = [f"campaign {offer['attr.campaign']}" for offer in offers]
    titles = distinct_titles([str(offer["title"]) for offer in offers], campaigns)
    return [offer | {"title": title} for offer, title in zip(offers, titles, strict=True)]


def _offer(
    campaign: int,
    coupon: int,
    products: list[int],
    categories: Mapping[int, str],
    period: tuple[str, date, date],
    shift: timedelta,
) -> dict[str, object]:
    kind, starts, ends = period
    counts = Counter(categories[product] for product in products).most_common()
    main = counts[0][0].split(" > ")[-1].lower()
    wide = len(products) > MOST_ITEMS
    named = [c for c, n in counts if n >= CATEGORY_SHARE * len(products)]
    return {
        "offer_id": offer_id(campaign, coupon),
        "kind": "PROMOTION",
        "title": f"Coupon for {main}" + (" and more" if len(counts) > 1 else ""),
        "text": f"For {len(products)} products.",
        "about_categories": named if wide else [],
        "about_items": [] if wide else [str(product) for product in products],
        "channels": list(CHANNELS),
        "starts": midnight(starts + shift),
        "ends": midnight(ends + shift + timedelta(days=1)),
        "attr.campaign": str(campaign),
        "attr.campaign_type": kind,
        "attr.price_led": "true",
    }


def _periods(source: Path) -> dict[int, tuple[str, date, date]]:
    return {
        row["campaign_id"]: (
            row["campaign_type"],
            row["start_date"].date(),
            row["end_date"].date(),
        )
        for row in read(source, "campaign_descriptions").to_pylist()
    }


def read_responses(
    source: Path, offers: frozenset[str], households: frozenset[int]
) -> list[Response]:
    """Read mailings to these households and their redemptions of these offers.

    In the order of time, unshifted.
    """
    found = [
        response
        for response in (*_mailings(source, households), *_redemptions(source, households))
        if not response.offer_id or response.offer_id in offers
    ]
    return sorted(found, key=lambda response: (response.at, response.event_id))


def _mailings(source: Path, households: frozenset[int]) -> Iterator[Response]:
    """Yield the mailings, each on the day on which its campaign starts."""
    periods = _periods(source)
    for row in read(source, "campaigns").to_pylist():
        campaign, household = row["campaign_id"], row["household_id"]
        if household in households:
            yield Response(
                event_id=f"tcj-mail-{campaign}-{household}",
                type="contact_sent",
                at=datetime.combine(periods[campaign][1], NOON),
                customer_id=customer_id(household),
                channel="DIRECT_MAIL",
                offer_id="",
                campaign=str(campaign),
            )


def _redemptions(source: Path, households: frozenset[int]) -> Iterator[Response]:
    for number, row in enumerate(read(source, "coupon_redemptions").to_pylist()):
        if row["household_id"] in households:
            yield Response(
                event_id=f"tcj-coupon-{number}",
                type="accept",
                at=datetime.combine(row["redemption_date"].date(), NOON),
                customer_id=customer_id(row["household_id"]),
                channel="STORE",
                offer_id=offer_id(row["campaign_id"], row["coupon_upc"]),
                campaign=str(row["campaign_id"]),
            )


def offer_id(campaign: int, coupon: int) -> str:
    return f"coupon-{campaign}-{coupon}"
