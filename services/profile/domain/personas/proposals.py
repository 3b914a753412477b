"""Proposes personas: kinds of people found in a sample, with what distinguishes each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor

import numpy as np

from services.profile.domain.personas.distinctions import Distinction, compare, strongest
from services.profile.domain.personas.likelihood import ASSIGNED_FROM
from services.profile.domain.personas.mixture import Mixture, choose
from services.profile.domain.personas.naming import Name, name_kinds
from services.profile.domain.personas.persona import Persona
from services.profile.domain.personas.sample import ATTRIBUTE, BRANDS, CATEGORIES, Sample
from services.profile.domain.personas.table import Table, lay_out

LEAST_PEOPLE = 100
"""Fewer show no kinds that would be there again tomorrow."""
LEAST_OF_A_KIND = 8
"""People whom a proposal must stand for: fewer might be recognised by it."""
MAX_KINDS = 24
_STARTS = 6
_LEAST_SHARE = 0.015
_MAX_NAMED = 40
"""Of one family: more is nothing that a marketer would read."""

Tell = Callable[[str, float], None]


class NothingToProposeError(Exception):
    """There is too little to learn from; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A kind of people that was found."""

    persona: Persona
    name: Name
    people: int
    """Of the sample, who are most likely of this kind."""
    distinctions: tuple[Distinction, ...]
    """The strongest first."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """What one training came to."""

    people: int
    """Who were learned from."""
    unassigned: int
    """Of them, who are of no proposed kind with probability enough."""
    telling: tuple[str, ...]
    """Families of things that tell the kinds apart."""
    proposals: tuple[Proposal, ...]
    """The commonest first."""


def propose(sample: Sample, seed: int, tell: Tell) -> Proposals:
    """Find the kinds of people in a sample; raises NothingToProposeError."""
    if sample.people < LEAST_PEOPLE:
        raise NothingToProposeError(
            f"only {sample.people} people have shown what they are interested in, at least "
            f"{LEAST_PEOPLE} are needed: import history, or wait until more people came"
        )
    table = lay_out(sample)
    if not any(family.name in (CATEGORIES, BRANDS) for family in table.families):
        raise NothingToProposeError(
            "nobody's interests differ: import items with categories or brands"
        )

    def tell_kinds(kinds: int) -> None:
        tell(f"looking for {kinds} kinds of people", kinds / (MAX_KINDS + 1))

    mixture = choose(table.observed, MAX_KINDS, _STARTS, np.random.default_rng(seed), tell_kinds)
    found = _proposals(table, mixture) if mixture.kinds > 1 else None
    if found is None or not found.proposals:
        raise NothingToProposeError(
            f"{sample.people} people show no kinds that can be told apart: import more history"
        )
    return found


def _proposals(table: Table, mixture: Mixture) -> Proposals:
    likely = mixture.probabilities(table.observed)
    certain = likely.max(axis=1) >= ASSIGNED_FROM
    people = np.bincount(likely.argmax(axis=1)[certain], minlength=mixture.kinds).tolist()
    kinds = [kind for kind in range(mixture.kinds) if people[kind] >= LEAST_OF_A_KIND]
    kinds.sort(key=lambda kind: -people[kind])
    found = [compare(table, mixture, kind) for kind in kinds]
    return Proposals(
        table.observed.people,
        table.observed.people - sum(people[kind] for kind in kinds),
        tuple(f.name for f in table.families if mixture.told[:, f.columns].any()),
        tuple(
            Proposal(
                _persona(name.persona, float(mixture.weights[kind]), distinct),
                name,
                people[kind],
                strongest(distinct),
            )
            for kind, name, distinct in zip(kinds, name_kinds(found), found, strict=True)
        ),
    )


def _persona(name: str, weight: float, found: list[Distinction]) -> Persona:
    """Return the definition that comes close to what was found, and is short enough to be read."""
    families: dict[str, dict[str, float]] = {}
    for each in sorted(found, key=lambda each: -each.share):
        shares = families.setdefault(each.family, {})
        if each.share >= _LEAST_SHARE and len(shares) < _MAX_NAMED:
            shares[each.value] = floor(1000 * each.share) / 1000
    attributes = {
        family.removeprefix(ATTRIBUTE): families.pop(family)
        for family in sorted(families)
        if family.startswith(ATTRIBUTE)
    }
    return Persona(name, round(weight, 3), attributes=attributes, **families)
