"""Learns from history: what was shown and accepted before, as rows of the learning log."""

from __future__ import annotations

import asyncio
import hmac
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.acceptance_scores import AcceptanceScores, log_losses, scores
from services.ranker.domain.answers import Outcome, Row
from services.ranker.domain.arbitration import Column, assume
from services.ranker.domain.encoding import Sight, decode
from services.ranker.domain.entities import Entities
from services.ranker.domain.features import FeatureMaker, Proposed
from services.ranker.domain.intervals import mean_of
from services.ranker.domain.judgement import sight
from services.ranker.domain.model import Model
from services.ranker.domain.situation import Situation, is_personal
from services.ranker.history_policies import Judged, PastShowing
from services.ranker.storage.history import HistoryLog
from shared.catalogue import Catalogue
from touchpoint.common.v1.vocabulary_pb2 import OfferKind, Source
from touchpoint.ranker.v1 import history_pb2 as pb

_COMPARED = 0.2
"""Share of the rows, the last ones, that the candidate is compared on."""
_AT_ONCE = 200
_EXAMPLES = 10
_TOLD = 0.05
"""How much more of all rows must be done until it is told: to tell costs as much as a row."""
_SLICE_S = 0.005
_REST_S = 0.01
"""After each slice: a third of the service's time at most."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One row of history as the model sees it."""

    row: pb.HistoryRow
    situation: Situation
    showing: tuple[Row, ...]
    sight: Sight
    person: str

    @property
    def accepted(self) -> bool:
        return len(self.showing) > 1


class HistoryTrainer:
    """Makes features of history by the code that makes them live, and teaches by the log."""

    def __init__(
        self,
        catalogue: Catalogue,
        definitions: Callable[[], RankingDefinitions],
        model: Callable[[], Model],
        log: HistoryLog,
    ) -> None:
        self._catalogue = catalogue
        self._definitions = definitions
        self._model = model
        self._log = log
        self._maker = FeatureMaker(Entities(catalogue))
        self._turn = asyncio.Lock()

    async def train(self, request: pb.TrainRankerRequest) -> AsyncIterator[pb.TrainRankerResponse]:
        """Yield how far it is, and in the end what came of it; one at a time on a replica."""
        async with self._turn:
            rows = sorted(request.rows, key=lambda each: each.time_us)
            report, found, ids = pb.RankerTraining(), list[_Seen](), Counter[bytes]()
            key = await self._log.key()
            slice_ends, told = time.monotonic() + _SLICE_S, 0
            for done, row in enumerate(rows):
                self._add(row, report, found, key, ids)
                if time.monotonic() >= slice_ends:
                    if done - told >= _TOLD * len(rows):
                        yield pb.TrainRankerResponse(done=done, total=len(rows))
                        told = done
                    await asyncio.sleep(_REST_S)
                    slice_ends = time.monotonic() + _SLICE_S
            report.rows = len(found)
            if found:
                await self._compare(found, report)
            if found and not request.preview and (report.better or request.force):
                await self._write(found, report)
            yield pb.TrainRankerResponse(done=len(rows), total=len(rows), report=report)

    def _add(
        self,
        row: pb.HistoryRow,
        report: pb.RankerTraining,
        found: list[_Seen],
        key: bytes,
        ids: Counter[bytes],
    ) -> None:
        offer_no = self._catalogue.offer_no(row.offer_id)
        if not offer_no:
            report.unknown_offers += 1
            if len(report.examples) < _EXAMPLES and row.offer_id not in report.examples:
                report.examples.append(row.offer_id)
            return
        found.append(self._seen(row, offer_no, _showing_id(key, row, ids)))

    def _seen(self, row: pb.HistoryRow, offer_no: int, showing_id: str) -> _Seen:
        catalogue, definitions = self._catalogue, self._definitions()
        kind = int(catalogue.kind[offer_no])
        usual = Source.POPULAR if kind == OfferKind.PRODUCT else Source.OFFER
        nos, sources = np.array([offer_no]), np.array([row.source or usual], np.int64)
        prior = definitions.priors.probabilities(catalogue.kind[nos], sources)
        assumed = assume(prior, np.ones(1), catalogue.value_micros[nos])
        situation = _situation(row)
        proposed = Proposed(nos, sources, np.ones(1), np.ones(1, np.uint32))
        # Of nobody who could be told of in a report: without characteristics.
        sighted = sight(self._maker.features(proposed, situation), assumed)
        features = sighted.encoded(0, row.placement, max(0, row.position - 1))
        family_no = int(catalogue.family_no[offer_no]) or offer_no
        outcomes = (Outcome.SHOWN, Outcome.ACCEPTED) if row.accepted else (Outcome.SHOWN,)
        showing = tuple(
            Row(
                showing_id,
                row.placement,
                offer_no,
                outcome,
                features,
                row.time_us,
                row.selection_probability or 1.0,
                family_no,
                (),
                channel=row.channel,
            )
            for outcome in outcomes
        )
        sighted_again = decode(features)
        assert sighted_again is not None, "what is encoded here can be read here"
        return _Seen(row, situation, showing, sighted_again, row.person)

    async def _compare(self, found: Sequence[_Seen], report: pb.RankerTraining) -> None:
        """Compare the served model and one that learned the first part on what came after it."""
        last = max(1, round(len(found) * _COMPARED))
        # Aside, as a copy takes tens of milliseconds. Should a row be learned meanwhile, both have
        # half of it: they are compared with each other alone.
        served = await asyncio.to_thread(self._model().copy)
        candidate = await asyncio.to_thread(served.copy)
        await _learn(candidate, found[:-last])
        compared = found[-last:]
        accepted = np.array([each.accepted for each in compared], np.float64)
        by_served = await _predicted(served, compared)
        by_candidate = await _predicted(candidate, compared)
        people: dict[object, int] = {}
        units = [
            people.setdefault(each.person or at, len(people)) for at, each in enumerate(compared)
        ]
        gain = mean_of(
            log_losses(by_served, accepted) - log_losses(by_candidate, accepted), np.array(units)
        )
        judged = Judged(
            self._catalogue,
            self._maker,
            self._definitions(),
            [(each.row, each.showing[0].offer_no) for each in found],
        )
        past = [
            PastShowing(each.row, each.showing[0].offer_no, each.situation, unit)
            for each, unit in zip(compared, units, strict=True)
        ]
        await judged.tell(past, served, candidate, report)
        report.compared_rows = last
        report.served.CopyFrom(_told(scores(by_served, accepted)))
        report.candidate.CopyFrom(_told(scores(by_candidate, accepted)))
        report.gain, report.gain_low, report.gain_high = gain.value, gain.low, gain.high
        report.better = gain.low > 0.0

    async def _write(self, found: Sequence[_Seen], report: pb.RankerTraining) -> None:
        for start in range(0, len(found), _AT_ONCE):
            showings = [each.showing for each in found[start : start + _AT_ONCE]]
            number, written = await self._log.append(showings)
            if not start:
                report.after_row = number
            report.written_rows += written
            await asyncio.sleep(_REST_S)


def _showing_id(key: bytes, row: pb.HistoryRow, met: Counter[bytes]) -> str:
    """Return the same id for the same row whenever it is told; of equal rows each has its own.

    A row that has an id is known by that alone, else by what it says of the showing: how it was
    chosen may be told later, and is no other row then.
    """
    if row.id:
        said = b"id " + row.id.encode()
    else:
        showing = pb.HistoryRow()
        showing.CopyFrom(row)
        for name in ("occurrence", "selection_probability", "candidates"):
            showing.ClearField(name)
        whole = showing.SerializeToString(deterministic=True)
        met[whole] += 1
        said = b"%d " % (row.occurrence or met[whole]) + whole
    return str(uuid.UUID(bytes=hmac.digest(key, said, "sha256")[:16]))


def _situation(row: pb.HistoryRow) -> Situation:
    then = datetime.fromtimestamp(row.time_us / 1e6, UTC)
    return Situation(
        channel=row.channel,
        placements=[row.placement],
        value_tier=row.value_tier,
        persona=row.persona,
        segments=sorted(row.segments),
        age=row.age,
        attributes=sorted(each for each in row.attributes if not is_personal(each)),
        told=sorted(each for each in row.told if not is_personal(each)),
        hour=then.hour,
        weekday=then.weekday(),
        now_us=row.time_us,
    )


async def _learn(model: Model, found: Sequence[_Seen]) -> None:
    slice_ends = time.monotonic() + _SLICE_S
    for each in found:
        for row in each.showing:
            model.learn(model.number + 1, row.outcome, each.sight)
        if time.monotonic() >= slice_ends:
            await asyncio.sleep(_REST_S)
            slice_ends = time.monotonic() + _SLICE_S


async def _predicted(model: Model, found: Sequence[_Seen]) -> Column:
    """Return the acceptance probability of each, shape (rows,)."""
    chances, slice_ends = np.zeros(len(found)), time.monotonic() + _SLICE_S
    for at, each in enumerate(found):
        chances[at] = model.predict(each.sight)
        if time.monotonic() >= slice_ends:
            await asyncio.sleep(_REST_S)
            slice_ends = time.monotonic() + _SLICE_S
    return chances


def _told(found: AcceptanceScores) -> pb.AcceptanceScores:
    return pb.AcceptanceScores(
        log_loss=found.log_loss, auc=found.auc, calibration_error=found.calibration_error
    )
