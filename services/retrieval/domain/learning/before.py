"""What is remembered of the model that is served, for a new one to be compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import LearnedModel

_MOST_COMPARED = 1_000
_NEIGHBOURS = 10


@dataclass(frozen=True, slots=True)
class Before:
    """The model that is served, as far as a training needs it; an empty name: none is."""

    model: str
    foretold_us: int
    """When the hold-out of its own training began."""
    foretold_ids: tuple[str, ...]
    foretold_nos: NDArray[np.uint32]
    """(foretold_ids, 100) what was foretold to them then."""
    offer_nos: NDArray[np.uint32]
    """(n,) all items of it."""
    heat: NDArray[np.float32]
    """(n,) persons who bought it, decayed."""
    compared_nos: NDArray[np.uint32]
    """(c,) items that most persons bought, ascending."""
    compared_factors: NDArray[np.float32]
    """(c, d) their vectors."""
    neighbour_nos: NDArray[np.uint32]
    """(c, 10) their closest neighbours; 0 is padding."""

    @classmethod
    def none(cls) -> Self:
        """Return what there is before the first training."""
        nos, none = np.zeros(0, np.uint32), np.zeros(0, np.float32)
        wide = nos.reshape(0, 0)
        return cls("", 0, (), wide, nos, none, nos, none.reshape(0, 0), wide)

    @classmethod
    def of(cls, name: str, model: LearnedModel) -> Self:
        """Remember a model; copies little of it."""
        items, persons = model.items, model.persons
        most = np.sort(np.argsort(-items.buyers.astype(np.int64), kind="stable")[:_MOST_COMPARED])
        return cls(
            model=name,
            foretold_us=persons.foretold_us,
            foretold_ids=persons.foretold_ids,
            foretold_nos=persons.foretold_nos,
            offer_nos=items.offer_nos,
            heat=items.heat,
            compared_nos=items.offer_nos[most],
            compared_factors=items.factors[most],
            neighbour_nos=items.neighbour_nos[most, :_NEIGHBOURS],
        )
