"""Where items lie by what they are: titles, categories, brands and prices as vectors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.terms import BUCKETS, ItemTexts, Terms, marks_of, terms_of

DIMENSIONS = 64
_OVERSAMPLED = 10
_MOST_CELLS = 1 << 18
_SEED = 20_260_302
"""Of what was never trained: the same on every replica and after every start."""


@dataclass(frozen=True, slots=True)
class ContentSpace:
    """Which way each term moves an item; t terms that were seen in training.

    Fields are strings, numbers and arrays alone, so that whoever stores it can go over them.
    """

    buckets: NDArray[np.int32]
    """(t,) ascending."""
    directions: NDArray[np.float32]
    """(t, `DIMENSIONS`) longer for rare terms, and for those that tell things apart."""
    unseen_length: float
    """Length of the random direction of a term that was not seen; 0: nothing was learned."""
    marks: NDArray[np.uint32]
    """By row of `ItemModel.content`: what `marks_of` said of the item then."""

    @property
    def is_learned(self) -> bool:
        return self.unseen_length > 0.0


NO_SPACE = ContentSpace(
    np.zeros(0, np.int32), np.zeros((0, DIMENSIONS), np.float32), 0.0, np.zeros(0, np.uint32)
)


@dataclass(frozen=True, slots=True)
class ContentVectors:
    """Vectors of length 1 of items that have any words, by ascending number."""

    offer_nos: NDArray[np.uint32]
    vectors: NDArray[np.float32]
    marks: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    """What `marks_of` says of each."""


NO_CONTENT = ContentVectors(np.zeros(0, np.uint32), np.zeros((0, DIMENSIONS), np.float32))


class Projector:
    """Places texts in a space; in one that was not learned all terms are equally telling.

    Terms that the space does not know point in random directions (Achlioptas 2003), so that new
    things are near each other by their new words too.
    """

    def __init__(self, space: ContentSpace = NO_SPACE) -> None:
        self._directions = _random_directions()
        if space.is_learned:
            self._directions = self._directions * np.float32(space.unseen_length)
            self._directions[space.buckets] = space.directions

    def vectors(self, texts: ItemTexts) -> NDArray[np.float32]:
        """Return (n, `DIMENSIONS`) of length 1, or 0 for what has no title."""
        return normalised(_times(terms_of(texts), self._directions))


def learned_space(texts: ItemTexts, seed: int) -> ContentSpace:
    """Return what latent semantic analysis makes of the words (hashed TF-IDF, truncated SVD).

    The decomposition is the randomised one of Halko, Martinsson, Tropp 2011, with one power
    iteration.
    """
    said = terms_of(texts)
    used, places = np.unique(said.terms, return_inverse=True)
    if not len(used):
        return NO_SPACE
    rarity = np.log1p(said.line_count / np.bincount(places)).astype(np.float32)
    terms = _weighed(replace(said, terms=places), rarity)
    turned = _turned(terms, len(used))
    dimensions = min(DIMENSIONS, terms.line_count, len(used))
    width = min(dimensions + _OVERSAMPLED, len(used))
    basis = np.random.default_rng(seed).standard_normal((len(used), width)).astype(np.float32)
    for _ in range(2):
        basis, _ = np.linalg.qr(_times(turned, _times(terms, basis)))
    projected = _times(terms, basis)
    _, rotation = np.linalg.eigh(projected.T @ projected)
    directions = np.zeros((len(used), DIMENSIONS), np.float32)
    directions[:, :dimensions] = basis @ rotation[:, ::-1][:, :dimensions]
    directions *= rarity[:, np.newaxis]
    unseen_length = float(np.linalg.norm(directions, axis=1).mean())
    return ContentSpace(used.astype(np.int32), directions, unseen_length, NO_SPACE.marks)


def content_vectors(texts: ItemTexts, space: ContentSpace) -> ContentVectors:
    """Return the items that have a title where the space puts them."""
    order = np.argsort(texts.offer_nos, kind="stable")
    vectors = Projector(space).vectors(texts)[order]
    has_words = vectors.any(axis=1)
    kept = order[has_words]
    nos = texts.offer_nos[kept].astype(np.uint32)
    return ContentVectors(nos, vectors[has_words], marks_of(texts)[kept])


def normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors of length 1; those of length 0 stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)


@cache
def _random_directions() -> NDArray[np.float32]:
    """Return (`BUCKETS`, `DIMENSIONS`) of a length near 1; nobody may write into it."""
    directions = np.random.default_rng(_SEED).standard_normal((BUCKETS, DIMENSIONS), np.float32)
    directions /= np.float32(np.sqrt(DIMENSIONS))
    directions.flags.writeable = False
    return directions


def _weighed(terms: Terms, rarity: NDArray[np.float32]) -> Terms:
    """Weigh rare terms more than common ones, and all lines the same."""
    weights = terms.weights * rarity[terms.terms]
    lengths = np.sqrt(np.bincount(terms.lines, weights**2, minlength=terms.line_count))
    weights = weights / np.where(lengths > 0, lengths, 1.0)[terms.lines]
    return replace(terms, weights=weights.astype(np.float32))


def _turned(terms: Terms, term_count: int) -> Terms:
    """Return the terms as lines and the lines as terms."""
    order = np.argsort(terms.terms, kind="stable")
    return Terms(term_count, terms.terms[order], terms.lines[order], terms.weights[order])


def _times(terms: Terms, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply sparse lines with a dense matrix, part by part."""
    product = np.zeros((terms.line_count, matrix.shape[1]), np.float32)
    step = max(1, _MOST_CELLS // matrix.shape[1])
    for begin in range(0, len(terms.lines), step):
        part = slice(begin, begin + step)
        cells = matrix[terms.terms[part]] * terms.weights[part, None]
        firsts = np.flatnonzero(np.diff(terms.lines[part], prepend=-1))
        product[terms.lines[part][firsts]] += np.add.reduceat(cells, firsts)
    return product
