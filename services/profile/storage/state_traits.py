"""How the parts of a state are stored that only traits are made of; see `state_parts`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType

from services.profile.domain.aversions import Aversions, Kind
from services.profile.domain.habits import Habits
from services.profile.domain.making import maker
from services.profile.domain.owned import BoughtCategories
from services.profile.domain.variants import Kept, Variants
from services.profile.storage.state_part import Part, add_ownerships, ownerships, within
from touchpoint.profile.v1.state_pb2 import (
    AversionState,
    BoughtState,
    HabitState,
    ProfileState,
    VariantState,
)

_KEPT = maker(Kept)
_KINDS = (None, *Kind)
"""By number: an enum's own look-up costs five times as much."""


def _decode_aversions(part: AversionState) -> Aversions:
    evidence = tuple(zip(part.times_us[:], part.ways[:], strict=True))
    found: Aversions = {}
    start = 0
    for kind, subject, count in zip(part.kinds[:], part.subjects[:], part.counts[:], strict=True):
        found[_KINDS[kind], subject] = evidence[start : start + count]
        start += count
    return found


def _encode_aversions(part: AversionState, aversions: Aversions) -> None:
    kinds, subjects = zip(*aversions, strict=True)
    part.kinds.extend(kinds)
    part.subjects.extend(subjects)
    part.counts.extend(map(len, aversions.values()))
    times_us, ways = zip(*chain.from_iterable(aversions.values()), strict=True)
    part.times_us.extend(times_us)
    part.ways.extend(ways)


def _decode_variants(part: VariantState) -> Variants:
    choices = zip(part.categories[:], part.names[:], part.values[:], strict=True)
    kept = map(_KEPT, zip(part.quantities[:], part.last_minutes[:], strict=True))
    return dict(zip(choices, kept, strict=True))


def _encode_variants(part: VariantState, variants: Variants) -> None:
    categories, names, values = zip(*variants, strict=True)
    quantities, last_minutes = zip(*variants.values(), strict=True)
    part.categories.extend(categories)
    part.names.extend(names)
    part.values.extend(values)
    part.quantities.extend(quantities)
    part.last_minutes.extend(last_minutes)


def _decode_bought(part: BoughtState) -> BoughtCategories:
    return dict(zip(part.categories[:], ownerships(part), strict=True))


def _encode_bought(part: BoughtState, bought: BoughtCategories) -> None:
    part.categories.extend(bought)
    add_ownerships(part, bought.values())


def _decode_habits(part: HabitState) -> Habits:
    return dict(zip(part.numbers[:], part.weights[:], strict=True))


def _encode_habits(part: HabitState, habits: Habits) -> None:
    part.numbers.extend(habits)
    part.weights.extend(habits.values())


def _decode_complaints(stored: ProfileState) -> list[int]:
    return stored.complaint_days[:]


def _encode_complaints(stored: ProfileState, days: list[int]) -> None:
    stored.complaint_days.extend(days)


def _decode_brands(stored: ProfileState) -> dict[str, int]:
    return dict(zip(stored.bought_brands[:], stored.bought_brand_minutes[:], strict=True))


def _encode_brands(stored: ProfileState, minutes: dict[str, int]) -> None:
    stored.bought_brands.extend(minutes)
    stored.bought_brand_minutes.extend(minutes.values())


TRAIT_PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "aversions": within("aversions", dict, _decode_aversions, _encode_aversions),
        "complaints": Part(("complaint_days",), _decode_complaints, _encode_complaints),
        "variants": within("variants", dict, _decode_variants, _encode_variants),
        "bought_categories": within("bought_categories", dict, _decode_bought, _encode_bought),
        "bought_brands": Part(
            ("bought_brands", "bought_brand_minutes"), _decode_brands, _encode_brands
        ),
        "habits": within("habits", dict, _decode_habits, _encode_habits),
    }
)
"""By the names of `State`."""
