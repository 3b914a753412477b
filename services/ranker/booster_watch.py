"""Watches whether the booster still pays, on one replica for all, and takes out one that costs."""

from __future__ import annotations

import asyncio
from typing import Final

from services.ranker.domain.standing import Standing, Watched
from services.ranker.hindsight import Hindsight
from services.ranker.storage.booster_replica import BoosterReplica
from shared.logging import get_logger
from shared.postgres.leadership import Leadership
from touchpoint.ranker.v1.booster_pb2 import BoosterReport, BoosterStanding

ROWS: Final = 20_000
"""Of the learning log, the last ones that are settled."""
_EVERY_S: Final = 600.0
log = get_logger(__name__)


class BoosterWatch:
    """What it finds stands beside the pointer, so that every replica tells the same and follows."""

    def __init__(self, hindsight: Hindsight, replica: BoosterReplica) -> None:
        self._hindsight = hindsight
        self._replica = replica
        self._looked_at = ("", 0)

    async def look(self) -> None:
        """Measure what is served, tell it, and take out what costs unless it was forced."""
        booster, artefact = self._replica.booster, self._replica.artefact
        if booster is None:
            return
        window = await self._hindsight.settled(ROWS)
        if self._looked_at == (artefact, window.last):
            return
        report = BoosterReport.FromString(self._replica.report)
        watched = Watched(booster)
        async for each in self._hindsight.answers(window):
            row = each.shown.row
            if each.shown.number > report.trained_row and row.person_ids:
                watched.take(each.model, each.sight, each.label, row.person_ids[0], row.time_us)
        standing = await asyncio.to_thread(watched.standing)
        told = told_of(standing, report.booster)
        told.is_taken_out = standing.costs_beyond_doubt and not report.is_forced
        if told.is_taken_out:
            log.warning("booster_taken_out", artefact=artefact, gain_high=told.gain_high)
        note = told.SerializeToString(deterministic=True)
        await self._replica.boosters.pointers.note(artefact, note, take_out=told.is_taken_out)
        await self._replica.catch_up()
        self._looked_at = (artefact, window.last)

    async def watch_for_ever(self, leadership: Leadership) -> None:
        """Look now and then, on one replica; a background task of the service."""
        await leadership.lead("booster_watch", self._look_for_ever)

    async def _look_for_ever(self) -> None:
        await self._replica.ready()
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_S)


def told_of(standing: Standing, booster: str) -> BoosterStanding:
    """Return it as it is told."""
    gain = standing.alone
    told = BoosterStanding(
        booster=booster,
        answers=standing.answers,
        people=standing.people,
        log_loss_without=gain.other,
        log_loss_with=standing.having,
        gain=gain.mean,
        gain_low=gain.low,
        gain_high=gain.high,
        too_little=standing.too_little,
        costs=standing.costs,
    )
    if standing.answers:
        told.from_time.FromMicroseconds(standing.from_us)
        told.to_time.FromMicroseconds(standing.to_us)
    return told
