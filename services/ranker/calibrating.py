"""Reports whether what the model foretells comes true, by replaying the end of the learning log."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from services.ranker.booster_watch import told_of
from services.ranker.domain.calibration import calibration
from services.ranker.domain.standing import Watched
from services.ranker.hindsight import Answered, Hindsight, Window
from services.ranker.storage.booster_replica import BoosterReplica
from touchpoint.ranker.v1.booster_pb2 import BoosterReport
from touchpoint.ranker.v1.calibration_pb2 import (
    ReportCalibrationRequest,
    ReportCalibrationResponse,
)

MOST_ROWS: Final = 100_000
_ROWS: Final = 20_000


@dataclass(slots=True)
class _Found:
    """What was foretold of a window, and what came of it."""

    watched: Watched | None
    """The booster's part; None: none is served."""
    trained_row: int
    foretold: list[float] = field(default_factory=list)
    accepted: list[bool] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)

    def take(self, answered: Answered) -> None:
        row, model, sight = answered.shown.row, answered.model, answered.sight
        self.foretold.append(model.predict(sight))
        self.accepted.append(answered.label > 0.0)
        self.times_us.append(row.time_us)
        is_unseen = answered.shown.number > self.trained_row and bool(row.person_ids)
        if self.watched is not None and is_unseen:
            self.watched.take(model, sight, answered.label, row.person_ids[0], row.time_us)


class Calibrating:
    """Foretells each showing by the model as it was before, in slices beside the requests."""

    def __init__(self, hindsight: Hindsight, boosters: BoosterReplica) -> None:
        self._hindsight = hindsight
        self._boosters = boosters

    async def report(self, request: ReportCalibrationRequest) -> ReportCalibrationResponse:
        """Return the curve of the last rows; of what was taken out of the model nothing counts.

        What may still be accepted is left out, unless there is nothing else.
        """
        rows = min(request.rows or _ROWS, MOST_ROWS)
        window = await self._hindsight.settled(rows)
        booster = BoosterReport.FromString(self._boosters.report)
        found = await self._found(window, booster.trained_row)
        if not found.foretold:
            window = await self._hindsight.latest(rows)
            found = await self._found(window, booster.trained_row)
        response = await asyncio.to_thread(_report, found, window)
        if found.watched is not None:
            standing = await asyncio.to_thread(found.watched.standing)
            response.booster.CopyFrom(told_of(standing, booster.booster))
        return response

    async def _found(self, window: Window, trained_row: int) -> _Found:
        booster = self._boosters.booster
        found = _Found(None if booster is None else Watched(booster), trained_row)
        async for each in self._hindsight.answers(window):
            found.take(each)
        return found


def _report(found: _Found, window: Window) -> ReportCalibrationResponse:
    foretold, accepted = np.array(found.foretold), np.array(found.accepted, np.bool_)
    curve = calibration(foretold, accepted)
    response = ReportCalibrationResponse(
        error=curve.error,
        log_loss=curve.logloss,
        showings=len(accepted),
        accepted=int(accepted.sum()),
        last_row=window.last,
    )
    if len(accepted):
        response.log_loss_of_share = _loss_of_share(accepted)
        response.from_time.FromMicroseconds(min(found.times_us))
        response.to_time.FromMicroseconds(max(found.times_us))
        response.is_unsettled = not window.until_us
    for each in curve.bins:
        response.bins.add(showings=each.count, foretold=each.foretold, accepted=each.accepted)
    return response


def _loss_of_share(accepted: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    return calibration(np.full(len(accepted), accepted.mean()), accepted).logloss
