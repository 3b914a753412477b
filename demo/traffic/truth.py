"""The hidden truth: how likely a person of a known taste accepts an offer, as a logistic model."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from demo.shop.model import Taste
from demo.shop.personas import PERSONAS
from demo.traffic.wares import Ware, Wares

USUAL = {"PRODUCT": -2.6, "PROMOTION": -2.4, "CONTENT": -2.2, "SERVICE": -3.0, "SURVEY": -3.4}
"""Log-odds of each kind for somebody who neither likes nor dislikes what it is about."""
HABIT = 0.6
"""How much personas differ in what kinds they answer: standard deviation of the log-odds."""
CRAVING = 2.0
"""How much personas differ in what departments they take things from, looked for or not: likewise.
This is what nobody can know beforehand: it has to be learned from answers."""
RELISH = 0.4
"""Log-odds for each e-fold that a category is liked more than the average one."""
DEAREST = 3.0
"""Farther than so many e-folds no liking goes, to either side."""
PRICE = 4.0
"""Log-odds lost for each order of magnitude above a whim, by those who do not care …"""
THRIFT = 1.0
"""… and what utter thrift adds to it; it also makes a lower price attractive as an offer."""


@dataclass(frozen=True, slots=True)
class HiddenTruth:
    """Acceptance probabilities by taste and offer; another seed, other habits of the personas."""

    seed: int
    habits: dict[tuple[str, str], float]
    """Log-odds by persona and kind."""
    cravings: dict[tuple[str, str], float]
    """Log-odds by persona and department."""

    @classmethod
    def of(cls, seed: int, wares: Wares) -> HiddenTruth:
        rng = random.Random(f"{seed}/habits")
        names = [persona.name for persona in PERSONAS]
        departments = sorted({department(ware) for ware in wares.by_id.values()} - {""})
        return cls(
            seed,
            {(name, kind): rng.gauss(0, HABIT) for name in names for kind in USUAL},
            {(name, each): rng.gauss(0, CRAVING) for name in names for each in departments},
        )

    def probability(self, taste: Taste, ware: Ware) -> float:
        """Return the probability that it is accepted when it is seen, 0 to 1."""
        log_odds = (
            USUAL[ware.kind]
            + self.habits[taste.persona, ware.kind]
            + self.cravings.get((taste.persona, department(ware)), 0.0)
            + RELISH * relish(taste, ware)
            - (PRICE + THRIFT * taste.thrift) * ware.dearness
            + _lever(taste, ware)
        )
        return 1 / (1 + math.exp(-log_odds))

    def accepts(self, moment: str, taste: Taste, ware: Ware) -> bool:
        """Draw one person's answer at a moment: always the same for the same offer."""
        drawn = random.Random(f"{self.seed}/{moment}/{ware.offer_id}").random()
        return drawn < self.probability(taste, ware)


def department(ware: Ware) -> str:
    """Return the top category of what it is about; empty: about nothing."""
    return ware.categories[0].split(" > ")[0] if ware.categories else ""


def relish(taste: Taste, ware: Ware) -> float:
    """Tell how much more than the average category this is liked, in e-folds; 0: about nothing."""
    if not ware.categories:
        return 0.0
    liked = sum(taste.categories.get(leaf, 0.0) for leaf in ware.categories) / len(ware.categories)
    against_average = math.log(max(liked, 1e-9) * len(taste.categories))
    return min(DEAREST, max(-DEAREST, against_average))


def _lever(taste: Taste, ware: Ware) -> float:
    """Tell how a promotion moves the open-minded, and one about the price the thrifty."""
    if ware.kind != "PROMOTION":
        return 0.0
    return 2 * (taste.openness - 0.5) + (
        THRIFT * (2 * taste.thrift - 1) if ware.is_price_led else 0
    )
