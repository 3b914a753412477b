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
    """The cells of one family of things, and where their rows begin in the table of all."""

    cells: Cells
    begin: int

    def row(self, thing: str) -> int:
        return self.begin + self.cells.place(thing)


class _Table:
    """Log-probabilities: a row for each cell of each family, a column for each kind.

    The last kind is people of no persona.
    """

    def __init__(self, priors: NDArray[np.float64]) -> None:
        self._priors = priors
        self._rows: list[NDArray[np.float64]] = [np.log(priors)[None, :]]
        self._begin = 1

    def family(
        self,
        each: Sequence[Shares],
        cells_of: Callable[[Collection[str]], Cells],
        elsewhere: float,
    ) -> _Family | None:
        """Add what each persona says of a family; None where none of them says anything."""
        names = [name for shares in each for name in shares]
        if not names:
            return None
        cells = cells_of(names)
        unsaid = background(cells, each, elsewhere, self._priors.tolist())
        columns = [distribution(cells, says, elsewhere) if says else unsaid for says in each]
        self._rows.append(np.log(np.column_stack([*columns, unsaid])))
        found = _Family(cells, self._begin)
        self._begin += cells.count
        return found

    def done(self) -> NDArray[np.float64]:
        return np.vstack(self._rows)


class Personas:
    """Personas made ready to be compared; changed by nothing but another bundle."""

    def __init__(self, personas: Sequence[Persona], assigned_from: float = ASSIGNED_FROM) -> None:
        self.names = tuple(persona.name for persona in personas)
        self._assigned_from = assigned_from
        table = _Table(_priors([persona.weight for persona in personas]))

        def named(part: str, cells: Callable[[Collection[str]], Cells], elsewhere: float) -> Any:
            return table.family([getattr(each, part) for each in personas], cells, elsewhere)

        self._categories = named("categories", Paths.of, _OTHER_CATEGORIES)
        self._brands = named("brands", Words.of, _OTHER_BRANDS)
        self._channels = named("channels", Words.of, _OTHER_WORDS)
        self._value_tiers = named("value_tiers", Words.of, _OTHER_WORDS)
        self._attributes = _attributes(personas, table)
        self._logs = table.done()

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
        rows, counts = self._observed(evidence)
        logs = np.array(counts) @ self._logs.take(rows, axis=0)
        # By the functions themselves: an array's own methods come to them by calls of Python.
        shares: NDArray[np.float64] = np.exp(logs - np.maximum.reduce(logs))
        shares /= np.add.reduce(shares)
        return shares

    def _observed(self, evidence: Evidence) -> tuple[list[int], list[float]]:
        """Return the rows of what is known and how much each counts; the first is the prior's.

        All of them make one product, because each step through NumPy costs as much as ten rows.
        """
        rows, counts = [0], [1.0]
        seen: list[tuple[_Family | None, Seen]] = []
        if self._categories or self._brands:
            seen += zip((self._categories, self._brands), evidence.interests())
        if self._channels:
            seen.append((self._channels, evidence.channels()))
        for family, (things, weights) in seen:
            if family:
                rows += [family.row(thing) for thing in things]
                counts += weights
        told = [(family, evidence.attribute(name)) for name, family in self._attributes.items()]
        if self._value_tiers:
            told.append((self._value_tiers, evidence.value_tier()))
        found = [family.row(value) for family, value in told if value]
        return rows + found, counts + [1.0] * len(found)


def _priors(weights: Sequence[float]) -> NDArray[np.float64]:
    """Return the share of each kind and of people of none; weights may come to more than all."""
    total = sum(weights)
    others = max(LEAST_OTHERS, 1.0 - total)
    found = np.array([*weights, others])
    if total > 0.0:
        found[:-1] *= (1.0 - others) / total
    return found


def _attributes(personas: Sequence[Persona], table: _Table) -> dict[str, _Family]:
    found = {}
    for name in sorted({name for persona in personas for name in persona.attributes}):
        each = [persona.attributes.get(name, {}) for persona in personas]
        family = table.family(each, attribute_cells, _OTHER_WORDS)
        if family is not None:
            found[name] = family
    return found


NO_PERSONAS = Personas(())
"""Nobody is of any."""
