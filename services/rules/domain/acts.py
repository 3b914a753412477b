"""What judging the candidates of one request comes to, and what each rule had to do with it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.rules.domain.definitions import Rule
from services.rules.domain.values import BoolColumn

Bits = npt.NDArray[np.uint32]


@dataclass(slots=True)
class Act:
    """What one rule or limit did in one request."""

    shadow: bool = False
    """It did nothing of this; it would have."""
    candidates: int = 0
    """Removed, or favoured by its lever; asked by placement, once for each."""
    placement_bits: int = 0
    """Bit i: it took something from placement i of the request, or favoured something there."""
    failed: bool = False
    """It could not be evaluated for some candidate: that was removed, or not favoured."""


@dataclass(frozen=True, slots=True)
class ShadowRemoval:
    """What one rule in shadow would have removed."""

    rule: Rule
    placement: str
    """Empty: all placements of the request."""
    hits: BoolColumn
    """Over the candidates judged."""


@dataclass(slots=True)
class Removals:
    """Candidates that may not be shown, or not there; columns of equal length."""

    offer_nos: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    placements: list[str] = field(default_factory=list)
    """Empty: all placements of the request."""
    free_us: list[int] = field(default_factory=list)
    """When they may be shown again; 0: not known."""

    def add(
        self,
        offer_nos: list[int],
        code: int,
        rule: str,
        level: int,
        placement: str = "",
        free_us: int = 0,
    ) -> None:
        """Note that offers were removed for one reason."""
        count = len(offer_nos)
        self.offer_nos += offer_nos
        self.codes += [code] * count
        self.rules += [rule] * count
        self.levels += [level] * count
        self.placements += [placement] * count
        self.free_us += [free_us] * count


@dataclass(slots=True)
class Verdict:
    """What may be shown where; arrays are over the candidates judged."""

    bits: Bits
    """Bit i: may fill placement i of the request; 0: removed."""
    removals: Removals = field(default_factory=Removals)
    levers: npt.NDArray[np.float32] | None = None
    """None: all 1."""
    acts: dict[str, Act] = field(default_factory=dict)
    """By rule or limit, for those that did something."""
    shadow: list[ShadowRemoval] = field(default_factory=list)

    def act(self, rule: str, *, shadow: bool = False) -> Act:
        """Return what a rule did, to be added to."""
        act = self.acts.get(rule)
        if act is None:
            act = self.acts[rule] = Act(shadow)
        return act
