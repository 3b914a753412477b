"""Makes the shop's customers, and the visitors whom it knows by a cookie alone."""

from __future__ import annotations

import random
from dataclasses import dataclass

from demo.shop.model import Customer, Taste
from demo.shop.names import CITIES, FEMALE, LAST, MALE
from demo.shop.personas import Persona
from demo.shop.tastes import Assortment, draw_persona, draw_taste

MAIL_HOSTS = ("example.com", "example.net", "example.org")
CARD_SHARE = 0.9
CONSENT_SHARE = 0.85
TWO_BROWSERS_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with what the shop cannot know: taste, habits, cookies, hours from UTC."""

    customer: Customer
    taste: Taste
    persona: Persona
    cookies: tuple[str, ...]
    utc_offset_h: int
    consents: bool


def make_people(seed: int, count: int, assortment: Assortment) -> tuple[Person, ...]:
    """Make so many customers, at most 2,200, each from a stream of chance of their own."""
    return tuple(_person(seed, number, assortment) for number in range(count))


def make_visitors(seed: int, count: int, assortment: Assortment) -> tuple[tuple[str, Taste], ...]:
    """Make so many people known by a cookie alone: the cookie and the hidden taste."""
    rng = random.Random(f"{seed}/visitors")
    return tuple(
        (f"v-{seed}-guest-{number:04d}", draw_taste(*draw_persona(rng), assortment, rng))
        for number in range(count)
    )


def _person(seed: int, number: int, assortment: Assortment) -> Person:
    rng = random.Random(f"{seed}/person/{number}")
    persona, gender = draw_persona(rng)
    browsers = 2 if rng.random() < TWO_BROWSERS_SHARE else 1
    return Person(
        customer=_customer(seed, number, gender, rng),
        taste=draw_taste(persona, gender, assortment, rng),
        persona=persona,
        cookies=tuple(f"v-{seed}-{number:04d}-{k}" for k in range(browsers)),
        utc_offset_h=CITIES[number % len(CITIES)][4],
        consents=rng.random() < CONSENT_SHARE,
    )


def _customer(seed: int, number: int, gender: str, rng: random.Random) -> Customer:
    city, state, area, timezone, _ = CITIES[number % len(CITIES)]
    first, last = rng.choice(FEMALE if gender == "female" else MALE), rng.choice(LAST)
    return Customer(
        customer_id=f"C{10_001 + number}",
        email=f"{first}.{last}{number:03d}@{rng.choice(MAIL_HOSTS)}".lower(),
        # 555-0100 to 555-0199 are kept for fiction in every area code
        phone=f"+1{area}55501{number // len(CITIES):02d}",
        loyalty_card=f"77{seed % 1000:03d}{number:05d}" if rng.random() < CARD_SHARE else "",
        locale="es-US" if rng.random() < 0.08 else "en-US",
        timezone=timezone,
        attributes={
            "name": f"{first} {last}",
            "gender": gender,
            "age": str(min(84, max(18, round(rng.gauss(43, 14))))),
            "city": city,
            "state": state,
            "customer_since": str(rng.randint(2015, 2024)),
        },
    )
