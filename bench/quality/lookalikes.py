"""Look-alikes: 50 of a grocer's best 247 households, behind their first eight weeks as new ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.figures import Definition
from bench.quality.rivals import RivalMissingError
from bench.quality.rows import Row, Tell, over, row
from bench.quality.shop import ShopMissingError
from services.retrieval.domain.audience.conduct import WEEK_US, first_times
from services.retrieval.domain.audience.deed_log import DeedLog, Slice
from services.retrieval.domain.audience.deeds import PURCHASE, Deeds
from services.retrieval.domain.audience.lookalikes import Wanted
from services.retrieval.domain.learning.history import history_until
from services.retrieval.domain.learning.ials import Matrix, Setting
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.storage.lookalike_process import find_aside

NAME = "lookalikes"
_BEST = 247
_DISGUISED = 50
_WEEKS = 8
_DRAWS = 5
_FIGURE = "lookalike_disguised_top25"
_TARGET = Definition("quality", "share", at_least=0.75)
_NO_TARGET = Definition("quality", "share")
_SETTING = Setting(regularisation=0.003, unobserved_weight=0.3, dimensions=64, sweeps=8)
_MICROS = 1_000_000
_CONTROL = "lookalike_control_top25"
_SHRINKAGE = 10.0

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Draw:
    """A log in which some households are hidden behind their first weeks."""

    deeds: Deeds
    items: NDArray[np.int64]
    """Of each deed."""
    seed: NDArray[np.int64]
    disguised: NDArray[np.int64]
    """Of the best."""
    others: NDArray[np.int64]
    """Of all others, as many; none where only the best are hidden."""


def measured(tell: Tell) -> Iterator[Row]:
    """Yield the share found in the top quarter, and that of rivals. Raises ShopMissingError.

    The disguised are new persons: their later weeks are nowhere in the log. The seed is the rest
    of the best; all other households are to be ranked. Popularity ranks nobody before anybody:
    that is chance. The control hides as many others too, so that being new says nothing: whoever
    takes the new for the best finds those as well.
    """
    tell(f"reading {NAME}")
    everything, items = _load()
    found: dict[str, list[NDArray[np.float64]]] = {}

    def note(name: str, ranked: NDArray[np.integer], sought: NDArray[np.int64]) -> None:
        found.setdefault(name, []).append(_found(ranked, sought))

    for number in range(_DRAWS):
        tell(f"draw {number + 1} of {_DRAWS} of {NAME}")
        draw = _drawn(everything, items, number)
        note(_FIGURE, _alike(draw), draw.disguised)
        for name, rank in _RIVALS.items():
            try:
                order = np.argsort(-rank(draw), kind="stable")
            except RivalMissingError as error:
                tell(str(error))
                continue
            note(f"{_FIGURE}_of_{name}", order[~np.isin(order, draw.seed)], draw.disguised)
        both = _drawn(everything, items, number, with_others=True)
        ranked = _alike(both)
        note(f"{_CONTROL}_of_the_best", ranked, both.disguised)
        note(f"{_CONTROL}_of_others", ranked, both.others)
    yield from _rows({name: np.concatenate(each) for name, each in found.items()})


def _rows(found: Mapping[str, NDArray[np.float64]]) -> Iterator[Row]:
    """Yield shares, each of the disguised of each draw being found or not."""
    for name, values in found.items():
        yield row(name, values, _TARGET if name == _FIGURE else _NO_TARGET)
    yield row(f"{_FIGURE}_of_chance", np.array([0.25]), _NO_TARGET)
    for rival in _RIVALS:
        if (name := f"{_FIGURE}_of_{rival}") in found:
            yield over(_FIGURE, rival, found[_FIGURE], found[name], _NO_TARGET.unit)


def _alike(draw: _Draw) -> NDArray[np.int64]:
    wanted = Wanted(limit=len(draw.deeds.person_ids))
    return asyncio.run(find_aside(draw.deeds, draw.seed, wanted)).persons


def _found(ranked: NDArray[np.integer], sought: NDArray[np.int64]) -> NDArray[np.float64]:
    """Say of each whether it is in the top quarter."""
    return np.isin(sought, ranked[: len(ranked) // 4]).astype(np.float64)


def _load() -> tuple[Deeds, NDArray[np.int64]]:
    """Return the year's purchases as the service reads them, and the product of each."""
    from demo.grocer.source import GrocerMissingError, find_source, read

    try:
        source = find_source()
    except GrocerMissingError as error:
        raise ShopMissingError(str(error)) from error
    names = ["product_id", "department", "product_category"]
    products = read(source, "products", names).to_pylist()
    paths = {
        each["product_id"]: f"{each['department']} > {each['product_category']}"
        for each in products
    }
    lines = read(
        source,
        "transactions",
        [
            *("household_id", "basket_id", "product_id"),
            *("quantity", "sales_value", "transaction_timestamp"),
        ],
    )
    bought = (lines["quantity"].to_numpy() > 0) & (lines["sales_value"].to_numpy() > 0)
    column = {name: lines[name].to_numpy()[bought] for name in lines.column_names}
    log = DeedLog({})
    times_us = column["transaction_timestamp"].astype("datetime64[us]").astype(np.int64)
    log.add(
        Slice(
            person_ids=column["household_id"].astype(np.str_).tolist(),
            types=[PURCHASE] * len(times_us),
            times_us=times_us,
            order_ids=column["basket_id"].astype(np.str_).tolist(),
            value_micros=np.rint(column["sales_value"] * _MICROS).astype(np.int64),
            categories=[paths.get(each, "") for each in column["product_id"].tolist()],
        )
    )
    _, items = np.unique(column["product_id"], return_inverse=True)
    return log.deeds(), items.astype(np.int64)


def _drawn(
    everything: Deeds, items: NDArray[np.int64], number: int, *, with_others: bool = False
) -> _Draw:
    """Return the log without what the disguised did later."""
    order = np.argsort(-_totals(everything), kind="stable")
    random = np.random.default_rng(number)
    disguised = random.choice(order[:_BEST], _DISGUISED, replace=False)
    others = random.choice(order[_BEST:], _DISGUISED if with_others else 0, replace=False)
    hidden = np.concatenate((disguised, others))
    ends = first_times(everything) + _WEEKS * WEEK_US
    is_hidden = np.zeros(len(everything.person_ids), np.bool_)
    is_hidden[hidden] = True
    stays = ~is_hidden[everything.persons] | (everything.times_us < ends[everything.persons])
    ids = np.array(everything.person_ids, dtype=np.object_)
    ids[hidden] = [f"new-{place}" for place in range(len(hidden))]
    deeds = replace(everything.only(stays), person_ids=tuple(ids.tolist()))
    seed = np.setdiff1d(order[:_BEST], disguised)
    return _Draw(deeds, items[stays], seed, np.sort(disguised), np.sort(others))


def _totals(deeds: Deeds) -> Scores:
    paid = np.bincount(deeds.persons, deeds.value_micros, len(deeds.person_ids))
    return paid.astype(np.float64)


def _item_knn(draw: _Draw) -> Scores:
    """Return what item-kNN says to being of the seed as to one more item.

    Each item counts by its shrunk cosine with that, once for each person.
    """
    people = len(draw.deeds.person_ids)
    width = int(draw.items.max()) + 1
    pairs = np.unique(draw.deeds.persons.astype(np.int64) * width + draw.items)
    persons, items = pairs // width, pairs % width
    is_seed = np.isin(np.arange(people), draw.seed)
    buyers = np.bincount(items, minlength=width)
    of_seed = np.bincount(items[is_seed[persons]], minlength=width)
    near = of_seed / (np.sqrt(buyers * float(len(draw.seed))) + _SHRINKAGE)
    return np.bincount(persons, near[items], people).astype(np.float64)


def _implicit(draw: _Draw) -> Scores:
    """Return the cosine with the seed's mean of vectors of the package `implicit`, as it comes."""
    try:
        from implicit.als import AlternatingLeastSquares
        from scipy.sparse import csr_matrix
    except ImportError as error:
        raise RivalMissingError(
            f'implicit is left out: {error}; pip install "touchpoint-server[quality]"'
        ) from error
    pairs = np.unique(np.stack((draw.deeds.persons, draw.items), 1), axis=0)
    model = AlternatingLeastSquares(random_state=1)
    ones = np.ones(len(pairs), np.float32)
    shape = (len(draw.deeds.person_ids), int(draw.items.max()) + 1)
    model.fit(csr_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=shape), show_progress=False)
    return _like_the_mean(model.user_factors, draw.seed)


def _tastes(draw: _Draw) -> Scores:
    """Return the cosine of each person's iALS vector with the mean of the seed's."""
    deeds, items = draw.deeds, draw.items
    interactions = Interactions(
        person_ids=deeds.person_ids,
        persons=deeds.persons,
        offer_nos=(items + 1).astype(np.uint32),
        times_us=deeds.times_us,
        weights=np.ones(len(items), np.float32),
    )
    history = history_until(interactions, int(deeds.times_us.max()) + 1)
    vectors = Matrix(history.taste).factorised(_SETTING, 1, lambda _: None).persons
    return _like_the_mean(vectors, draw.seed)


def _like_the_mean(vectors: NDArray[np.float32], seed: NDArray[np.int64]) -> Scores:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = vectors / np.where(lengths > 0, lengths, 1.0)
    scores: Scores = (directions @ directions[seed].mean(axis=0)).astype(np.float64)
    return scores


_RIVALS: Mapping[str, Callable[[_Draw], Scores]] = {
    "totals": lambda draw: _totals(draw.deeds),
    "item_knn": _item_knn,
    "taste_vectors": _tastes,
    "implicit": _implicit,
}
