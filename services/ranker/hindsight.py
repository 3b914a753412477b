"""Goes through the end of the learning log again: each answer, and the model of just before it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from services.ranker.domain.answers import DAY_US
from services.ranker.domain.comparing import Labels, is_example
from services.ranker.domain.encoding import Sight, decode
from services.ranker.domain.learning_log import LearningLog, NumberedRow
from services.ranker.domain.model import Model
from services.ranker.storage.snapshots import Snapshots
from shared.bus.follower import SLICE_S

SETTLED_AFTER_US: Final = DAY_US
"""As long as a product that was seen may be bought and count as accepted."""
_SLICE_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows are looked at."""

    after: int
    last: int
    until_us: int
    """Only what was shown by then; 0: all."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A showing, what became of it, and the model that knows neither yet."""

    shown: NumberedRow
    sight: Sight
    label: float
    """1 accepted, 0 not; between them what came late or went back in part."""
    model: Model
    """As it was before; good until the next is asked for."""


class Hindsight:
    """In slices beside the requests; of what was taken out of the model nothing counts."""

    def __init__(self, log: LearningLog, snapshots: Snapshots, now_us: Callable[[], int]) -> None:
        self._log = log
        self._snapshots = snapshots
        self._now_us = now_us

    async def settled(self, rows: int) -> Window:
        """Return the last rows of which hardly an answer can still come; empty in a young home."""
        until_us = self._now_us() - SETTLED_AFTER_US
        last = await self._log.last_by(until_us)
        return Window(max(0, last - rows), last, until_us)

    async def latest(self, rows: int) -> Window:
        """Return the last rows, whatever may still become of them."""
        last = await self._log.written()
        return Window(max(0, last - rows), last, 0)

    async def answers(self, window: Window) -> AsyncIterator[Answered]:
        """Yield the showings of a window in order, the model learning each after it was yielded.

        The model starts at the last snapshot before the window.
        """
        model, _ = await self._snapshots.restore(window.after)
        async for rows in self._rows(model.number, window.last):
            labels = await self._labels([each for each in rows if each.number > window.after])
            slice_ends = time.monotonic() + SLICE_S
            for numbered in rows:
                row = numbered.row
                sight = None if row.reverted_by else decode(row.features)
                is_meant = not window.until_us or row.time_us <= window.until_us
                is_asked = numbered.number > window.after and is_meant
                if is_asked and sight is not None and is_example(row):
                    yield Answered(numbered, sight, labels.of(row.place), model)
                model.learn(numbered.number, row.outcome, sight, row.credit)
                if time.monotonic() >= slice_ends:
                    await asyncio.sleep(0)
                    slice_ends = time.monotonic() + SLICE_S

    async def _labels(self, rows: Sequence[NumberedRow]) -> Labels:
        labels = Labels()
        named = {each.row.decision_id for each in rows if is_example(each.row)}
        if named:
            for answer in await self._log.answers_to(sorted(named)):
                labels.take(answer.row)
        return labels

    async def _rows(self, after: int, last: int) -> AsyncIterator[Sequence[NumberedRow]]:
        while after < last:
            rows = await self._log.rows_after(after, min(_SLICE_ROWS, last - after))
            if not rows:
                return
            after = rows[-1].number
            yield rows
