"""The ranking that retrieval serves, trained as `touchpoint train` trains it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.quality.scores import DEPTH
from bench.quality.shop import Shop
from services.retrieval.domain.learning.blending import Blender
from services.retrieval.domain.learning.signals import nobodys_taste, taste_of
from services.retrieval.domain.learning.training import (
    OnProgress,
    Report,
    TrainingSettings,
    train,
)


class Served:
    """Blends vectors, neighbours, habits and heat by what was learned from the part before."""

    name = "touchpoint"

    def __init__(self, shop: Shop, on_progress: OnProgress) -> None:
        settings = TrainingSettings(catalogue_id=shop.name, catalogue_version=1)
        trained = train(shop.lines, shop.texts, settings, shop.now_us, on_progress)
        self._model = trained.model
        self._report = trained.report
        self._blender = Blender(trained.model.items)
        ids = trained.model.persons.person_ids
        self._place = {person_id: at for at, person_id in enumerate(ids)}

    @property
    def report(self) -> Report:
        return self._report

    def ranked(self, person_id: str, *, novel: bool) -> NDArray[np.integer]:
        at = self._place.get(person_id)
        items = self._model.items
        taste = nobodys_taste(items) if at is None else taste_of(self._model.persons, at)
        numbers: NDArray[np.integer] = items.offer_nos[
            self._blender.ranked(taste, DEPTH, novel=novel).rows
        ]
        return numbers
