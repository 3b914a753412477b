"""What retrieval keeps of a person, for an export: their part of each model that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from typing import Any

from services.retrieval.domain.learning.model import ItemModel, PersonModel
from services.retrieval.domain.models import ModelStore, StoredModel
from services.retrieval.storage.model_files import decode
from shared.artefacts import ArtefactStore
from shared.person_export import Rows, slices

TABLE = "model_persons"


async def export_person(
    store: ModelStore, artefacts: ArtefactStore, person_ids: Sequence[str]
) -> AsyncIterator[Rows]:
    """Yield what was learned of persons; raises `ArtefactError` for a model that cannot be read."""
    for stored in (await store.kept()).models:
        items = await artefacts.get(stored.item_artefact)
        persons = await artefacts.get(stored.person_artefact)
        for rows in await asyncio.to_thread(_rows, stored, items, persons, frozenset(person_ids)):
            yield TABLE, rows


def _rows(
    stored: StoredModel, items: bytes, persons: bytes, wanted: Collection[str]
) -> list[list[str]]:
    known = decode(PersonModel, persons)
    offer_nos = decode(ItemModel, items).offer_nos
    return list(slices(_learned(stored, known, offer_nos, wanted)))


def _learned(
    stored: StoredModel, known: PersonModel, offer_nos: Any, wanted: Collection[str]
) -> Iterator[Mapping[str, Any]]:
    for row, person_id in enumerate(known.person_ids):
        if person_id not in wanted:
            continue
        dealt_with = slice(int(known.starts[row]), int(known.starts[row + 1]))
        yield {
            "person_id": person_id,
            "model": stored.name,
            "trained_us": stored.trained_us,
            "factors": known.factors[row].tolist(),
            "offer_nos": offer_nos[known.rows[dealt_with]].tolist(),
            "weights": known.weights[dealt_with].tolist(),
            "habits": known.habits[dealt_with].tolist(),
        }
