"""Reports whether what the model foretells comes true, by replaying the end of the learning log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final

import numpy as np

from services.ranker.domain.calibration import calibration
from services.ranker.domain.comparing import Labels, is_example
from services.ranker.domain.encoding import decode
from services.ranker.domain.learning_log import LearningLog, NumberedRow
from services.ranker.domain.model import Model
from services.ranker.storage.snapshots import Snapshots
from shared.bus.follower import SLICE_S
from touchpoint.ranker.v1.calibration_pb2 import (
    ReportCalibrationRequest,
    ReportCalibrationResponse,
)

MOST_ROWS: Final = 100_000
_ROWS: Final = 20_000
_SLICE_ROWS: Final = 500


class Calibrating:
    """Foretells each showing by the model as it was before, in slices beside the requests."""

    def __init__(self, log: LearningLog, snapshots: Snapshots) -> None:
        self._log = log
        self._snapshots = snapshots

    async def report(self, request: ReportCalibrationRequest) -> ReportCalibrationResponse:
        """Return the curve of the last rows; of what was taken out of the model nothing counts.

        The model starts at the last snapshot before those rows.
        """
        last = await self._log.written()
        after = max(0, last - min(request.rows or _ROWS, MOST_ROWS))
        labels = Labels()
        async for rows in self._rows(after, last):
            for numbered in rows:
                labels.take(numbered.row)
        model, _ = await self._snapshots.restore(after)
        foretold, accepted = await self._foretold(model, after, last, labels)
        return await asyncio.to_thread(_report, foretold, accepted, last)

    async def _foretold(
        self, model: Model, after: int, last: int, labels: Labels
    ) -> tuple[list[float], list[bool]]:
        foretold, accepted = [], []
        async for rows in self._rows(model.number, last):
            slice_ends = time.monotonic() + SLICE_S
            for numbered in rows:
                row = numbered.row
                sight = None if row.reverted_by else decode(row.features)
                if numbered.number > after and sight is not None and is_example(row):
                    foretold.append(model.predict(sight))
                    accepted.append(labels.of(row.place) > 0.0)
                model.learn(numbered.number, row.outcome, sight, row.credit)
                if time.monotonic() >= slice_ends:
                    await asyncio.sleep(0)
                    slice_ends = time.monotonic() + SLICE_S
        return foretold, accepted

    async def _rows(self, after: int, last: int) -> AsyncIterator[Sequence[NumberedRow]]:
        while after < last:
            rows = await self._log.rows_after(after, min(_SLICE_ROWS, last - after))
            if not rows:
                return
            after = rows[-1].number
            yield rows


def _report(
    foretold_of: Sequence[float], is_accepted: Sequence[bool], last: int
) -> ReportCalibrationResponse:
    foretold, accepted = np.array(foretold_of), np.array(is_accepted, np.bool_)
    curve = calibration(foretold, accepted)
    response = ReportCalibrationResponse(
        error=curve.error,
        log_loss=curve.logloss,
        showings=len(accepted),
        accepted=int(accepted.sum()),
        last_row=last,
    )
    if len(accepted):
        always = calibration(np.full(len(accepted), accepted.mean()), accepted)
        response.log_loss_of_share = always.logloss
    for each in curve.bins:
        response.bins.add(showings=each.count, foretold=each.foretold, accepted=each.accepted)
    return response
