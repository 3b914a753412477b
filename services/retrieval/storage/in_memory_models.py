"""Pointers to models kept in memory, for tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from services.retrieval.domain.models import KEPT, Added, Kept, StoredModel


class InMemoryModels:
    """A `ModelStore` that forgets with its process; its lease ends only when it is given back."""

    def __init__(self, catalogue_id: str, catalogue_version: Callable[[], int]) -> None:
        self._catalogue_id = catalogue_id
        self._catalogue_version = catalogue_version
        self._models: tuple[StoredModel, ...] = ()
        self._version = 0
        self._last_no = 0
        self._token = 0
        self._is_leased = False
        self._erasures: set[str] = set()

    async def newest_version(self) -> int:
        return self._version

    async def kept(self) -> Kept:
        version = self._catalogue_version()
        return Kept(self._version, self._models, self._catalogue_id, version)

    async def begin_training(self) -> int | None:
        if self._is_leased:
            return None
        self._token += 1
        self._is_leased = True
        return self._token

    async def renew(self, token: int) -> bool:
        return self._holds(token)

    async def end_training(self, token: int) -> None:
        if self._holds(token):
            self._is_leased = False

    async def add(self, token: int, model: StoredModel, without: Collection[str]) -> Added:
        if not self._holds(token):
            return Added(is_fenced_off=True)
        missed = self._erasures - set(without)
        if missed:
            return Added(still_in_it=tuple(sorted(missed)))
        self._last_no += 1
        models = (replace(model, model_no=self._last_no), *self._models)
        self._models = models[:KEPT]
        self._version += 1
        return Added(is_added=True, dropped=models[KEPT:])

    async def ask_erasure(self, person_ids: Sequence[str]) -> None:
        self._erasures.update(person_ids)

    async def erasures(self) -> tuple[str, ...]:
        return tuple(sorted(self._erasures))

    async def replace(self, version: int, models: Sequence[StoredModel]) -> bool:
        if version != self._version:
            return False
        artefacts = {each.model_no: each.person_artefact for each in models}
        self._models = tuple(
            replace(each, person_artefact=artefacts[each.model_no])
            for each in self._models
            if each.model_no in artefacts
        )
        self._version += 1
        return True

    async def end_erasure(self, person_ids: Sequence[str]) -> None:
        if not self._is_leased:
            self._erasures.difference_update(person_ids)

    def _holds(self, token: int) -> bool:
        return self._is_leased and token == self._token
