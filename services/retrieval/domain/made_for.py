"""What is made for people of an age or a gender, and so is no gift for others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.matching import Demand, demands, met_and_known
from services.retrieval.domain.postings import AttributeShelf, Postings
from services.retrieval.domain.query import Query
from services.retrieval.domain.recipients import AGE, Recipient
from shared.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Made:
    """What items are made for somebody, and what for others, looked up."""

    for_them: list[Demand]
    for_others: list[Demand]


class MadeFor:
    """Knows of items whom they are made for."""

    def __init__(self, catalogue: Catalogue, shelf: AttributeShelf) -> None:
        self._catalogue = catalogue
        self._shelf = shelf

    def suits(self, query: Query, offer_nos: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which offers are not made for others than whom a gift is for; all if it is none.

        Looks attributes up, so it is asked of a few hundred and not by each source.
        """
        if query.recipient is None:
            return np.ones(len(offer_nos), np.bool_)
        postings = self._shelf.current
        made_for = self.demands(query.recipient, query)
        return suits(offer_nos, made_for, postings)

    def demands(self, recipient: Recipient, query: Query) -> Made:
        """Look up whom a gift is for."""
        for_them, for_others = (
            demands(
                answers,
                self._shelf.attributes,
                self._shelf.current,
                query.shelf,
                self._catalogue,
            )
            for answers in (recipient.demands(), recipient.made_for_others())
        )
        return Made(for_them, for_others)


def suits(offer_nos: NDArray[np.int64], made: Made, postings: Postings) -> NDArray[np.bool_]:
    """Return which items are not for somebody of another age or gender.

    An age that is no range may be that of a whisky, and a word for a gender that is not known here
    may be any.
    """
    suits = np.ones(len(offer_nos), np.bool_)
    for is_for_others in met_and_known(offer_nos, made.for_others, postings)[0].T:
        suits &= ~is_for_others
    met, _ = met_and_known(offer_nos, made.for_them, postings)
    for at, demand in enumerate(made.for_them):
        if demand.answer.name == AGE:
            suits &= met[:, at] | ~_has_range(offer_nos, demand.name, postings)
    return suits


def _has_range(offer_nos: NDArray[np.int64], name: int, postings: Postings) -> NDArray[np.bool_]:
    pairs = postings.pairs
    own, places = pairs.of(offer_nos)
    of_range = (pairs.name_of[own] == name) & (pairs.least[own] < pairs.most[own])
    found = np.zeros(len(offer_nos), np.bool_)
    found[places[of_range]] = True
    return found
