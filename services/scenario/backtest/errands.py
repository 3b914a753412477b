"""Messages, attributes and notes of played journeys: kept, and brought no further than that."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence

from services.scenario.backtest.journeys import PlayedJourneys
from services.scenario.carriers import MESSAGE_CHANNELS, Carriage
from services.scenario.domain.effects import Due, NotePerson, SendMessage, SetAttributes, TellAnswer
from services.scenario.domain.errand_store import NONE_TAKEN
from services.scenario.domain.errands import Dispatch, State, Step
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Journey
from services.scenario.domain.lanes import LANES
from services.scenario.domain.outbound import Draft, Fate, Message, Result
from services.scenario.domain.taking import take_message_outcome
from services.scenario.storage.in_memory_errands import first_dispatch
from services.scenario.storage.transaction import is_cut_short, task_that_stays
from shared.replacing import replace

Kept = Callable[[Dispatch], None]
"""Hears what became of an errand."""


class PlayedErrands:
    """An `ErrandWork` of one worker, who never dies."""

    def __init__(self, journeys: PlayedJourneys, kept: Kept, ids: str = "") -> None:
        self._journeys = journeys
        self._kept = kept
        self._by_id: dict[str, Dispatch] = {}
        self._of_journey: dict[str, dict[str, SendMessage]] = {}
        self._due: list[tuple[int, str, int]] = []
        self._ids = ids
        self._numbers = 0

    def order(self, journey: Journey, due: Due) -> Dispatch | None:
        """Keep what a journey wants to be done outside of it; None: it is nothing of the kind."""
        effect = due.effect
        if not isinstance(effect, SendMessage | SetAttributes | NotePerson | TellAnswer):
            return None
        self._numbers += 1
        dispatch = first_dispatch(f"errand-{self._ids}{self._numbers:08d}", journey, due)
        if isinstance(effect, SendMessage):
            self._of_journey.setdefault(journey.journey_id, {})[dispatch.errand_id] = effect
        self._put(dispatch)
        return dispatch

    def cancel(self, journey: Journey) -> None:
        """Cancel what a journey does not want to be sent any more."""
        messages = self._of_journey.get(journey.journey_id, {})
        for errand_id, message in list(messages.items()):
            dispatch = self._by_id.get(errand_id)
            if dispatch is None or dispatch.occurrence == task_that_stays(journey):
                continue
            is_waiting = dispatch.state is State.WAITING
            if is_waiting and (message.expires_us or is_cut_short(journey)):
                del messages[errand_id]
                del self._by_id[errand_id]
                self._kept(replace(dispatch, state=State.CANCELLED, is_open=False))

    def waiting(self) -> list[Dispatch]:
        """Return what is still to be done."""
        return list(self._by_id.values())

    async def claim(
        self,
        owner: str,
        now_us: int,
        lease_s: float,
        limit: int,
        taken: Mapping[int, int] = NONE_TAKEN,
    ) -> list[Dispatch]:
        """Take the one that is due next; never several, so that each finds what is so then."""
        due_us = self.first_due_us()
        if not due_us or due_us > now_us:
            return []
        _, errand_id, _ = heapq.heappop(self._due)
        free = self._by_id[errand_id]
        held = replace(free, token=free.token + 1)
        self._by_id[errand_id] = held
        return [held]

    async def keep(self, step: Step, lease_s: float, news: Happened | None) -> bool:
        after = step.dispatch
        if after.errand_id not in self._by_id:
            return False
        self._by_id[after.errand_id] = after
        if not after.is_open:
            del self._by_id[after.errand_id]
            self._of_journey.get(after.journey_id, {}).pop(after.errand_id, None)
        elif not after.is_held:
            self._put(replace(after, due_us=max(after.due_us, step.at_us) + _us(step.pause_s)))
        if after.state is not State.SENDING and not (after.state is State.SENT and after.is_open):
            self._kept(after)
        if news is not None:
            await take_message_outcome(
                self._journeys, after.journey_id, after.occurrence, news, news.time_us
            )
        return True

    async def leave(self, dispatch: Dispatch, pause_s: float, obstacle: str) -> None:
        """Tell that it failed: nothing that is played may."""
        raise RuntimeError(f"errand {dispatch.errand_id} could not be played")

    async def needs_call(self, task_id: str, now_us: int, *, again: bool) -> bool:
        return False  # no telephony is played

    async def next_due_us(self, lanes: Sequence[int] = LANES) -> int:
        return self.first_due_us()

    def first_due_us(self) -> int:
        """Return when the next errand is due, 0 when none is."""
        while self._due:
            due_us, errand_id, token = self._due[0]
            known = self._by_id.get(errand_id)
            if known is not None and known.token == token:
                return due_us
            heapq.heappop(self._due)
        return 0

    async def forget(self, before_us: int) -> int:
        return 0

    def _put(self, dispatch: Dispatch) -> None:
        self._by_id[dispatch.errand_id] = dispatch
        heapq.heappush(self._due, (dispatch.due_us, dispatch.errand_id, dispatch.token))


class AlwaysWritten:
    """A `Composer` that has something to say to everybody; what it is, is not played."""

    async def compose(self, draft: Draft, channel: int) -> Message | Result:
        return Message(channel=channel, address="", offer_ids=draft.order.offer_ids)


class AlwaysTaken:
    """A `Carrier` that takes everything and brings it nowhere."""

    async def carry(self, message: Message, key: str) -> Result:
        return Result(Fate.SENT)

    async def ask(self, key: str) -> Result:
        return Result(Fate.SENT)


def every_channel() -> dict[int, Carriage]:
    """Return what takes messages on each channel that messages go by."""
    return {int(channel): Carriage(AlwaysTaken()) for channel in MESSAGE_CHANNELS}


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
