"""Named people with clean histories, on whom the stories are played; the same for every seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from demo.records import DAY_S, midnight_s
from demo.shop.diary import Diary, Facts, nameless
from demo.shop.model import Customer, Event, Identity, Item

LAPTOP = "laptop-halden-book-15-16-gb-512-gb-silver"
GAMING_LAPTOP = "laptop-vektor-strike-15-gaming-16-gb-512-gb-midnight-blue"
DESKTOP = "desktop-halden-studio-one-16-gb-512-gb"
PC_BOOK = "book-computing-blue-kite-build-your-own-pc-paperback"
DVD = "dvd-scifi-oxbow-signal-loss-season-1-dvd"
TV = "tv-oriel-master-oled-8k-55-in"
SOUNDBAR = "sound-sondra-soundbar-7-1-4-atmos-black"
RUNNING_SHOES = "run-shoe-m-aerolite-glide-4-blue-10"
ENERGY_GELS = "run-food-fuelwell-energy-gel-citrus-12-pack"
RUNNING_WATCH = "run-watch-polestar-pace-3-gps-watch-black"
HANDBAG = "tote-marchetti-livia-black"
LOAFERS = "shoe-w-marchetti-lucia-leather-loafers-black-8"
LOAFERS_IN_TAN = "shoe-w-marchetti-lucia-leather-loafers-tan-8"
GRAVEL_BIKE = "bike-gravel-bellwether-backroad-m"
ROAD_BIKE = "bike-road-corrente-strada-1-m"
HELMET = "helmet-bellwether-trail-yellow-m"
BUNDT_PAN = "cake-hearthstone-heritage-bundt-pan-9-in"
FLOUR = "ingredient-millbrook-strong-bread-flour-5-lb"
BANNETON = "bread-cordwood-banneton-proofing-basket-large"
TRAIN_SET = "toy-tumbletop-wooden-train-set"
PICTURE_BOOK = "book-children-acorn-books-the-very-grumpy-hippo-hardcover"


@dataclass(frozen=True, slots=True)
class Beat:
    """One thing that happened so many days before today, at that minute of the day in UTC."""

    days_ago: int
    minute: int
    channel: str
    type: str
    item_id: str = ""
    gift: bool = False


@dataclass(frozen=True, slots=True)
class StoryPerson:
    """A named person; ``cookie`` is the browser that they use."""

    customer: Customer
    cookie: str
    beats: tuple[Beat, ...] = ()


def _customer(number: int, first: str, last: str, gender: str, age: int, phone: str) -> Customer:
    return Customer(
        customer_id=f"C2000{number}",
        email=f"{first}.{last}@example.com".lower(),
        phone=phone,
        loyalty_card=f"770000000{number}",
        locale="en-US",
        timezone="America/New_York",
        attributes={
            "name": f"{first} {last}",
            "gender": gender,
            "age": str(age),
            "city": "Albany",
            "state": "NY",
            "customer_since": "2021",
        },
    )


AGREED = Beat(58, 600, "WEB", "consent")

ADA = StoryPerson(
    # Wants a PC, has not bought one.
    _customer(1, "Ada", "Brenner", "female", 37, "+15185550101"),
    "v-story-ada",
    (
        AGREED,
        Beat(41, 1_020, "STORE", "purchase", PC_BOOK),
        Beat(20, 1_430, "WEB", "view", DVD),
        Beat(20, 1_432, "WEB", "add_to_cart", DVD),
        Beat(20, 1_434, "WEB", "purchase", DVD),
        Beat(9, 1_395, "WEB", "view", DESKTOP),
        Beat(9, 1_397, "WEB", "view", LAPTOP),
    ),
)
RAVI = StoryPerson(
    # Runs, and buys the same gels again and again.
    _customer(2, "Ravi", "Sandoval", "male", 29, "+15185550102"),
    "v-story-ravi",
    (
        AGREED,
        Beat(50, 1_140, "WEB", "view", RUNNING_SHOES),
        Beat(50, 1_143, "WEB", "add_to_cart", RUNNING_SHOES),
        Beat(50, 1_147, "WEB", "purchase", RUNNING_SHOES),
        Beat(46, 1_000, "STORE", "purchase", ENERGY_GELS),
        Beat(31, 1_010, "STORE", "purchase", ENERGY_GELS),
        Beat(16, 990, "STORE", "purchase", ENERGY_GELS),
        Beat(3, 1_300, "WEB", "view", RUNNING_WATCH),
    ),
)
CLARA = StoryPerson(
    # Has left a television of about 3,000 dollars in the cart.
    _customer(3, "Clara", "Whitfield", "female", 52, "+15185550103"),
    "v-story-clara",
    (
        AGREED,
        Beat(33, 900, "STORE", "purchase", HANDBAG),
        Beat(2, 1_330, "WEB", "view", SOUNDBAR),
        Beat(2, 1_334, "WEB", "view", TV),
        Beat(2, 1_341, "WEB", "add_to_cart", TV),
    ),
)
INES = StoryPerson(
    # Bakes; shares a telephone with Tomas.
    _customer(4, "Ines", "Lindqvist", "female", 44, "+15185550104"),
    "v-story-ines",
    (
        AGREED,
        Beat(38, 950, "STORE", "purchase", BANNETON),
        Beat(38, 951, "STORE", "purchase", FLOUR),
        Beat(12, 955, "STORE", "purchase", FLOUR),
        Beat(5, 1_290, "WEB", "view", BUNDT_PAN),
    ),
)
TOMAS = StoryPerson(
    # Cycles; shares a telephone with Ines.
    _customer(5, "Tomas", "Lindqvist", "male", 46, "+15185550104"),
    "v-story-tomas",
    (
        AGREED,
        Beat(27, 1_050, "STORE", "purchase", HELMET),
        Beat(6, 1_360, "WEB", "view", ROAD_BIKE),
        Beat(6, 1_364, "WEB", "view", GRAVEL_BIKE),
    ),
)
GRACE = StoryPerson(
    # Buys for a nephew what is not her own taste.
    _customer(6, "Grace", "Okafor", "female", 61, "+15185550106"),
    "v-story-grace",
    (
        AGREED,
        Beat(24, 1_200, "WEB", "view", TRAIN_SET),
        Beat(24, 1_206, "WEB", "purchase", TRAIN_SET, gift=True),
        Beat(24, 1_207, "WEB", "purchase", PICTURE_BOOK, gift=True),
        Beat(11, 1_000, "STORE", "purchase", LOAFERS),
    ),
)
NOAH = StoryPerson(
    # Signed up, did nothing yet and agreed to nothing.
    _customer(7, "Noah", "Pickett", "male", 23, "+15185550107"),
    "v-story-noah",
)

PEOPLE = (ADA, RAVI, CLARA, INES, TOMAS, GRACE, NOAH)

ANONYMOUS_COOKIE = "v-story-anonymous"
ANONYMOUS_BEATS = (
    Beat(2, 1_380, "WEB", "view", GRAVEL_BIKE),
    Beat(2, 1_383, "WEB", "view", ROAD_BIKE),
)

ITEMS = frozenset(
    beat.item_id
    for beats in (*(person.beats for person in PEOPLE), ANONYMOUS_BEATS)
    for beat in beats
    if beat.item_id
) | {GAMING_LAPTOP, LOAFERS_IN_TAN}
"""What the stories need on the shelf."""


def tell(today: date, items: Mapping[str, Item]) -> list[Event]:
    """Write what happened to all of them, and to the anonymous visitor."""
    events: list[Event] = []
    for person in PEOPLE:
        identities = {
            "WEB": (person.customer.identity("customer"), Identity("visitor", person.cookie)),
            "STORE": (person.customer.identity("loyalty_card"),),
        }
        name = nameless(person.customer.customer_id)
        events += _tell(name, person.beats, identities, today, items)
    nobody = {"WEB": (Identity("visitor", ANONYMOUS_COOKIE),)}
    return events + _tell("anonymous", ANONYMOUS_BEATS, nobody, today, items)


def _tell(
    name: str,
    beats: tuple[Beat, ...],
    identities: Mapping[str, tuple[Identity, ...]],
    today: date,
    items: Mapping[str, Item],
) -> list[Event]:
    diary = Diary(f"story-{today:%Y%m%d}-{name}", midnight_s(today))
    for beat in beats:
        at = midnight_s(today) - beat.days_ago * DAY_S + beat.minute * 60
        visit = diary.visit(at, beat.channel, *identities[beat.channel])
        visit.session_id = f"story-{name}-{beat.days_ago}" if beat.channel == "WEB" else ""
        visit.note(beat.type, **_facts(beat, name, items))
    return diary.events


def _facts(beat: Beat, name: str, items: Mapping[str, Item]) -> Facts:
    if beat.type == "consent":
        return {"attributes": {"purpose": "marketing", "granted": True}}
    item = items[beat.item_id]
    if beat.type == "view":
        return {"item_id": item.item_id, "page": f"/p/{item.item_id}", "duration_s": 90}
    facts: Facts = {"item_id": item.item_id, "quantity": 1, "value_cents": item.price_cents}
    if beat.type == "purchase":
        facts["order_id"] = f"order-story-{name}-{beat.days_ago}"
        facts["attributes"] = {"gift": True} if beat.gift else {}
    return facts
