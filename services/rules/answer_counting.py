"""Counts what became of what was shown, by the rules that acted: from the ranker's learning log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from services.rules.domain.ledger import Ledger
from services.rules.domain.results import (
    EVERY_RULE,
    AnswerCount,
    AnswerCounts,
    AnswerKey,
    ResultStore,
    Touch,
    stretch_us,
)
from services.rules.storage.definitions import PostgresDefinitions
from services.rules.trial_results import LATEST
from shared.call import Call, own_call
from shared.client import follow
from shared.errors import NotFound, TouchpointError
from shared.logging import get_logger
from shared.postgres import Leadership
from touchpoint.common.v1.bus_pb2 import ChosenNotice, DecisionNotice
from touchpoint.ranker.v1.ranker_pb2 import LearningRow, Outcome
from touchpoint.ranker.v1.ranker_service_pb2 import StreamLearningRequest

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceAsyncStub

_EVERY_S = 2.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_STREAM_TIMEOUT_S = 300.0
_AT_ONCE = 200
"""Rows between two chances for requests."""
_BUNDLES_KEPT = 8
_MICROS = 1_000_000
log = get_logger(__name__)


class AnswerCounting:
    """Reads the log from where it was left; one replica does."""

    def __init__(
        self,
        store: ResultStore,
        ledger: Ledger,
        definitions: PostgresDefinitions,
        ranker: RankerServiceAsyncStub,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._definitions = definitions
        self._ranker = ranker
        self._rules: dict[str, Sequence[str]] = {}

    async def run(self, leadership: Leadership) -> None:
        """Count for ever while this replica leads; a background task of the service."""
        await leadership.lead("rule_answers", self._count_for_ever)

    async def _count_for_ever(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self.count_new()
            except TouchpointError as error:
                log.info("rule_answers_not_counted", reason=error.reason)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:
                pause_s = _FIRST_PAUSE_S
                await asyncio.sleep(_EVERY_S)

    async def count_new(self) -> None:
        """Count what the log has that was not counted; raises the kit's errors."""
        position = await self._store.answers_position()
        request = StreamLearningRequest(number=position)
        answers = self._ranker.StreamLearning
        async for slice_ in follow(answers, request, _call(), _STREAM_TIMEOUT_S):
            for start in range(0, len(slice_.rows), _AT_ONCE):
                rows = slice_.rows[start : start + _AT_ONCE]
                counted = await self._counted(rows)
                if not await self._store.add_answers(position, rows[-1].number, counted):
                    return
                position = rows[-1].number

    async def _counted(self, rows: Sequence[LearningRow]) -> AnswerCounts:
        """Return what rows come to; those of decisions that are no longer kept to nothing."""
        wanted = {row.decision_id for row in rows if row.decision_id}
        found = map(DecisionNotice.FromString, await self._ledger.notices(sorted(wanted)))
        decisions = {each.decision_id: each for each in found if each.acts_noted}
        names = {
            bundle_hash: await self._rule_names(bundle_hash)
            for bundle_hash in {each.bundle_hash for each in decisions.values()}
        }
        versions = await self._definitions.versions(0, LATEST) if decisions else ()
        activated_us = sorted(version.activated_us for version in versions)
        answers: AnswerCounts = {}
        for row in rows:
            decision = decisions.get(row.decision_id)
            if decision is not None:
                since_us = stretch_us(decision.time_us, activated_us)
                _count(answers, row, decision, names[decision.bundle_hash], since_us)
        return answers

    async def _rule_names(self, bundle_hash: str) -> Sequence[str]:
        if bundle_hash not in self._rules:
            if len(self._rules) >= _BUNDLES_KEPT:
                del self._rules[next(iter(self._rules))]
            try:
                bundle = await self._definitions.bundle(bundle_hash)
            except NotFound:
                return ()
            self._rules[bundle_hash] = [rule.name for rule in bundle.rules]
        return self._rules[bundle_hash]


def _count(
    answers: AnswerCounts,
    row: LearningRow,
    decision: DecisionNotice,
    names: Sequence[str],
    since_us: int,
) -> None:
    chosen = _chosen(row, decision.chosen)
    count = _what_came(row, chosen)
    touched: Mapping[Touch, Iterable[int]] = {
        Touch.ACTED: decision.acted_rules,
        Touch.WOULD_HAVE_ACTED: decision.shadow_rules,
        Touch.WOULD_HAVE_REMOVED: chosen.shadow_rules,
    }
    keys = [(EVERY_RULE, Touch.NONE)]
    for touch, places in touched.items():
        keys += [(names[place], touch) for place in places if place < len(names)]
    for rule, touch in keys:
        key = AnswerKey(since_us, decision.bundle_hash, rule, touch)
        answers.setdefault(key, AnswerCount()).add(count)


def _chosen(row: LearningRow, chosen: Iterable[ChosenNotice]) -> ChosenNotice:
    """Return what a row is about; nothing of it where a race put it there later."""
    for each in chosen:
        if each.offer_no == row.offer_no and each.placement == row.placement:
            return each
    return ChosenNotice()


def _what_came(row: LearningRow, chosen: ChosenNotice) -> AnswerCount:
    match row.outcome:
        case Outcome.SHOWN:
            return AnswerCount(shown=1)
        case Outcome.DECLINED:
            return AnswerCount(declined=1)
        case Outcome.ACCEPTED:
            probability = chosen.acceptance_probability
            value = chosen.score / probability if probability > 0 else 0.0
            return AnswerCount(accepted=1, value_micros=round(value * _MICROS))
        case _:
            return AnswerCount()


def _call() -> Call:
    return own_call("/touchpoint.ranker.v1.RankerService/StreamLearning")
