"""Collects the logs of a period for what is measured of them, in small slices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import cached_property, partial
from itertools import islice, repeat
from typing import TypeVar

import numpy as np

from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.measures.gathering import (
    Chosen,
    Event,
    Gathered,
    Gathering,
    Offers,
)
from services.ranker.domain.measures.log import Period
from services.ranker.domain.measures.rates import UNIT, Rates
from services.ranker.storage.measured import MeasuredLogs
from services.ranker.storage.notices import canonical_id
from shared.arms import assign_arm
from shared.catalogue import Catalogue
from shared.currencies import CurrencyTable
from shared.errors import FailedPrecondition
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.profile.v1.profile_pb2 import EventColumns

MOST_EVENTS = 5_000_000
"""More are refused: their columns would take about a gigabyte."""
MOST_DECISIONS = 2_000_000
"""More are refused: with six places each they would take more than a gigabyte."""
_EVENTS_AT_ONCE, _DECISIONS_AT_ONCE = 100, 20
"""Of one slice, which takes about a millisecond."""

Cell = TypeVar("Cell")
DatedRates = Mapping[int, Mapping[str, int]]


def _pass_over(notice: DecisionNotice) -> None:
    pass


class Collector:
    """Collects by the catalogue of this replica and by one version of the definitions."""

    def __init__(
        self, logs: MeasuredLogs, catalogue: Catalogue, definitions: RankingDefinitions
    ) -> None:
        self._logs = logs
        self._catalogue = catalogue
        self._definitions = definitions
        self.table: CurrencyTable = definitions.exchange.table(catalogue)
        """By which money is converted."""

    @cached_property
    def rates(self) -> DatedRates:
        """What one unit of each currency of the catalogue is in the base, billionths.

        By when that began to hold, ascending.
        """
        dated = self._definitions.exchange.dated(self._catalogue)
        names = self._catalogue.currencies.texts()
        return {
            since_us: {name: table.rates.get(name, 0) if name else UNIT for name in names}
            for since_us, table in dated
        }

    async def collect(
        self, gathering: Gathering, hear: Callable[[DecisionNotice], None] = _pass_over
    ) -> AsyncIterator[tuple[str, int]]:
        """Take all of a period, yielding what is being done and how much of it so far.

        `hear` is told of every decision. Raises FailedPrecondition for too many decisions or
        events, TouchpointError where profile does not answer.
        """
        period = gathering.period
        if period.since_us == period.until_us:
            return
        sets: dict[str, str] = {}
        async for part in self._logs.sets():
            sets.update(part)
        gathering.oldest_of = sets
        async for notices in self._logs.decisions(period):
            for told in sliced(iter(notices), _DECISIONS_AT_ONCE):
                for data in told:
                    notice = DecisionNotice.FromString(data)
                    _take_decision(gathering, notice)
                    hear(notice)
                await asyncio.sleep(0)
            _demand_at_most(MOST_DECISIONS, gathering.decisions, "decisions")
            yield "reading decisions", gathering.decisions
        offer_no = self._catalogue.offer_no
        async for columns in self._logs.events(period):
            for events in sliced(_events(columns, offer_no), _EVENTS_AT_ONCE):
                for event in events:
                    gathering.event(event)
                await asyncio.sleep(0)
            _demand_at_most(MOST_EVENTS, gathering.events, "events")
            yield "reading events", gathering.events

    async def done(self, gathering: Gathering) -> Gathered:
        """Return the columns of all that was collected, made beside the loop."""
        return await asyncio.to_thread(
            gathering.done,
            _offers(self._catalogue, self.rates),
            partial(assign_arm, self._definitions.arm_plan),
            self._definitions.seen_when_decided,
        )


def without_rate(rates: DatedRates, period: Period) -> list[str]:
    """Return the currencies of which nobody knew a rate at some time of a period."""
    ends_us = [*list(rates)[1:], period.until_us]
    in_force = [
        each
        for number, (since_us, each) in enumerate(rates.items())
        if since_us < period.until_us and ends_us[number] > period.since_us
    ]
    return sorted({name for each in in_force for name in each if not each[name]})


def _demand_at_most(most: int, count: int, things: str) -> None:
    if count > most:
        raise FailedPrecondition(
            f"more than {most:,} {things}: ask for a shorter period (--since, --until)",
            reason=f"TOO_MANY_{things.upper()}",
        )


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


def sliced(cells: Iterator[Cell], size: int) -> Iterator[list[Cell]]:
    """Yield so many at a time, for whoever lets others work in between."""
    while part := list(islice(cells, size)):
        yield part


def _offers(catalogue: Catalogue, rates: DatedRates) -> Offers:
    size = catalogue.size
    return Offers(
        catalogue.kind[:size].copy(),
        catalogue.family_no[:size].astype(np.int64),
        catalogue.ends_us[:size].copy(),
        catalogue.value_micros[:size].copy(),
        catalogue.currency_no[:size].copy(),
        Rates(
            np.array(list(rates), np.int64),
            np.array([list(each.values()) for each in rates.values()], np.int64),
        ),
    )
