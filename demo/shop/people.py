"""Makes the shop's customers and their hidden tastes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from demo.shop.model import Customer, Item, Taste
from demo.shop.names import CITIES, FEMALE, LAST, MALE
from demo.shop.personas import PERSONAS, Persona

SHOE_SIZES = {"female": ("6", "7", "8", "9", "10"), "male": ("8", "9", "10", "11", "12")}
MAIL_HOSTS = ("example.com", "example.net", "example.org")
COLOURS = ("black", "navy", "white", "blue", "coral", "cream", "silver", "grey", "red", "tan")
FOREIGN_GENDER = 0.06  # how much less the other gender's shelf attracts
EVERYTHING_ELSE = 0.25  # what a category outside the interests weighs beside one inside


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with what the shop cannot know: taste, habits, cookies, hours from UTC."""

    customer: Customer
    taste: Taste
    persona: Persona
    cookies: tuple[str, ...]
    utc_offset_h: int
    consents: bool


def make_people(seed: int, count: int, items: Sequence[Item]) -> tuple[Person, ...]:
    """Make so many people, each from a stream of chance of their own."""
    genders = _category_genders(items)
    brands = sorted({item.brand for item in items})
    return tuple(_person(seed, number, genders, brands) for number in range(count))


def _person(seed: int, number: int, genders: dict[str, str], brands: Sequence[str]) -> Person:
    rng = random.Random(f"{seed}/person/{number}")
    persona = rng.choices(PERSONAS, weights=[p.share for p in PERSONAS])[0]
    gender = "female" if rng.random() < persona.female else "male"
    city, state, area, timezone, offset_h = CITIES[number % len(CITIES)]
    first, last = rng.choice(FEMALE if gender == "female" else MALE), rng.choice(LAST)
    customer = Customer(
        customer_id=f"C{10_001 + number}",
        email=f"{first}.{last}{number:03d}@{rng.choice(MAIL_HOSTS)}".lower(),
        phone=f"+1{area}55501{number // len(CITIES):02d}",
        loyalty_card=f"77{seed % 1000:03d}{number:05d}" if rng.random() < 0.9 else "",
        locale="es-US" if rng.random() < 0.08 else "en-US",
        timezone=timezone,
        attributes={
            "first_name": first,
            "last_name": last,
            "gender": gender,
            "age": str(min(84, max(18, round(rng.gauss(43, 14))))),
            "city": city,
            "state": state,
            "customer_since": str(rng.randint(2015, 2025)),
        },
    )
    cookies = tuple(f"v-{seed}-{number:04d}-{k}" for k in range(2 if rng.random() < 0.3 else 1))
    taste = _taste(persona, gender, genders, brands, rng)
    return Person(customer, taste, persona, cookies, offset_h, consents=rng.random() < 0.85)


def make_visitors(seed: int, count: int, items: Sequence[Item]) -> tuple[tuple[str, Taste], ...]:
    """Make people whom the shop knows by a cookie alone: the cookie and the hidden taste."""
    rng = random.Random(f"{seed}/visitors")
    people = make_people(seed + 1, count, items)
    return tuple(
        (f"v-{seed}-guest-{n:04d}-{rng.getrandbits(16):04x}", p.taste) for n, p in enumerate(people)
    )


def _taste(
    persona: Persona,
    gender: str,
    genders: dict[str, str],
    brands: Sequence[str],
    rng: random.Random,
) -> Taste:
    second = rng.choice(PERSONAS)
    weights = {
        category: (_interest(persona, category) + 0.25 * _interest(second, category))
        * (1.0 if shelf_gender in ("", gender) else FOREIGN_GENDER)
        * rng.lognormvariate(0, 0.5)
        for category, shelf_gender in genders.items()
    }
    total = sum(weights.values())
    shoe = rng.choice(SHOE_SIZES[gender])
    return Taste(
        persona=persona.name,
        categories={category: weight / total for category, weight in weights.items()},
        brands=tuple(rng.sample(brands, 8)),
        colours=tuple(rng.sample(COLOURS, 2)),
        sizes=(shoe, rng.choice(("XS", "S", "M", "M", "L", "L", "XL"))),
        thrift=_share(persona.thrift, rng),
        openness=_share(persona.openness, rng),
    )


def _interest(persona: Persona, category: str) -> float:
    for prefix, weight in persona.interests:
        if category == prefix or category.startswith(f"{prefix} > "):
            return weight
    return EVERYTHING_ELSE


def _share(mean: float, rng: random.Random) -> float:
    return min(0.98, max(0.02, rng.gauss(mean, 0.15)))


def _category_genders(items: Sequence[Item]) -> dict[str, str]:
    """Map each category to the gender that all its items are for, empty if for everybody."""
    genders: dict[str, set[str]] = {}
    for item in items:
        genders.setdefault(item.category, set()).add(item.attributes.get("gender", ""))
    return {c: next(iter(g)) if len(g) == 1 else "" for c, g in genders.items()}
