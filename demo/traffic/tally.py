"""Adds up what was shown and accepted, round by round, and says whether acceptance climbed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from demo.traffic.visits import Page

PERSONALISED = "PERSONALISED"
CENTS = 100
"""In a unit of the currency."""
SURE = 2.33
"""So many standard errors chance exceeds once in a hundred runs."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What one shopper was shown in one round."""

    round: int
    number: int
    """Those of the same number in other rounds have the same taste."""
    pages: tuple[Page, ...]

    @property
    def is_personal(self) -> bool:
        return all(page.arm == PERSONALISED for page in self.pages if page.seen)

    @property
    def expected(self) -> float:
        """Mean acceptance of what was shown, by the hidden truth."""
        return fmean(seen.probability for page in self.pages for seen in page.seen)

    @property
    def is_empty(self) -> bool:
        return not any(page.seen for page in self.pages)


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over visits; shares are of what was shown, between 0 and 1."""

    shoppers: int
    shown: int
    accepted: int
    expected: float
    """Acceptance that the hidden truth expects of what was shown: the same without the luck."""
    chance: float
    """Expected of anything that was allowed, drawn at random."""
    best: float
    """Expected of what arbitration would show if it knew the truth."""
    worth: float
    """Expected worth to the business of a hundred things shown, in units of the currency."""

    @property
    def acceptance(self) -> float:
        return self.accepted / self.shown if self.shown else 0.0

    @property
    def error(self) -> float:
        """Return the standard error of the acceptance, as if every answer was independent."""
        share = self.acceptance
        return math.sqrt(share * (1 - share) / self.shown) if self.shown else 0.0


@dataclass(frozen=True, slots=True)
class Climb:
    """How expected acceptance differs between the first round and the last ones."""

    before: float
    after: float
    error: float
    """Standard error of their difference, over shoppers."""

    @property
    def has_climbed(self) -> bool:
        """Whether it rose by more than chance lets it."""
        return self.after - self.before > SURE * self.error

    @property
    def has_fallen(self) -> bool:
        """Whether it fell by more than chance lets it."""
        return self.before - self.after > SURE * self.error


def tally(visits: Iterable[Visit]) -> Tally:
    """Add visits up; chance and best weigh each page by what it showed."""
    kept = list(visits)
    pages = [page for visit in kept for page in visit.pages]
    seen = [each for page in pages for each in page.seen]
    return Tally(
        shoppers=len(kept),
        shown=len(seen),
        accepted=sum(each.accepted for each in seen),
        expected=_mean(each.probability for each in seen),
        chance=_mean(page.chance for page in pages for _ in page.seen),
        best=_mean(page.best for page in pages for _ in page.seen),
        worth=_mean(each.probability * each.ware.worth_cents for each in seen) * 100 / CENTS,
    )


def rounds(visits: Sequence[Visit]) -> list[Tally]:
    """Add up what was personalised, by round, in their order."""
    numbers = sorted({visit.round for visit in visits})
    return [tally(v for v in visits if v.round == each and v.is_personal) for each in numbers]


def climb(visits: Sequence[Visit]) -> Climb:
    """Compare what was shown in the first round with the last third of them, taste by taste.

    Only tastes that were personalised at both ends count, each once: a paired comparison, as what
    one shopper is shown is alike, and tastes differ more than rounds. Raises ValueError for fewer
    than two of them, or a single round.
    """
    last = max((visit.round for visit in visits), default=0)
    personal = [visit for visit in visits if visit.is_personal and not visit.is_empty]
    before = _by_taste(visit for visit in personal if visit.round == 1)
    after = _by_taste(visit for visit in personal if visit.round > last - max(1, last // 3))
    both = sorted(before.keys() & after.keys())
    if len(both) < 2 or last < 2:
        raise ValueError("too few shoppers to compare")
    gains = [after[each] - before[each] for each in both]
    return Climb(
        fmean(before[each] for each in both),
        fmean(after[each] for each in both),
        math.sqrt(variance(gains) / len(gains)),
    )


def _by_taste(visits: Iterable[Visit]) -> dict[int, float]:
    """Return the expected acceptance of each taste."""
    found: dict[int, list[float]] = {}
    for visit in visits:
        found.setdefault(visit.number, []).append(visit.expected)
    return {number: fmean(expected) for number, expected in found.items()}


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return fmean(found) if found else 0.0
