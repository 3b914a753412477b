"""The model of one replica: a snapshot and every row after it, in order."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Final

from google.protobuf.message import DecodeError

from services.ranker.domain.answers import Outcome
from services.ranker.domain.encoding import decode, is_newer
from services.ranker.domain.learning_log import LearningLog
from services.ranker.domain.model import EMPTY_NAME, Model
from services.ranker.storage.snapshots import Pointer, Snapshots
from shared.bus import LEARNING, Bus, GapError, Message
from shared.bus.follower import SLICE_S
from shared.errors import Unavailable
from shared.logging import get_logger
from shared.postgres.leadership import Leadership
from shared.read_model import ReadModel
from touchpoint.common.v1.bus_pb2 import LearningNotice
from touchpoint.ranker.v1.ranker_pb2 import LearningRow

SNAPSHOT_EVERY: Final = 2000
"""Rows; a restart reads at most as many more from the log."""
_SLICE_ROWS = 1000
_LOOK_EVERY_S = 1.0
_PAUSE_SHARE = 20
"""A large model takes a while to save: at most a twentieth of the time goes into it."""
_LONGEST_LAG_S = 5.0
_NAME_DIGITS = 12
PRIOR: Final = "prior"
log = get_logger(__name__)


class ModelReplica:
    """Serve from `model`, keep `run` running."""

    def __init__(
        self,
        bus: Bus,
        log: LearningLog,
        snapshots: Snapshots,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = Model()
        self.written = 0
        """The last row of the log when it was last looked at."""
        self._log = log
        self._snapshots = snapshots
        self._base: Pointer | None = None
        self._monotonic = monotonic
        self._owed = 0
        """The row that the log had reached when it was first seen ahead of the model."""
        self._owed_since_s = 0.0
        self._reverts_known = 0
        """Rows up to this one were read with the marks of all reverts up to it."""
        self._has_met_newer = False
        self._turn = asyncio.Lock()
        self._read_model = ReadModel(
            bus,
            LEARNING,
            name=f"ranker_model_{os.getpid()}",
            apply=self.apply,
            catch_up=self.catch_up,
            is_behind=self.is_behind,
        )

    @property
    def version(self) -> str:
        """What a decision says that it was decided by: the latest snapshot and the last row."""
        if self.model.number == 0:
            return PRIOR
        name = self._base.artefact if self._base else EMPTY_NAME
        return f"{name[:_NAME_DIGITS]}+{self.model.number}"

    async def run(self) -> None:
        """Restore and follow for ever; a background task of the service."""
        await self.restore()
        await self._read_model.run()

    async def check_ready(self) -> None:
        """Raise `Unavailable` until all that was learned at the start is here: for health."""
        await self._read_model.check_ready()

    async def check_lag(self) -> None:
        """Raise `Unavailable` until then and while the model is stale: for health to watch."""
        await self._read_model.check_lag()
        if self.is_stale:
            raise Unavailable(f"the model lags {self._lag_s():.0f} s behind", reason="MODEL_STALE")

    async def check_features(self) -> None:
        """Raise `Unavailable` while there is something that this version cannot learn from."""
        if self.refusal:
            raise Unavailable(self.refusal, reason="NOT_LEARNED")

    @property
    def refusal(self) -> str:
        """Why something that was learned is not known here; empty: all of it is."""
        if self._has_met_newer:
            return "rows of a newer version of the features, or outcomes, teach nothing here"
        return self._snapshots.refusal

    @property
    def is_stale(self) -> bool:
        """Whether the log has been ahead of the model for so long that decisions should say so."""
        return self._lag_s() > _LONGEST_LAG_S

    def _lag_s(self) -> float:
        is_owed = self.model.number < self._owed
        return self._monotonic() - self._owed_since_s if is_owed else 0.0

    async def restore(self) -> None:
        """Begin with the newest snapshot that is whole and not behind what is here already."""
        known = await self._log.written()
        model, pointer = await self._snapshots.restore()
        if model.number >= self.model.number:
            self.model, self._base, self._reverts_known = model, pointer, known

    async def catch_up(self) -> None:
        """Learn all that is in the log and not yet here; a slice at a time, then others run.

        Where rows were taken out or put back, a model is made anew from a snapshot of before them;
        until it has caught up, what was learned before is served.
        """
        async with self._turn:
            model, base, known = self.model, self._base, self._reverts_known
            while not await self._learn_all(model, known):
                log.info("model_begins_again", row=model.number + 1)
                # Of reverts up to here all rows that are read from now on are marked.
                known = await self._log.written()
                model, base = await self._snapshots.restore()
            if model is not self.model:
                self.model, self._base, self._reverts_known = model, base, known

    async def _learn_all(self, model: Model, reverts_known: int) -> bool:
        """Return whether the end of the log was reached; False: at a revert not known yet."""
        while rows := await self._log.rows_after(model.number, _SLICE_ROWS):
            slice_ends = time.monotonic() + SLICE_S
            for numbered in rows:
                row = numbered.row
                if row.outcome is Outcome.REVERTED and numbered.number > reverts_known:
                    return False
                is_taught = not row.reverted_by
                self._learn(
                    model,
                    numbered.number,
                    row.outcome,
                    row.features if is_taught else b"",
                    row.credit,
                )
                if time.monotonic() >= slice_ends:
                    await asyncio.sleep(0)
                    slice_ends = time.monotonic() + SLICE_S
        return True

    def apply(self, message: Message) -> None:
        """Learn the rows of a message; raises `GapError` where some before them are missing."""
        try:
            notice = LearningNotice.FromString(message.data)
            rows = [LearningRow.FromString(row) for row in notice.rows]
        except DecodeError as error:
            raise GapError(str(error)) from error
        for row in rows:
            if row.number > self.model.number + 1:
                raise GapError(f"row {self.model.number} is followed by {row.number}")
            outcome = Outcome(row.outcome)
            if outcome is Outcome.REVERTED and row.number > self.model.number:
                raise GapError(f"rows were reverted by row {row.number}")
            features = b"" if row.reverted else row.features
            self._learn(self.model, row.number, outcome, features, row.credit or 1.0)
        if notice.number > self.model.number:
            raise GapError("rows were left out")
        self.written = max(self.written, notice.number)

    async def is_behind(self) -> bool:
        """Look how far the log reaches, and what snapshot there is."""
        learned = self.model.number
        self.written = await self._log.written()
        if self.written < learned:
            await self._begin_again()
        pointer = await self._snapshots.latest()
        if pointer is not None and pointer.number <= self.model.number:
            self._base = pointer
        if self.model.number >= self._owed:
            # A log that grows is ahead at every look; only rows that stay away make a model stale.
            self._owed, self._owed_since_s = self.written, self._monotonic()
        return self.written > self.model.number

    async def _begin_again(self) -> None:
        """Forget rows that the log lost: its database was put back to an earlier moment."""
        log.error("log_went_back", learned=self.model.number, written=self.written)
        async with self._turn:
            self._reverts_known = await self._log.written()
            self.model, self._base = await self._snapshots.restore()
            self._owed = 0

    async def save_if_due(self) -> bool:
        """Save a snapshot when enough was learned since the last one, and nothing left out."""
        if self._has_met_newer or self._turn.locked():
            return False
        if self.model.number - (self._base.number if self._base else 0) < SNAPSHOT_EVERY:
            return False  # whatever was saved since by another replica, it is even less due
        pointer = await self._snapshots.latest()
        if self.model.number - (pointer.number if pointer else 0) < SNAPSHOT_EVERY:
            return False
        self._base = await self._snapshots.save(self.model)
        return True

    async def save_for_ever(self, leadership: Leadership) -> None:
        """Save whenever it is due, on one replica; a background task of the service."""
        await leadership.lead("snapshots", self._save_for_ever)

    async def _save_for_ever(self) -> None:
        await self._read_model.ready()
        while True:
            began_s = self._monotonic()
            await self.save_if_due()
            await asyncio.sleep(max(_LOOK_EVERY_S, _PAUSE_SHARE * (self._monotonic() - began_s)))

    def _learn(
        self, model: Model, number: int, outcome: Outcome, features: bytes, credit: float
    ) -> None:
        """Learn a row unless it was learned already: the log and the bus both bring it."""
        if number == model.number + 1:
            is_known = outcome is not Outcome.NEWER and not is_newer(features)
            self._has_met_newer = self._has_met_newer or not is_known
            model.learn(number, outcome, decode(features), credit)
