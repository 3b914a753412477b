"""Draws the hidden tastes of the people who shop here."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.shop.model import Item, Taste
from demo.shop.personas import PERSONAS, Persona

SHOE_SIZES = {"female": ("6", "7", "8", "9", "10"), "male": ("8", "9", "10", "11", "12")}
CLOTHING_SIZES = ("XS", "S", "M", "M", "L", "L", "XL")
COLOURS = ("black", "navy", "white", "blue", "coral", "cream", "silver", "grey", "red", "tan")
LIKED_BRANDS = 8
SECOND_NATURE = 0.25  # how much of another persona is in everybody
FOREIGN_GENDER = 0.06  # how much less the other gender's shelf attracts
EVERYTHING_ELSE = 0.25  # what a category outside the interests weighs beside one inside


def is_within(category: str, prefixes: Sequence[str]) -> bool:
    """Tell whether a category is one of these or lies below one of them."""
    return f"{category} > ".startswith(tuple(f"{prefix} > " for prefix in prefixes))


@dataclass(frozen=True, slots=True)
class Assortment:
    """What there is to like: brands, categories with whom they are for, and each persona's view."""

    brands: tuple[str, ...]
    genders: Mapping[str, str]
    interests: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, items: Sequence[Item]) -> Assortment:
        genders: dict[str, set[str]] = {}
        for item in items:
            genders.setdefault(item.category, set()).add(item.attributes.get("gender", ""))
        return cls(
            brands=tuple(sorted({item.brand for item in items})),
            genders={c: next(iter(g)) if len(g) == 1 else "" for c, g in genders.items()},
            interests={
                persona.name: {category: _interest(persona, category) for category in genders}
                for persona in PERSONAS
            },
        )


def draw_persona(rng: random.Random) -> tuple[Persona, str]:
    """Draw a kind of person and a gender."""
    persona = rng.choices(PERSONAS, weights=[p.share for p in PERSONAS])[0]
    return persona, "female" if rng.random() < persona.female else "male"


def draw_taste(persona: Persona, gender: str, assortment: Assortment, rng: random.Random) -> Taste:
    """Draw one person's taste: their persona's, a little of another's, and their own whims."""
    first = assortment.interests[persona.name]
    second = assortment.interests[rng.choice(PERSONAS).name]
    weights = {
        category: (first[category] + SECOND_NATURE * second[category])
        * (1.0 if shelf_gender in ("", gender) else FOREIGN_GENDER)
        * rng.lognormvariate(0, 0.5)
        for category, shelf_gender in assortment.genders.items()
    }
    total = sum(weights.values())
    return Taste(
        persona=persona.name,
        categories={category: weight / total for category, weight in weights.items()},
        brands=tuple(rng.sample(assortment.brands, LIKED_BRANDS)),
        colours=tuple(rng.sample(COLOURS, 2)),
        sizes=(rng.choice(SHOE_SIZES[gender]), rng.choice(CLOTHING_SIZES)),
        thrift=_share(persona.thrift, rng),
        openness=_share(persona.openness, rng),
    )


def _interest(persona: Persona, category: str) -> float:
    for prefix, weight in persona.interests:
        if is_within(category, (prefix,)):
            return weight
    return EVERYTHING_ELSE


def _share(mean: float, rng: random.Random) -> float:
    return min(0.98, max(0.02, rng.gauss(mean, 0.15)))
