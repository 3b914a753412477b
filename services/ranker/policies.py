"""Judges models and policies by the decisions of the journal, before anybody sees them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import numpy as np

from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.booster import Booster, BoosterError
from services.ranker.domain.model import Model
from services.ranker.domain.seen import LAYOUT
from services.ranker.evaluating import evaluation_of
from services.ranker.judging import Other, Then, showings_of
from services.ranker.ranking import Ranker, Ranking, no_booster
from services.ranker.replaying import Past, row_of
from services.ranker.storage.outcomes import Outcomes, Seen
from services.ranker.storage.past_models import ModelGoneError
from services.ranker.storage.snapshots import Snapshots
from shared.artefacts import ArtefactError
from shared.catalogue import Catalogue
from shared.errors import TouchpointError
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.ranker.v1 import off_policy_pb2 as pb
from touchpoint.ranker.v1.ranker_service_pb2 import JudgeShownRequest, JudgeShownResponse

_AT_MOST = 2_000
_MICROS = 1e6
_REST = 3.0
"""Times as long as it worked it rests: it takes a quarter of the service's time at most."""
_LONGEST_REST_S = 1.0
_TELL_EVERY_S = 0.25


@dataclass(slots=True)
class _Going:
    """A simulation on its way."""

    request: pb.SimulateRankingRequest
    model: Model | None
    """The one that is judged; None: for each decision the one of then."""
    total: int
    report: pb.RankingSimulation
    showings: pb.JudgedShowings = field(default_factory=pb.JudgedShowings)
    definitions: dict[str, RankingDefinitions | None] = field(default_factory=dict)
    """By bundle; None: they are gone."""
    boosters: dict[str, Booster | None] = field(default_factory=dict)
    """By name; None: it is gone."""
    row: int = 0
    """The last row learned from: replicas are a few rows apart, and models only go forward."""


class Policies:
    """Ranks decisions of the journal by another policy, and sets it beside what was answered."""

    def __init__(
        self,
        catalogue: Catalogue,
        past: Past,
        outcomes: Outcomes,
        snapshots: Snapshots,
        model: Callable[[], Model],
        now_us: Callable[[], int],
        booster: Callable[[], Booster | None] = no_booster,
    ) -> None:
        self._catalogue = catalogue
        self._past = past
        self._outcomes = outcomes
        self._snapshots = snapshots
        self._now_us = now_us
        self._present = Ranker(catalogue, model, booster=booster)
        self._model = Model()
        self._booster: Booster | None = None
        self._other = Ranker(catalogue, lambda: self._model, booster=lambda: self._booster)
        self._turn = asyncio.Lock()

    async def judge(
        self, request: JudgeShownRequest, definitions: RankingDefinitions
    ) -> JudgeShownResponse:
        """Return what was seen of a decision beside what the request asked for would show."""
        head = await self._past.journal.of(request.decision_id)
        seen: Seen = {} if head is None else await self._outcomes.of(request.decision_id)
        if head is None or not seen:
            return JudgeShownResponse()
        entry = await self._past.rankings.of(request.decision_id)
        then = None if entry is None else Then.read(entry.ranked)
        ranking = self._present.rank(request.request, definitions)
        other = Other(request.request, ranking, self._worth(definitions))
        notice = DecisionNotice.FromString(head.notice)
        return JudgeShownResponse(showings=showings_of(notice, seen, then, other))

    async def simulate(
        self, request: pb.SimulateRankingRequest
    ) -> AsyncIterator[pb.SimulateRankingResponse]:
        """Yield how far it is, and in the end the report; one at a time on a replica."""
        model = await self._snapshots.named(request.model) if request.model else None
        async with self._turn:
            since_us, until_us = self._span(request)
            journalled = await self._past.rankings.count(since_us, until_us)
            at_most = min(journalled, request.at_most or _AT_MOST)
            going = _Going(request, model, at_most, pb.RankingSimulation(journalled=journalled))
            done, told_s = 0, time.monotonic()
            place = -1
            async with aclosing(self._past.rankings.between(since_us, until_us)) as entries:
                async for entry in entries:
                    place += 1
                    if not _is_taken(place, max(1, journalled), at_most):
                        continue
                    began_s = time.monotonic()
                    await self._take(going, entry.decision_id, Then.read(entry.ranked))
                    done += 1
                    ended_s = time.monotonic()
                    if ended_s - told_s > _TELL_EVERY_S:
                        told_s = ended_s
                        yield pb.SimulateRankingResponse(done=done, total=max(done, at_most))
                    await asyncio.sleep(min((ended_s - began_s) * _REST, _LONGEST_REST_S))
        evaluated = await asyncio.to_thread(evaluation_of, going.showings)
        going.report.acceptances.CopyFrom(evaluated.acceptances)
        going.report.value.CopyFrom(evaluated.value)
        yield pb.SimulateRankingResponse(done=done, total=done, report=going.report)

    async def _take(self, going: _Going, decision_id: str, then: Then) -> None:
        """Rank one decision again and add what was seen of it."""
        head = await self._past.journal.of(decision_id)
        seen: Seen = {} if head is None else await self._outcomes.of(decision_id)
        definitions = await self._definitions(going, then)
        booster, is_there = await self._booster_of(going, then)
        model = await self._model_for(going, then)
        report = going.report
        if definitions is None or model is None or not is_there:
            report.gone += 1
            return
        self._model, self._booster = model, booster  # nothing is awaited from here on
        ranking = self._ranked(going.request, then, definitions)
        report.ranked += 1
        report.changed += _differs(then, ranking)
        if head is None or not seen:
            return
        other = Other(then.request, ranking, self._worth(definitions))
        notice = DecisionNotice.FromString(head.notice)
        found = showings_of(notice, seen, then, other)
        report.seen += 1
        going.showings.MergeFrom(found)
        going.showings.decisions.extend([report.seen] * len(found.accepted))
        learned = going.model is not None and going.model.number > _row(then)
        report.model_knows_answers |= learned

    def _ranked(
        self, request: pb.SimulateRankingRequest, then: Then, definitions: RankingDefinitions
    ) -> Ranking:
        terms = definitions.treating(then.request.context.variants)
        if request.HasField("exploration"):
            terms = replace(terms, exploration=request.exploration)
        return self._other.rank(then.request, definitions, terms)

    async def _definitions(self, going: _Going, then: Then) -> RankingDefinitions | None:
        bundle_hash = then.ranked.versions.bundle_hash
        if bundle_hash not in going.definitions:
            try:
                found = await self._past.definitions(bundle_hash)
            except TouchpointError:
                going.definitions[bundle_hash] = None
            else:
                going.definitions[bundle_hash] = found
        return going.definitions[bundle_hash]

    async def _booster_of(self, going: _Going, then: Then) -> tuple[Booster | None, bool]:
        """Return the booster of then, None where there was none; and whether it is to be had."""
        name = then.ranked.versions.booster
        if name and name not in going.boosters:
            try:
                going.boosters[name] = await self._past.boosters.load(name)
            except (ArtefactError, BoosterError):
                going.boosters[name] = None
        booster = going.boosters.get(name)
        return booster, not name or booster is not None

    async def _model_for(self, going: _Going, then: Then) -> Model | None:
        if then.ranked.layout != LAYOUT:
            return None
        if going.model is not None:
            return going.model
        going.row = max(going.row, _row(then))
        try:
            return await self._past.models.at(going.row)
        except ModelGoneError:
            return None

    def _worth(self, definitions: RankingDefinitions) -> Callable[[int], float]:
        catalogue = self._catalogue

        def worth(offer_no: int) -> float:
            if not 0 < offer_no < catalogue.size:
                return 0.0
            value = max(0, int(catalogue.value_micros[offer_no])) / _MICROS
            exchanged = definitions.exchange.of(np.array([offer_no]), catalogue)
            return value if exchanged is None else value * float(exchanged.rate[0])

        return worth

    def _span(self, request: pb.SimulateRankingRequest) -> tuple[int, int]:
        since_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else 0
        if not request.HasField("until_time"):
            return since_us, self._now_us()
        return since_us, request.until_time.ToMicroseconds()


def _is_taken(place: int, total: int, at_most: int) -> bool:
    """Return whether the one in this place, from 0, is among `at_most` spread evenly over all."""
    return place * at_most // total != (place + 1) * at_most // total


def _row(then: Then) -> int:
    return row_of(then.ranked.versions.model)


def _differs(then: Then, ranking: Ranking) -> bool:
    return any(
        [each.candidate for each in placement.chosen] != slate.chosen
        for placement, slate in zip(then.ranked.placements, ranking.slates, strict=True)
    )
