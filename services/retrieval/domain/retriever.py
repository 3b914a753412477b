"""Runs the sources side by side inside the budget and makes one list of what they propose."""

from __future__ import annotations

import asyncio
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

LATE = "was late"


@dataclass(frozen=True, slots=True)
class Report:
    """What one source did."""

    source: int
    candidates: int
    spent_ms: float
    failure: str = ""
    """Empty where it answered."""
    error: BaseException | None = None
    """What it raised: a defect of ours, for the log."""


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

    async def retrieve(self, query: Query, timeout_s: float) -> Retrieved:
        """Return what the sources propose in time; one that fails or is late costs only its own."""
        tasks = {
            number: asyncio.ensure_future(self._timed(source, query))
            for number, source in self._sources.items()
            if query.is_personal or not source.is_personal
        }
        if tasks:
            await asyncio.wait(tasks.values(), timeout=timeout_s)
        proposals: dict[int, Proposals] = {}
        reports: list[Report] = []
        for number, task in tasks.items():
            proposals[number], report = _outcome(number, task, timeout_s)
            reports.append(report)
        merged = self._merger.merge(proposals, self._catalogue.family_no, query.limit)
        return Retrieved(self._finished(merged, query), tuple(reports))

    async def _timed(self, source: CandidateSource, query: Query) -> tuple[Proposals, float]:
        began = self._monotonic()
        proposals = await source.propose(query)
        return proposals, (self._monotonic() - began) * 1000.0

    def _finished(self, merged: Merged, query: Query) -> Merged:
        """Take out what is in view and offer the person's own size."""
        if query.item_nos:
            merged = self._without_view(merged, query)
        if query.person and query.person.size_nos:
            nos = self._in_own_size(merged.offer_nos, query, query.person.size_nos)
            merged = replace(merged, offer_nos=nos)
        return merged

    def _without_view(self, merged: Merged, query: Query) -> Merged:
        in_view = self._catalogue.family_no[list(query.item_nos)]
        families = self._catalogue.family_no[merged.offer_nos]
        keep = (families == 0) | ~is_any_of(families, in_view)
        return Merged(
            merged.offer_nos[keep],
            merged.sources[keep],
            merged.scores[keep],
            merged.evidence_nos[keep],
            merged.evidence_counts[keep],
        )

    def _in_own_size(
        self, offer_nos: NDArray[np.uint32], query: Query, size_nos: tuple[int, ...]
    ) -> NDArray[np.uint32]:
        families = self._catalogue.family_no[offer_nos]
        own = offer_nos
        for size_no in reversed(size_nos):
            own = query.shelf.in_size(own, families, size_no)
        return np.where(query.showable[own], own, offer_nos)


def _outcome(
    source: int, task: asyncio.Future[tuple[Proposals, float]], timeout_s: float
) -> tuple[Proposals, Report]:
    if not task.done():
        task.cancel()
        return NO_PROPOSALS, Report(source, 0, timeout_s * 1000.0, LATE)
    error = task.exception()
    if error is not None:
        return NO_PROPOSALS, Report(source, 0, 0.0, f"failed: {type(error).__name__}", error)
    proposals, spent_ms = task.result()
    return proposals, Report(source, len(proposals.offer_nos), spent_ms)
