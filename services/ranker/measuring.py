"""Measures results for whoever asks, in small slices, so that requests never wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.ranker.collecting import Collector, sliced, without_rate
from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.answers import DAY_US
from services.ranker.domain.measures.caveats import caveats_of
from services.ranker.domain.measures.gathering import Gathering
from services.ranker.domain.measures.log import Flags, Period
from services.ranker.domain.measures.measured import Measured, measure
from services.ranker.measuring_sql import (
    CHANNELS_QUERY,
    KINDS_QUERY,
    OFFERS_QUERY,
    POINTS_QUERY,
    SHOWN_QUERY,
    segments_query,
    setup,
)
from services.ranker.result_messages import segments, write_results
from services.ranker.storage.measured import MeasuredLogs
from shared.catalogue import Catalogue
from shared.currencies import CurrencyTable
from shared.definitions import BundleFollower
from shared.errors import FieldViolation, InvalidArgument
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.ranker.v1.ranker_service_pb2 import GetResultsRequest, GetResultsResponse
from touchpoint.ranker.v1.results_pb2 import Results, SegmentResult

DAYS = 28
_MEMBERS_AT_ONCE = 200
"""Of one slice, which takes less than a millisecond."""
Members = Mapping[str, Flags]


@dataclass(frozen=True, slots=True)
class Measurer:
    """Measures by the catalogue and the active definitions of this replica."""

    logs: MeasuredLogs
    catalogue: Catalogue
    bundles: BundleFollower[RankingDefinitions]
    now_us: Callable[[], int]

    async def measure(self, request: GetResultsRequest) -> AsyncIterator[GetResultsResponse]:
        """Yield how far it is, and the results at last.

        Raises InvalidArgument for a period that ends before it begins, FailedPrecondition for one
        of too many events, TouchpointError where profile does not answer.
        """
        asked = self._asked(request)
        first_us = await self.logs.first_decided_us(asked)
        period = Period(asked.until_us if first_us is None else first_us, asked.until_us)
        definitions, bundle_hash = self.bundles.active, self.bundles.active_hash
        collector = Collector(self.logs, self.catalogue, definitions)
        gathering = Gathering(period, {})
        async for step, done in collector.collect(gathering):
            yield _progress(step, done)
        yield _progress("measuring", gathering.events)
        plan, table, rates = definitions.arm_plan, collector.table, collector.rates
        gathered = await collector.done(gathering)
        found = await asyncio.to_thread(measure, gathered)
        members = await self._members(gathering, found)
        results = Results(bundle_hash=bundle_hash)
        results.since_time.FromMicroseconds(period.since_us)
        results.until_time.FromMicroseconds(period.until_us)
        results.currency, results.rates_as_of = _money(self.catalogue, table)
        results.events, results.decisions = gathering.events, gathering.decisions
        results.decisions_for_nobody = gathering.for_nobody
        await asyncio.to_thread(write_results, found, self.catalogue, results)
        results.segments.extend(await asyncio.to_thread(_segments, found, members))
        _write_shares(results, plan)
        unpriced = without_rate(rates, period)
        for caveat in caveats_of(found, _shares(plan), asked.since_us, unpriced):
            results.caveats.add(code=caveat.code, text=caveat.text)
        _write_queries(results, setup(period, rates, definitions.seen_when_decided))
        yield GetResultsResponse(results=results)

    def _asked(self, request: GetResultsRequest) -> Period:
        now_us = self.now_us()
        until_us = now_us
        if request.HasField("until_time"):
            until_us = min(now_us, request.until_time.ToMicroseconds())
        since_us = until_us - DAYS * DAY_US
        if request.HasField("since_time"):
            since_us = request.since_time.ToMicroseconds()
        if since_us >= until_us:
            raise InvalidArgument([FieldViolation("since_time", "must be before the end")])
        return Period(since_us, until_us)

    async def _members(self, gathering: Gathering, found: Measured) -> Members:
        """Return which customers measured are in which segment."""
        row_of = await asyncio.to_thread(_rows, found.persons.oldest_ids)
        members: dict[str, Flags] = {}
        async for columns in self.logs.memberships():
            told = zip(columns.person_ids, columns.segments, columns.is_members, strict=True)
            for some in sliced(told, _MEMBERS_AT_ONCE):
                for person_id, segment, is_member in some:
                    row = row_of.get(gathering.oldest_of.get(person_id, person_id))
                    if row is not None and is_member:
                        if segment not in members:
                            members[segment] = np.zeros(len(row_of), np.bool_)
                        members[segment][row] = True
                await asyncio.sleep(0)
        return members


def _rows(oldest_ids: Sequence[str]) -> Mapping[str, int]:
    return {oldest_id: row for row, oldest_id in enumerate(oldest_ids)}


def _money(catalogue: Catalogue, table: CurrencyTable) -> tuple[str, str]:
    several = len(catalogue.currencies.texts()[1:]) > 1
    return table.base or catalogue.only_currency, table.as_of if several else ""


def _segments(found: Measured, members: Members) -> list[SegmentResult]:
    return list(segments(found.persons, members))


def _shares(plan: ArmPlan) -> dict[int, float]:
    rest = 1.0 - plan.holdout_share - plan.static_share
    return {
        Arm.HOLDOUT: plan.holdout_share,
        Arm.STATIC: plan.static_share,
        Arm.PERSONALISED: rest,
    }


def _write_shares(results: Results, plan: ArmPlan) -> None:
    shares = _shares(plan)
    for told in results.arms:
        told.share = shares[told.arm]


def _write_queries(results: Results, sql: str) -> None:
    results.sql = sql
    results.offers_query, results.shown_query = OFFERS_QUERY, SHOWN_QUERY
    results.channels_query, results.points_query = CHANNELS_QUERY, POINTS_QUERY
    results.kinds_query, results.segments_query = KINDS_QUERY, segments_query()


def _progress(step: str, done: int) -> GetResultsResponse:
    response = GetResultsResponse()
    response.progress.step, response.progress.done = step, done
    return response
