"""A learned model made ready to be asked: looked up by offer and person, searched by nearness."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.allowed import Allowed
from services.retrieval.domain.learning.blending import Blender
from services.retrieval.domain.learning.fold_in import FoldIn
from services.retrieval.domain.learning.model import (
    NOT_LEARNED,
    ItemModel,
    LearnedModel,
    PersonModel,
)
from services.retrieval.domain.learning.next_look import Visitors
from services.retrieval.domain.learning.signals import taste_of
from services.retrieval.domain.served_groups import ServedGroups

TASTE, CONTENT, PERSONS = "taste", "content", "persons"
"""What is searched of a model, by name."""

_HALF = 0.25
"""What is so likely, beside the likeliest new thing of most persons, stands half way."""
_SHORTEST = 1e-9
_ASKED = 64
_NEAREST = 300


class VectorIndex(Protocol):
    """Vectors that can be searched."""

    def nearest(
        self, vector: NDArray[np.float32], count: int, allowed: Allowed | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return rows and inner products of at most `count` of the vectors, largest first.

        Only `allowed` rows are looked for, so that `count` of them come if there are so many.
        """
        ...

    def nearest_each(
        self, vectors: NDArray[np.float32], count: int, allowed: Allowed | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Do the same for (q, d) vectors in one go; return (q, count) rows and products.

        Where fewer were found, a line ends in rows of -1.
        """
        ...


BuildIndex = Callable[[NDArray[np.float32]], VectorIndex]
_NO_INDEXES: Mapping[str, VectorIndex] = {}


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
    learned: LearnedModel
    fold_in: FoldIn
    blender: Blender
    item_scales: NDArray[np.float32]
    """(n,) what brings the factors of each item to length 1: all of them once more at that length
    would take their memory again."""
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
    basket_rows: NDArray[np.int64]
    """Offer number to row of `learned.baskets`, or `NOT_LEARNED`."""
    bought_share: NDArray[np.float32]
    """By row of items: the share of all persons who bought it."""
    usual_best: float
    """Probability of the likeliest thing of a person, for the median of them."""
    baskets: Baskets
    groups: ServedGroups
    gifts: ServedGroups
    """Groups of those whom gifts are for."""
    visitors: Visitors
    """What anonymous visits looked at after what."""

    @classmethod
    def of(
        cls,
        name: str,
        learned: LearnedModel,
        build: BuildIndex,
        indexes: Mapping[str, VectorIndex] = _NO_INDEXES,
        build_of_persons: BuildIndex | None = None,
    ) -> ServedModel:
        """Make a model ready; takes as long as its indexes take, so do it in a thread.

        Those that lay ready with the model need not be built; that of persons never does, and may
        be built in another way than the others.
        """
        items, persons = learned.items, learned.persons
        blender = Blender(items, learned.blend)
        taste_index = indexes.get(TASTE) or build(items.factors)
        return cls(
            name=name,
            learned=learned,
            fold_in=FoldIn(items),
            blender=blender,
            item_scales=_to_length_one(items.factors)[:, 0],
            taste_index=taste_index,
            content_index=indexes.get(CONTENT) or build(items.content),
            person_index=(build_of_persons or build)(of_length_one(persons.factors)),
            person_rows=_rows_by_id(persons),
            item_rows=_by_number(items.offer_nos),
            content_rows=_by_number(items.content_nos),
            basket_rows=_by_number(learned.baskets.offer_nos),
            bought_share=(items.buyers / max(len(persons.person_ids), 1)).astype(np.float32),
            usual_best=_usual_best(blender, taste_index, persons),
            baskets=Baskets.of(persons),
            groups=ServedGroups(learned.groups),
            gifts=ServedGroups(learned.gifts),
            visitors=Visitors.of(learned.sessions),
        )

    @property
    def items(self) -> ItemModel:
        return self.learned.items

    @property
    def persons(self) -> PersonModel:
        return self.learned.persons

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
            learned=replace(self.learned, persons=persons),
            person_rows=_rows_by_id(persons),
            baskets=Baskets.of(persons),
            person_index=build(of_length_one(persons.factors)),
        )

    def with_person_index(self, index: VectorIndex) -> ServedModel:
        """Return the model with another index over the same persons."""
        return replace(self, person_index=index)

    def hide(self, person_ids: Collection[str]) -> None:
        """Know some persons no more, at once and at no cost; `forgetting` takes out their data."""
        for person_id in person_ids:
            self.person_rows.pop(person_id, None)

    def standing(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return 0 to 1: 0.8 for what is as likely as the likeliest new thing of most persons.

        How likely anything is depends on the shop and on how long training looked ahead; this does
        not, so that it can stand beside what sources say of themselves.
        """
        half = np.float32(_HALF * self.usual_best)
        stands: NDArray[np.float32] = probabilities / (probabilities + half)
        return stands

    def alike(self, row: int) -> NDArray[np.int64]:
        """Return the families that the same people bought, as they were found in training."""
        families: NDArray[np.int64] = self.items.neighbour_nos[row].astype(np.int64)
        return families[families > 0]

    def item_units(self, rows: NDArray[np.integer] | int) -> NDArray[np.float32]:
        """Return the factors of some items, or of one, at length 1."""
        units: NDArray[np.float32] = self.items.factors[rows] * self.item_scales[rows][..., None]
        return units

    def rows_of_persons(self, person_ids: Collection[str]) -> NDArray[np.int64]:
        """Return the rows of those that the model knows."""
        rows = self.person_rows
        return np.array([rows[each] for each in person_ids if each in rows], np.int64)

    def rows_of_items(self, family_nos: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the row of each family's item in `items.factors`, or `NOT_LEARNED`."""
        return looked_up(self.item_rows, family_nos)

    def rows_of_baskets(self, family_nos: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the row of each family's item in `learned.baskets`, or `NOT_LEARNED`."""
        return looked_up(self.basket_rows, family_nos)

    def rows_of_contents(self, family_nos: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the row of each family's item in `items.content`, or `NOT_LEARNED`."""
        return looked_up(self.content_rows, family_nos)


def _usual_best(blender: Blender, tastes: VectorIndex, persons: PersonModel) -> float:
    """Ask for the best of some persons, evenly over all."""
    count = len(persons.person_ids)
    asked = np.unique(np.linspace(0, count - 1, min(count, _ASKED)).astype(np.int64)).tolist()
    known = [taste_of(persons, row) for row in asked]
    near = (tastes.nearest(taste.vector, _NEAREST)[0] for taste in known)
    ranked = (
        blender.ranked(taste, 1, novel=True, near=rows)
        for taste, rows in zip(known, near, strict=True)
    )
    best = [float(each.scores[0]) for each in ranked if len(each.scores)]
    return float(np.median(best)) if best else 1.0


def _rows_by_id(persons: PersonModel) -> dict[str, int]:
    return {person_id: row for row, person_id in enumerate(persons.person_ids)}


def of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, d) vectors at length 1; one that is nothing stays nothing."""
    scaled: NDArray[np.float32] = vectors * _to_length_one(vectors)
    return scaled


def _to_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt(np.einsum("...d,...d->...", vectors, vectors))[..., np.newaxis]
    scales: NDArray[np.float32] = 1.0 / np.maximum(lengths, np.float32(_SHORTEST))
    return scales


def _by_number(offer_nos: NDArray[np.uint32]) -> NDArray[np.int64]:
    rows = np.full(int(offer_nos.max(initial=0)) + 1, NOT_LEARNED, np.int64)
    rows[offer_nos] = np.arange(len(offer_nos))
    return rows


def looked_up(rows: NDArray[np.int64], numbers: NDArray[np.integer]) -> NDArray[np.int64]:
    """Look numbers up; 0 is never an offer, so it stands for those past the end too."""
    found: NDArray[np.int64] = rows[numbers * (numbers < len(rows))]
    return found
