"""Chooses how vectors are searched: by comparing all, or by lists where those prove faster."""

from __future__ import annotations

import faiss
import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import PersonModel
from services.retrieval.domain.served_model import of_length_one
from services.retrieval.storage.vectors.building import built_in_lists
from services.retrieval.storage.vectors.codes import CodesIndex, built_codes
from services.retrieval.storage.vectors.exact import ExactIndex
from services.retrieval.storage.vectors.lists import ListIndex
from services.retrieval.storage.vectors.measuring import spread

EXACT_UP_TO = 32_768
"""Vectors that are simply all compared: 64 dimensions of them take a third of a millisecond."""
SAMPLED = 200
"""Queries by which an index is measured."""


def build_index(
    vectors: NDArray[np.float32], asked: NDArray[np.float32] | None = None, threads: int = 1
) -> ExactIndex | ListIndex:
    """Return an index over (n, d) vectors that was measured on them.

    `asked` are queries like those to come; without any, some of the vectors stand for them. Where
    requests are served, one thread is enough: the other cores answer them.
    """
    if len(vectors) <= EXACT_UP_TO:
        return ExactIndex(vectors)
    sample = vectors if asked is None or not len(asked) else asked
    faiss.omp_set_num_threads(threads)
    index = built_in_lists(vectors, np.ascontiguousarray(sample[spread(len(sample), SAMPLED)]))
    faiss.omp_set_num_threads(1)
    if index.facts.search_ms >= index.facts.exact_ms:
        return ExactIndex(vectors, is_chosen=True)
    return index


def build_person_index(persons: PersonModel) -> ExactIndex | CodesIndex:
    """Return an index over persons' factors at length 1.

    People lie everywhere between the kinds of things that they buy, so lists do not part them. One
    of a million takes seconds: it is built where it is served, and whenever somebody is taken out.
    """
    units = of_length_one(persons.factors)
    if len(units) <= EXACT_UP_TO:
        return ExactIndex(units)
    index = built_codes(units, lambda rows: of_length_one(persons.factors[rows]))
    return ExactIndex(units) if index.facts.search_ms >= index.facts.exact_ms else index
