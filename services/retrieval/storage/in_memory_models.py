"""Pointers to models kept in memory, for tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from services.retrieval.domain.models import (
    KEPT,
    Added,
    Attempt,
    Kept,
    StoredModel,
    target_of,
)


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
        self._is_scheduled = False
        self._attempt = Attempt()
        self._erasures: set[str] = set()

    async def newest_version(self) -> int:
        return self._version

    async def kept(self) -> Kept:
        version = self._catalogue_version()
        return Kept(self._version, self._models, self._catalogue_id, version, self._is_leased)

    async def begin_training(self, *, is_scheduled: bool = False) -> int | None:
        if self._is_leased and (is_scheduled or not self._is_scheduled):
            return None
        self._token += 1
        self._is_leased = True
        self._is_scheduled = is_scheduled
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
        by_worth = sorted(models, key=lambda each: (each.is_withdrawn, -each.model_no))
        dropped = tuple(by_worth[KEPT:])
        self._models = tuple(each for each in models if each not in dropped)
        self._version += 1
        return Added(is_added=True, dropped=dropped)

    async def roll_back(self, name: str) -> StoredModel | None:
        target = target_of((await self.kept()), name)
        if target is None:
            return None
        if self._is_leased and self._is_scheduled:
            self._token += 1
            self._is_leased = False
        self._models = tuple(
            replace(each, is_withdrawn=each.model_no > target.model_no) for each in self._models
        )
        self._version += 1
        return replace(target, is_withdrawn=False)

    async def attempt(self) -> Attempt:
        return self._attempt

    async def note_attempt(self, attempt: Attempt) -> None:
        self._attempt = attempt

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

    async def end_erasure(self, person_ids: Sequence[str], version: int) -> bool:
        if version != self._version:
            return False
        if not self._is_leased:
            self._erasures.difference_update(person_ids)
        return True

    def _holds(self, token: int) -> bool:
        return self._is_leased and token == self._token
