"""The shop's offers beyond products."""

from __future__ import annotations

from datetime import date, timedelta

from demo.shop.model import Offer

ON_SITE = ("WEB", "APP")
EVERYWHERE = ("WEB", "APP", "EMAIL", "CALL_CENTER", "IVR", "STORE")
WRITTEN = ("WEB", "APP", "EMAIL")
RUNS_FOR = timedelta(days=180)
STARTED = timedelta(days=90)

# kind, id, title, text, link, categories it is about, channels, worth in cents, attributes
_TABLE: tuple[
    tuple[str, str, str, str, str, tuple[str, ...], tuple[str, ...], int, dict[str, str]], ...
] = (
    (
        "PROMOTION", "promo-next-5", "$5 off your next order",
        "On anything, this week only.", "/offers/next-order",
        (), EVERYWHERE, 600, {"price_led": "true", "discount": "$5"},
    ),
    (
        "PROMOTION", "promo-running-10", "10% off everything for running",
        "Shoes, clothing and watches.", "/offers/running",
        ("Running",), EVERYWHERE, 900, {"price_led": "true", "discount": "10%"},
    ),
    (
        "PROMOTION", "promo-pc-50", "$50 off any PC above $800",
        "Desktops and laptops of every brand.", "/offers/pcs",
        ("Electronics > PCs > Desktops", "Electronics > PCs > Laptops"), EVERYWHERE, 4500,
        {"price_led": "true", "discount": "$50"},
    ),
    (
        "PROMOTION", "promo-dvd-3for2", "3 for 2 on all DVDs",
        "Mix dramas, thrillers and family films.", "/offers/dvds",
        ("DVDs",), WRITTEN, 700, {"price_led": "true", "discount": "3 for 2"},
    ),
    (
        "PROMOTION", "promo-handbags-15", "15% off handbags",
        "The new season's colours are in.", "/offers/handbags",
        ("Fashion > Handbags",), EVERYWHERE, 2200, {"price_led": "true", "discount": "15%"},
    ),
    (
        "PROMOTION", "promo-bike-service", "Free first service with every bike",
        "Bring it to any of our stores within a year.", "/offers/bike-service",
        ("Cycling > Bikes",), EVERYWHERE, 6000, {"price_led": "false", "discount": "service"},
    ),
    (
        "PROMOTION", "promo-baking-5", "$5 off baking things above $25",
        "For tins, tools and ingredients.", "/offers/baking",
        ("Kitchen",), EVERYWHERE, 500, {"price_led": "true", "discount": "$5"},
    ),
    (
        "CONTENT", "guide-laptop", "Which laptop is right for you?",
        "A five-minute guide by what you do with it.", "/guides/laptops",
        ("Electronics > PCs",), WRITTEN, 250, {"minutes": "5"},
    ),
    (
        "CONTENT", "guide-tv-size", "How big should your TV be?",
        "Measure the sofa first.", "/guides/tv-size",
        ("Electronics > TVs",), WRITTEN, 250, {"minutes": "3"},
    ),
    (
        "CONTENT", "guide-first-10k", "Your first 10 kilometres",
        "Eight weeks, three runs a week.", "/guides/first-10k",
        ("Running",), WRITTEN, 150, {"minutes": "7"},
    ),
    (
        "CONTENT", "guide-sourdough", "Sourdough in one weekend",
        "Flour, water, salt and patience.", "/guides/sourdough",
        ("Kitchen > Bakeware", "Kitchen > Baking ingredients"), WRITTEN, 120, {"minutes": "6"},
    ),
    (
        "SERVICE", "call-adviser", "Talk to an adviser now",
        "We call you back within two minutes.", "/call",
        ("Electronics", "Cycling > Bikes"), ON_SITE, 1800, {"type": "click_to_call"},
    ),
    (
        "SERVICE", "shoe-fitting", "Free running-shoe fitting in store",
        "Twenty minutes on the treadmill.", "/stores/fitting",
        ("Running > Shoes",), EVERYWHERE, 800, {"service": "appointment"},
    ),
    (
        "SURVEY", "survey-cart", "What is holding you back?",
        "One question, ten seconds.", "/surveys/cart",
        (), ON_SITE, 100, {"type": "cart_survey", "questions": "1"},
    ),
    (
        "SURVEY", "survey-delivery", "How was your delivery?",
        "Two questions about your last order.", "/surveys/delivery",
        (), ("WEB", "APP", "EMAIL", "SMS"), 80, {"questions": "2"},
    ),
)  # fmt: skip


def make_offers(today: date) -> tuple[Offer, ...]:
    """Make all offers, running since three months and for three more."""
    return tuple(
        Offer(
            offer_id=offer_id,
            kind=kind,
            title=title,
            text=text,
            link=link,
            about_categories=categories,
            about_items=(),
            channels=channels,
            value_cents=value_cents,
            starts=today - STARTED,
            ends=today - STARTED + RUNS_FOR,
            attributes=attributes,
        )
        for (
            kind,
            offer_id,
            title,
            text,
            link,
            categories,
            channels,
            value_cents,
            attributes,
        ) in _TABLE
    )
