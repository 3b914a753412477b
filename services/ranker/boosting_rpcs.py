"""The rpcs about boosters: hand examples out, take trees in when they pay, and take them out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from services.ranker.domain.booster import Booster, BoosterError, Trees
from services.ranker.domain.boosting import inputs_of
from services.ranker.domain.comparing import (
    Comparison,
    Labels,
    TooLittleError,
    Verdict,
    is_example,
)
from services.ranker.domain.encoding import decode
from services.ranker.domain.learning_log import LearningLog, NumberedRow
from services.ranker.storage.booster_replica import BoosterReplica
from services.ranker.storage.boosters import NONE, KeptBooster, name_of
from shared.artefacts import ArtefactError
from shared.bus.follower import SLICE_S
from shared.errors import FailedPrecondition, FieldViolation, InvalidArgument, NotFound
from touchpoint.ranker.v1 import booster_pb2 as pb

MOST_ROWS: Final = 250_000
"""Of the learning log that are looked at: its last."""
_SLICE_ROWS = 500
NowUs = Callable[[], int]


class Boosting:
    """Grows nothing itself: trees come from whoever has read the examples."""

    def __init__(self, log: LearningLog, replica: BoosterReplica, now_us: NowUs) -> None:
        self.replica = replica
        self._log = log
        self._now_us = now_us

    async def examples(self) -> AsyncIterator[pb.StreamExamplesResponse]:
        """Yield what was shown with what became of it, in order."""
        after = await self._first_after()
        labels = await self._labels(after)
        async for rows in self._rows(after):
            response = pb.StreamExamplesResponse()
            slice_ends = time.monotonic() + SLICE_S
            for numbered in filter(_is_shown, rows):
                _write(numbered, labels, response)
                if time.monotonic() >= slice_ends:
                    await asyncio.sleep(0)
                    slice_ends = time.monotonic() + SLICE_S
            yield response

    async def serve(self, request: pb.ServeBoosterRequest) -> pb.ServeBoosterResponse:
        """Serve trees on every replica if they pay.

        Raises InvalidArgument for trees that are none, FailedPrecondition where too little
        followed to tell.
        """
        booster = _read(request.trees)
        await self.replica.catch_up()  # so that it is compared with what is served everywhere
        served, served_name = self.replica.booster, self.replica.version
        known = pb.BoosterReport.FromString(self.replica.report).trained_row
        verdict = await self._compared(booster, max(request.trained_row, known), served)
        booster = booster.saying(verdict.share)
        report = _report(booster, verdict, request.trained_row, served_name)
        artefact = await self.replica.boosters.put(booster)
        report.booster = name_of(artefact)
        report.is_forced = request.force and not verdict.pays
        report.kept_time.FromMicroseconds(self._now_us())
        if not (verdict.pays or request.force):
            return pb.ServeBoosterResponse(report=report, refusal=_refusal(verdict))
        kept = KeptBooster(artefact, report.SerializeToString())
        await self.replica.boosters.serve(kept)
        await self.replica.catch_up()  # others come to it by themselves
        return pb.ServeBoosterResponse(report=report)

    async def roll_back(self, request: pb.RollBackBoosterRequest) -> pb.RollBackBoosterResponse:
        """Serve an older one, or none; raises NotFound and FailedPrecondition."""
        boosters = self.replica.boosters
        state = await boosters.pointers.state()
        target = None if request.off else state.named(request.booster) or state.before
        if request.booster and (target is None or not target.artefact.startswith(request.booster)):
            known = ", ".join(each.name for each in state.kept) or "none"
            raise NotFound(
                f"no booster {request.booster} is kept; kept are: {known}",
                reason="BOOSTER_NOT_FOUND",
            )
        if not request.booster and state.served == NONE:
            raise FailedPrecondition("no booster is served", reason="NO_BOOSTER")
        if target is not None:
            await _whole(boosters.load(target.artefact))
        await boosters.pointers.point(target.artefact if target else NONE)
        await self.replica.catch_up()
        response = pb.RollBackBoosterResponse(former_booster=name_of(state.served))
        if target is not None:
            response.served.ParseFromString(target.report)
        return response

    async def _compared(
        self, booster: Booster, trained_row: int, served: Booster | None
    ) -> Verdict:
        """Compare on what followed; raises FailedPrecondition where that is too little."""
        after = await self._first_after()
        comparison = Comparison(booster, await self._labels(after), after, trained_row, served)
        async for rows in self._rows(after):
            slice_ends = time.monotonic() + SLICE_S
            for numbered in rows:
                comparison.take(numbered)
                if time.monotonic() >= slice_ends:
                    await asyncio.sleep(0)
                    slice_ends = time.monotonic() + SLICE_S
        try:
            return await asyncio.to_thread(comparison.verdict)
        except TooLittleError as error:
            raise FailedPrecondition(
                f"too little followed row {trained_row} to compare: {error}",
                reason="TOO_LITTLE_TO_COMPARE",
            ) from error

    async def _first_after(self) -> int:
        return max(0, await self._log.written() - MOST_ROWS)

    async def _labels(self, after: int) -> Labels:
        labels = Labels()
        async for rows in self._rows(after):
            for numbered in rows:
                labels.take(numbered.row)
        return labels

    async def _rows(self, after: int) -> AsyncIterator[Sequence[NumberedRow]]:
        """Yield slices of the log; rows written meanwhile are left out."""
        last = await self._log.written()
        while after < last:
            rows = await self._log.rows_after(after, min(_SLICE_ROWS, last - after))
            if not rows:
                return
            after = rows[-1].number
            yield rows


def _is_shown(numbered: NumberedRow) -> bool:
    return is_example(numbered.row)


def _write(numbered: NumberedRow, labels: Labels, response: pb.StreamExamplesResponse) -> None:
    sight = decode(numbered.row.features)
    if sight is None:
        return
    inputs = inputs_of(sight.indices)
    response.rows.append(numbered.number)
    response.times_us.append(numbered.row.time_us)
    response.labels.append(labels.of(numbered.row.place))
    response.lengths.append(len(inputs))
    response.features.extend(inputs.tolist())


def _read(told: pb.BoosterTrees) -> Booster:
    trees = Trees(told.trees, told.base, told.features, told.without, told.having, told.values)
    try:
        booster = Booster.of(trees)
    except BoosterError as error:
        raise InvalidArgument([FieldViolation("trees", str(error))]) from error
    if len(inputs_of(booster.inputs)) != len(booster.inputs):
        raise InvalidArgument(
            [FieldViolation("trees.features", "ask for what is not among the examples")]
        )
    return booster


def _report(
    booster: Booster, verdict: Verdict, trained_row: int, served_name: str
) -> pb.BoosterReport:
    report = pb.BoosterReport(
        trees=booster.trees,
        features=len(booster.inputs),
        trained_row=trained_row,
        compared=verdict.compared,
        accepted_share=verdict.accepted_share,
        log_loss_without=verdict.alone.other,
        log_loss_with=verdict.having,
        gain=verdict.alone.mean,
        gain_low=verdict.alone.low,
        gain_high=verdict.alone.high,
        share=verdict.share,
    )
    if (over := verdict.served) is not None:
        report.served_booster, report.log_loss_served = served_name, over.other
        report.gain_over_served = over.mean
        report.gain_over_served_low, report.gain_over_served_high = over.low, over.high
    return report


def _refusal(verdict: Verdict) -> str:
    gain, other = verdict.alone, "without"
    if gain.is_sure and verdict.served is not None:
        gain, other = verdict.served, "with the one that is served"
    return (
        f"the booster does not pay for sure: on {verdict.compared:,} answers it has not seen the "
        f"log-loss is {verdict.having:.4f} with it and {gain.other:.4f} {other}, "
        f"{gain.low:+.4f} to {gain.high:+.4f} better (95%)"
    )


async def _whole(loading: Awaitable[Booster]) -> None:
    """Raise FailedPrecondition where what is to be served again is harmed."""
    try:
        await loading
    except (ArtefactError, BoosterError) as error:
        raise FailedPrecondition(
            f"it cannot be served again: {error}", reason="BOOSTER_HARMED"
        ) from error
