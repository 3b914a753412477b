"""How a placement, or people of a persona, differ from the whole shop in what they take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.crowds import Crowds, Heat, Taken
from services.retrieval.domain.learning.model import NOT_LEARNED, rows_among
from services.retrieval.domain.popularity import Popularity
from services.retrieval.domain.trends import Rising, rising_in_crowd
from shared.catalogue import Catalogue

_PRIOR = 30.0
"""Purchases as in the whole shop that are mixed with those of a crowd."""
_MOST_TOP = 50
_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Lift:
    """What a crowd takes, mixed with what the whole shop does."""

    family_nos: NDArray[np.uint32]
    """(n,) families that it took anything of, ascending."""
    strengths: NDArray[np.float64]
    """(n,) how popular each is in the crowd, 0 to 1: the root of its share beside the largest."""
    others: float
    """What the strength in the whole shop counts of families that the crowd took nothing of."""
    top: NDArray[np.uint32]
    """Families that the crowd takes most of, the most first."""
    top_sold: NDArray[np.uint32]
    """Purchases of those in the whole shop in the last 30 days."""
    rising: Rising
    """What it takes more than usual these days."""

    def strengths_of(
        self, families: NDArray[np.uint32], in_shop: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return how popular families are in the crowd, given that in the whole shop."""
        if not len(self.family_nos):
            return in_shop.astype(np.float64)
        at = rows_among(self.family_nos, families)
        return np.where(at == NOT_LEARNED, self.others * in_shop, self.strengths[at])


@dataclass(frozen=True, slots=True)
class Lifts:
    """The lifts of all crowds that took anything."""

    at: Mapping[str, Lift] = field(default_factory=dict)
    """By placement."""
    among: Mapping[str, Lift] = field(default_factory=dict)
    """By persona."""

    def found(self, placements: Iterable[str], persona: str) -> tuple[Lift, ...]:
        """Return those of a request; of several placements that of the first that has one."""
        here = (self.at[each] for each in placements if each in self.at)
        theirs = [self.among[persona]] if persona in self.among else []
        return (*([first] if (first := next(here, None)) else []), *theirs)


Crowd: TypeAlias = tuple[Taken, Taken]
"""What it took, fading slowly and fading fast; see `Heat`."""


@dataclass(frozen=True, slots=True)
class Shop:
    """What the whole shop takes, by family number."""

    shares: NDArray[np.float64]
    sold: NDArray[np.uint32]
    family_no: NDArray[np.uint32]
    """Offer number to its family."""

    @classmethod
    def of(
        cls, heat: NDArray[np.float64], sold: NDArray[np.uint32], family_no: NDArray[np.uint32]
    ) -> Shop:
        """Add up columns by offer number, all as long as `family_no`."""
        warm = heat.nonzero()[0]
        by_family = np.bincount(family_no[warm], heat[warm], len(heat))
        sums = np.bincount(family_no[warm], sold[warm], len(heat))
        shares = by_family / max(float(by_family.sum()), 1e-12)
        return cls(shares, sums.astype(np.uint32), family_no)


def lifts(at: Mapping[str, Crowd], among: Mapping[str, Crowd], shop: Shop) -> Lifts:
    """Return the lifts of what was taken at placements and among personas."""
    return Lifts(
        {name: _lift(crowd, shop) for name, crowd in at.items()},
        {name: _lift(crowd, shop) for name, crowd in among.items()},
    )


def _lift(crowd: Crowd, shop: Shop) -> Lift:
    """Mix the crowd's shares with the shop's, which weigh as much as `_PRIOR`."""
    nos, warmth = crowd[0]
    known = nos < len(shop.family_no)
    families, at = np.unique(shop.family_no[nos[known]], return_inverse=True)
    heat = np.bincount(at, warmth[known], minlength=len(families)).astype(np.float64)
    weight = _PRIOR / (float(heat.sum()) + _PRIOR)
    mixed = weight * (heat / _PRIOR + shop.shares[families])
    most = float(shop.shares.max(initial=0.0))
    largest = max(float(mixed.max(initial=0.0)), weight * most, 1e-12)
    top = families[(-heat).argsort(kind="stable")[:_MOST_TOP]]
    return Lift(
        families.astype(np.uint32),
        np.sqrt(mixed / largest),
        float(np.sqrt(weight * most / largest)),
        top.astype(np.uint32),
        shop.sold[top],
        rising_in_crowd(*crowd, shop.family_no),
    )


class CrowdLifts:
    """Owns the lifts as of a few seconds ago."""

    def __init__(
        self,
        catalogue: Catalogue,
        crowds: Callable[[], Crowds],
        popularity: Callable[[], Popularity],
        now_us: Callable[[], int],
    ) -> None:
        self._catalogue = catalogue
        self._crowds = crowds
        self._popularity = popularity
        self._now_us = now_us
        self.current = Lifts()

    async def look(self) -> None:
        """Compare as of now: crowd by crowd copied between requests, then reckoned in a thread."""
        crowds, now_us = self._crowds(), self._now_us()
        if not crowds.at and not crowds.among:
            self.current = Lifts()
            return
        at = await _copied(crowds.at, now_us)
        among = await _copied(crowds.among, now_us)
        size, popularity = self._catalogue.size, self._popularity()
        heat, sold = popularity.heat(size), popularity.sold(size, now_us)
        family_no = self._catalogue.family_no[:size].copy()
        shop = await asyncio.to_thread(Shop.of, heat, sold, family_no)
        self.current = await asyncio.to_thread(lifts, at, among, shop)

    async def run(self) -> None:
        """Look for ever; a background task of the service."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_S)


async def _copied(crowds: Mapping[str, Heat], now_us: int) -> dict[str, Crowd]:
    copied: dict[str, Crowd] = {}
    for name, heat in list(crowds.items()):
        copied[name] = heat.as_of(now_us), heat.lately_as_of(now_us)
        await asyncio.sleep(0)
    return copied
