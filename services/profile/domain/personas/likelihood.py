"""The likeliest persona of somebody by Bayes' rule, within the request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.profile.domain.personas.cells import (
    Cells,
    Paths,
    Words,
    attribute_cells,
    background,
    distribution,
)
from services.profile.domain.personas.evidence import Evidence, Seen
from services.profile.domain.personas.persona import Persona, Shares

ASSIGNED_FROM = 0.4
"""Probability from which on somebody is of a persona, unless the definitions say otherwise."""
LEAST_OTHERS = 0.05
"""Share of people who are of no persona, however many there are."""
_OTHER_CATEGORIES = 10.0
_OTHER_BRANDS = 30.0
_OTHER_WORDS = 2.0
"""As how many cells everything counts that no persona names."""


class Belief(NamedTuple):
    """What somebody most likely is."""

    persona: str
    probability: float


@dataclass(frozen=True, slots=True)
class _Family:
    """Cells of one family of things, and the log-probability of each under each kind."""

    cells: Cells
    logs: NDArray[np.float64]
    """Cells × kinds; the last kind is people of no persona."""

    @classmethod
    def of(
        cls, cells: Cells, each: Sequence[Shares], elsewhere: float, priors: NDArray[np.float64]
    ) -> _Family:
        """Compare what each persona says; `priors` are theirs, and last that of none of them."""
        unsaid = background(cells, each, elsewhere, priors.tolist())
        columns = [distribution(cells, says, elsewhere) if says else unsaid for says in each]
        return cls(cells, np.log(np.column_stack([*columns, unsaid])))

    def compare(self, seen: Seen) -> NDArray[np.float64]:
        """Return the log-likelihood of what was seen under each kind."""
        place = self.cells.place
        rows = self.logs.take([place(thing) for thing in seen.things], axis=0)
        found: NDArray[np.float64] = seen.counts @ rows
        return found


class Personas:
    """Personas made ready to be compared; changed by nothing but another bundle."""

    def __init__(self, personas: Sequence[Persona], assigned_from: float = ASSIGNED_FROM) -> None:
        self.names = tuple(persona.name for persona in personas)
        self._assigned_from = assigned_from
        priors = _priors([persona.weight for persona in personas])
        self._prior_logs = np.log(priors)

        def named(part: str, cells: Callable[[Collection[str]], Cells], elsewhere: float) -> Any:
            return _family([getattr(each, part) for each in personas], cells, elsewhere, priors)

        self._categories = named("categories", Paths.of, _OTHER_CATEGORIES)
        self._brands = named("brands", Words.of, _OTHER_BRANDS)
        self._channels = named("channels", Words.of, _OTHER_WORDS)
        self._value_tiers = named("value_tiers", Words.of, _OTHER_WORDS)
        self._attributes = _attributes(personas, priors)

    def likeliest(self, evidence: Evidence) -> Belief | None:
        """Return what somebody most likely is; None where nothing is likely enough."""
        if not self.names:
            return None
        found = self.probabilities(evidence)
        best = int(found[:-1].argmax())
        probability = float(found[best])
        return Belief(self.names[best], probability) if probability >= self._assigned_from else None

    def probabilities(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return the probability of each persona, and last that of none of them.

        Families of things count as independent given the persona (naive Bayes).
        """
        logs = self._prior_logs.copy()
        if self._categories or self._brands:
            for family, seen in zip((self._categories, self._brands), evidence.interests()):
                if family and seen.things:
                    logs += family.compare(seen)
        if self._channels and (channels := evidence.channels()).things:
            logs += self._channels.compare(channels)
        if self._value_tiers:
            logs += self._value_tiers.logs[self._value_tiers.cells.place(evidence.value_tier())]
        for name, family in self._attributes.items():
            if value := evidence.attribute(name):
                logs += family.logs[family.cells.place(value)]
        found = np.exp(logs - logs.max())
        shares: NDArray[np.float64] = found / found.sum()
        return shares


def _priors(weights: Sequence[float]) -> NDArray[np.float64]:
    """Return the share of each kind and of people of none; weights may come to more than all."""
    total = sum(weights)
    others = max(LEAST_OTHERS, 1.0 - total)
    found = np.array([*weights, others])
    if total > 0.0:
        found[:-1] *= (1.0 - others) / total
    return found


def _family(
    each: Sequence[Shares],
    cells: Callable[[Collection[str]], Cells],
    elsewhere: float,
    priors: NDArray[np.float64],
) -> _Family | None:
    """Return the family of one part of the personas; None where none of them says anything."""
    names = [name for shares in each for name in shares]
    return _Family.of(cells(names), each, elsewhere, priors) if names else None


def _attributes(personas: Sequence[Persona], priors: NDArray[np.float64]) -> dict[str, _Family]:
    found = {}
    for name in sorted({name for persona in personas for name in persona.attributes}):
        each = [persona.attributes.get(name, {}) for persona in personas]
        family = _family(each, attribute_cells, _OTHER_WORDS, priors)
        if family is not None:
            found[name] = family
    return found


NO_PERSONAS = Personas(())
"""Nobody is of any."""
