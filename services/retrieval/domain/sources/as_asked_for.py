"""AS_ASKED_FOR: items whose attributes match the answers given, the nearest where none matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.answers import CATEGORY, Answer
from services.retrieval.domain.distinct import firsts
from services.retrieval.domain.matching import Demand, Matches, demands, matches, weights
from services.retrieval.domain.postings import AttributeShelf
from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query
from services.retrieval.domain.shortlist import Shortlist
from shared.catalogue import Catalogue

_MOST = 100
_MOST_TO_TASTE = 8
_TO_TASTE = 0.25
"""What an answer of some time ago is worth, in scores and in turns, where nothing is asked now."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Items with what they meet of some answers, best first."""

    items: NDArray[np.int64]
    met: NDArray[np.bool_]
    scores: NDArray[np.float64]
    names: tuple[str, ...]
    """Of the answers."""


class AsAskedFor:
    """Looks at what meets the most answers and counts how many of all it meets.

    It follows what is asked and nobody's past. Where no item has any of the attributes, or only a
    category was named, it proposes nothing: POPULAR then fills the answer from that category.

    What somebody answered some time ago counts little beside what is asked now. Where nothing is
    asked now, it is a matter of taste: a few things, of the category in view where there is one.
    """

    is_personal = False

    def __init__(self, catalogue: Catalogue, shelf: AttributeShelf) -> None:
        self._catalogue = catalogue
        self._shelf = shelf
        self._shortlist = Shortlist(catalogue)

    def propose(self, query: Query) -> Proposals:
        if not query.answers or not query.wants_items:
            return NO_PROPOSALS
        wanted = self._wanted(query.answers, query)
        if any(_is_telling(each) and not each.answer.is_standing for each in wanted):
            return self._told(self._asked_now(wanted, query), min(query.limit, _MOST))
        found = self._to_taste(query)
        if found is None:
            return NO_PROPOSALS
        proposals = self._told(found, min(query.limit, _MOST_TO_TASTE))
        return replace(proposals, scores=proposals.scores * _TO_TASTE, turns=_TO_TASTE)

    def _asked_now(self, wanted: Sequence[Demand], query: Query) -> _Found:
        """Return what meets anything that is asked now."""
        found = self._matches(wanted, query)
        now = np.array([not each.answer.is_standing for each in wanted], np.bool_)
        kept = found.met[:, now].any(axis=1)
        names = tuple(each.answer.name for each in wanted)
        return _Found(found.items[kept], found.met[kept], found.scores[kept], names)

    def _to_taste(self, query: Query) -> _Found | None:
        """Return what meets anything that was answered before, of the category in view."""
        path = self._catalogue.categories.text(self._category_in_view(query))
        before = [each for each in query.answers if each.is_standing and each.name != CATEGORY]
        wanted = self._wanted([*before, *([Answer(CATEGORY, (path,))] if path else [])], query)
        telling = [at for at, demand in enumerate(wanted) if _is_telling(demand)]
        if not telling:
            return None
        found = self._matches(wanted, query)
        others = [at for at in range(len(wanted)) if at not in telling]
        kept = found.met[:, telling].any(axis=1) & found.met[:, others].all(axis=1)
        met = found.met[kept][:, telling]
        scores = met @ weights([wanted[at] for at in telling], self._shelf.current.count)
        names = tuple(wanted[at].answer.name for at in telling)
        return _Found(found.items[kept], met, scores, names)

    def _category_in_view(self, query: Query) -> int:
        in_view = query.item_nos[:1]
        return query.category_no or (int(self._catalogue.category_no[in_view[0]]) if in_view else 0)

    def _wanted(self, answers: Sequence[Answer], query: Query) -> list[Demand]:
        return demands(
            answers, self._shelf.attributes, self._shelf.current, query.shelf, self._catalogue
        )

    def _matches(self, wanted: Sequence[Demand], query: Query) -> Matches:
        postings = self._shelf.current
        items = self._shortlist.of(wanted, query, postings)
        return matches(items, wanted, postings, self._catalogue)

    def _told(self, found: _Found, most: int) -> Proposals:
        order = (-found.scores).argsort(kind="stable")
        order = order[found.scores[order] > 0.0]
        order = self._one_of_family(found.items, order)[:most]
        items, met = found.items[order], found.met[order]
        counts = met.sum(axis=1).astype(np.uint32)
        proposals = Proposals.of(items, found.scores[order], 0, counts, len(found.names))
        return replace(proposals, texts=self._lacking(items, met, found.names))

    def _lacking(
        self, items: NDArray[np.int64], met: NDArray[np.bool_], names: Sequence[str]
    ) -> dict[int, str]:
        """Return, by family, the names of the answers that an item does not meet."""
        said = {
            family: ", ".join(name for name, is_met in zip(names, row) if not is_met)
            for family, row in zip(self._catalogue.family_no[items].tolist(), met.tolist())
        }
        return {family: text for family, text in said.items() if text}

    def _one_of_family(
        self, items: NDArray[np.int64], order: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        families = self._catalogue.family_no[items[order]]
        return order[firsts(families)]


def _is_telling(demand: Demand) -> bool:
    """Say whether it asks for more than a category, which POPULAR fills better."""
    return demand.answer.name != CATEGORY
