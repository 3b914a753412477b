"""What the season counts for each category of the catalogue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import SeasonModel
from services.retrieval.domain.learning.seasons import fortnight_of
from shared.catalogue import Catalogue, Categories


class Season:
    """Looks factors up by category number; made anew with another model, fortnight or category."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._of: tuple[SeasonModel | None, Categories | None, int, int] = (None, None, 0, 0)
        self._factors = np.ones(0)

    def weigh(
        self,
        heat: NDArray[np.float64],
        category_no: NDArray[np.int32],
        model: SeasonModel,
        now_us: int,
    ) -> None:
        """Multiply heat, in place, with what the season counts; columns are by offer number."""
        factors = self.factors(model, now_us)
        if len(factors):
            warm = heat.nonzero()[0]
            heat[warm] *= factors[category_no[warm]]

    def factors(self, model: SeasonModel, now_us: int) -> NDArray[np.float64]:
        """Return what the season counts, by category number; empty where nothing is known."""
        if not model.categories:
            return np.ones(0)
        fortnight = int(fortnight_of(now_us))
        # A catalogue that was read from a file brings categories of its own.
        categories = self._catalogue.categories
        of, known = self._of, len(categories)
        if of[0] is not model or of[1] is not categories or of[2:] != (fortnight, known):
            self._factors = np.ones(known)
            numbers = [categories.find(path) for path in model.categories]
            self._factors[numbers] = model.factors[:, fortnight]
            self._factors[0] = 1.0
            self._of = (model, categories, fortnight, known)
        return self._factors
