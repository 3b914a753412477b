"""Asks the sources in turn, inside the budget, and makes one list of what they propose."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.attributes import Attributes
from services.retrieval.domain.external import EXTERNAL, RESTING, Asked, Taken, in_turns, take
from services.retrieval.domain.likelihood import Likelihoods
from services.retrieval.domain.merging import BY_TURNS_SHARE, Merged, Merger
from services.retrieval.domain.pacing import Pace
from services.retrieval.domain.query import (
    NO_PROPOSALS,
    CandidateSource,
    Proposals,
    Query,
    is_any_of,
)
from services.retrieval.domain.variants import VariantFitter
from shared.catalogue import Catalogue
from shared.errors import TouchpointError

LATE = "NO_TIME_LEFT"
SPARED = "SPARED"
"""Left out to save its time, at a quality below 1."""
DEFECT = "DEFECT"
DEFECTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a mistake in a computation raises. A source that breaks is left out and told of with its
traceback; anything else (no memory, no disk, the end of the process) is nobody's own candidates and
fails the request."""
_GRACE_S = 0.001
"""An answer that is there already is not late because our own sources took long."""
AS_ASKED_FOR, INSTEAD_OF = 11, 8
"""Sources whose candidates are finished in their own way, by number in the vocabulary."""
_MERGED = 2
"""So many times the candidates wanted are merged: some families come in no size that fits."""
_SPARE = 1.25
"""So many times what is wanted is fitted at first; where too little of it fits, all is."""
_FURTHER, _FURTHEST = 4, 64
"""So many times what is wanted is looked at for what fits, the latter if hardly any is found."""


async def _gone_out() -> None:
    """Return once questions to plug-ins are on their way, before our own computing begins.

    It takes two turns of the loop: in the first whoever asks calls the stub, which leaves the
    sending to a task of its own (grpc.aio, `UnaryUnaryCall._invoke`); that has the second.
    """
    await asyncio.sleep(0.0)
    await asyncio.sleep(0.0)


class Report(NamedTuple):
    """What one source did; a tuple, as so many are made for every request."""

    source: int
    candidates: int
    spent_ms: float
    failure: str = ""
    """Its reason; empty where it answered."""
    defect: Exception | None = None
    """What broke it."""
    plugin: str = ""
    """Its name, of EXTERNAL alone."""
    dropped: int = 0
    """Rows of a plug-in that cannot be taken."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Candidates, likeliest first, or by turns, and what each source did about them."""

    candidates: Merged
    reports: tuple[Report, ...]
    texts: Sequence[str] = ()
    """The sentence that a plug-in gives for each candidate, what it lacks of what was asked for, or
    the interest that it is about; empty: for none."""


Suits = Callable[[Query, NDArray[np.int64]], NDArray[np.bool_]]
"""Says which offers suit whom a query is for."""


def suits_all(_query: Query, offer_nos: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.ones(len(offer_nos), np.bool_)


class Retriever:
    """Holds the sources in the order of their precedence, each with its weight."""

    def __init__(
        self,
        catalogue: Catalogue,
        sources: Mapping[int, CandidateSource],
        quotas: Mapping[int, float],
        likelihoods: Likelihoods | None = None,
        *,
        attributes: Attributes | None = None,
        suits: Suits = suits_all,
        may_be_spared: Collection[int] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the attributes by which variants differ; without, only sizes tell them apart.

        `suits` says at the end what is no gift for somebody, whichever source proposes it. Sources
        that `may_be_spared` are left out at a lower quality, the dearest first.
        """
        self._catalogue = catalogue
        self._fitter = VariantFitter(catalogue, attributes or Attributes())
        self._sources = sources
        self._merger = Merger(quotas)
        self._likelihoods = likelihoods or Likelihoods({})
        self._suits = suits
        self._may_be_spared = frozenset(may_be_spared)
        self._monotonic = monotonic
        self._pace = Pace()

    async def retrieve(
        self, query: Query, timeout_s: float, asked: Sequence[Asked] = (), quality: float = 1.0
    ) -> Retrieved:
        """Return what the sources propose in time; one that cannot answer costs only its own.

        `quality`, above 0 to 1, is about the part of their time that may be spent.

        Our own compute and wait for nothing, one after the other in the order of their worth;
        there is nothing to gain by running them side by side. Those that take so long these days
        that others would have no turn are left out. Plug-ins answer meanwhile.
        """
        began = self._monotonic()
        if asked:
            await _gone_out()
        proposals, reports = self._own(query, began + timeout_s, quality)
        texts = {number: each.texts for number, each in proposals.items() if each.texts}
        if asked:
            spent_s = self._monotonic() - began
            told, taken = await self._plugins(asked, query, spent_s, timeout_s)
            reports += told
            proposals[EXTERNAL] = in_turns([each.proposals for each in taken])
            said: dict[int, str] = {}
            for each in reversed(taken):
                said |= each.texts
            texts |= {EXTERNAL: said} if said else {}
        found = self._filled(proposals, query, began + timeout_s)
        return Retrieved(found, tuple(reports), self._said(found, texts) if texts else ())

    def _filled(self, proposals: dict[int, Proposals], query: Query, until: float) -> Merged:
        """Make one list; where much of it comes in no size that fits, look further for what does.

        Only the last source is asked for more: it has an order of all there is.
        """
        found = self._finished(self._merged(proposals, query), query)
        last = next(reversed(tuple(self._sources)), 0)
        more, asked_for = proposals.get(last, NO_PROPOSALS), query.limit
        for enough, further in ((query.limit, _FURTHER), (query.limit // 4, _FURTHEST)):
            if len(found.offer_nos) >= enough or len(more.offer_nos) < asked_for:
                break
            asked_for = further * query.limit
            wider = replace(query, limit=asked_for)
            more, _ = self._ask(last, self._sources[last], wider, until)
            if not len(more.offer_nos):
                break
            fits = self._fits(more.offer_nos, query).nonzero()[0]
            proposals[last] = more.only(fits[: query.limit])
            found = self._finished(self._merged(proposals, query), query)
        return found

    def _fits(self, offer_nos: NDArray[np.int64], query: Query) -> NDArray[np.bool_]:
        """Return of which something can be had that fits and that is not before the person."""
        fitted = self._fitter.fitted(offer_nos, query, np.zeros(len(offer_nos), np.bool_))
        before_them = self._catalogue.family_no[[*query.item_nos, *query.cart_nos]]
        is_before_them = is_any_of(self._catalogue.family_no[offer_nos], before_them)
        fits: NDArray[np.bool_] = (fitted > 0) & ~is_before_them & self._suits(query, fitted)
        return fits

    def _merged(self, proposals: Mapping[int, Proposals], query: Query) -> Merged:
        return self._merger.merge(
            proposals,
            self._catalogue.family_no,
            _MERGED * query.limit,
            by_turns=round(BY_TURNS_SHARE * query.limit),
            likelihood=partial(self._likelihoods.of, query),
            unwanted=query.excluded_nos,
            before_them=(*query.item_nos, *query.cart_nos),
            substitutes=INSTEAD_OF,
        )

    def _own(
        self, query: Query, until: float, quality: float
    ) -> tuple[dict[int, Proposals], list[Report]]:
        sources = {
            number: source
            for number, source in self._sources.items()
            if query.is_personal or not source.is_personal
        }
        proposals: dict[int, Proposals] = {}
        reports: list[Report] = []
        if not sources:
            return proposals, reports
        *others, last = sources
        for number in self._spared(others, quality):
            others.remove(number)
            reports.append(Report(number, 0, 0.0, SPARED))
        now_s = self._monotonic()
        too_dear = self._pace.too_dear([*others, last], until - now_s, now_s)
        until_last = until - self._pace.expected_s(last, now_s)
        for number in others:
            latest = -math.inf if number in too_dear else until_last
            proposals[number], report = self._ask(number, sources[number], query, latest)
            reports.append(report)
        proposals[last], report = self._ask(last, sources[last], query, until)
        if report.failure == LATE and not any(len(each.offer_nos) for each in proposals.values()):
            # The last one always has something, and late is better than nothing at all.
            proposals[last], report = self._ask(last, sources[last], query, math.inf)
        return proposals, [*reports, report]

    def _spared(self, numbers: Sequence[int], quality: float) -> Collection[int]:
        dispensable = [number for number in numbers if number in self._may_be_spared]
        return self._pace.to_spare(dispensable, quality) if quality < 1.0 else ()

    def _ask(
        self, number: int, source: CandidateSource, query: Query, until: float
    ) -> tuple[Proposals, Report]:
        began = self._monotonic()
        if began >= until:
            return NO_PROPOSALS, Report(number, 0, 0.0, LATE)
        proposals, failure, defect = NO_PROPOSALS, "", None
        try:
            proposals = self._sound(source.propose(query))
        except TouchpointError as error:
            failure = error.reason
        except DEFECTS as error:
            failure, defect = DEFECT, error
        ended = self._monotonic()
        spent_s = ended - began
        self._pace.note(number, spent_s, ended)
        return proposals, Report(
            number, len(proposals.offer_nos), spent_s * 1000.0, failure, defect
        )

    def _sound(self, proposals: Proposals) -> Proposals:
        """Return proposals that can be merged; raises ValueError for others."""
        if proposals is NO_PROPOSALS:
            return proposals
        lengths = proposals.lengths
        if lengths.count(lengths[0]) != len(lengths):
            raise ValueError(
                f"columns of a source are of different lengths: {sorted(set(lengths))}"
            )
        nos = proposals.offer_nos
        if len(nos) and not 0 < int(nos.min()) <= int(nos.max()) < self._catalogue.size:
            raise ValueError("a source proposes numbers that no offer has")
        return proposals

    async def _plugins(
        self, asked: Sequence[Asked], query: Query, spent_s: float, timeout_s: float
    ) -> tuple[list[Report], list[Taken]]:
        """Wait for plug-ins as long as each may take, and take what can be taken."""
        left_s = max(timeout_s - spent_s, 0.0)
        waited_for = [each.answer for each in asked if each.timeout_s > 0.0]
        longest_s = max((each.timeout_s for each in asked), default=0.0) - spent_s
        if waited_for:
            await asyncio.wait(waited_for, timeout=min(max(longest_s, _GRACE_S), left_s))
        reports: list[Report] = []
        taken: list[Taken] = []
        for each in asked:
            report, found = self._taken(each, query)
            reports.append(report)
            taken.append(found)
        return reports, taken

    def _taken(self, asked: Asked, query: Query) -> tuple[Report, Taken]:
        if not asked.answer.done():
            failure = LATE if asked.timeout_s > 0.0 else RESTING
            spent_ms = asked.timeout_s * 1000.0
            return Report(EXTERNAL, 0, spent_ms, failure, plugin=asked.plugin), Taken()
        try:
            answer = asked.answer.result()
            found = take(answer.offered, query, self._catalogue)
        except DEFECTS as error:
            return Report(EXTERNAL, 0, 0.0, DEFECT, error, plugin=asked.plugin), Taken()
        report = Report(
            EXTERNAL,
            len(found.proposals.offer_nos),
            answer.spent_ms,
            answer.failure,
            plugin=asked.plugin,
            dropped=found.dropped,
        )
        return report, found

    def _said(self, merged: Merged, texts: Mapping[int, Mapping[int, str]]) -> list[str]:
        families = self._catalogue.family_no[merged.offer_nos]
        things = np.where(families > 0, families, merged.offer_nos).tolist()
        nothing: Mapping[int, str] = {}
        return [
            texts.get(source, nothing).get(thing, "")
            for source, thing in zip(merged.sources.tolist(), things, strict=True)
        ]

    def _finished(self, merged: Merged, query: Query) -> Merged:
        """Put the right variants in and take out what cannot be had or is before the person.

        What is left is sorted by likelihood; what is equally likely stays in its order.
        """
        likeliest = merged.first(round(_SPARE * query.limit))
        found = self._fitted(likeliest, query)
        if len(found.offer_nos) < query.limit and len(likeliest.offer_nos) < len(merged.offer_nos):
            return self._fitted(merged, query)
        return found

    def _fitted(self, merged: Merged, query: Query) -> Merged:
        as_they_are = merged.sources == AS_ASKED_FOR
        fitted = self._fitter.fitted(merged.offer_nos, query, as_they_are)
        fits = (fitted > 0) & self._suits(query, fitted)
        before_them = (*query.item_nos, *query.cart_nos)
        if before_them:
            fits &= self._are_other(fitted, merged.sources, before_them)
        places = fits.nonzero()[0][: query.limit]
        places = places[(-merged.likelihoods[places]).argsort(kind="stable")]
        return merged.only(places, fitted)

    def _are_other(
        self, offer_nos: NDArray[np.int64], sources: NDArray[np.uint8], item_nos: tuple[int, ...]
    ) -> NDArray[np.bool_]:
        """Return which are no items of some and no variants, but those proposed in their place."""
        before_them = np.array(item_nos, np.int64)
        families = self._catalogue.family_no[offer_nos]
        unwanted = is_any_of(families, self._catalogue.family_no[before_them]) & (families > 0)
        is_other = ~is_any_of(offer_nos, before_them)
        are_other: NDArray[np.bool_] = ~unwanted | ((sources == INSTEAD_OF) & is_other)
        return are_other
