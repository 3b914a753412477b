"""Trained models as they are kept: which are there, who may add one, who is to be taken out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

KEPT = 2
"""The one that is served and the one before it, should the newest turn out to be torn."""
LEASE_S = 30.0
"""A training whose process died holds up the next one no longer."""
_NAME_DIGITS = 16


@dataclass(frozen=True, slots=True)
class StoredModel:
    """Where one training's artefacts are, and what they stand on."""

    item_artefact: str
    """Content hash."""
    person_artefact: str
    """Content hash; another one once somebody was taken out."""
    catalogue_id: str
    catalogue_version: int
    """The catalogue it was trained on: its numbers mean nothing elsewhere."""
    trained_us: int
    """Business time, microseconds."""
    report: bytes
    """Serialised TrainingReport."""
    model_no: int = 0
    """Rises with every training; given by the store."""

    @property
    def name(self) -> str:
        """The model by content hash, as people and traces see it."""
        return self.item_artefact[:_NAME_DIGITS]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept at one moment."""

    version: int
    """Rises with every change; 0: nothing was ever trained."""
    models: tuple[StoredModel, ...]
    """The newest first."""
    catalogue_id: str
    catalogue_version: int

    def obstacle(self, model: StoredModel) -> str:
        """Say why a model must not be served on this catalogue; empty: it may be."""
        if model.catalogue_id != self.catalogue_id:
            return "it was trained on another catalogue"
        if model.catalogue_version > self.catalogue_version:
            return "it was trained on a later state of the catalogue than there is"
        return ""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a model that was to be added."""

    is_added: bool = False
    still_in_it: tuple[str, ...] = ()
    """Persons who asked to be erased meanwhile: take them out and add it again."""
    is_fenced_off: bool = False
    """Another training began after this one was given up for dead."""
    dropped: tuple[StoredModel, ...] = ()
    """Models that are kept no longer: their files may go."""


class ModelStore(Protocol):
    """Keeps the pointers to artefacts; every change of them is announced."""

    async def newest_version(self) -> int:
        """Return `Kept.version`; costs little."""
        ...

    async def kept(self) -> Kept:
        """Return all that is kept."""
        ...

    async def begin_training(self) -> int | None:
        """Take the lease that lets one training run; its token, or None while another holds it."""
        ...

    async def renew(self, token: int) -> bool:
        """Hold on to the lease for `LEASE_S` more; False when it has gone to another."""
        ...

    async def end_training(self, token: int) -> None:
        """Give the lease back, if it is still this one's."""
        ...

    async def add(self, token: int, model: StoredModel, without: Collection[str]) -> Added:
        """Serve a model from now on, fenced by the token of its training.

        `without` are persons already taken out of it. Only `KEPT` models stay.
        """
        ...

    async def ask_erasure(self, person_ids: Sequence[str]) -> None:
        """Note that persons are to be taken out of every model; repeating it is harmless."""
        ...

    async def erasures(self) -> tuple[str, ...]:
        """Return who is still to be taken out."""
        ...

    async def replace(self, version: int, models: Sequence[StoredModel]) -> bool:
        """Put models in the place of all that are kept, unless something changed since `version`.

        Only models that were kept may come, with other artefacts of persons.
        """
        ...

    async def end_erasure(self, person_ids: Sequence[str]) -> None:
        """Forget who was taken out, unless a training under way may still bring them back."""
        ...
