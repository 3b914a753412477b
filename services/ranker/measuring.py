"""Measures results for whoever asks, in small slices, so that requests never wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, repeat
from typing import TypeVar

import numpy as np

from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.answers import DAY_US
from services.ranker.domain.measures.caveats import caveats_of
from services.ranker.domain.measures.gathering import UNIT, Chosen, Event, Gathering, Offers
from services.ranker.domain.measures.log import Flags, Period
from services.ranker.domain.measures.measured import Measured, measure
from services.ranker.measuring_sql import (
    CHANNELS_QUERY,
    OFFERS_QUERY,
    POINTS_QUERY,
    SHOWN_QUERY,
    segments_query,
    setup,
)
from services.ranker.result_messages import segments, write_results
from services.ranker.storage.measured import MeasuredLogs
from services.ranker.storage.notices import canonical_id
from shared.arms import assign_arm
from shared.catalogue import Catalogue
from shared.currencies import CurrencyTable
from shared.definitions import BundleFollower
from shared.errors import FailedPrecondition, FieldViolation, InvalidArgument
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_pb2 import ArmPlan, EventColumns
from touchpoint.ranker.v1.ranker_service_pb2 import GetResultsRequest, GetResultsResponse
from touchpoint.ranker.v1.results_pb2 import Results, SegmentResult

DAYS = 28
MOST_EVENTS = 5_000_000
"""More are refused: their columns would take about a gigabyte."""
_EVENTS_AT_ONCE, _DECISIONS_AT_ONCE = 200, 20
"""Of one slice, which takes a millisecond or two."""

Cell = TypeVar("Cell")
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
        gathering = Gathering(period, {})
        async for step, done in self._gather(gathering):
            yield _progress(step, done)
        yield _progress("measuring", gathering.events)
        plan, table = definitions.arm_plan, definitions.exchange.table(self.catalogue)
        rates = {
            currency: round(table.rate(currency) * UNIT)
            for currency in self.catalogue.currencies.texts()
        }
        gathered = gathering.done(
            _offers(self.catalogue, rates),
            lambda oldest_id: assign_arm(plan, oldest_id),
            definitions.seen_when_decided,
        )
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
        unpriced = [currency for currency, rate in rates.items() if not rate]
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

    async def _gather(self, gathering: Gathering) -> AsyncIterator[tuple[str, int]]:
        """Take all of a period, yielding what is being done and how much of it so far."""
        period = gathering.period
        if period.since_us == period.until_us:
            return
        sets: dict[str, str] = {}
        async for part in self.logs.sets():
            sets.update(part)
        gathering.oldest_of = sets
        async for notices in self.logs.decisions(period):
            for told in _sliced(iter(notices), _DECISIONS_AT_ONCE):
                for data in told:
                    _take_decision(gathering, DecisionNotice.FromString(data))
                await asyncio.sleep(0)
            yield "reading decisions", gathering.decisions
        offer_no = self.catalogue.offer_no
        async for columns in self.logs.events(period):
            for events in _sliced(_events(columns, offer_no), _EVENTS_AT_ONCE):
                for event in events:
                    gathering.event(event)
                await asyncio.sleep(0)
            if gathering.events > MOST_EVENTS:
                raise FailedPrecondition(
                    f"more than {MOST_EVENTS:,} events: ask for a shorter period",
                    reason="TOO_MANY_EVENTS",
                )
            yield "reading events", gathering.events

    async def _members(self, gathering: Gathering, found: Measured) -> Members:
        """Return which customers measured are in which segment."""
        row_of = {oldest_id: row for row, oldest_id in enumerate(found.persons.oldest_ids)}
        members: dict[str, Flags] = {}
        async for columns in self.logs.memberships():
            told = zip(columns.person_ids, columns.segments, columns.is_members, strict=True)
            for person_id, segment, is_member in told:
                row = row_of.get(gathering.oldest_of.get(person_id, person_id))
                if row is not None and is_member:
                    if segment not in members:
                        members[segment] = np.zeros(len(row_of), np.bool_)
                    members[segment][row] = True
            await asyncio.sleep(0)
        return members


def _take_decision(gathering: Gathering, notice: DecisionNotice) -> None:
    gathering.decision(
        notice.decision_id,
        notice.person_ids[0] if notice.person_ids else "",
        notice.time_us,
        notice.channel,
        notice.arm,
        [Chosen(each.placement, each.position, each.offer_no) for each in notice.chosen],
    )


def _events(columns: EventColumns, offer_no: Callable[[str], int]) -> Iterator[Event]:
    placements = columns.placements or repeat("")
    promotions = columns.promotion_ids or repeat("")
    for cells in zip(
        columns.person_ids,
        columns.types,
        columns.times_us,
        columns.channels,
        columns.offer_nos,
        columns.quantities,
        columns.value_micros,
        columns.cost_micros,
        columns.order_ids,
        columns.decision_ids,
        placements,
        promotions,
        columns.ratings,
        columns.objections,
        strict=False,
    ):
        *before, decision_id, placement, promotion, rating, objects = cells
        named = canonical_id(decision_id) if decision_id else ""
        promotion_no = offer_no(promotion) if promotion else 0
        yield Event._make([*before, named, placement, promotion_no, rating, objects])


def _sliced(cells: Iterator[Cell], size: int) -> Iterator[list[Cell]]:
    while part := list(islice(cells, size)):
        yield part


def _offers(catalogue: Catalogue, rates: Mapping[str, int]) -> Offers:
    size = catalogue.size
    by_number = np.array([rates[currency] for currency in catalogue.currencies.texts()])
    return Offers(
        catalogue.kind[:size].copy(),
        catalogue.family_no[:size].astype(np.int64),
        catalogue.ends_us[:size].copy(),
        catalogue.value_micros[:size].copy(),
        by_number[catalogue.currency_no[:size]],
    )


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
    results.segments_query = segments_query()


def _progress(step: str, done: int) -> GetResultsResponse:
    response = GetResultsResponse()
    response.progress.step, response.progress.done = step, done
    return response
