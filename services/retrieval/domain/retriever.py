"""Asks the sources in turn, inside the budget, and makes one list of what they propose."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.merging import Merged, Merger
from services.retrieval.domain.query import (
    NO_PROPOSALS,
    CandidateSource,
    Proposals,
    Query,
    is_any_of,
)
from shared.catalogue import Catalogue
from shared.errors import TouchpointError

LATE = "NO_TIME_LEFT"


@dataclass(frozen=True, slots=True)
class Report:
    """What one source did."""

    source: int
    candidates: int
    spent_ms: float
    failure: str = ""
    """Its reason; empty where it answered."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Candidates, best first by turns, and what each source did about them."""

    candidates: Merged
    reports: tuple[Report, ...]


class Retriever:
    """Holds the sources in the order of their precedence, each with its weight."""

    def __init__(
        self,
        catalogue: Catalogue,
        sources: Mapping[int, CandidateSource],
        quotas: Mapping[int, float],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._sources = sources
        self._merger = Merger(quotas)
        self._monotonic = monotonic

    def retrieve(self, query: Query, timeout_s: float) -> Retrieved:
        """Return what the sources propose in time; one that cannot answer costs only its own.

        They compute and wait for nothing, so there is nothing to gain by running them side by side.
        """
        until = self._monotonic() + timeout_s
        proposals: dict[int, Proposals] = {}
        reports: list[Report] = []
        for number, source in self._sources.items():
            if query.is_personal or not source.is_personal:
                proposals[number], report = self._ask(number, source, query, until)
                reports.append(report)
        merged = self._merger.merge(proposals, self._catalogue.family_no, query.limit)
        return Retrieved(self._finished(merged, query), tuple(reports))

    def _ask(
        self, number: int, source: CandidateSource, query: Query, until: float
    ) -> tuple[Proposals, Report]:
        began = self._monotonic()
        if began >= until:
            return NO_PROPOSALS, Report(number, 0, 0.0, LATE)
        proposals, failure = NO_PROPOSALS, ""
        try:
            proposals = source.propose(query)
        except TouchpointError as error:
            failure = error.reason
        spent_ms = (self._monotonic() - began) * 1000.0
        return proposals, Report(number, len(proposals.offer_nos), spent_ms, failure)

    def _finished(self, merged: Merged, query: Query) -> Merged:
        """Take out what the person has before them and offer their own size."""
        before_them = (*query.item_nos, *query.cart_nos)
        if before_them:
            merged = self._without(merged, before_them)
        if query.person and query.person.size_nos:
            nos = self._in_own_size(merged.offer_nos, query, query.person.size_nos)
            merged = replace(merged, offer_nos=nos)
        return merged

    def _without(self, merged: Merged, item_nos: tuple[int, ...]) -> Merged:
        """Leave out items and their variants."""
        unwanted = self._catalogue.family_no[list(item_nos)]
        families = self._catalogue.family_no[merged.offer_nos]
        keep = (families == 0) | ~is_any_of(families, unwanted)
        return Merged(
            merged.offer_nos[keep],
            merged.sources[keep],
            merged.scores[keep],
            merged.evidence_nos[keep],
            merged.evidence_counts[keep],
            merged.evidence_totals[keep],
        )

    def _in_own_size(
        self, offer_nos: NDArray[np.int64], query: Query, size_nos: tuple[int, ...]
    ) -> NDArray[np.int64]:
        families = self._catalogue.family_no[offer_nos]
        own = offer_nos
        for size_no in reversed(size_nos):
            own = query.shelf.in_size(own, families, size_no)
        return np.where(query.showable[own], own, offer_nos)
