"""What retrieval keeps of a person, for an export: their part of each model that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import ItemModel, PersonModel
from services.retrieval.domain.models import ModelStore, StoredModel
from services.retrieval.storage.model_files import decode
from shared.artefacts import ArtefactError, ArtefactStore
from shared.errors import Unavailable
from shared.person_export import Rows, slices

TABLE = "model_persons"


async def export_person(
    store: ModelStore, artefacts: ArtefactStore, person_ids: Sequence[str]
) -> AsyncIterator[Rows]:
    """Yield what was learned of persons; raises Unavailable for a model that cannot be read."""
    wanted = frozenset(person_ids)
    for model_no in [each.model_no for each in (await store.kept()).models]:
        for rows in await _of_model(store, artefacts, model_no, wanted):
            yield TABLE, rows


async def _of_model(
    store: ModelStore, artefacts: ArtefactStore, model_no: int, wanted: Collection[str]
) -> list[list[str]]:
    """Read what one model knows; nothing where it is kept no longer."""
    tried: StoredModel | None = None
    while True:
        kept = (await store.kept()).models
        stored = next((each for each in kept if each.model_no == model_no), None)
        if stored is None:
            return []
        try:
            items = await artefacts.get(stored.artefacts["items"])
            persons = await artefacts.get(stored.person_artefact)
            return await asyncio.to_thread(_rows, stored, items, persons, wanted)
        except ArtefactError as error:
            if stored == tried:
                raise _unread(stored, error) from error
            tried = stored  # an erasure may just have put another file in its place


def _unread(stored: StoredModel, error: ArtefactError) -> Unavailable:
    return Unavailable(
        f"what model {stored.name} knows cannot be read: {error}; bring the file back, or "
        "`touchpoint train` until that model is kept no longer",
        reason="MODEL_UNREADABLE",
    )


def _rows(
    stored: StoredModel, items: bytes, persons: bytes, wanted: Collection[str]
) -> list[list[str]]:
    known = decode(PersonModel, persons)
    offer_nos = decode(ItemModel, items).offer_nos
    return list(slices(_learned(stored, known, offer_nos, wanted)))


def _learned(
    stored: StoredModel, known: PersonModel, offer_nos: NDArray[np.uint32], wanted: Collection[str]
) -> Iterator[Mapping[str, Any]]:
    told = dict(_of_known(known, offer_nos, wanted))
    for person_id, foretold in _foretold(known, wanted):
        told[person_id] = {**told.get(person_id, {}), **foretold}
    for person_id, row in told.items():
        origin = {"model": stored.name, "trained_us": stored.trained_us}
        yield {"person_id": person_id, **origin, **row}


def _of_known(
    known: PersonModel, offer_nos: NDArray[np.uint32], wanted: Collection[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for row, person_id in enumerate(known.person_ids):
        if person_id not in wanted:
            continue
        dealt_with = slice(int(known.starts[row]), int(known.starts[row + 1]))
        yield (
            person_id,
            {
                "factors": known.factors[row].tolist(),
                "offer_nos": offer_nos[known.rows[dealt_with]].tolist(),
                "weights": known.weights[dealt_with].tolist(),
                "habits": known.habits[dealt_with].tolist(),
                "trips": known.trips[row].tolist(),
            },
        )


def _foretold(
    known: PersonModel, wanted: Collection[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for person_id, line in zip(known.foretold_ids, known.foretold_nos, strict=True):
        if person_id in wanted:
            nos = [number for number in line.tolist() if number]
            yield person_id, {"foretold_us": known.foretold_us, "foretold_nos": nos}
