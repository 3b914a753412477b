"""Keeps what journeys propose in memory: from the own tables at first, then from the bus."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from services.scenario.domain.proposals import Proposals, Standing
from services.scenario.domain.transition import Transition
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notices import journey_notice
from shared.bus import JOURNEYS, Bus, Message
from shared.read_model import COMPARE_S, ReadModel
from touchpoint.common.v1.bus_pb2 import JourneyNotice

_LOOK_BACK_S = 5.0 + 2 * COMPARE_S
"""No transaction lasts so long: what the bus lost is found in the tables at the next look."""


class ProposalFollower:
    """The proposals of one replica with what keeps them fresh."""

    def __init__(
        self,
        bus: Bus,
        store: PostgresJourneys,
        on_task: Callable[[], None] = lambda: None,
    ) -> None:
        self.proposals = Proposals()
        self._store = store
        self._on_task = on_task
        self._model = ReadModel(
            bus,
            JOURNEYS,
            name=f"scenario_journeys_{os.getpid()}",
            apply=self._apply_message,
            catch_up=self._catch_up,
            is_behind=self._mend,
        )

    async def run(self) -> None:
        """Follow for ever; a background task of the service."""
        await self._model.run()

    async def check_ready(self) -> None:
        """Raise `Unavailable` until caught up, and never again: for health."""
        await self._model.check_ready()

    async def check_lag(self) -> None:
        """Raise `Unavailable` while it lags: for health to watch."""
        await self._model.check_lag()

    def moved(self, transitions: Iterable[Transition]) -> None:
        """Take what this process itself has committed; the bus will say the same later."""
        for transition in transitions:
            if transition.is_visible:
                self._hear(journey_notice(transition.journey))

    def _apply_message(self, message: Message) -> None:
        self._hear(JourneyNotice.FromString(message.data))

    def _hear(self, notice: JourneyNotice) -> None:
        self._apply(notice)
        # In a stage without an offer somebody has a task; every agent who watches looks for it.
        if notice.stage and not (notice.offer_no or notice.ended):
            self._on_task()

    def _apply(self, notice: JourneyNotice) -> None:
        self.proposals.apply(
            Standing(
                notice.journey_id,
                notice.person_id,
                notice.version,
                notice.scenario,
                notice.stage,
                _proposed(notice),
                tuple(notice.placements),
                notice.lever,
                notice.entered_us,
                notice.until_us,
                notice.priority,
                notice.subject_no,
            )
        )

    async def _catch_up(self) -> None:
        for journey in await self._store.proposing():
            self._apply(journey_notice(journey))
        await self._mend()

    async def _mend(self) -> bool:
        """Apply what changed lately; so nothing is ever behind for longer than to the next look."""
        for journey in await self._store.changed_lately(_LOOK_BACK_S):
            self._apply(journey_notice(journey))
        return False


def _proposed(notice: JourneyNotice) -> tuple[int, ...]:
    if notice.ended or not notice.offer_no:
        return ()
    return notice.offer_no, *notice.other_offer_nos
