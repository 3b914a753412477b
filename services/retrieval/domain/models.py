"""Trained models as they are kept: which are there, who may add one, who is to be taken out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

KEPT = 3
"""The one that is served and two before it: should it turn out to be torn, or be taken back."""
LEASE_S = 30.0
"""A training whose process died holds up the next one no longer."""
_NAME_DIGITS = 16


@dataclass(frozen=True, slots=True)
class StoredModel:
    """Where one training's artefacts are, and what they stand on."""

    artefacts: Mapping[str, str]
    """Part to its content hash; none of them names anybody, so they never change."""
    person_artefact: str
    """Content hash of what names persons; another one once somebody was taken out."""
    catalogue_id: str
    catalogue_version: int
    """The catalogue it was trained on: its numbers mean nothing elsewhere."""
    trained_us: int
    """Business time, microseconds."""
    report: bytes
    """Serialised TrainingReport."""
    model_no: int = 0
    """Rises with every training; given by the store."""
    log_position: int = 0
    """Of profile's log, up to which it was read; 0: not known."""
    is_withdrawn: bool = False
    """Taken back: kept, but not served."""

    @property
    def name(self) -> str:
        """The model by content hash, as people and traces see it."""
        parts = sorted(self.artefacts.items())
        return sha256(repr(parts).encode()).hexdigest()[:_NAME_DIGITS]

    @property
    def files(self) -> frozenset[str]:
        """All artefacts that it is made of."""
        return frozenset((*self.artefacts.values(), self.person_artefact))


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept at one moment."""

    version: int
    """Rises with every change; 0: nothing was ever trained."""
    models: tuple[StoredModel, ...]
    """The newest first."""
    catalogue_id: str
    catalogue_version: int
    is_training: bool = False
    """Somebody holds the lease, and may have put files that no pointer names yet."""

    @property
    def servable(self) -> tuple[StoredModel, ...]:
        """Those that were not taken back, the newest first: the first that can be is served."""
        return tuple(each for each in self.models if not each.is_withdrawn)

    @property
    def is_held(self) -> bool:
        """Whether the newest was taken back: until somebody trains, nothing is trained by itself.

        It would learn from the same log, and bring back what was taken back for a reason.
        """
        return bool(self.models) and self.models[0].is_withdrawn

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


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last training that the schedule began, or left out."""

    tried_us: int = 0
    """Business time; 0: there was none."""
    log_position: int = 0
    """Of profile's log, up to which was looked for what is new."""
    outcome: str = ""
    """What became of it, in words."""
    failures: int = 0
    """How many in a row broke off, up to this one; 0: it came to an end, or was left out."""


class ModelStore(Protocol):
    """Keeps the pointers to artefacts; every change of them is announced."""

    async def newest_version(self) -> int:
        """Return `Kept.version`; costs little."""
        ...

    async def kept(self) -> Kept:
        """Return all that is kept."""
        ...

    async def begin_training(self, *, is_scheduled: bool = False) -> int | None:
        """Take the lease that lets one training run; its token, or None while another holds it.

        One that somebody asked for takes the place of one that the schedule began.
        """
        ...

    async def renew(self, token: int) -> bool:
        """Hold on to the lease for `LEASE_S` more; False when it has gone to another."""
        ...

    async def end_training(self, token: int) -> None:
        """Give the lease back, if it is still this one's."""
        ...

    async def add(self, token: int, model: StoredModel, without: Collection[str]) -> Added:
        """Serve a model from now on, fenced by the token of its training.

        `without` are persons already taken out of it. Only `KEPT` models stay, those
        taken back go first.
        """
        ...

    async def roll_back(self, name: str) -> StoredModel | None:
        """Serve a model that is kept again, and take back all that are newer.

        Without a name it is the one before the served. A training that the schedule began is ended:
        it learns from the same log. None: there is no such model.
        """
        ...

    async def attempt(self) -> Attempt:
        """Return the last one that was noted."""
        ...

    async def note_attempt(self, attempt: Attempt) -> None:
        """Note what became of a training of the schedule."""
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

    async def end_erasure(self, person_ids: Sequence[str], version: int) -> bool:
        """Forget who was taken out of all that was kept at a version.

        Not while a training under way may still bring them back. False: something changed since,
        which may hold them.
        """
        ...


def target_of(kept: Kept, name: str) -> StoredModel | None:
    """Return the model of a name that is not served, else the one before the served; None: none.

    One that was taken back may be asked for by its name.
    """
    served = kept.servable[0] if kept.servable else None
    for model in kept.models:
        is_older = served is not None and model.model_no < served.model_no
        if model != served and (model.name == name if name else is_older):
            return model
    return None
