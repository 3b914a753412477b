"""The model as it was after a row: from the nearest snapshot before it and the rows between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from services.ranker.domain.encoding import decode
from services.ranker.domain.learning_log import LearningLog
from services.ranker.domain.model import Model
from services.ranker.domain.reverting import Revert, is_base
from services.ranker.storage.snapshots import Snapshots
from shared.bus.follower import SLICE_S

_SLICE_ROWS = 1000
_MOST_ROWS = 200_000
"""About half a minute's learning; what lies further behind every snapshot counts as gone."""


class ModelGoneError(Exception):
    """A model that cannot be made any more; its text says why."""


class PastModels:
    """Makes models of the past beside the requests, one at a time."""

    def __init__(self, log: LearningLog, snapshots: Snapshots) -> None:
        self._log = log
        self._snapshots = snapshots
        self._turn = asyncio.Lock()
        self._last: Model | None = None

    async def at(self, number: int) -> Model:
        """Return the model after that row, good until the next is asked for.

        Raises `ModelGoneError` where the log does not reach so far, or no snapshot is near enough.
        """
        async with self._turn:
            written = await self._log.written()
            if number > written:
                raise ModelGoneError(f"the learning log ends at row {written}")
            reverts = await self._log.reverts()
            _refuse_undone(number, reverts)
            model = await self._nearest(number, reverts)
            if number - model.number > _MOST_ROWS:
                raise ModelGoneError(
                    f"the nearest snapshot that is kept is of row {model.number}, "
                    f"over {_MOST_ROWS:,} rows before"
                )
            await self._learn(model, number)
            self._last = model
            return model

    async def _nearest(self, number: int, reverts: Sequence[Revert]) -> Model:
        """Return the last one made where no snapshot is nearer: decisions mostly follow."""
        last, known = self._last, [each for each in reverts if each.number <= number]
        if last is not None and last.number <= number and is_base(last.number, known):
            nearest = await self._snapshots.before(number)
            if nearest is None or nearest.number <= last.number:
                return last
        model, _ = await self._snapshots.restore(number)
        return model

    async def _learn(self, model: Model, number: int) -> None:
        while model.number < number:
            rows = await self._log.rows_after(model.number, min(_SLICE_ROWS, number - model.number))
            if not rows:
                raise ModelGoneError(f"row {model.number + 1} is not in the learning log")
            slice_ends = time.monotonic() + SLICE_S
            for numbered in rows:
                row = numbered.row
                is_out = any(by <= number for by in row.reverted_by)
                sight = None if is_out else decode(row.features)
                model.learn(numbered.number, row.outcome, sight, row.credit)
                if time.monotonic() >= slice_ends:
                    await asyncio.sleep(0)
                    slice_ends = time.monotonic() + SLICE_S


def _refuse_undone(number: int, reverts: Sequence[Revert]) -> None:
    """Raise where a revert stood at that row that is undone now: its marks are gone."""
    for each in reverts:
        if 0 < each.undoes <= number < each.number:
            raise ModelGoneError(
                f"what was taken out of it by row {each.undoes} of the learning log was put back"
            )
