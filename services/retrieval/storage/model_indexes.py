"""Which vectors of a model are searched, and the indexes over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import LearnedModel
from services.retrieval.domain.served_model import (
    CONTENT,
    PERSONS,
    TASTE,
    VectorIndex,
)
from services.retrieval.storage.indexes import build_index, build_person_index
from services.retrieval.storage.vectors.exact import ExactIndex, VectorRows
from services.retrieval.storage.vectors.files import EXACT_FILE, decoded_index, encoded_index
from services.retrieval.storage.vectors.lists import ListIndex
from services.retrieval.storage.vectors.reports import IndexFacts

_FILE = "index of "


@dataclass(frozen=True, slots=True)
class BuiltIndex:
    """An index as training hands it over."""

    file_name: str
    """Of the file that it lies in, among those of its model."""
    data: bytes
    """What this file holds; empty: none is needed, so few vectors are always all compared."""
    name: str
    facts: IndexFacts

    def report(self) -> dict[str, Any]:
        """Return the fields of an IndexReport."""
        return {"name": self.name, **self.facts.as_fields()}


def built_indexes(model: LearnedModel, threads: int) -> Iterator[BuiltIndex]:
    """Build what is searched; tastes are looked for as persons have them.

    That of persons is built to tell of it, and by every replica for itself: a file of it would
    have to be made anew whenever somebody is erased.
    """
    for name, (vectors, asked) in _of_items(model).items():
        index = build_index(vectors, asked, threads)
        data = _encoded(index, vectors)
        yield BuiltIndex(_FILE + name, data, name, _facts(index, len(data)))
    yield BuiltIndex(_FILE + PERSONS, b"", PERSONS, build_person_index(model.persons).facts)


def decoded_indexes(model: LearnedModel, files: Mapping[str, bytes]) -> dict[str, VectorIndex]:
    """Return the indexes among files, by what lies in them; raises ArtefactError."""
    return {
        name: _decoded(files[_FILE + name], vectors)
        for name, (vectors, _) in _of_items(model).items()
        if _FILE + name in files
    }


def _encoded(index: ExactIndex | ListIndex, vectors: VectorRows) -> bytes:
    if isinstance(index, ListIndex):
        return encoded_index(index, vectors)
    return EXACT_FILE if index.is_chosen else b""


def _decoded(data: bytes, vectors: NDArray[np.float32]) -> VectorIndex:
    if data == EXACT_FILE:
        return ExactIndex(vectors, is_chosen=True)
    return decoded_index(data, vectors)


def _facts(index: ExactIndex | ListIndex, size: int) -> IndexFacts:
    return index.facts.of_size(size) if isinstance(index, ListIndex) else index.facts


def _of_items(
    model: LearnedModel,
) -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
    """Return vectors and what is asked of them; None: they are asked about each other."""
    return {
        TASTE: (model.items.factors, model.persons.factors),
        CONTENT: (model.items.content, None),
    }
