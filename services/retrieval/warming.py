"""Has a model answer what was asked lately before it is served, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from services.retrieval.domain.contents import NO_CONTENTS, Contents
from services.retrieval.domain.query import CandidateSource, Query
from services.retrieval.domain.retriever import DEFECTS
from services.retrieval.domain.served_model import ServedModel, of_length_one
from services.retrieval.moment import MomentReader
from shared.errors import TouchpointError
from shared.logging import get_logger
from touchpoint.common.v1.vocabulary_pb2 import Source

log = get_logger(__name__)

_ASK_THE_MODEL = (
    *(Source.GIFT, Source.GOES_WITH_CART, Source.INSTEAD_OF, Source.BUY_AGAIN),
    *(Source.IN_SESSION, Source.FOR_YOU, Source.ALSO_BOUGHT, Source.BOUGHT_NEXT),
    *(Source.PEOPLE_LIKE_YOU, Source.SIMILAR),
)
"""Sources whose first answer is slow: pages of the new model are not in memory, nothing is kept."""
_SEARCHES, _DEPTH = 4, 200

Warm = Callable[[ServedModel], Callable[[], None]]
"""Reads the queries at once and returns what answers them, to be called in a thread."""


def warming(
    moments: MomentReader,
    sources: Callable[[], Mapping[int, CandidateSource]],
    contents: Callable[[ServedModel], Contents],
) -> Warm:
    """Return what warms models: by sources of their own, which keep nothing in memory after that.

    `contents` returns those in the space of a model, which are searched once it is served.
    """

    def warm(model: ServedModel) -> Callable[[], None]:
        try:
            queries = moments.recent(model)
        except (TouchpointError, *DEFECTS) as error:
            log.warning("model_not_warmed", model=model.name, reason=type(error).__name__)
            queries = []
        given = sources()
        asked = [given[number] for number in _ASK_THE_MODEL if number in given]
        return partial(_answer, model, contents, queries, asked)

    return warm


def _answer(
    model: ServedModel,
    contents: Callable[[ServedModel], Contents],
    queries: list[Query],
    sources: list[CandidateSource],
) -> None:
    """Ask each; what breaks here breaks again when it is asked for, and is told of then."""
    answered = 0
    try:
        _search(model)
        held = contents(model) if queries else NO_CONTENTS
    except (TouchpointError, *DEFECTS) as error:
        log.warning("model_not_warmed", model=model.name, reason=type(error).__name__)
        return
    for query in (replace(each, contents=held) for each in queries):
        for source in sources:
            if query.is_personal or not source.is_personal:
                try:
                    answered += bool(len(source.propose(query).offer_nos))
                except (TouchpointError, *DEFECTS) as error:
                    log.warning("model_not_warmed", model=model.name, reason=type(error).__name__)
    log.info("model_warmed", model=model.name, queries=len(queries), answers=answered)


def _search(model: ServedModel) -> None:
    """Search each index from all over: at a start nobody has asked anything yet."""
    items, persons = model.items, model.persons
    for index, vectors in (
        (model.taste_index, items.factors),
        (model.content_index, items.content),
        (model.person_index, persons.factors),
    ):
        places = np.linspace(0, len(vectors) - 1, min(_SEARCHES, len(vectors))).astype(np.int64)
        for vector in of_length_one(vectors[places]):
            index.nearest(vector, _DEPTH)
