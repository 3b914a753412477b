"""How well the session source foretells the next look, trained and asked as in the service."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.errors import MeasurementError
from bench.figures import Definition
from bench.quality.rivals import RivalMissingError
from bench.quality.rows import Row, Tell, over, row
from bench.quality.visit_rivals import (
    ImplicitAls,
    ItemNeighbours,
    LatelyPopular,
    Markov,
    NextRanker,
)
from bench.quality.visits import Visited, load
from services.retrieval.domain.allowed import Allowed
from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.goods import Goods
from services.retrieval.domain.learning.progress import OnProgress
from services.retrieval.domain.learning.training import TrainingSettings, train
from services.retrieval.domain.query import Person, Query, Visit
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.shelf import Asked, Offers
from services.retrieval.domain.sizes import Sizes
from services.retrieval.domain.sources.in_session import InSession
from services.retrieval.domain.stacking import ancestors_of, stack
from services.retrieval.moment import MOST_VIEWED
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

NAME = "diginetica"
_DEPTH = 20
_MARKOV = (33.6, 12.7)
"""HR@20 and MRR@20 of a sample of 20,000, in per cent."""
_TOLERANCES = (0.8, 0.4)
_HIT_RATE = Definition("quality", "%", at_least=52.0)
_RECIPROCAL_RANK = Definition("quality", "%", at_least=18.3)
_QUERY = Definition("quality", "ms", at_most=5.0)
_NOBODY = np.zeros(0, np.int64)

_HR, _MRR, _IN_VIEW = f"{NAME}_hr20", f"{NAME}_mrr20", "_in_view"
_RIVALS: Mapping[str, Callable[[Visited], NextRanker]] = {
    "markov": Markov,
    "lately_popular": LatelyPopular,
    "item_knn": ItemNeighbours,
    "implicit": ImplicitAls,
}


def measured(tell: Tell) -> Iterator[Row]:
    """Yield hit rate and mean reciprocal rank at 20 over all prefixes, rivals first.

    `…_in_view` is the same where the item looked at last is in view, and so never proposed.
    Raises ShopMissingError, and MeasurementError when Markov does not come to what it must.
    """
    tell(f"reading {NAME}")
    visited = load()
    rivals: dict[str, _Ranks] = {}
    for name, make in _RIVALS.items():
        tell(f"{name} on {NAME}")
        try:
            rivals[name] = _ranks(make(visited), visited)
        except RivalMissingError as error:
            tell(str(error))
            continue
        if name == "markov":
            _prove(rivals[name].back)
        yield from _rows(f"_of_{name}", rivals[name])
    ours = _ranks(Served(visited, _telling(tell)), visited)
    yield from _rows("", ours)
    for name, theirs in rivals.items():
        yield from _compared(name, ours, theirs)
    for share in (50, 99):
        spent = np.percentile(ours.spent_ms, share, keepdims=True)
        definition = _QUERY if share == 99 else _plain(_QUERY)
        yield row(f"{NAME}_query_p{share}_ms", spent, definition)


@dataclass(frozen=True, slots=True)
class _Ranks:
    """Where what came next was ranked, `_DEPTH` for below, by prefix."""

    back: NDArray[np.int64]
    """Back on a page that shows no item."""
    in_view: NDArray[np.int64]
    """On the page of the item looked at last."""
    spent_ms: NDArray[np.float64]


class Served:
    """The source of the service, with the model that training makes.

    A visitor is back on a page that shows no item, with a visit behind them. An item in view is
    never proposed, but every eleventh of the next looks goes to the last item again: so both are
    told. The source ranks alike in both, and it is the item in view that goes.
    """

    def __init__(self, visited: Visited, on_progress: OnProgress) -> None:
        lessons = visited.lessons()
        settings = TrainingSettings(catalogue_id=NAME, catalogue_version=1)
        trained = train(lessons, settings, visited.now_us, on_progress)
        self._model = ServedModel.of(NAME, trained.model, _FindsNothing)
        self._catalogue = _catalogue(int(lessons.texts.offer_nos[-1]))
        self._shelf = stack(
            _goods(self._catalogue), Offers.of(self._catalogue, visited.now_us), visited.now_us
        )
        asked = Asked(frozenset((PRODUCT,)), Channel.WEB, np.zeros(0, np.uint32))
        self._showing = self._shelf.showing(asked, visited.now_us)
        self._now_us = visited.now_us
        self._source = InSession(self._catalogue)

    def ranked(self, prefix: Sequence[int]) -> NDArray[np.integer]:
        newest_first = tuple(dict.fromkeys(reversed(prefix)))[:MOST_VIEWED]
        query = Query(
            shelf=self._shelf,
            showing=self._showing,
            now_us=self._now_us,
            kinds=frozenset((PRODUCT,)),
            limit=200,
            person=_somebody(Visit(0, newest_first)),
            model=self._model,
        )
        return self._source.propose(query).offer_nos


class _FindsNothing:
    """Stands for the indexes of vectors, which this source does not ask: building takes minutes."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        pass

    def nearest(
        self, vector: NDArray[np.float32], count: int, allowed: Allowed | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        return _NOBODY, np.zeros(0, np.float32)

    def nearest_each(
        self, vectors: NDArray[np.float32], count: int, allowed: Allowed | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        rows = np.full((len(vectors), 0), -1, np.int64)
        return rows, np.zeros(rows.shape, np.float32)


def _somebody(visit: Visit) -> Person:
    return Person(
        owned_family_nos=_NOBODY.astype(np.uint32),
        bought_minutes=_NOBODY,
        times_bought=_NOBODY,
        cycle_days=_NOBODY.astype(np.float64),
        visit=visit,
        liked=(),
    )


def _catalogue(count: int) -> Catalogue:
    """Return items of which nothing is known but that they are there."""
    catalogue = Catalogue()
    batch = CatalogueBatch(previous_version=0, version=1)
    for number in range(1, count + 1):
        batch.rows.append(
            CatalogueRow(
                offer_no=number,
                offer_id=str(number),
                kind=OfferKind.PRODUCT,
                family_no=number,
                stock=-1,
                cost_micros=-1,
            )
        )
    catalogue.apply(batch)
    return catalogue


def _goods(catalogue: Catalogue) -> Goods:
    nothing = np.zeros(catalogue.size)
    sizes = Sizes().copy(catalogue.size)
    sold = np.zeros(catalogue.size, np.uint32)
    return Goods.copied(catalogue, sizes, nothing, sold, ancestors_of(catalogue.categories))


def _ranks(ranker: NextRanker, visited: Visited) -> _Ranks:
    """Ask once for each prefix."""
    count = len(visited.targets)
    back, in_view, spent = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count)
    for at, (prefix, target) in enumerate(zip(visited.prefixes, visited.targets.tolist())):
        began = time.perf_counter()
        found = ranker.ranked(prefix)
        spent[at] = time.perf_counter() - began
        back[at] = _rank(found, target)
        in_view[at] = _rank(found[found != prefix[-1]], target)
    return _Ranks(back, in_view, spent * 1_000.0)


def _rank(found: NDArray[np.integer], target: int) -> int:
    hit = (found[:_DEPTH] == target).nonzero()[0]
    return int(hit[0]) if len(hit) else _DEPTH


def _scores(ranks: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    hits = ranks < _DEPTH
    found = np.where(hits, 100.0, 0.0)
    return found, found / (ranks + 1.0)


def _prove(ranks: NDArray[np.int64]) -> None:
    found = [float(each.mean()) for each in _scores(ranks)]
    if any(abs(one - known) > most for one, known, most in zip(found, _MARKOV, _TOLERANCES)):
        raise MeasurementError(
            f"void: Markov on {NAME} came to {found[0]:.1f} / {found[1]:.1f}, "
            f"known is {_MARKOV[0]} / {_MARKOV[1]}"
        )


def _rows(suffix: str, ranks: _Ranks) -> Iterator[Row]:
    definitions = (_HIT_RATE, _RECIPROCAL_RANK)
    for name, values, definition in zip((_HR, _MRR), _scores(ranks.back), definitions):
        yield row(name + suffix, values, _plain(definition) if suffix else definition)
    for name, values, definition in zip((_HR, _MRR), _scores(ranks.in_view), definitions):
        yield row(name + _IN_VIEW + suffix, values, _plain(definition))


def _compared(rival: str, ours: _Ranks, theirs: _Ranks) -> Iterator[Row]:
    for name, mine, other in zip((_HR, _MRR), _scores(ours.back), _scores(theirs.back)):
        yield over(name, rival, mine, other, _HIT_RATE.unit)


def _plain(definition: Definition) -> Definition:
    return Definition(definition.part, definition.unit)


def _telling(tell: Tell) -> OnProgress:
    steps: set[str] = set()

    def on_progress(step: str, share: float) -> None:
        if step not in steps:
            steps.add(step)
            tell(f"{step} on {NAME}")

    return on_progress
