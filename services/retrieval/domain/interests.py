"""What goes by an interest: by the words of categories and values, and by where texts lie."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.content import ContentSpace, Projector
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.learning.terms import ItemTexts
from services.retrieval.domain.postings import AttributeShelf, Postings
from services.retrieval.domain.query import Query
from services.retrieval.domain.served_model import ServedModel, VectorIndex
from services.retrieval.domain.shelf import Shelf
from services.retrieval.domain.showing import Showing
from services.retrieval.domain.sifting import SPARE, AnyShowing, Rows, nearest_shown
from services.retrieval.domain.walking import best_shown, first_usable

_MOST_OF_CATEGORY = 40
_MOST_OF_VALUE = 20
_MOST_NEAR = 60
_LEAST_ALIKE = 0.35
_MOST_REMEMBERED = 1024
_MOST_LISTED = 256
_MOST_CATEGORIES = _MOST_VALUES = 12
_OF_CATEGORY, _OF_VALUE = 1.0, 0.7

_Near = tuple[NDArray[np.uint32], NDArray[np.float32]]
_Scored = tuple[NDArray[np.int64], NDArray[np.float64]]


class Interests:
    """Looks interests up; where a text lies is remembered, because the same are named all day."""

    def __init__(self, shelf: AttributeShelf) -> None:
        self._shelf = shelf
        self._space: ContentSpace | None = None
        self._projector = Projector()
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._listed_of: tuple[Postings | None, Shelf | None, ItemModel | None] = (None, None, None)
        self._listed = WeakKeyDictionary[Showing, dict[str, _Scored]]()
        self._near_in: VectorIndex | None = None
        self._near: dict[str, Rows] = {}
        """What lies near each interest in an index, whether it may be shown or not."""

    def items(self, interest: str, query: Query) -> _Scored:
        """Return offers, each once, with how much they are about an interest, 0 to 1."""
        if query.excluded_nos or not isinstance(query.showing, Showing):
            return self._look_up(interest, query)
        items = query.model.items if query.model else None
        listed_of = (self._shelf.current, query.shelf, items)
        is_same = all(mine is its for mine, its in zip(self._listed_of, listed_of, strict=True))
        # Of each of these only the newest: a shelf takes as much memory as the catalogue.
        if not is_same:
            self._listed_of = listed_of
            self._listed.clear()
        listed = self._listed.setdefault(query.showing, {})
        if interest not in listed:
            if len(listed) >= _MOST_LISTED:
                listed.clear()
            listed[interest] = self._look_up(interest, query)
        return listed[interest]

    def _look_up(self, interest: str, query: Query) -> _Scored:
        nos, scores = [np.zeros(0, np.int64)], [np.zeros(0)]
        postings = self._shelf.current
        for number in postings.categories.find(interest)[:_MOST_CATEGORIES]:
            found = query.shelf.ranked[best_shown(query, number, _MOST_OF_CATEGORY)]
            nos.append(found)
            scores.append(_falling(_OF_CATEGORY, len(found)))
        for pair in postings.values.find(interest)[:_MOST_VALUES]:
            found = postings.of_pair(pair, postings.count)
            found = found[first_usable(found, _MOST_OF_VALUE, query.shows_known)]
            nos.append(found)
            scores.append(_falling(_OF_VALUE, len(found)))
        if query.model is not None:
            families, cosines = self._alike(interest, query.model, query.showing)
            nos.append(query.shelf.representatives(families))
            scores.append(cosines.astype(np.float64))
        return _once(np.concatenate(nos), np.concatenate(scores))

    def _alike(self, interest: str, model: ServedModel, showing: AnyShowing) -> _Near:
        """Return the items to be had whose texts lie near an interest."""
        vector, families = self._vector(interest, model), model.items.content_nos
        if not vector.any() or vector.shape != model.items.content.shape[1:]:
            return np.zeros(0, np.uint32), np.zeros(0, np.float32)
        index = model.content_index
        found = self._nearest(interest, vector, index)
        rows, cosines = nearest_shown(index, vector, _MOST_NEAR, found, families, showing)
        near = cosines >= _LEAST_ALIKE
        return families[rows[near]], np.minimum(cosines[near], 1.0)

    def _nearest(self, interest: str, vector: NDArray[np.float32], index: VectorIndex) -> Rows:
        if self._near_in is not index or len(self._near) >= _MOST_REMEMBERED:
            self._near_in = index
            self._near.clear()
        if interest not in self._near:
            self._near[interest] = index.nearest(vector, SPARE * _MOST_NEAR)
        return self._near[interest]

    def _vector(self, interest: str, model: ServedModel) -> NDArray[np.float32]:
        space = model.learned.space
        if space is not self._space:
            self._space, self._projector = space, Projector(space)
            self._vectors.clear()
        found = self._vectors.get(interest)
        if found is None:
            if len(self._vectors) >= _MOST_REMEMBERED:
                self._vectors.clear()
            text = ItemTexts(np.ones(1, np.uint32), [interest], [""], [""])
            [found] = self._projector.vectors(text)
            self._vectors[interest] = found
        return found


def _falling(most: float, count: int) -> NDArray[np.float64]:
    """Return weights for the most popular first."""
    return most * (1.0 - 0.5 * np.arange(count) / max(count, 1))


def _once(nos: NDArray[np.int64], scores: NDArray[np.float64]) -> _Scored:
    """Return each offer once, with the most that speaks for it."""
    order = (-scores).argsort(kind="stable")
    found, first = np.unique(nos[order], return_index=True)
    return found, scores[order][first]
