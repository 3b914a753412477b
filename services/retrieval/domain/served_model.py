"""A learned model made ready to be asked: looked up by offer and person, searched by nearness."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.blending import Blender
from services.retrieval.domain.learning.fold_in import FoldIn
from services.retrieval.domain.learning.model import (
    NOT_LEARNED,
    ItemModel,
    LearnedModel,
    PersonModel,
)
from services.retrieval.domain.learning.signals import taste_of

_SHORTEST = 1e-9
_ALIKE = 60
_ASKED = 64
_MOST_REMEMBERED = 4096


class VectorIndex(Protocol):
    """Vectors that can be searched."""

    def nearest(
        self, vector: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return rows and inner products of at most `count` of the vectors, largest first."""
        ...


BuildIndex = Callable[[NDArray[np.float32]], VectorIndex]


@dataclass(frozen=True, slots=True)
class Baskets:
    """What each person bought, without what they only looked at."""

    starts: NDArray[np.int64]
    """(p + 1,) where in `rows` each person's begin and the next one's."""
    rows: NDArray[np.int64]
    """Rows of items, in the width that counting takes without converting."""

    @classmethod
    def of(cls, persons: PersonModel) -> Baskets:
        """Read the purchases out of a model."""
        is_bought = (persons.habits > 0.0).any(axis=1)
        before = np.concatenate((np.zeros(1, np.int64), is_bought.cumsum()))
        return cls(before[persons.starts], persons.rows[is_bought].astype(np.int64))

    def of_all(self, people: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows that some persons bought, one after the other, and how many each."""
        starts, ends = self.starts[people], self.starts[people + 1]
        slices = [self.rows[start:end] for start, end in zip(starts.tolist(), ends.tolist())]
        return np.concatenate(slices), ends - starts


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What sources ask. Items stand for their families; rows are those of the learned model."""

    name: str
    """Content hash, as traces show it."""
    items: ItemModel
    persons: PersonModel
    fold_in: FoldIn
    blender: Blender
    item_units: NDArray[np.float32]
    """(n, d) item factors at length 1."""
    taste_index: VectorIndex
    """Item factors: the inner product with a taste foretells the preference."""
    content_index: VectorIndex
    """Item contents: the inner product is the cosine."""
    person_index: VectorIndex
    """Persons' factors at length 1."""
    person_rows: dict[str, int]
    """Row of each person but those who are hidden."""
    item_rows: NDArray[np.int64]
    """Offer number to row of `items.factors`, or `NOT_LEARNED`."""
    content_rows: NDArray[np.int64]
    """Offer number to row of `items.content`, or `NOT_LEARNED`."""
    bought_share: NDArray[np.float32]
    """By row of items: the share of all persons who bought it."""
    usual_best: float
    """Probability of the likeliest thing of a person, for the median of them."""
    baskets: Baskets
    near_contents: dict[int, tuple[NDArray[np.int64], NDArray[np.float32]]]
    """By row of contents: what was found near it; the same few items are looked at all day."""

    @classmethod
    def of(cls, name: str, learned: LearnedModel, build: BuildIndex) -> ServedModel:
        """Make a model ready; takes as long as its indexes take, so do it in a thread."""
        items, persons = learned.items, learned.persons
        blender = Blender(items)
        return cls(
            name=name,
            items=items,
            persons=persons,
            fold_in=FoldIn(items),
            blender=blender,
            item_units=of_length_one(items.factors),
            taste_index=build(items.factors),
            content_index=build(items.content),
            person_index=build(of_length_one(persons.factors)),
            person_rows=_rows_by_id(persons),
            item_rows=_by_number(items.offer_nos),
            content_rows=_by_number(items.content_nos),
            bought_share=(items.buyers / max(len(persons.person_ids), 1)).astype(np.float32),
            usual_best=_usual_best(blender, persons),
            baskets=Baskets.of(persons),
            near_contents={},
        )

    def forgetting(self, person_ids: Collection[str], build: BuildIndex) -> ServedModel:
        """Return the model with nothing left of some persons; itself when it knows none of them.

        Takes as long as an index of persons takes, so do it in a thread.
        """
        persons = self.persons.without(person_ids)
        return self if persons is self.persons else self.with_persons(persons, build)

    def with_persons(self, persons: PersonModel, build: BuildIndex) -> ServedModel:
        """Return the model with other persons; all that is known of items stays as it is."""
        return replace(
            self,
            persons=persons,
            person_index=build(of_length_one(persons.factors)),
            person_rows=_rows_by_id(persons),
            baskets=Baskets.of(persons),
        )

    def hide(self, person_ids: Collection[str]) -> None:
        """Know some persons no more, at once and at no cost; `forgetting` takes out their data."""
        for person_id in person_ids:
            self.person_rows.pop(person_id, None)

    def alike(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows of contents nearest to one of them, itself first, and their cosines."""
        found = self.near_contents.get(row)
        if found is None:
            if len(self.near_contents) >= _MOST_REMEMBERED:
                self.near_contents.clear()
            found = self.content_index.nearest(self.items.content[row], _ALIKE)
            self.near_contents[row] = found
        return found

    def rows_of_persons(self, person_ids: Collection[str]) -> NDArray[np.int64]:
        """Return the rows of those that the model knows."""
        rows = self.person_rows
        return np.array([rows[each] for each in person_ids if each in rows], np.int64)

    def rows_of_items(self, family_nos: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the row of each family's item in `items.factors`, or `NOT_LEARNED`."""
        return _looked_up(self.item_rows, family_nos)

    def rows_of_contents(self, family_nos: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the row of each family's item in `items.content`, or `NOT_LEARNED`."""
        return _looked_up(self.content_rows, family_nos)


def _usual_best(blender: Blender, persons: PersonModel) -> float:
    """Ask for the best of some persons, evenly over all."""
    count = len(persons.person_ids)
    asked = np.unique(np.linspace(0, count - 1, min(count, _ASKED)).astype(np.int64)).tolist()
    ranked = (blender.ranked(taste_of(persons, row), 1, novel=True) for row in asked)
    best = [float(each.scores[0]) for each in ranked if len(each.scores)]
    return float(np.median(best)) if best else 1.0


def _rows_by_id(persons: PersonModel) -> dict[str, int]:
    return {person_id: row for row, person_id in enumerate(persons.person_ids)}


def of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, d) vectors at length 1; one that is nothing stays nothing."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.maximum(lengths, _SHORTEST)).astype(np.float32)
    return scaled


def _by_number(offer_nos: NDArray[np.uint32]) -> NDArray[np.int64]:
    rows = np.full(int(offer_nos.max(initial=0)) + 1, NOT_LEARNED, np.int64)
    rows[offer_nos] = np.arange(len(offer_nos))
    return rows


def _looked_up(rows: NDArray[np.int64], numbers: NDArray[np.integer]) -> NDArray[np.int64]:
    """Look numbers up; 0 is never an offer, so it stands for those past the end too."""
    found: NDArray[np.int64] = rows[numbers * (numbers < len(rows))]
    return found
