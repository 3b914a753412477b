"""Vectors of what items are, read off their titles, categories and brands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

MOST_DIMENSIONS = 64
_BUCKETS = 1 << 14
"""Terms are told apart by hash: two that share a bucket are taken for one."""
_STEM = 4
"""Letters of a longer word that also count by themselves: `runner` is near `running`."""
_STEM_WEIGHT = 0.5
_CATEGORY_WEIGHT = 1.0
_BRAND_WEIGHT = 0.7
_OVERSAMPLED = 10
_MOST_CELLS = 1 << 22
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class ItemTexts:
    """What is written about items, as columns of equal length."""

    offer_nos: NDArray[np.uint32]
    titles: Sequence[str]
    categories: Sequence[str]
    """Paths such as `Electronics > PCs`."""
    brands: Sequence[str]


@dataclass(frozen=True, slots=True)
class ContentVectors:
    """Vectors of length 1 of items that have any words, by ascending number."""

    offer_nos: NDArray[np.uint32]
    vectors: NDArray[np.float32]


NO_CONTENT = ContentVectors(np.zeros(0, np.uint32), np.zeros((0, 1), np.float32))


@dataclass(frozen=True, slots=True)
class _Terms:
    """Sparse lines of weighted terms."""

    line_count: int
    term_count: int
    lines: NDArray[np.int64]
    """Ascending."""
    terms: NDArray[np.int64]
    weights: NDArray[np.float32]


def content_vectors(texts: ItemTexts, seed: int) -> ContentVectors:
    """Return what latent semantic analysis makes of the words (hashed TF-IDF, truncated SVD).

    The decomposition is the randomised one of Halko, Martinsson, Tropp 2011, with one power
    iteration.
    """
    order = np.argsort(texts.offer_nos, kind="stable")
    order = order[[bool(texts.titles[at].strip()) for at in order.tolist()]]
    if not len(order):
        return NO_CONTENT
    terms = _weighed(_terms(texts, order))
    dimensions = min(MOST_DIMENSIONS, len(order))
    random = np.random.default_rng(seed)
    width = dimensions + _OVERSAMPLED
    basis = random.standard_normal((terms.term_count, width)).astype(np.float32)
    for _ in range(2):
        basis, _ = np.linalg.qr(_times_turned(terms, _times(terms, basis)))
    projected = _times(terms, basis)
    _, vectors = np.linalg.eigh(projected.T @ projected)
    reduced = projected @ vectors[:, ::-1][:, :dimensions]
    return ContentVectors(texts.offer_nos[order].astype(np.uint32), normalised(reduced))


def normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors of length 1; those of length 0 stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)


def _terms(texts: ItemTexts, order: NDArray[np.int64]) -> _Terms:
    buckets: dict[str, int] = {}
    lines: list[int] = []
    terms: list[int] = []
    weights: list[float] = []
    for line, at in enumerate(order.tolist()):
        for term, weight in _said(texts.titles[at], texts.categories[at], texts.brands[at]):
            bucket = buckets.get(term)
            if bucket is None:
                bucket = buckets[term] = crc32(term.encode()) % _BUCKETS
            lines.append(line)
            terms.append(bucket)
            weights.append(weight)
    used, numbers = np.unique(np.array(terms, np.int64), return_inverse=True)
    return _Terms(
        len(order), len(used), np.array(lines, np.int64), numbers, np.array(weights, np.float32)
    )


def _said(title: str, category: str, brand: str) -> Iterator[tuple[str, float]]:
    for word in _WORD.findall(title.lower()):
        yield word, 1.0
        if len(word) > _STEM:
            yield word[:_STEM] + "-", _STEM_WEIGHT
    path = ""
    for part in category.lower().split(">"):
        path = f"{path}>{part.strip()}"
        yield path, _CATEGORY_WEIGHT
    if brand:
        yield f"@{brand.lower()}", _BRAND_WEIGHT


def _weighed(terms: _Terms) -> _Terms:
    """Weigh rare terms more than common ones, and all lines the same."""
    seen_in = np.bincount(terms.terms, minlength=terms.term_count)
    rarity = np.log((1.0 + terms.line_count) / (1.0 + seen_in))
    weights = terms.weights * rarity[terms.terms]
    lengths = np.sqrt(np.bincount(terms.lines, weights**2, minlength=terms.line_count))
    weights = weights / np.where(lengths > 0, lengths, 1.0)[terms.lines]
    return replace(terms, weights=weights.astype(np.float32))


def _times(terms: _Terms, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    return _product(terms.lines, terms.terms, terms.weights, terms.line_count, matrix)


def _times_turned(terms: _Terms, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    order = np.argsort(terms.terms, kind="stable")
    columns = terms.terms[order], terms.lines[order], terms.weights[order]
    return _product(*columns, terms.term_count, matrix)


def _product(
    lines: NDArray[np.int64],
    places: NDArray[np.int64],
    weights: NDArray[np.float32],
    line_count: int,
    matrix: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Multiply a sparse matrix, given by ascending lines, with a dense one, part by part."""
    product = np.zeros((line_count, matrix.shape[1]), np.float32)
    step = max(1, _MOST_CELLS // matrix.shape[1])
    for begin in range(0, len(lines), step):
        part = slice(begin, begin + step)
        cells = matrix[places[part]] * weights[part, None]
        firsts = np.flatnonzero(np.diff(lines[part], prepend=-1))
        product[lines[part][firsts]] += np.add.reduceat(cells, firsts)
    return product
