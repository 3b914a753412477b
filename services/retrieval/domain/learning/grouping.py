"""Learns groups of buyers, and of those whom gifts are for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.cell_counts import Takings
from services.retrieval.domain.learning.cell_keys import cell_keys, places_of
from services.retrieval.domain.learning.cells import (
    Cells,
    everybody,
    learned_cells,
)
from services.retrieval.domain.learning.facets import Facets
from services.retrieval.domain.learning.gifts import Gifts
from services.retrieval.domain.learning.groups import FEWEST, GroupModel, strength_of
from services.retrieval.domain.learning.history import History
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.learning.pairs import summed
from services.retrieval.domain.learning.partners import partners_of
from services.retrieval.domain.learning.people import People
from services.retrieval.domain.learning.terms import ItemTexts

_MOST_OF_CELL = 300
_DEPTH = 2
"""Categories are told apart down to this depth."""


def learned_groups(
    people: People, history: History, items: ItemModel, texts: ItemTexts, seed: int
) -> GroupModel:
    """Learn what cells of people bought, and what those of a cell bought with each item.

    Where nothing is bought yet, it is what they looked at, and nobody is counted as a buyer. All
    ids of somebody count as one.
    """
    facets = people.facets(history.person_ids)
    owners = people.standing_for(history.person_ids)
    bought = (history.purchases if history.bought.any() else history.taste).joined(owners)
    cells = learned_cells(facets, Takings(bought, categories_of(history.offer_nos, texts)), seed)
    if cells is None:
        return GroupModel.none()
    model = _listed(facets, cells, history.offer_nos)
    table = facets.table[:, cells.facets]
    dealt = history.taste.joined(owners)
    model = replace(model, **partners_of(cells, table, dealt, bought, items))
    return model if history.bought.any() else model.without_counts()


def learned_gifts(gifts: Gifts, texts: ItemTexts, seed: int) -> GroupModel:
    """Learn what was given to people of each kind; cell 0 is what was given to anybody.

    What one giver gave to several counts once, and who gave to several is one giver, so that what
    is told is of as many givers.
    """
    if not len(gifts.offer_nos):
        return GroupModel.none()
    gifts = gifts.once()
    facets = gifts.facets()
    offer_nos, rows = np.unique(gifts.offer_nos, return_inverse=True)
    said = np.column_stack((gifts.givers, facets.table))
    units, first, of_gift = np.unique(said, axis=0, return_index=True, return_inverse=True)
    shape = (len(units), len(offer_nos))
    pairs = summed(shape, of_gift.ravel(), rows.ravel(), np.ones(len(rows), np.float32))
    facets = facets.at(first)
    takings = Takings(pairs, categories_of(offer_nos, texts))
    cells = learned_cells(facets, takings, seed) or everybody(takings)
    givers = _givers(cells, facets, units[:, 0])
    return replace(_listed(facets, cells, offer_nos), members=givers)


def _givers(cells: Cells, facets: Facets, givers: NDArray[np.integer]) -> NDArray[np.uint32]:
    """Return how many givers there are in each cell, of units with a giver each."""
    counted = (facets.table > 0).any(axis=1) if cells.facets else np.ones(len(givers), np.bool_)
    of_units = places_of(cells.keys, cell_keys(facets.table[counted][:, cells.facets]))
    who = np.broadcast_to(givers[counted][:, None], of_units.shape)
    each = np.unique(np.stack((of_units, who), -1)[of_units >= 0], axis=0)
    return np.bincount(each[:, 0], minlength=len(cells.keys)).astype(np.uint32)


def categories_of(offer_nos: NDArray[np.uint32], texts: ItemTexts) -> NDArray[np.int64]:
    """Return a number for the category of each item; items that are not sold any more share one."""
    path_of = dict(zip(texts.offer_nos.tolist(), texts.categories, strict=True))
    numbers: dict[str, int] = {}
    groups = []
    for offer_no in offer_nos.tolist():
        path = " > ".join(path_of.get(offer_no, "").split(" > ")[:_DEPTH])
        groups.append(numbers.setdefault(path, len(numbers)))
    return np.array(groups, np.int64)


def _listed(facets: Facets, cells: Cells, offer_nos: NDArray[np.uint32]) -> GroupModel:
    """List what each cell takes most and more than others, counted of enough people."""
    chosen = facets.only(cells.facets)
    best = [_best(cells, at) for at in range(len(cells.keys))]
    places = np.concatenate(best)
    line = np.repeat(np.arange(len(best)), [len(each) for each in best])
    return replace(
        GroupModel.none(),
        facets=chosen.names,
        words=chosen.words,
        ends=chosen.ends,
        keys=cells.keys,
        members=cells.members.astype(np.uint32),
        starts=np.concatenate(([0], np.cumsum([len(each) for each in best]))).astype(np.int64),
        nos=offer_nos[cells.rows[places]].astype(np.uint32),
        shares=cells.shares[line, places].astype(np.float32),
        usual=cells.shares[0, places].astype(np.float32),
        counts=cells.counts[line, places].astype(np.uint32),
    )


def _best(cells: Cells, at: int) -> NDArray[np.int64]:
    """Return the places of what a cell takes, best first."""
    scores = strength_of(cells.shares[at], cells.shares[0])
    scores = np.where(cells.counts[at] >= FEWEST, scores, 0.0)
    order = (-scores).argsort(kind="stable")[:_MOST_OF_CELL]
    best: NDArray[np.int64] = order[scores[order] > 0.0]
    return best
